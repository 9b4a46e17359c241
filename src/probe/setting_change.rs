//! One difference between two attempts of a probe.

use std::fmt;

use crate::{
    error::TlsVersion,
    name::{DnsName, ExpectedName, HostAuthority, Sni},
    origin::OriginUrl,
    tls::Alpn,
};

use super::key_exchange_groups::GroupOrder;

/// One difference between an attempt and the best attempt before it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SettingChange {
    /// Offers other application protocols.
    Alpn(Alpn),
    /// Says that the client uses https, in `X-Forwarded-Proto`.
    ClientScheme,
    /// Removes the configured expected name, so that it follows SNI.
    ExpectSni,
    /// Expects another name in the certificate.
    ExpectedName(ExpectedName),
    /// Offers other key exchange groups.
    Groups(GroupOrder),
    /// Sends another Host.
    Host(HostAuthority),
    /// Leaves out the configured PROXY protocol header.
    NoProxyHeader,
    /// Begins with a PROXY protocol header.
    ProxyHeader,
    /// Sends another name in SNI, or none.
    Sni(Sni),
    /// Sends another name in SNI, or none, and expects another name in the certificate.
    SniAndExpectedName(Sni, ExpectedName),
    /// Sends another name in SNI, and the same in Host.
    SniAndHost(DnsName),
    /// Uses another URL: with or without TLS.
    Url(OriginUrl),
    /// Offers other versions of TLS: the oldest and the newest.
    Versions(TlsVersion, TlsVersion),
}

/// The change in a few words, for one line of a table.
impl fmt::Display for SettingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alpn(alpn) => write!(f, "ALPN {}", alpn.protocols().join(", ")),
            Self::ClientScheme => f.write_str("X-Forwarded-Proto https"),
            Self::ExpectSni => f.write_str("the name in SNI as expected name"),
            Self::ExpectedName(name) => write!(f, "expected name {name}"),
            Self::Groups(groups) => groups.fmt(f),
            Self::Host(host) => write!(f, "Host {host}"),
            Self::NoProxyHeader => f.write_str("no PROXY protocol header"),
            Self::ProxyHeader => f.write_str("PROXY protocol header"),
            Self::Sni(sni) => fmt_sni(sni, f),
            Self::SniAndExpectedName(sni, name) => {
                fmt_sni(sni, f)?;
                write!(f, ", expected name {name}")
            }
            Self::SniAndHost(name) => write!(f, "SNI and Host {name}"),
            Self::Url(url) => write!(f, "{url}"),
            Self::Versions(oldest, newest) if oldest == newest => write!(f, "{oldest} only"),
            Self::Versions(oldest, newest) => write!(f, "{oldest} to {newest}"),
        }
    }
}

fn fmt_sni(sni: &Sni, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match sni.name() {
        Some(name) => write!(f, "SNI {name}"),
        None => f.write_str("no SNI"),
    }
}
