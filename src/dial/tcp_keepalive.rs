//! `TcpKeepalive`: the probes of idle TCP connections. `sockets/socket_options.rs` sets it.

use std::{io, time::Duration};

use socket2::SockRef;

/// TCP keepalive probes, which detect a peer that has disappeared.
///
/// The default sends the first probe after 15 s without data, then one every 15 s. The system
/// closes the connection after 3 probes without an answer ([RFC 9293 section 3.8.4]).
///
/// [RFC 9293 section 3.8.4]: https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
///
/// ```
/// use cdn_origin::{CdnOriginConnector, dial::{SocketOptions, TcpKeepalive}};
///
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .socket_options(SocketOptions::default().keepalive(TcpKeepalive::off()))
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "keepalive does nothing until `SocketOptions` are given it"]
pub struct TcpKeepalive(pub(crate) Option<Probes>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Probes {
    pub(crate) idle: Duration,
    pub(crate) interval: Duration,
    pub(crate) retries: u32,
}

impl TcpKeepalive {
    /// Sends a probe after `idle` without data, then one every `interval`.
    ///
    /// The system closes the connection after `retries` probes without an answer. Durations are
    /// rounded down to seconds. They are clamped to 1 s to 32 767 s, and `retries` to 1 to 127,
    /// which are the limits of Linux.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::dial::TcpKeepalive;
    ///
    /// let keepalive = TcpKeepalive::probe(Duration::from_secs(60), Duration::from_secs(10), 6);
    /// ```
    pub fn probe(idle: Duration, interval: Duration, retries: u32) -> Self {
        let clamp =
            |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        Self(Some(Probes {
            idle: clamp(idle),
            interval: clamp(interval),
            retries: retries.clamp(1, 127),
        }))
    }

    /// Turns keepalive off.
    ///
    /// A connection that a device on the path has dropped is then noticed by a request alone.
    ///
    /// ```
    /// use cdn_origin::dial::{SocketOptions, TcpKeepalive};
    ///
    /// let options = SocketOptions::default().keepalive(TcpKeepalive::off());
    /// # drop(options);
    /// ```
    pub fn off() -> Self {
        Self(None)
    }

    pub(super) fn apply(self, socket: &SockRef<'_>) -> io::Result<()> {
        let Some(probes) = self.0 else {
            return Ok(());
        };
        let keepalive = socket2::TcpKeepalive::new()
            .with_time(probes.idle)
            .with_interval(probes.interval)
            .with_retries(probes.retries);
        socket.set_tcp_keepalive(&keepalive)
    }
}

impl Default for TcpKeepalive {
    fn default() -> Self {
        Self::probe(Duration::from_secs(15), Duration::from_secs(15), 3)
    }
}
