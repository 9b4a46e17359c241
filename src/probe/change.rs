//! One thing that is different from one attempt to the next.

use std::fmt;

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Fix},
    error::TlsVersion,
    name::{ExpectedName, HostAuthority, Sni},
    origin::{OriginUrl, Scheme},
    tls::Alpn,
};

use super::Combination;

/// One thing that an attempt does otherwise than the one before.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Other application protocols.
    Alpn(Alpn),
    /// The expected name follows SNI again.
    ExpectSni,
    /// Another expected name.
    ExpectedName(ExpectedName),
    /// The NIST curves before the others.
    Groups,
    /// Another Host.
    Host(HostAuthority),
    /// Another name in SNI, or none.
    Sni(Sni),
    /// Another URL: with or without TLS.
    Url(OriginUrl),
    /// Other versions of TLS, the oldest and the newest.
    Versions(TlsVersion, TlsVersion),
}

impl Change {
    /// What is certain when this change alone has got further.
    pub(super) fn cause(&self, before: &Combination) -> Cause {
        let origin = before.origin();
        let (id, why, fix) = match self {
            Self::Alpn(alpn) => (
                CauseId::AlpnNotAccepted,
                format!(
                    "the origin does not go on with the protocols offered, and does with Alpn::{alpn:?}"
                ),
                Fix::Alpn(alpn.variant()),
            ),
            Self::ExpectSni => (
                CauseId::CertificateForAnotherName,
                format!(
                    "the certificate is not for {}, but for the name in SNI",
                    origin.expected_name()
                ),
                Fix::Elsewhere("leave .expected_name(..) out"),
            ),
            Self::ExpectedName(name) => (
                CauseId::CertificateForAnotherName,
                format!("the certificate is for {name}, and another name was expected"),
                Fix::ExpectedName(name.clone()),
            ),
            Self::Groups => (
                CauseId::NoCommonCipher,
                String::from("the origin wants one of the NIST curves for the key exchange"),
                Fix::Elsewhere(".key_exchange_groups([\"secp256r1\", ..])"),
            ),
            Self::Host(host) => (
                CauseId::HostNotServed,
                format!(
                    "the edge does not serve {}, which Host says, and serves {host}",
                    origin.host()
                ),
                Fix::Host(host.clone()),
            ),
            Self::Sni(Sni::Send(name)) => match origin.sni().name() {
                None => (
                    CauseId::SniMissing,
                    format!(
                        "the edge needs SNI to know which site is meant, and goes on with {name}"
                    ),
                    Fix::Sni(name.clone()),
                ),
                Some(before) => (
                    CauseId::SniNotServed,
                    format!("the edge does not go on with {before} in SNI, and does with {name}"),
                    Fix::Sni(name.clone()),
                ),
            },
            Self::Sni(Sni::Omit(_)) => (
                CauseId::SniNotServed,
                format!(
                    "the edge does not go on with {} in SNI, and does without SNI",
                    origin.sni()
                ),
                Fix::Elsewhere(".omit_sni()"),
            ),
            Self::Url(url) => match url.scheme() {
                Scheme::Http => (
                    CauseId::PlainHttpPeer,
                    String::from("the origin speaks plain http"),
                    Fix::Builder(url.clone()),
                ),
                Scheme::Https => (
                    CauseId::HttpToTlsPort,
                    String::from("the origin speaks TLS, and plain http was spoken to it"),
                    Fix::Builder(url.clone()),
                ),
            },
            Self::Versions(..) => (
                CauseId::NoCommonTlsVersion,
                format!(
                    "the origin does not go on with the TLS versions offered, and does with {self}"
                ),
                Fix::TlsVersions,
            ),
        };
        Cause::new(id, Certainty::Certain, why)
            .shown_by(&[Clue::Probe])
            .mended_by([fix])
    }
}

/// A few words for a table.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alpn(alpn) => write!(f, "ALPN {}", alpn.protocols().join(", ")),
            Self::ExpectSni => f.write_str("expected name as SNI"),
            Self::ExpectedName(name) => write!(f, "expected name {name}"),
            Self::Groups => f.write_str("NIST curves first"),
            Self::Host(host) => write!(f, "Host {host}"),
            Self::Sni(Sni::Send(name)) => write!(f, "SNI {name}"),
            Self::Sni(Sni::Omit(_)) => f.write_str("no SNI"),
            Self::Url(url) => write!(f, "{url}"),
            Self::Versions(oldest, newest) if oldest == newest => write!(f, "{oldest} only"),
            Self::Versions(oldest, newest) => write!(f, "{oldest} to {newest}"),
        }
    }
}
