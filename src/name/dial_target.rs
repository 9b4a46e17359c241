//! The first name: where a connection leads to.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use super::{Host, HostPort, NameError, NameProblem, SocketPath};

/// Where a connection leads to: host and port that TCP connects to, or a Unix socket.
///
/// | text | what is dialled |
/// |---|---|
/// | `host`, `192.0.2.1`, `2001:db8::1` | the URL's port: 443 for `https` and 80 for `http` if it has none |
/// | `host:port`, `192.0.2.1:8443`, `[2001:db8::1]:443` | that port |
/// | `host.` , `host.:port` | the same, and the resolver is told that the name is absolute |
/// | `unix:/run/app.sock` | that socket; SNI, expected name and Host still come from the URL |
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DialTarget {
    /// Host and port for TCP.
    Tcp(HostPort),
    /// A Unix stream socket.
    Unix(SocketPath),
}

impl DialTarget {
    /// The host, unless it is a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.tcp().map(HostPort::host)
    }

    /// The port, if one was given or has been settled by the origin's scheme.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.tcp().and_then(HostPort::port)
    }

    /// Host and port, unless it is a Unix socket.
    #[must_use]
    pub fn tcp(&self) -> Option<&HostPort> {
        match self {
            Self::Tcp(target) => Some(target),
            Self::Unix(_) => None,
        }
    }

    fn parse(text: &str) -> Result<Self, NameProblem> {
        match text.strip_prefix("unix:") {
            // `unix:80` is a host of that name.
            Some(path) if !path.bytes().all(|byte| byte.is_ascii_digit()) => {
                SocketPath::parse(path).map(Self::Unix)
            }
            _ => HostPort::parse(text).map(Self::Tcp),
        }
    }

    /// This target with `default` as its port, unless it has one or needs none.
    pub(crate) fn or_port(self, default: u16) -> Self {
        match self {
            Self::Tcp(target) => Self::Tcp(target.or_port(default)),
            Self::Unix(path) => Self::Unix(path),
        }
    }
}

impl fmt::Display for DialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(target) => target.fmt(f),
            Self::Unix(path) => path.fmt(f),
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

impl From<HostPort> for DialTarget {
    fn from(target: HostPort) -> Self {
        Self::Tcp(target)
    }
}

impl From<IpAddr> for DialTarget {
    fn from(ip: IpAddr) -> Self {
        Self::Tcp(ip.into())
    }
}

impl From<SocketAddr> for DialTarget {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address.into())
    }
}
