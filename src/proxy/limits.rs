//! `Limits`: the limits of requests. Other files enforce them:
//!
//! | limit | file |
//! |---|---|
//! | `response_timeout` | `pool/send/send_request.rs`, with `upload/progress_deadline.rs` |
//! | `body_idle_timeout` | `deadline.rs`: `IdleDeadline` |
//! | `request_timeout` | `arrival.rs`: `exchange_end`; of the response: `deadline.rs` |
//! | `unread_timeout`, `min_download_rate` | `response_body/slow_reader.rs` |
//! | `min_upload_rate` | `min_upload_rate.rs` |
//! | `buffer_requests` | `request_buffering.rs` |
//! | `max_request_head`, `max_request_fields` | `refuse_too_large.rs`; profile: `edge_limits.rs` |
//! | `max_request_body` | `refuse_too_large.rs`; of unknown length: `limited_request_body.rs` |
//! | `adaptive_concurrency` | `overload/adaptive_limit.rs` |
//! | `max_concurrency`, `max_queued`, `queue_timeout` | `overload/request_queue.rs` |

use std::time::Duration;

use super::{deadline::non_zero, min_rate::MinRate, overload::AdaptiveConcurrency};

/// The limits of each request through an [`OriginProxy`](crate::OriginProxy).
///
/// `Limits::default()` has the defaults of this table. The error types are those of `Proxy-Status`
/// ([RFC 9209 section 2.3]).
///
/// | call | default | beyond the limit | error type |
/// |---|---|---|---|
/// | [`response_timeout`] | 60 s | 504 | `http_response_timeout` |
/// | [`body_idle_timeout`], request body | 60 s | 408 | `http_request_error` |
/// | [`body_idle_timeout`], response body | 60 s | the response is aborted | |
/// | [`unread_timeout`] | 5 min | the response is aborted | |
/// | [`request_timeout`] | none | 504, or the response is aborted | `http_response_timeout` |
/// | [`min_upload_rate`] | none | 408 | `http_request_error` |
/// | [`min_download_rate`] | none | the response is aborted | |
/// | [`buffer_requests`] | off | the rest is streamed | |
/// | [`max_request_body`] | none | 413 | `http_request_error` |
/// | [`max_request_head`] | that of the edge's [profile] | 431 | `http_request_error` |
/// | [`max_request_fields`] | none | 431 | `http_request_error` |
/// | [`adaptive_concurrency`] | on | the request waits in the queue | |
/// | [`max_concurrency`] | none | the request waits in the queue | |
/// | [`max_queued`] | 64 | 503 | `connection_limit_reached` |
/// | [`queue_timeout`] | 10 s | 503 | `connection_limit_reached` |
///
/// A duration of zero counts as one millisecond. A duration that the clock cannot hold counts as
/// 30 years.
///
/// [`Timeouts`](crate::connector::Timeouts) limits how long connecting may take, and
/// [`PoolSettings`](crate::pool::PoolSettings) the number and age of connections.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Limits};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let limits = Limits::default()
///     .request_timeout(Duration::from_secs(60))
///     .max_request_body(10 * 1024 * 1024)
///     .max_concurrency(1000);
/// let proxy = OriginProxy::new(connector).limits(limits);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// [RFC 9209 section 2.3]: https://www.rfc-editor.org/rfc/rfc9209#section-2.3
/// [`adaptive_concurrency`]: Self::adaptive_concurrency
/// [`body_idle_timeout`]: Self::body_idle_timeout
/// [`buffer_requests`]: Self::buffer_requests
/// [`max_concurrency`]: Self::max_concurrency
/// [`max_queued`]: Self::max_queued
/// [`max_request_body`]: Self::max_request_body
/// [`max_request_fields`]: Self::max_request_fields
/// [`max_request_head`]: Self::max_request_head
/// [`min_download_rate`]: Self::min_download_rate
/// [`min_upload_rate`]: Self::min_upload_rate
/// [`queue_timeout`]: Self::queue_timeout
/// [`request_timeout`]: Self::request_timeout
/// [`response_timeout`]: Self::response_timeout
/// [`unread_timeout`]: Self::unread_timeout
/// [profile]: crate::connector::CdnOriginBuilder::without_edge_profile
#[derive(Clone, Debug)]
#[must_use = "limits do nothing until `OriginProxy::limits` gets them"]
pub struct Limits {
    pub(super) response_timeout: Duration,
    pub(super) body_idle_timeout: Duration,
    pub(super) unread_timeout: Duration,
    pub(super) request_timeout: Option<Duration>,
    pub(super) min_upload_rate: Option<MinRate>,
    pub(super) min_download_rate: Option<MinRate>,
    pub(super) buffer_requests: usize,
    pub(super) max_request_body: u64,
    /// `None` leaves the limit to the profile of the edge.
    pub(super) max_request_head: Option<usize>,
    pub(super) max_request_fields: usize,
    pub(super) adaptive_concurrency: AdaptiveConcurrency,
    pub(super) max_concurrency: Option<usize>,
    pub(super) max_queued: usize,
    pub(super) queue_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            response_timeout: Duration::from_secs(60),
            body_idle_timeout: Duration::from_secs(60),
            unread_timeout: Duration::from_secs(5 * 60),
            request_timeout: None,
            min_upload_rate: None,
            min_download_rate: None,
            buffer_requests: 0,
            max_request_body: u64::MAX,
            max_request_head: None,
            max_request_fields: usize::MAX,
            adaptive_concurrency: AdaptiveConcurrency::default(),
            max_concurrency: None,
            max_queued: 64,
            queue_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Sets how long to wait for the head of the response.
    ///
    /// The default is 60 seconds. The wait begins when the request has a connection, and begins
    /// anew with each part of the request body that is sent. Beyond it, the client gets 504 with
    /// `http_response_timeout`. If the proxy was waiting for the client to send the rest of its
    /// body, the client gets 408 with `http_request_error` instead. A gRPC client that sends
    /// nothing may be waiting for the origin: it always gets DEADLINE_EXCEEDED.
    ///
    /// If the response ends before the upload, the upload goes on until it pauses for longer than
    /// this timeout.
    ///
    /// nginx calls this `proxy_read_timeout`, HAProxy `timeout server`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().response_timeout(Duration::from_secs(30));
    /// ```
    pub fn response_timeout(mut self, time: Duration) -> Self {
        self.response_timeout = non_zero(time);
        self
    }

