//! The third name: what the certificate must be valid for.

use std::{fmt, net::IpAddr, str::FromStr};

use super::{DnsName, Host, NameError};

/// The reference identity ([RFC 9525]) that the origin's certificate must be valid for: a DNS name
/// or an IP address.
///
/// It is compared with the certificate's subject alternative names only.
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
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Host::parse(text)
            .map(Self::from)
            .map_err(|problem| NameError::new("expected name", text, problem))
    }
}

super::from_text!(ExpectedName);

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
