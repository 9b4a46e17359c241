//! `TcpKeepalive`: the probes of idle TCP connections. `sockets/socket_options.rs` sets it.

use std::{io, time::Duration};

use socket2::SockRef;

/// TCP keepalive probes, if they are on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TcpKeepalive(pub(crate) Option<Probes>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Probes {
    pub(crate) idle: Duration,
    pub(crate) interval: Duration,
    pub(crate) retries: u32,
}

impl TcpKeepalive {
    /// Clamps the values to the limits of Linux.
    pub(super) fn probe(idle: Duration, interval: Duration, retries: u32) -> Self {
        let clamp =
            |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        Self(Some(Probes {
            idle: clamp(idle),
            interval: clamp(interval),
            retries: retries.clamp(1, 127),
        }))
    }

    pub(super) fn off() -> Self {
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
