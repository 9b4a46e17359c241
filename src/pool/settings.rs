//! How many connections are kept, and for how long.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use hyper::client::conn::http1;
use tokio::time::Instant;

/// The limits of a pool.
///
/// | setting | default | nginx's word for it |
/// |---|---|---|
/// | [`max_connections`](Self::max_connections) | 256 | `max_conns` |
/// | [`max_idle`](Self::max_idle) | 64 | `keepalive` |
/// | [`idle_timeout`](Self::idle_timeout) | 45 s, below the idle limit of every edge that documents one | `keepalive_timeout` |
/// | [`max_age`](Self::max_age) | 1 h, less up to a tenth by chance | `keepalive_time` |
/// | [`max_uses`](Self::max_uses) | 100,000 | `keepalive_requests` |
/// | [`wait_timeout`](Self::wait_timeout) | 10 s | |
/// | [`max_response_head`](Self::max_response_head) | 128 KiB | `proxy_buffer_size` |
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until a proxy is given them"]
pub struct PoolSettings {
    pub(super) max_connections: usize,
    pub(super) max_idle: usize,
    pub(super) idle_timeout: Duration,
    pub(super) max_age: Duration,
    pub(super) max_uses: u64,
    pub(super) wait_timeout: Duration,
    pub(super) max_response_head: u32,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 256,
            max_idle: 64,
            idle_timeout: Duration::from_secs(45),
            max_age: Duration::from_secs(3600),
            // A handshake costs as much as twenty requests.
            max_uses: 100_000,
            wait_timeout: Duration::from_secs(10),
            max_response_head: 128 * 1024,
        }
    }
}

impl PoolSettings {
    /// As many connections are open at most, idle ones and those of WebSockets included. Zero counts as one.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count.max(1);
        self
    }

    /// As many HTTP/1 connections are kept open at most while nobody uses them.
    pub fn max_idle(mut self, count: usize) -> Self {
        self.max_idle = count;
        self
    }

    /// A connection that was idle for so long is closed. Stay below the origin's own limit.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = time;
        self
    }

    /// A connection that is so old takes no further request, so that changes in DNS are noticed. A chance of up to a tenth is taken
    /// off, so that connections opened together do not end together.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// A connection that took so many requests takes no further one. Zero counts as one.
    pub fn max_uses(mut self, count: u64) -> Self {
        self.max_uses = count.max(1);
        self
    }

    /// How long a request waits for a connection while all are in use.
    pub fn wait_timeout(mut self, time: Duration) -> Self {
        self.wait_timeout = time;
        self
    }

    /// A response with a larger head is not passed on. Over HTTP/1, one with more than 100 fields is not either. Less than 8 KiB counts
    /// as 8 KiB.
    pub fn max_response_head(mut self, bytes: u32) -> Self {
        self.max_response_head = bytes.max(8 * 1024);
        self
    }

    /// How HTTP/1 is spoken.
    pub(super) fn http1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder.max_header_size(usize::try_from(self.max_response_head).unwrap_or(usize::MAX));
        builder
    }

    /// When a connection that is opened now is retired; never, if no clock goes that far.
    pub(super) fn retirement(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.lifetime())
    }

    /// Whether a connection that took so many requests, and retires then, is to take no further one.
    pub(super) fn is_spent(&self, uses: u64, retires_at: Option<Instant>, now: Instant) -> bool {
        uses >= self.max_uses || retires_at.is_some_and(|at| now >= at)
    }

    fn lifetime(&self) -> Duration {
        // The standard library's hasher is seeded at random: chance enough for this.
        let chance = RandomState::new().hash_one(0) % 1000;
        let taken_off = self.max_age / 10_000 * u32::try_from(chance).unwrap_or_default();
        self.max_age.saturating_sub(taken_off)
    }
}