    /// Sets how long a body may pause.
    ///
    /// The default is 60 seconds. The limit applies to both bodies:
    ///
    /// * The request body, until the response begins. Beyond this limit or
    ///   [`response_timeout`](Self::response_timeout), whichever is shorter, the client gets 408
    ///   with `http_request_error`. The limit does not apply to gRPC, after the origin has
    ///   answered, or while the origin takes no more of the body.
    /// * The response body. Beyond the limit, the response is aborted and the origin's connection
    ///   is closed.
    ///
    /// The time in which the client does not read does not count as a pause:
    /// [`unread_timeout`](Self::unread_timeout) limits it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// // An event stream whose origin sends a comment each minute.
    /// let limits = Limits::default().body_idle_timeout(Duration::from_secs(90));
    /// ```
    pub fn body_idle_timeout(mut self, time: Duration) -> Self {
        self.body_idle_timeout = non_zero(time);
        self
    }

    /// Sets how fast a client has to send its request body, in bytes per second.
    ///
    /// There is no such limit by default: an upload may take as long as it makes progress, and
    /// [`PoolSettings::max_uploads`](crate::pool::PoolSettings::max_uploads) keeps slow ones from
    /// taking all connections. The default of Kestrel, ASP.NET Core's server, is 240 bytes and 5 s.
    ///
    /// The client starts with a credit of `grace`. The time that the proxy waits for it is
    /// subtracted, and each byte that arrives adds 1/`bytes` of a second, up to `grace`. When the
    /// credit is used up, the client gets 408 with `http_request_error`, and its connection to the
    /// origin becomes free. Like
    /// [`body_idle_timeout`](Self::body_idle_timeout), the limit applies until the response begins.
    ///
    /// Zero bytes turn the limit off. gRPC streams have no such limit. Apache calls this `MinRate`
    /// of `RequestReadTimeout`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().min_upload_rate(4096, Duration::from_secs(10));
    /// ```
    pub fn min_upload_rate(mut self, bytes: u64, grace: Duration) -> Self {
        self.min_upload_rate = MinRate::new(bytes, grace);
        self
    }

