//! `PoolSettings`: the limits of a connection pool. Other files enforce them:
//!
//! | limit | file |
//! |---|---|
//! | `max_connections`, `max_tunnels`, `max_idle` | `checkout/inventory.rs` |
//! | `max_queued` | `checkout/inventory.rs`; of upgrades: `shared_pool.rs` |
//! | `queue_timeout` | `checkout/checkout.rs` |
//! | `max_uploads` | `upload_limit.rs` |
//! | `min_idle` | `tasks/prewarm.rs` |
//! | `idle_timeout`, `max_age`, `max_uses` | `connection/expiry.rs` |
//! | `follow_dns` | `tasks/dns_watch.rs`, `tasks/dns_absence.rs` |
//! | `max_response_head` | `http1/exchange.rs`, `http2/connection.rs` |
//! | `max_replay` | `upload/replay.rs` |
//! | `retry_budget` | `send/retry_budget.rs` |

use std::time::Duration;

use super::send::RetryBudget;

/// The limits of a connection pool.
///
/// Each proxy has one pool. [`OriginProxy::pool`](crate::OriginProxy::pool) sets its limits. The
/// defaults suit a proxy with a few hundred concurrent requests.
///
/// | setting | default | in nginx |
/// |---|---|---|
/// | [`max_connections`] | 256 | `max_conns` |
/// | [`max_tunnels`] | half of `max_connections`, at least one | |
/// | [`max_uploads`] | three quarters of `max_connections`, at least one | |
/// | [`max_idle`] | 64 | `keepalive` |
/// | [`min_idle`] | 0 | |
/// | [`idle_timeout`] | 45 s, or more by the edge's [profile] | `keepalive_timeout` |
/// | [`max_age`] | 1 h, less up to 10 % of jitter | `keepalive_time` |
/// | [`max_uses`] | 100,000 | `keepalive_requests` |
/// | [`follow_dns`] | off: a connection is used until it reaches `max_age` | |
/// | [`max_queued`] | 4096 | |
/// | [`queue_timeout`] | 10 s | |
/// | [`max_response_head`] | 128 KiB | `proxy_buffer_size` |
/// | [`max_replay`] | 64 KiB | |
/// | [`retry_budget`] | 20 % of the requests, and always 3 at a time | |
///
/// [`max_connections`]: Self::max_connections
/// [`max_tunnels`]: Self::max_tunnels
/// [`max_uploads`]: Self::max_uploads
/// [`max_idle`]: Self::max_idle
/// [`min_idle`]: Self::min_idle
/// [`idle_timeout`]: Self::idle_timeout
/// [`max_age`]: Self::max_age
/// [`max_uses`]: Self::max_uses
/// [`follow_dns`]: Self::follow_dns
/// [`max_queued`]: Self::max_queued
/// [`queue_timeout`]: Self::queue_timeout
/// [`max_response_head`]: Self::max_response_head
/// [`max_replay`]: Self::max_replay
/// [`retry_budget`]: Self::retry_budget
/// [profile]: crate::connector::CdnOriginBuilder::without_edge_profile
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let settings = PoolSettings::default()
///     .max_connections(64)
///     .queue_timeout(Duration::from_secs(2));
/// let proxy = OriginProxy::new(connector).pool(settings);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until they are passed to `OriginProxy::pool`"]
pub struct PoolSettings {
    pub(super) max_connections: usize,
    max_tunnels: Option<usize>,
    max_uploads: Option<usize>,
    pub(super) max_idle: usize,
    /// `None` if it was not set.
    idle_timeout: Option<Duration>,
    pub(super) max_age: Duration,
    pub(super) max_uses: u64,
    pub(super) grace: Option<Duration>,
    pub(super) min_idle: usize,
    pub(super) queue_timeout: Duration,
    pub(super) max_response_head: u32,
    pub(super) max_queued: usize,
    pub(super) max_replay: usize,
    pub(super) retry_budget: RetryBudget,
}

/// Below the idle limit of every CDN edge that documents one.
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(45);

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 256,
            max_tunnels: None,
            max_uploads: None,
            max_idle: 64,
            idle_timeout: None,
            max_age: Duration::from_secs(3600),
            // A handshake costs as much as twenty requests: this share of it is not noticeable.
            max_uses: 100_000,
            grace: None,
            min_idle: 0,
            queue_timeout: Duration::from_secs(10),
            max_response_head: 128 * 1024,
            max_queued: 4096,
            // linkerd keeps as much.
            max_replay: 64 * 1024,
            retry_budget: RetryBudget::default(),
        }
    }
}

