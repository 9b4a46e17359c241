//! How many connections are kept, and for how long.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use hyper::client::conn::http1;
use tokio::time::Instant;

use super::{RetryBudget, ending::Reason};

/// The limits of a pool.
///
/// | setting | default | nginx's word for it |
/// |---|---|---|
/// | [`max_connections`](Self::max_connections) | 256 | `max_conns` |
/// | [`max_tunnels`](Self::max_tunnels) | half of `max_connections`, but one at least | |
/// | [`max_idle`](Self::max_idle) | 64 | `keepalive` |
/// | [`idle_timeout`](Self::idle_timeout) | 45 s, below the idle limit of every edge that documents one | `keepalive_timeout` |
/// | [`max_age`](Self::max_age) | 1 h, less up to a tenth by chance | `keepalive_time` |
/// | [`max_uses`](Self::max_uses) | 100,000 | `keepalive_requests` |
/// | [`follow_dns`](Self::follow_dns) | off: a connection is used until its age | |
/// | [`min_idle`](Self::min_idle) | 0 | |
/// | [`wait_timeout`](Self::wait_timeout) | 10 s | |
/// | [`max_response_head`](Self::max_response_head) | 128 KiB | `proxy_buffer_size` |
/// | [`max_waiting`](Self::max_waiting) | 4096 | |
/// | [`max_replay`](Self::max_replay) | 64 KiB | |
/// | [`retry_budget`](Self::retry_budget) | 20 percent of the requests, three at a time | |
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until a proxy is given them"]
pub struct PoolSettings {
    pub(super) max_connections: usize,
    max_tunnels: Option<usize>,
    pub(super) max_idle: usize,
    pub(super) idle_timeout: Duration,
    pub(super) max_age: Duration,
    pub(super) max_uses: u64,
    pub(super) grace: Option<Duration>,
    pub(super) min_idle: usize,
    pub(super) wait_timeout: Duration,
    pub(super) max_response_head: u32,
    pub(super) max_waiting: usize,
    pub(super) max_replay: usize,
    pub(super) retry_budget: RetryBudget,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 256,
            max_tunnels: None,
            max_idle: 64,
            idle_timeout: Duration::from_secs(45),
            max_age: Duration::from_secs(3600),
            // A handshake costs as much as twenty requests.
            max_uses: 100_000,
            grace: None,
            min_idle: 0,
            wait_timeout: Duration::from_secs(10),
            max_response_head: 128 * 1024,
            max_waiting: 4096,
            // As much as linkerd keeps.
            max_replay: 64 * 1024,
            retry_budget: RetryBudget::default(),
        }
    }
}

impl PoolSettings {
    /// As many connections are open at most, idle ones and those of WebSockets included. Zero
    /// counts as one.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count.max(1);
        self
    }

    /// As many of the connections at most are those of WebSockets and other upgrades, from the
    /// request to the end of the tunnel. The next waits for one to end, as long as
    /// [`wait_timeout`](Self::wait_timeout), and is then answered 503. Zero counts as one.
    ///
    /// Tunnels live for as long as clients want, so stay below
    /// [`max_connections`](Self::max_connections): what is left is for all other requests. A pool
    /// of one connection has nothing left while there is a tunnel, not even of HTTP/2.
    pub fn max_tunnels(mut self, count: usize) -> Self {
        self.max_tunnels = Some(count.max(1));
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

    /// A connection that is so old takes no further request, so that changes in DNS are noticed;
    /// [`follow_dns`](Self::follow_dns) notices them sooner. A chance of up to a tenth is taken
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

    /// Lets go of connections whose address the origin's name has had no more for `grace`: they
    /// take no further request, and close when what they carry has ended.
    ///
    /// While connections are open, the name is looked up again whenever its answer has ended, as
    /// [`DnsCache`](crate::dial::DnsCache) says, but once a second at most. While name servers fail
    /// or tell no address at all, nothing is let go, nor where no name is dialled.
    ///
    /// Off by default, since CDNs tell a few of their many addresses at a time: one that is missing
    /// in an answer is seldom gone. A grace of some minutes spans their answers; zero is for names
    /// whose answers are complete.
    pub fn follow_dns(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// As many connections are opened in advance by
    /// [`OriginProxy::prewarm`](crate::OriginProxy::prewarm), and opened again while requests come.
    /// Of HTTP/2 connections one is enough. This many may be idle even if
    /// [`max_idle`](Self::max_idle) is less.
    pub fn min_idle(mut self, count: usize) -> Self {
        self.min_idle = count;
        self
    }

    /// How long a request waits for a connection while all are in use. The time that a connect
    /// takes which was begun for this request does not count: that has the connector's deadlines.
    pub fn wait_timeout(mut self, time: Duration) -> Self {
        self.wait_timeout = time;
        self
    }

    /// A response with a larger head is not passed on. Over HTTP/1, interim responses count too,
    /// and one with more than 100 fields is not passed on either. Less than 8 KiB counts as 8 KiB.
    pub fn max_response_head(mut self, bytes: u32) -> Self {
        self.max_response_head = bytes.max(8 * 1024);
        self
    }

    /// How HTTP/1 is spoken.
    pub(super) fn http1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder.max_header_size(self.max_head());
        builder
    }

    pub(super) fn max_head(&self) -> usize {
        usize::try_from(self.max_response_head).unwrap_or(usize::MAX)
    }

    /// As many requests wait for a connection at most, and as many upgrades; the next is answered
    /// 503 at once.
    pub fn max_waiting(mut self, count: usize) -> Self {
        self.max_waiting = count;
        self
    }

    /// As many bytes of a request's body are kept until there is an answer, so that it can be sent
    /// again where that is safe. A request whose body has brought more by then is sent once. Zero
    /// keeps nothing: only requests without content are sent again then.
    pub fn max_replay(mut self, bytes: usize) -> Self {
        self.max_replay = bytes;
        self
    }

    /// How many requests may be sent again, where that is safe at all.
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = budget;
        self
    }

    pub(super) fn most_tunnels(&self) -> usize {
        let half = (self.max_connections / 2).max(1);
        self.max_tunnels.unwrap_or(half)
    }

    pub(super) fn most_idle(&self) -> usize {
        self.max_idle.max(self.min_idle)
    }

    /// When a connection that is opened now is retired; never, if no clock goes that far.
    pub(super) fn retirement(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.lifetime())
    }

    /// Why a connection that took so many requests, and retires then, is to take no further one.
    pub(super) fn is_spent(
        &self,
        uses: u64,
        retires_at: Option<Instant>,
        now: Instant,
    ) -> Option<Reason> {
        if uses >= self.max_uses {
            return Some(Reason::Uses);
        }
        retires_at
            .is_some_and(|at| now >= at)
            .then_some(Reason::Age)
    }

    fn lifetime(&self) -> Duration {
        // The standard library's hasher is seeded at random: chance enough for this.
        let chance = RandomState::new().hash_one(0) % 1000;
        let taken_off = self.max_age / 10_000 * u32::try_from(chance).unwrap_or_default();
        self.max_age.saturating_sub(taken_off)
    }
}