    /// Sets how fast a client has to read its response, in bytes per second.
    ///
    /// There is no such limit by default: a rate low enough for every slow client would still let a
    /// large download take days, and [`unread_timeout`](Self::unread_timeout) ends downloads that
    /// stop. Kestrel's default is 240 bytes and 5 s.
    ///
    /// The allowed pause is `grace`, plus the time that the bytes in the buffers of the HTTP server
    /// take at this rate. At most 4 MiB count as buffered. After that, the response is aborted.
    /// Zero bytes turn the limit off. gRPC streams have no such limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().min_download_rate(4096, Duration::from_secs(10));
    /// ```
    pub fn min_download_rate(mut self, bytes: u64, grace: Duration) -> Self {
        self.min_download_rate = MinRate::new(bytes, grace);
        self
    }

    /// Buffers request bodies of up to this size before they go to the origin, in bytes.
    ///
    /// By default, bodies are streamed, except for those that are
    /// [small](super#changes-to-requests) and arrive within a second. With buffering, a slow client
    /// occupies no connection to the origin while it sends, and a chunked upload gets a
    /// `Content-Length`. S3 demands one, and so do many WSGI and CGI applications.
    ///
    /// A body that exceeds the limit is streamed. A body is also streamed in a gRPC call, if the
    /// proxy's buffers would hold more than 64 MiB, or if its client waits for 100 (Continue). In
    /// an [`OriginGroup`](crate::group::OriginGroup), the largest limit of its members applies, and
    /// a complete body can go to another member. nginx calls this `proxy_request_buffering`.
    ///
    /// ```
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().buffer_requests(64 * 1024);
    /// ```
    pub fn buffer_requests(mut self, bytes: usize) -> Self {
        self.buffer_requests = bytes;
        self
    }

    /// Sets how long a client may leave a response unread.
    ///
    /// The default is 5 minutes, like that of Envoy's `stream_idle_timeout`; nginx's `send_timeout`
    /// is 60 s. The time begins anew with each part of the response that the HTTP server takes.
    /// Beyond it, the response is aborted and its connection to the origin is free again.
    ///
    /// * The server and the system buffer a few MiB for each client. A client that takes longer
    ///   than the limit to read them looks as if it did not read at all.
    /// * Over HTTP/1, the limit begins with the second frame of the body, because a server takes
    ///   the first one whether its client reads or not. So code that calls the proxy itself, and
    ///   keeps a response without reading it, occupies a connection without a limit.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().unread_timeout(Duration::from_secs(60));
    /// ```
    pub fn unread_timeout(mut self, time: Duration) -> Self {
        self.unread_timeout = non_zero(time);
        self
    }

