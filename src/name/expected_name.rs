//! The third name: what the certificate must be valid for.
//!
//! `origin/settle_names.rs` chooses it, `tls/verify/certificate_verifier.rs` checks it.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::invalid_value::InvalidValue;

use super::{DnsName, Host};

/// The name that the origin's certificate must be valid for: a DNS name or an IP address.
///
/// [RFC 9525] calls it the reference identity. It is compared with the certificate's subject
/// alternative names, never with its common name.
///
/// ```
/// use cdn_origin::name::ExpectedName;
///
/// let name: ExpectedName = "www.example.com".parse()?;
/// assert!(matches!(name, ExpectedName::Dns(_)));
///
/// let address: ExpectedName = "192.0.2.1".parse()?;
/// assert!(matches!(address, ExpectedName::Ip(_)));
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
///
/// [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ExpectedName {
    /// A DNS name.
    Dns(DnsName),
    /// An IP address.
    Ip(IpAddr),
}

impl fmt::Display for ExpectedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

impl FromStr for ExpectedName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Host::parse(text)
            .map(Self::from)
            .map_err(|problem| problem.of("expected name", text))
    }
}

super::impl_try_from_text!(ExpectedName);

impl From<DnsName> for ExpectedName {
    fn from(name: DnsName) -> Self {
        Self::Dns(name)
    }
}

impl From<Host> for ExpectedName {
    fn from(host: Host) -> Self {
        match host {
            Host::Dns(name) => Self::Dns(name),
            Host::Ip(ip) => Self::Ip(ip),
        }
    }
}

impl From<IpAddr> for ExpectedName {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}
