//! The first name: where TCP connects to.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use super::{Host, NameError, NameProblem, host::split_port};

/// Host and port that TCP connects to: `host`, `host:port`, `192.0.2.1:8443`, `[2001:db8::1]:443` or `2001:db8::1`.
///
/// Without a port, the URL's port is dialled: 443 for `https` and 80 for `http` if it has none.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct DialTarget {
    host: Host,
    port: Option<u16>,
}

impl DialTarget {
    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, if one was given or has been settled by the origin's scheme.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    pub(crate) fn parse(text: &str) -> Result<Self, NameProblem> {
        let (host, port) = split_port(text)?;
        Ok(Self::new(Host::parse(host)?, port))
    }

    pub(crate) fn new(host: Host, port: Option<u16>) -> Self {
        Self { host, port }
    }

    /// This target with `default` as its port, unless it has one.
    pub(crate) fn or_port(self, default: u16) -> Self {
        Self {
            port: self.port.or(Some(default)),
            ..self
        }
    }

    /// This target as an authority has it: the scheme's default port is not spelled out.
    pub(crate) fn without_port(self, default: u16) -> Self {
        Self {
            port: self.port.filter(|port| *port != default),
            ..self
        }
    }
}

impl fmt::Display for DialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => self.host.fmt(f),
        }
    }
}

impl FromStr for DialTarget {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| NameError::new("dial target", text, problem))
    }
}

super::from_text!(DialTarget);

impl From<IpAddr> for DialTarget {
    fn from(ip: IpAddr) -> Self {
        Self::new(Host::Ip(ip), None)
    }
}

impl From<SocketAddr> for DialTarget {
    fn from(address: SocketAddr) -> Self {
        Self::new(Host::Ip(address.ip()), Some(address.port()))
    }
}
