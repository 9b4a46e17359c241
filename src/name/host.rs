//! A host: a DNS name or an IP address.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use crate::invalid_value::InvalidValue;

use super::{DnsName, NameProblem};

/// A host: a DNS name or an IP address. Displayed as in a URL, with IPv6 addresses in brackets.
///
/// ```
/// use cdn_origin::name::Host;
///
/// let host: Host = "2001:db8::1".parse()?;
/// assert_eq!(host.to_string(), "[2001:db8::1]");
/// assert!(matches!(host, Host::Ip(_)));
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Host {
    /// A DNS name.
    Dns(DnsName),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

impl Host {
    /// The DNS name. `None` for an address.
    pub(crate) fn dns(&self) -> Option<&DnsName> {
        match self {
            Self::Dns(name) => Some(name),
            Self::Ip(_) => None,
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, NameProblem> {
        if let Some(rest) = text.strip_prefix('[') {
            let inside = rest
                .strip_suffix(']')
                .ok_or_else(|| without_bracket(rest))?;
            let ip: Ipv6Addr = inside.parse().map_err(|_| NameProblem::Ipv6)?;
            return Ok(Self::Ip(ip.into()));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        DnsName::parse(text).map(Self::Dns)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

impl FromStr for Host {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| problem.of("host", text))
    }
}

super::impl_try_from_text!(Host);

/// The problem of a host that begins with a bracket, and does not end with one.
fn without_bracket(rest: &str) -> NameProblem {
    let port = rest.split_once("]:").map(|(_, port)| port);
    match port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(port) => NameProblem::PortHasNoPlace {
            digits: port.to_owned(),
        },
        None => NameProblem::Ipv6,
    }
}

/// Splits `host[:port]`. An IPv6 address without brackets has no port.
pub(super) fn split_port(text: &str) -> Result<(&str, Option<u16>), NameProblem> {
    if text.contains("://") {
        return Err(NameProblem::Url);
    }
    let port_at = match text.rfind(':') {
        Some(_) if text.ends_with(']') => return Ok((text, None)),
        Some(_) if text.parse::<Ipv6Addr>().is_ok() => return Ok((text, None)),
        Some(colon) => colon + 1,
        None => return Ok((text, None)),
    };
    let digits = &text[port_at..];
    let port = match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().ok().filter(|port| *port != 0),
        false => None,
    };
    match port {
        Some(port) => Ok((&text[..port_at - 1], Some(port))),
        None => Err(NameProblem::Port { at: port_at }),
    }
}
