//! `AdaptiveConcurrency`: the settings of the adaptive limit. `adaptive_limit.rs` applies them.

use std::time::Duration;

/// A limit of requests that wait for the origin's response, found by their latency.
///
/// The limit applies only while the origin is overloaded. It counts requests from admission to the
/// head of the response. So downloads, server-sent events and tunnels do not count; a long poll
/// counts while it waits.
///
/// | call | default |
/// |---|---|
/// | [`tolerated_delay`](Self::tolerated_delay) | 100 ms |
/// | [`min_limit`](Self::min_limit) | 4 requests |
/// | [`off`](Self::off) | on |
///
/// # How the limit is found
///
/// An origin that gets more requests than it can carry queues them, and each request waits longer,
/// even the fastest. The proxy compares the latencies of about 100 ms with those of the time
/// before: the tenth percentile and the median, since queueing raises both. The smaller rise is the
/// queueing delay. By Little's law, delay times throughput is the number of requests in the
/// origin's queue.
///
/// * While the delay is tolerable, there is no limit.
/// * Beyond the tolerated delay, the limit becomes the number of requests that wait for a response,
///   less those in the origin's queue. It falls by at most half at a time.
/// * If a tenth of the clients leave before the response, the limit falls at once to what the
///   origin can answer within the tolerated delay: it may still work for those that left.
/// * While requests have to wait and the delay is tolerable, the limit grows, by half at most.
/// * After ten seconds in which no request had to wait, there is no limit any longer.
///
/// # Healthy origins
///
/// * A higher load at an equal latency is never limited.
/// * Slow requests among fast ones are never a sign of overload, whatever their share. They raise
///   one of the two quantiles only.
/// * If all requests become slower, overload and a slower origin look the same at first. The proxy
///   admits half of the requests for 3 seconds or more. If the throughput falls as well, the origin
///   had no queue, and the latency is the new normal. If clients leave meanwhile, this takes
///   15 seconds or more, and fewer are admitted.
/// * Turn the limit off for an origin whose latency often rises for all requests at once, such as
///   one that only serves long polls.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::proxy::{AdaptiveConcurrency, Limits};
///
/// let adaptive = AdaptiveConcurrency::default().tolerated_delay(Duration::from_millis(300));
/// let limits = Limits::default().adaptive_concurrency(adaptive);
/// # drop(limits);
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `Limits::adaptive_concurrency` gets them"]
pub struct AdaptiveConcurrency {
    pub(super) tolerated_delay: Duration,
    pub(super) min_limit: usize,
    pub(super) is_on: bool,
}

impl Default for AdaptiveConcurrency {
    fn default() -> Self {
        Self {
            tolerated_delay: Duration::from_millis(100),
            min_limit: 4,
            is_on: true,
        }
    }
}

impl AdaptiveConcurrency {
    /// No adaptive limit: only the pool and
    /// [`Limits::max_concurrency`](crate::proxy::Limits::max_concurrency) bound the requests.
    ///
    /// ```
    /// use cdn_origin::proxy::{AdaptiveConcurrency, Limits};
    ///
    /// let limits = Limits::default()
    ///     .adaptive_concurrency(AdaptiveConcurrency::off())
    ///     .max_concurrency(64);
    /// # drop(limits);
    /// ```
    pub fn off() -> Self {
        Self {
            is_on: false,
            ..Self::default()
        }
    }

    /// Sets how much queueing delay at the origin is tolerated.
    ///
    /// The default is 100 ms. The usual latency of the origin is tolerated in any case, if that is
    /// longer. A shorter delay refuses more requests, a longer one lets clients wait longer.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::AdaptiveConcurrency;
    /// let adaptive = AdaptiveConcurrency::default().tolerated_delay(Duration::from_millis(300));
    /// # drop(adaptive);
    /// ```
    pub fn tolerated_delay(mut self, delay: Duration) -> Self {
        self.tolerated_delay = delay.max(Duration::from_millis(1));
        self
    }

    /// Sets the lowest limit, in requests.
    ///
    /// The default is 4. Zero counts as one. This number of requests is always admitted.
    ///
    /// ```
    /// # use cdn_origin::proxy::AdaptiveConcurrency;
    /// let adaptive = AdaptiveConcurrency::default().min_limit(16);
    /// # drop(adaptive);
    /// ```
    pub fn min_limit(mut self, count: usize) -> Self {
        self.min_limit = count.max(1);
        self
    }
}
