//! What mends a cause: most often a call on the builder.

use std::fmt;

use crate::{
    name::{DnsName, ExpectedName, Host, HostAuthority},
    origin::OriginUrl,
};

/// What fixes a cause. Displayed as the code to write, or as an instruction.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fix {
    /// `.and_pin(..)` on the [`VerifyPolicy`](crate::tls::VerifyPolicy), with the key that was
    /// presented: if it is your origin's.
    AndPin(String),
    /// `.alpn(..)` with this variant of [`Alpn`](crate::tls::Alpn).
    Alpn(&'static str),
    /// Another URL for `CdnOriginConnector::builder(..)`.
    Builder(OriginUrl),
    /// `.client_identity(..)`.
    ClientIdentity,
    /// Something that no builder call can do.
    Elsewhere(&'static str),
    /// `.ech(..)` with what the origin publishes now.
    EncryptedHello,
    /// `.expected_name(..)`.
    ExpectedName(ExpectedName),
    /// `.host(..)`.
    Host(HostAuthority),
    /// `HostRewriteLayer::to(..)` in place of the layer that chose the Host.
    HostRewrite(HostAuthority),
    /// `.host(..)` with a name that only the edge's configuration can tell.
    HostUnknown,
    /// No `.proxy_protocol(..)`, unless the origin learns to expect it.
    NoProxyProtocol,
    /// `HostRewriteLayer::preserve()` in place of the layer that chose the Host.
    PreserveHost,
    /// `.verify(..)` with a policy that trusts the key that was presented alone: if it is your
    /// origin's.
    Pin(String),
    /// `.proxy_protocol(..)`.
    ProxyProtocol,
    /// `.sni(..)`.
    Sni(DnsName),
    /// `.sni(..)` with a name that only the edge's configuration can tell.
    SniUnknown,
    /// `.tls_versions(..)` over both versions.
    TlsVersions,
    /// `.verify(..)` with this policy.
    Verify(&'static str),
}

impl Fix {
    /// Whether the code to write says an IP address or the path of a socket.
    pub(crate) fn shows_address(&self) -> bool {
        let is_address = |host: &HostAuthority| {
            host.host()
                .parse::<Host>()
                .is_ok_and(|host| host.dns().is_none())
        };
        match self {
            Self::Builder(url) => url.target().host().dns().is_none(),
            Self::ExpectedName(name) => matches!(name, ExpectedName::Ip(_)),
            Self::Host(host) | Self::HostRewrite(host) => is_address(host),
            _ => false,
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AndPin(pin) => write!(
                f,
                "let pin = \"{pin}\".parse()?; .and_pin(pin) on the VerifyPolicy, if the key is your origin's"
            ),
            Self::Alpn(variant) => write!(f, ".alpn(Alpn::{variant})"),
            Self::Builder(url) => write!(f, "CdnOriginConnector::builder(\"{url}\")"),
            Self::ClientIdentity => {
                f.write_str(".client_identity(ClientIdentity::pem(chain, key))")
            }
            Self::Elsewhere(what) => f.write_str(what),
            Self::EncryptedHello => f.write_str(
                ".ech(Ech::config_list(..)) with the `ech` value of the origin's HTTPS record",
            ),
            Self::ExpectedName(name) => write!(f, ".expected_name(\"{name}\")"),
            Self::Host(host) => write!(f, ".host(\"{host}\")"),
            Self::HostRewrite(host) => write!(f, "HostRewriteLayer::to(\"{host}\")"),
            Self::HostUnknown => f.write_str(".host(\"..\") with a name that the edge serves"),
            Self::NoProxyProtocol => f.write_str(
                "leave out .proxy_protocol(..), or let the origin expect it: `accept-proxy` in HAProxy's bind, `proxy_protocol` in nginx's listen",
            ),
            Self::PreserveHost => f.write_str("HostRewriteLayer::preserve()"),
            Self::Pin(pin) => {
                write!(
                    f,
                    "let pin = \"{pin}\".parse()?; .verify(VerifyPolicy::pinned(pin))"
                )
            }
            Self::ProxyProtocol => f.write_str(".proxy_protocol(ProxyProtocol::v2())"),
            Self::SniUnknown => f.write_str(".sni(\"..\") with a name that the edge serves"),
            Self::Sni(name) => write!(f, ".sni(\"{name}\")"),
            Self::TlsVersions => f.write_str(".tls_versions(TlsVersion::V1_2..)"),
            Self::Verify(policy) => write!(f, ".verify({policy})"),
        }
    }
}
