//! The first name: host and port that TCP connects to, or a Unix socket.
//!
//! `origin/settle_names.rs` chooses it, `dial/tcp_dialer.rs` connects to it.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use crate::invalid_value::InvalidValue;

use super::{Host, HostPort, NameProblem, SocketPath};

/// What a connection is opened to: host and port for TCP, or a Unix socket.
///
/// It is parsed from one of these forms:
///
/// * `host`, `192.0.2.1` or `2001:db8::1`: the port is the URL's, which defaults to 443 for `https`
///   and 80 for `http`.
/// * `host:port`, `192.0.2.1:8443` or `[2001:db8::1]:443`: this port.
/// * `host.` or `host.:port`: an absolute name, to which the resolver appends no search domain.
/// * `unix:/run/app.sock`: a Unix socket. SNI, expected name and Host still come from the URL.
///
/// ```
/// use cdn_origin::name::DialTarget;
///
/// let dial: DialTarget = "Origin.Example:8443".parse()?;
/// assert_eq!(dial.to_string(), "origin.example:8443");
/// assert_eq!(dial.port(), Some(8443));
///
/// let dial: DialTarget = "unix:/run/app.sock".parse()?;
/// assert_eq!(dial.unix_path(), Some("/run/app.sock"));
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct DialTarget {
    endpoint: Endpoint,
}

/// The two kinds of dial targets.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Endpoint {
    /// Host and port for TCP.
    Tcp(HostPort),
    /// A Unix stream socket.
    Unix(SocketPath),
}

impl DialTarget {
    /// Returns the host. `None` for a Unix socket.
    #[must_use]
    pub fn host(&self) -> Option<&Host> {
        self.tcp().map(HostPort::host)
    }

    /// Returns the port, if the text has one or the origin's scheme supplied it.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.tcp().and_then(HostPort::port)
    }

    /// Returns the path of a Unix socket. `None` for TCP.
    #[must_use]
    pub fn unix_path(&self) -> Option<&str> {
        match &self.endpoint {
            Endpoint::Tcp(_) => None,
            Endpoint::Unix(path) => Some(path.as_str()),
        }
    }

    /// Host and port, or the path of a socket.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Host and port. `None` for a Unix socket.
    pub(crate) fn tcp(&self) -> Option<&HostPort> {
        match &self.endpoint {
            Endpoint::Tcp(target) => Some(target),
            Endpoint::Unix(_) => None,
        }
    }

    fn parse(text: &str) -> Result<Self, NameProblem> {
        let endpoint = match text.strip_prefix("unix:") {
            // `unix:80` is port 80 of the host `unix`.
            Some(path) if !path.bytes().all(|byte| byte.is_ascii_digit()) => {
                Endpoint::Unix(SocketPath::parse(path)?)
            }
            _ => Endpoint::Tcp(HostPort::parse(text)?),
        };
        Ok(Self { endpoint })
    }

    /// This target with `default` as its port. Unix sockets and targets with a port are unchanged.
    pub(crate) fn or_port(self, default: u16) -> Self {
        match self.endpoint {
            Endpoint::Tcp(target) => target.or_port(default).into(),
            Endpoint::Unix(_) => self,
        }
    }
}

impl fmt::Display for DialTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Endpoint::Tcp(target) => target.fmt(f),
            Endpoint::Unix(path) => path.fmt(f),
        }
    }
}

impl FromStr for DialTarget {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| problem.of("dial target", text))
    }
}

super::impl_try_from_text!(DialTarget);

impl From<HostPort> for DialTarget {
    fn from(target: HostPort) -> Self {
        let endpoint = Endpoint::Tcp(target);
        Self { endpoint }
    }
}

impl From<IpAddr> for DialTarget {
    fn from(ip: IpAddr) -> Self {
        HostPort::from(ip).into()
    }
}

impl From<SocketAddr> for DialTarget {
    fn from(address: SocketAddr) -> Self {
        HostPort::from(address).into()
    }
}
