//! Pooled connections to one connector's origin.
//!
//! A pool belongs to one connector with one origin. So all its connections have the same dial
//! target, SNI and expected name, and no request can get one with other names. [`PoolSettings`] are
//! its limits, [`PoolSnapshot`] its gauges and counters.
//!
//! After a [reload](crate::CdnOriginConnector::reload) of the connector, no new request gets a
//! connection that was opened before: roots that are no longer trusted verify nothing any more.
//! Requests and tunnels on such a connection finish. Idle ones close with the next request, or
//! when their time is over.
//!
//! ```
//! use std::time::Duration;
//!
//! use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let settings = PoolSettings::default()
//!     .max_connections(64)
//!     .queue_timeout(Duration::from_secs(2));
//! let proxy = OriginProxy::new(connector).pool(settings);
//! assert_eq!(proxy.snapshot().pool.open, 0);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! # The life of a connection
//!
//! ```text
//!                                            response has ended
//!   permit ────────> connecting ─────────> in use <─────────────> idle
//!   one of           DNS, TCP, TLS,          │       checkout      │
//!   max_connections  ALPN                    │                     │
//!     ^                 │ failed             │ failed, cancelled,  │ idle_timeout, max_age,
//!     │                 │                    │ retired,            │ max_uses, surplus, retired,
//!     │                 v                    v tunnel ended        v closed by the origin
//!     └──────────── closed: the socket is dropped, and returns the permit
//! ```
//!
//! * An HTTP/1 connection serves one request at a time, in the request's own task. The pool reuses
//!   the most recently used connection first, so surplus connections stay idle and are closed. If
//!   the origin closes an idle one, the pool notices at once, without a task for each connection.
//! * An HTTP/2 connection takes as many requests as the peer allows, at most 128. Then another is
//!   opened.
//! * ALPN chooses the protocol, and the pool remembers the choice. On a cold pool, a burst of
//!   requests waits for the first connection instead of opening one each. It waits for at most five
//!   seconds for the SETTINGS of an HTTP/2 peer.
//! * An upgrade gets a dedicated connection, over HTTP/1.1 whatever ALPN chose for the others. It
//!   counts as open until its tunnel ends, and serves no other request, whether the origin switched
//!   protocols or not. [`max_tunnels`](PoolSettings::max_tunnels) limits them.
//! * A connection that carried credentials for NTLM or `Negotiate` serves no further request: a
//!   server may take that for one of the same user ([RFC 4559 section 6]). So NTLM, which needs
//!   several requests on one connection, does not work through a proxy.
//! * With the [`ProxyProtocol`](crate::dial::ProxyProtocol), a connection serves one client only:
//!   requests with the same addresses, ports and values. While others wait and the pool is full,
//!   idle connections are closed for them. None can be opened in advance.
//! * A connection serves only requests of the tokio runtime that opened it. Several runtimes may
//!   use one pool at the same time. They share its limits, but each opens its own connections.
//!
//! # The life of a request
//!
//! ```text
//!   in flight ───> checkout ──────────────> attempt ─────────> body ────────> idle
//!   counted for    an idle connection,      request sent,      response       connection back
//!   a drain        a new one, or a place    head awaited       read           in the pool
//!                  in the queue                │
//!                     ^                        │ retried: see below
//!                     └────────────────────────┘
//! ```
//!
//! * Each connection opens in a task of its own. If the request that started it is cancelled, the
//!   connection goes to the next waiting request, or becomes idle. If connecting fails, that
//!   request gets the error; if the pool has no connection left, every waiting request gets it too.
//! * The queue is first come, first served. [`max_queued`](PoolSettings::max_queued) and
//!   [`queue_timeout`](PoolSettings::queue_timeout) bound it.
//! * A request that is cancelled frees its connection or stream at once. If an HTTP/1 client leaves
//!   in the middle of an upload, hyper's server notices only when it reads more of the upload. If
//!   the origin takes no more, [`response_timeout`](crate::proxy::Limits::response_timeout) ends
//!   the request.
//!
//! # What is retried
//!
//! A request is retried only in these cases, and only if its body is empty or
//! [everything that was read of it is kept](PoolSettings::max_replay):
//!
//! | case | methods | retries | in the budget |
//! |---|---|---|---|
//! | nothing of the request was written | all | 32 | no |
//! | a GOAWAY shows that the origin did not process it | all | 32 | no |
//! | an idle HTTP/1 connection took it, and ended without a response | idempotent | 32 | no |
//! | an idle HTTP/1 connection took it, and the response is 408 | idempotent | 32 | no |
//! | a used or idle HTTP/2 connection ended without a response | idempotent | 2 | yes |
//! | the origin refused the stream | all | 2 | yes |
//! | the response is 421, on a connection that served others too | all | 1 | yes |
//! | the response is 425, to a request in TLS early data | GET, HEAD, OPTIONS | 1 | no |
//!
//! The first four cases share their 32 retries, and the next three their two. A [`RetryBudget`]
//! bounds the retries of all requests together, where the last column says so. The error of a
//! request that was not retried names the limit that it reached.
//!
//! * **Nothing was written** to an HTTP/2 connection, or to an HTTP/1 connection that had been
//!   idle. A new HTTP/1 connection that ends at once is an error of the origin. Before the pool
//!   writes a request that it could not repeat to an idle connection, it asks the socket whether
//!   the connection has ended, because the runtime may not know yet.
//! * **GOAWAY** ([RFC 9113 section 8.7]). All requests that fail by one GOAWAY share the next
//!   connection. A request that fails again gets an idle or a fresh connection. When it was the
//!   first request of three new connections, it fails for good.
//! * **An idle HTTP/1 connection ended** before the first byte of the response. The request is sent
//!   on a connection that is opened in its place. With [`RetryBudget::none`], the request fails.
//!   Some servers send a 408 before they close an idle connection. If it crosses a request, that is
//!   retried in the same way ([RFC 9110 section 15.5.9]).
//! * **An HTTP/2 connection ended** before the head of the response. The request is sent on a newer
//!   connection if possible. All streams of the ended connection share it.
//! * **421** ([RFC 9110 section 15.5.20]). The request is sent on a fresh connection. If its own
//!   connection was opened for it, the client gets the 421. Later 421s are then passed on without a
//!   retry until the origin sends another status.
//! * **425** ([RFC 8470 section 5.2]). The request is sent after the handshake.
//!
//! Idempotent methods are those of [RFC 9110 section 9.2.2].
//!
//! # Connections that die in silence
//!
//! If a request timed out or its client gave up, and nothing had arrived on its connection, that
//! connection may be dead, and so may others that have been silent for as long. The
//! [guide](crate::guide::timeouts) lists the timeouts that count.
//!
//! * The pool sends a PING on HTTP/2 connections, and no new request until something arrives. It
//!   closes those that do not answer within ten seconds.
//! * If the connection of the request had been idle before, the pool closes idle HTTP/1
//!   connections.
//!
//! # What bounds a hostile origin
//!
//! * [`max_response_head`](PoolSettings::max_response_head) limits the head of a response together
//!   with the interim (1xx) responses before it, and
//!   [`response_timeout`](crate::proxy::Limits::response_timeout) the wait for it. Trailers over
//!   HTTP/1 are limited to 16 KiB.
//! * Bytes that arrive before a request, on an idle connection, or after a response, end the
//!   connection.
//! * A body that ends with its connection counts as complete over TLS only after a clean TLS close.
//!   The body of a reset HTTP/2 stream is never complete.
//! * HTTP/2 windows bound what is buffered of bodies that are not read: 512 KiB for each. Over
//!   HTTP/1 a body is read on demand, at most 315 KiB at a time. Idle HTTP/1 connections have no
//!   buffers. For reuse, the process keeps up to 1 MiB of large ones, and each thread up to 152 KiB
//!   of small ones.
//! * Endless heads, and floods of empty DATA frames, end the connection.
//! * If a peer floods the pool with SETTINGS or PING and does not read the answers, the pool stops
//!   reading from it. A peer that reads them, or that resets stream after stream, costs CPU time
//!   but no memory, until its connection is idle or reaches `max_age`.
//! * An HTTP/2 connection that has left the pool closes at most five seconds after its last
//!   request, whether the peer reads or not.
//!
//! [RFC 4559 section 6]: https://www.rfc-editor.org/rfc/rfc4559#section-6
//! [RFC 8470 section 5.2]: https://www.rfc-editor.org/rfc/rfc8470#section-5.2
//! [RFC 9110 section 15.5.9]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9
//! [RFC 9110 section 15.5.20]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
//! [RFC 9110 section 9.2.2]: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
//! [RFC 9113 section 8.7]: https://www.rfc-editor.org/rfc/rfc9113#section-8.7