impl PoolSettings {
    /// Sets the maximum number of open connections, including idle ones and WebSockets.
    ///
    /// The default is 256. Beyond it, a request waits in the queue for up to
    /// [`queue_timeout`](Self::queue_timeout). Zero counts as one.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_connections(512);
    /// ```
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count.max(1);
        self
    }

    /// Sets the maximum number of connections for WebSockets and other upgrades.
    ///
    /// The default is half of [`max_connections`](Self::max_connections), at least one. A
    /// connection counts from the upgrade request to the end of the tunnel. Beyond the maximum, an
    /// upgrade waits for up to [`queue_timeout`](Self::queue_timeout) until a tunnel ends, and is
    /// then refused with 503. Zero counts as one.
    ///
    /// Tunnels live for as long as clients want. Stay below `max_connections`, because only the
    /// difference is left for all other requests.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_connections(512).max_tunnels(400);
    /// ```
    pub fn max_tunnels(mut self, count: usize) -> Self {
        self.max_tunnels = Some(count.max(1));
        self
    }

    /// Sets the maximum number of uploads that hold an HTTP/1 connection.
    ///
    /// The default is three quarters of [`max_connections`](Self::max_connections), at least one. A
    /// request counts as an upload if its content has an unknown length, or more than 16 KiB, or if
    /// its client takes more than a second to send it, or waits for 100 (Continue). An upload
    /// occupies its connection for as long as its client sends. The other connections stay free for
    /// short requests. An upload over the limit waits for up to
    /// [`queue_timeout`](Self::queue_timeout), and is then refused with 503. Over HTTP/2, uploads
    /// share connections and do not count.
    ///
    /// ```
    /// # use cdn_origin::pool::PoolSettings;
    /// let settings = PoolSettings::default().max_connections(256).max_uploads(250);
    /// ```
    pub fn max_uploads(mut self, count: usize) -> Self {
        self.max_uploads = Some(count.max(1));
        self
    }

    /// Sets the maximum number of idle HTTP/1 connections.
    ///
    /// The default is 64. Beyond it, the connection that has been idle for the longest is closed.
    ///
    /// ```
    /// # use cdn_origin::pool::PoolSettings;
    /// let settings = PoolSettings::default().max_idle(128);
    /// ```
    pub fn max_idle(mut self, count: usize) -> Self {
        self.max_idle = count;
        self
    }

    /// Sets how long a connection may be idle before it is closed.
    ///
    /// The default is 45 s, below the idle limit of every CDN edge that documents one. The profile
    /// of the dialled edge raises the default, to 320 s for Cloudflare and 480 s for Google.
    ///
    /// Stay below the origin's own limit: a request on a connection that the origin is closing has
    /// to be retried.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().idle_timeout(Duration::from_secs(20));
    /// ```
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = Some(time);
        self
    }

    /// Sets the age at which a connection takes no further request.
    ///
    /// The default is one hour. Up to 10 % of jitter is subtracted, so that connections opened
    /// together do not end together. Changes in DNS take effect when old connections end;
    /// [`follow_dns`](Self::follow_dns) is faster.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_age(Duration::from_secs(600));
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets the number of requests after which a connection takes no further request.
    ///
    /// The default is 100,000. Zero counts as one.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_uses(1_000);
    /// ```
    pub fn max_uses(mut self, count: u64) -> Self {
        self.max_uses = count.max(1);
        self
    }

    /// Retires connections whose address has been absent from DNS for `grace`.
    ///
    /// A retired connection takes no further request and closes when its last request has ended.
    /// While connections are open, the pool resolves the name again whenever its answer expires in
    /// the [`DnsCache`](crate::dial::DnsCache), at most once a second. It retires nothing while
    /// name servers fail or return no address, or if the dial target is an IP address. If only the
    /// query for IPv4 or IPv6 addresses fails, it retires connections of the other family.
    ///
    /// This is off by default: CDNs return only a few of their many addresses at a time, so an
    /// address that is missing in one answer is usually still in use. A grace of a few minutes
    /// spans such rotations. Zero suits names whose answers are complete.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().follow_dns(Duration::from_secs(300));
    /// ```
    pub fn follow_dns(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Sets the number of connections that are kept ready for requests.
    ///
    /// The default is zero. [`OriginProxy::prewarm`](crate::OriginProxy::prewarm) opens them. From
    /// then on, whenever a request takes one of them, the pool opens another in the background.
    ///
    /// With HTTP/2, one connection is enough, since it takes many requests. A connection that has
    /// ended, is too old or may be dead does not count. A lower [`max_idle`](Self::max_idle) is
    /// raised to this number. With the [PROXY protocol](crate::dial::ProxyProtocol), `prewarm`
    /// fails, because no client could use the connections.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().min_idle(4);
    /// ```
    pub fn min_idle(mut self, count: usize) -> Self {
        self.min_idle = count;
        self
    }

    /// Sets the maximum number of requests that wait for a connection.
    ///
    /// The default is 4096. A request first waits in the queue of
    /// [`Limits`](crate::proxy::Limits::max_queued), to be admitted, and then in this one, for a
    /// connection: see [load](crate::guide::load).
    ///
    /// Upgrades have a second queue of the same size, and uploads over
    /// [`max_uploads`](Self::max_uploads) a third. If its queue is full, a request is answered 503
    /// at once. Requests that wait for their own connect do not count.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_queued(256);
    /// ```
    pub fn max_queued(mut self, count: usize) -> Self {
        self.max_queued = count;
        self
    }

    /// Sets how long a request waits in the queue for a connection.
    ///
    /// The default is 10 s. Beyond it, the request gets 503. The time of a connect that was
    /// started for this request does not count: the connector's own
    /// [timeouts](crate::connector::CdnOriginBuilder) limit it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().queue_timeout(Duration::from_secs(2));
    /// ```
    pub fn queue_timeout(mut self, time: Duration) -> Self {
        self.queue_timeout = time;
        self
    }

    /// Sets the maximum size of a response head, in bytes.
    ///
    /// The default is 128 KiB, the minimum 8 KiB. A response with a larger head becomes a 502. Over
    /// HTTP/1, interim (1xx) responses count towards the same limit, and a head of more than 12,288
    /// fields is refused too.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_response_head(32 * 1024);
    /// ```
    pub fn max_response_head(mut self, bytes: u32) -> Self {
        self.max_response_head = bytes.max(8 * 1024);
        self
    }

    /// Sets how many bytes of a request's body are kept for a retry.
    ///
    /// The default is 64 KiB, as in linkerd. The bytes are kept until the response begins. Beyond
    /// that, only a body that was [buffered](crate::proxy::Limits::buffer_requests) is sent again.
    /// With zero, only requests without content are retried.
    ///
    /// ```
    /// use cdn_origin::pool::PoolSettings;
    ///
    /// let settings = PoolSettings::default().max_replay(0);
    /// ```
    pub fn max_replay(mut self, bytes: usize) -> Self {
        self.max_replay = bytes;
        self
    }

    /// Sets how many requests may be retried.
    ///
    /// The default is 20 % of the requests, but three at a time are always allowed. Beyond it, a
    /// request fails with its first error. The [pool](crate::pool#what-is-retried) lists the
    /// retries that do not count, such as those of requests of which nothing was written.
    ///
    /// ```
    /// use cdn_origin::pool::{PoolSettings, RetryBudget};
    ///
    /// let settings = PoolSettings::default().retry_budget(RetryBudget::percent(10));
    /// ```
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = budget;
        self
    }

    /// The idle timeout in effect.
    pub(crate) fn idle_time(&self) -> Duration {
        self.idle_timeout.unwrap_or(DEFAULT_IDLE_TIMEOUT)
    }

    /// The same settings, with this idle timeout if none was set.
    pub(crate) fn idle_timeout_unless_set(mut self, time: Duration) -> Self {
        self.idle_timeout.get_or_insert(time);
        self
    }

    /// The same settings, with an idle timeout of at most this.
    pub(crate) fn idle_timeout_at_most(mut self, time: Duration) -> Self {
        self.idle_timeout = Some(self.idle_time().min(time));
        self
    }

    pub(super) fn max_head(&self) -> usize {
        usize::try_from(self.max_response_head).unwrap_or(usize::MAX)
    }

    pub(super) fn tunnel_limit(&self) -> usize {
        let half = (self.max_connections / 2).max(1);
        self.max_tunnels.unwrap_or(half)
    }

    pub(super) fn upload_limit(&self) -> usize {
        self.max_uploads
            .unwrap_or(self.max_connections - self.max_connections / 4)
    }

    pub(super) fn idle_limit(&self) -> usize {
        self.max_idle.max(self.min_idle)
    }
}
