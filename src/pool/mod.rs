//! Pooled connections to one connector's origin.
//!
//! A pool belongs to one connector with one origin. So all its connections have the same dial
//! target, SNI and expected name, and no request can get one with other names. [`PoolSettings`] are
//! its limits, [`PoolSnapshot`] its gauges and counters.
//!
//! After a [reload](crate::CdnOriginConnector::reload) of the verify policy, open connections stay
//! in use until they end, or until
//! [`retire_connections`](crate::OriginProxy::retire_connections) is called.
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
//! * A request that is cancelled frees its connection or stream at once. hyper's server notices
//!   that an HTTP/1 client has left in the middle of an upload only when it reads more of it; if
//!   the origin does not take more,
//!   [`response_timeout`](crate::proxy::Limits::response_timeout) ends the request.
//!
//! # What is retried
//!
//! A request is retried in the cases below, if its body is empty or
//! [all that was read of it is kept](PoolSettings::max_replay). In all but the first three cases, a
//! request is sent at most three times, and a [`RetryBudget`] bounds the retries of all requests.
//! The error of a request that was not retried names the bound.
//!
//! * **Nothing of it was written**, over HTTP/2 or to an HTTP/1 connection that had been idle. Any
//!   method, up to 32 times, outside of the budget. A new HTTP/1 connection that ends at once is an
//!   error of the origin.
//!
//!   Before the pool writes a request that it could not repeat to an idle connection, it asks the
//!   socket whether the connection has ended, because the runtime may not know yet.
//! * **A GOAWAY shows that the origin has not processed it** (RFC 9113 section 8.7). Any method, up
//!   to 32 times, outside of the budget.
//!
//!   Requests that fail by the same GOAWAY share the next connection. One that fails again gets an
//!   idle or a fresh connection. It fails for good when it was the first request of three new
//!   connections.
//! * **An HTTP/1 connection that had been idle ended** before the first byte of the response.
//!   Idempotent methods (RFC 9110 section 9.2.2), on a connection that is opened in its place,
//!   outside of the budget. With [`RetryBudget::none`], they fail.
//! * **An HTTP/2 connection that had been idle, or served others, ended** before the head of the
//!   response. Idempotent methods, if possible on a newer connection, which all its streams share.
//! * **The origin refused the stream** (RFC 9113 section 8.7). Any method.
//! * **421** (RFC 9110 section 15.5.20) on a connection that served others too. Any method, once,
//!   on a fresh connection.
//! * **425** (RFC 8470 section 5.2) to a request that was sent in TLS early data. GET, HEAD and
//!   OPTIONS, once, after the handshake, outside of the budget.
//!
//! If a connection that was opened for the request returns 421, the client gets it. Later 421s are
//! then passed on without a retry until the origin sends another status.
//!
//! # Connections that die in silence
//!
//! If a request timed out or its client gave up, and nothing had arrived on its connection, the
//! connection may be dead. So may others that have been silent for as long. The
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
//!   buffers; the process keeps up to 1 MiB of large ones for reuse.
//! * Endless heads, and floods of empty DATA frames, end the connection.
//! * If a peer floods with SETTINGS or PING and does not read the answers, the pool stops reading
//!   from it. A peer that reads them, or keeps resetting a stream, costs CPU time but no memory,
//!   until its connection is idle or reaches `max_age`.
//! * An HTTP/2 connection that nothing uses is closed after five seconds, whether the peer reads or
//!   not.

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
// | `close_tunnels` | ends the tunnels of upgrades |
// | `upload_limit` | how many uploads may hold a connection |
// | `origin_history` | whether the origin has responded, or returned 421 to a new connection |
// | `pool_lock` | the mutex around the pool's state, and what may not run under it |

mod check_in;
mod checkout;
mod close_tunnels;
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
    EARLY_DATA, InFlight, RequestCount, Target, classify_hyper, explain_body, has_begun_response,
};
pub(crate) use tasks::DnsAbsence;
pub(crate) use upload_limit::UploadPermit;