// | file | what it decides or holds |
// |---|---|
// | `origin_pool` | the pool as the proxy uses it: send, prewarm, retire, drain, end tunnels |
// | `pool_settings`, `pool_snapshot` | the limits; the gauges and counters |
// | `shared_pool` | what the clones of a pool share; begins a checkout |
// | `checkout/` | who gets a connection: idle ones, permits, the queue |
// | `check_in` | what happens to a connection, a stream or a permit that comes back |
// | `serve_waiters` | which waiting request gets what became free |
// | `connection/` | connections over HTTP/1, HTTP/2 and for upgrades; when one expires |
// | `send/` | one request: attempts, retries, errors |
// | `tasks/` | opens and prewarms connections, closes idle ones, follows DNS |
// | `connection_budget` | a limit of connections that several pools share |
// | `upload_limit` | how many uploads may hold a connection |
// | `origin_history` | whether the origin has responded, or returned 421 to a new connection |
// | `pool_lock` | the mutex around the pool's state, and what may not run under it |

mod check_in;
mod checkout;
mod connection;
mod connection_budget;
mod origin_history;
mod origin_pool;
mod pool_lock;
mod pool_settings;
mod pool_snapshot;
mod send;
mod serve_waiters;
mod shared_pool;
mod tasks;
mod upload_limit;

pub use pool_settings::PoolSettings;
pub use pool_snapshot::PoolSnapshot;
pub use send::{NoEarlyData, RetryBudget};

pub(crate) use connection::{PooledConnection, ResponseBody};
pub(crate) use connection_budget::ConnectionBudget;
pub(crate) use origin_pool::OriginPool;
pub(crate) use send::{
    Deadlines, EARLY_DATA, InFlight, RequestCount, Target, classify_hyper, explain_body,
    has_begun_response, is_refused_by_hyper_util,
};
pub(crate) use tasks::DnsAbsence;