    /// Sets how long the whole exchange may take.
    ///
    /// There is no such limit by default. The time runs from the arrival of the request to the end
    /// of the response, waits and retries included. Beyond it, the client gets 504 with
    /// `http_response_timeout`, or the response is aborted if it has begun. If the time passed in a
    /// look-up, a connect or a handshake, `Proxy-Status` and the error's
    /// [stage](crate::Error::stage) name that step. If it passed in a queue, the client gets 503.
    /// Tunnels of upgrades have no such limit. A client may [shorten](super::ClientDeadline) it. A
    /// group [begins it anew](crate::guide::timeouts#the-longest-wait) with each member.
    ///
    /// If the exchange waits for its client at that time, the [fault](crate::Error::fault) is the
    /// client's, and a group does not count it as a failure of the origin.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().request_timeout(Duration::from_secs(300));
    /// ```
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.request_timeout = Some(non_zero(time));
        self
    }

    /// Sets the maximum size of request bodies, in bytes.
    ///
    /// There is no such limit by default: the proxy does not buffer bodies. Beyond it, the client
    /// gets 413 with `http_request_error`. A request whose `Content-Length` is too large never
    /// reaches the origin. Other uploads end as soon as they are too large: if the origin has
    /// answered before, the client gets that response and no 413. The proxy discards what the
    /// client still sends, [within limits](super#responses-that-come-early).
    ///
    /// nginx calls this `client_max_body_size`; its default is 1 MiB.
    ///
    /// ```
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().max_request_body(10 * 1024 * 1024);
    /// ```
    pub fn max_request_body(mut self, bytes: u64) -> Self {
        self.max_request_body = bytes;
        self
    }

    /// Sets the maximum size of the request's fields, in bytes.
    ///
    /// The default is the limit in the
    /// [profile](crate::connector::CdnOriginBuilder::without_edge_profile) of the dialled edge, if
    /// it has one. This call replaces it. The profile limits the head that the origin gets, with
    /// its request line and Host. This call limits the client's fields: the sum of their names and
    /// values, and four bytes for each. Beyond it, the client gets 431 with `http_request_error`.
    ///
    /// hyper's server refuses HTTP/1 heads over 400 KiB and HTTP/2 fields over 16 KiB.
    ///
    /// ```
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().max_request_head(32 * 1024);
    /// ```
    pub fn max_request_head(mut self, bytes: usize) -> Self {
        self.max_request_head = Some(bytes);
        self
    }

    /// Sets the maximum number of fields in a request.
    ///
    /// There is no such limit by default; hyper's server refuses more than 100 over HTTP/1. Beyond
    /// it, the client gets 431 with `http_request_error`.
    ///
    /// ```
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().max_request_fields(64);
    /// ```
    pub fn max_request_fields(mut self, count: usize) -> Self {
        self.max_request_fields = count;
        self
    }

    /// Sets how an overloaded origin is recognised, and how many requests it gets then.
    ///
    /// This is on by default: [`AdaptiveConcurrency`] describes the rules, and how to turn it off.
    /// Beyond the limit, requests wait in a queue. It holds as many requests as the origin answers
    /// in a second: at least 4, and at most [`max_queued`](Self::max_queued). The others get 503 at
    /// once.
    ///
    /// ```
    /// # use cdn_origin::proxy::{AdaptiveConcurrency, Limits};
    /// let limits = Limits::default().adaptive_concurrency(AdaptiveConcurrency::off());
    /// ```
    pub fn adaptive_concurrency(mut self, adaptive: AdaptiveConcurrency) -> Self {
        self.adaptive_concurrency = adaptive;
        self
    }

    /// Sets the maximum number of requests that run at a time.
    ///
    /// There is no such limit by default. Zero counts as one. A request counts until its response
    /// has ended. Beyond the limit, requests wait in a queue of [`max_queued`](Self::max_queued).
    ///
    /// The tunnels of upgrades do not count:
    /// [`PoolSettings::max_tunnels`](crate::pool::PoolSettings::max_tunnels) bounds them. The
    /// clones of a proxy share the limit. It is for all clients together, and answers 503, not 429.
    ///
    /// ```
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().max_concurrency(1000);
    /// ```
    pub fn max_concurrency(mut self, count: usize) -> Self {
        self.max_concurrency = Some(count);
        self
    }

    /// Sets the maximum number of requests in the queue.
    ///
    /// A request first waits in this queue, to be admitted, and then in that of the pool, for a
    /// connection: see [load](crate::guide::load). The default is 64. Zero turns the queue off. The
    /// oldest request is served first. If the queue is full, the client gets 503 at once, with
    /// `connection_limit_reached` and `Retry-After: 1`.
    ///
    /// If the queue has not been empty for 100 ms, more requests arrive than are served. Then the
    /// newest request is served first, since its client is the most likely to be still waiting, and
    /// in a full queue the oldest request gets the 503.
    ///
    /// ```
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().max_concurrency(1000).max_queued(200);
    /// ```
    pub fn max_queued(mut self, count: usize) -> Self {
        self.max_queued = count;
        self
    }

    /// Sets how long a request may wait in the [queue](Self::max_queued).
    ///
    /// The default is 10 seconds. Beyond it, the client gets 503 with `connection_limit_reached`
    /// and `Retry-After: 1`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::proxy::Limits;
    /// let limits = Limits::default().queue_timeout(Duration::from_secs(2));
    /// ```
    pub fn queue_timeout(mut self, time: Duration) -> Self {
        self.queue_timeout = non_zero(time);
        self
    }
}
