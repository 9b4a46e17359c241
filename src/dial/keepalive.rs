//! TCP keepalive.

use std::{io, time::Duration};

use socket2::SockRef;

/// TCP keepalive probes, by which a connection notices a peer that has vanished without a word.
///
/// The default probes after 15 seconds of silence, every 15 seconds, and gives up after 3 probes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "keepalive does nothing until a builder is given it"]
pub struct TcpKeepalive(Option<Probes>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Probes {
    idle: Duration,
    interval: Duration,
    retries: u32,
}

impl TcpKeepalive {
    /// Probes after `idle` of silence, then every `interval`, and gives up after `retries` probes.
    /// The system rounds down to seconds, and takes at least one. What is more than Linux takes
    /// (32,767 s, 127 probes) counts as that.
    pub fn probe(idle: Duration, interval: Duration, retries: u32) -> Self {
        let clamp =
            |time: Duration| time.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
        Self(Some(Probes {
            idle: clamp(idle),
            interval: clamp(interval),
            retries: retries.clamp(1, 127),
        }))
    }

    /// No probes.
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
