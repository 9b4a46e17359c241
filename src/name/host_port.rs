//! A host and an optional port: the authority of a URL, and what TCP connects to.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use super::{Host, NameProblem, host::split_port};

/// A host and an optional port.
///
/// Parsed from `host`, `host:port`, `192.0.2.1:8443`, `[2001:db8::1]:443` or `2001:db8::1`.
///
/// A name with a trailing dot is absolute: the resolver appends no search domain to it. Only the
/// resolver receives the dot; SNI, certificate and Host have none.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct HostPort {
    host: Host,
    port: Option<u16>,
    is_absolute: bool,
}

impl HostPort {
    /// The host, without the dot of an absolute name.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The port, if the text has one or the origin's scheme supplied it.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether the name ended in a dot. A resolver appends no search domain to such a name.
    pub(crate) fn is_absolute(&self) -> bool {
        self.is_absolute
    }

    pub(crate) fn parse(text: &str) -> Result<Self, NameProblem> {
        let (host, port) = split_port(text)?;
        let is_absolute = host.ends_with('.');
        Ok(Self {
            is_absolute,
            ..Self::new(Host::parse(host)?, port)
        })
    }

    pub(crate) fn new(host: Host, port: Option<u16>) -> Self {
        Self {
            host,
            port,
            is_absolute: false,
        }
    }

    /// This host with `default` as its port, if it has none.
    pub(crate) fn or_port(self, default: u16) -> Self {
        Self {
            port: self.port.or(Some(default)),
            ..self
        }
    }

    /// This host without its port if that is the scheme's default.
    pub(crate) fn without_default_port(self, default: u16) -> Self {
        Self {
            port: self.port.filter(|port| *port != default),
            ..self
        }
    }

    /// This host without the dot of an absolute name, for `Host`.
    pub(super) fn without_dot(&self) -> Self {
        Self::new(self.host.clone(), self.port)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        if self.is_absolute {
            f.write_str(".")?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl From<IpAddr> for HostPort {
    fn from(ip: IpAddr) -> Self {
        Self::new(Host::Ip(ip), None)
    }
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self::new(Host::Ip(address.ip()), Some(address.port()))
    }
}
