//! The whole reverse proxy: connector, pool, Host rewriting, forwarded fields and response
//! rewriting behind one service that never fails.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .sni("example.com")
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/healthz", get(|| async { "ok" }))
//!     .fallback_service(OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve()));
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! // `ConnectInfo` is where the proxy learns the client's address from (feature `axum`).
//! axum::serve(listener, app.into_make_service_with_connect_info::<std::net::SocketAddr>()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The life of a request
//!
//! ```text
//! client -> limits of the head -> Host, hop-by-hop fields, X-Forwarded-*, Via -> map_request
//!                |                                                                  |
//!                v 400, 408, 413, 431, 501, 508                                     v
//!          error response  <- 503 -  queue (max_concurrency) -> pool -> connection -> origin
//!                ^                                                                  |
//!                | 502, 504                                                         v
//! client <- response body, with its deadlines <- response rewriting <- diagnosis <- response
//! ```
//!
//! # What it does to a request
//!
//! * The Host is rewritten: to the origin's own unless [`host_rewrite`](OriginProxy::host_rewrite)
//!   says otherwise.
//! * Hop-by-hop fields and those that `Connection` names are removed ([RFC 9110 section 7.6.1]);
//!   `TE: trailers` stays over HTTP/2.
//! * `X-Forwarded-For`, `-Proto`, `-Host` and `X-Real-IP` say who the client is, and what it claims
//!   itself is replaced, unless [`forwarded`](OriginProxy::forwarded) trusts it. Where its address
//!   is not known, the fields that would claim one are removed.
//! * `Via` gets this proxy's [pseudonym](OriginProxy::via) at its end, and `CDN-Loop` its
//!   [name](Via::cdn_loop) if there is one. What bears them already is a loop. Responses
//!   are not signed.
//! * `Max-Forwards` of OPTIONS is counted down; at zero the proxy answers itself.
//! * `Expect: 100-continue` reaches an HTTP/1 origin. The client's content is not asked for before
//!   the origin says 100 or a second has passed, and not at all if the answer is there before.
//!   hyper's server then says 100 to the client.
//! * `Early-Data` (RFC 8470) goes on as one line that says `1`, and a 425 to it passes. A server in
//!   front that takes early data of clients has to add it.
//! * Trailers pass, without those that frame, route or authenticate ([RFC 9110 section 6.5.1]).
//! * Cookies that HTTP/2 split are joined, and an empty POST says `Content-Length: 0`. The body is
//!   believed on its length: what a layer in front has read or replaced reaches the origin as it is
//!   now.
//! * [`map_request`](OriginProxy::map_request) runs last.
//! * Everything else passes, `Authorization` too; path and query byte for byte.
//!
//! # What it does to a response
//!
//! Hop-by-hop fields are removed, also `Upgrade` of a 426: it would offer protocols that this
//! proxy may not allow. Trailers pass as those of requests do, but not to an HTTP/1 client that
//! does not say `TE: trailers`, nor those that the response does not announce in `Trailer`, which
//! hyper's server leaves out there. A response to HEAD, a 204 and a 304 have no content and keep
//! the length that the origin says, but for a 204, which has none, and a 304 over HTTP/1, where
//! hyper's server leaves it out. A body that ends too early, or falls silent for too long, is
//! aborted towards the client and never ends as if it were whole. Redirects and cookies that say
//! the origin's name get the client's, and `Alt-Svc` is removed, as
//! [`response_rewrite`](crate::response_rewrite) describes. Everything else passes.
//!
//! # Connections
//!
//! Connections are pooled, within the limits of [`PoolSettings`](crate::pool::PoolSettings). A
//! request is sent a second time only if not a byte of it was sent before, if the origin says that
//! it has not looked at it, or if it is idempotent and a connection that had rested died under it.
//! [What is sent again](crate::pool) tells all of it.
//!
//! # Several origins
//!
//! An [`OriginGroup`](crate::group::OriginGroup) has a primary origin and its backups. Load balancing is that of tower; `examples/balance.rs` shows it.
//!
//! # WebSocket
//!
//! A client may switch to the protocols that [`upgrades`](OriginProxy::upgrades) allows: by
//! `Upgrade` in HTTP/1.1 ([RFC 9110 section 7.8]), or by extended CONNECT in HTTP/2 ([RFC 8441];
//! axum's server offers it). Nothing has to be configured.
//!
//! * The origin is asked over HTTP/1.1, on a connection of the request's own, whatever ALPN chose
//!   for the others. Where [`Alpn::Http2`](crate::Alpn::Http2) requires HTTP/2 there is none, and
//!   the upgrade fails: [`Alpn::Http2OrHttp1`](crate::Alpn::Http2OrHttp1) mends it.
//! * The origin switches only by a 101 to the protocol that was asked for; of a WebSocket, key,
//!   subprotocol and extensions are checked too. Any other response passes as an ordinary one, and
//!   its connection is closed.
//! * Bytes pass both ways as they are, and a side that has said all may still listen. Where neither
//!   side says anything for [`idle_timeout`](Upgrades::idle_timeout), both are
//!   closed.
//! * A tunnel counts as an open connection of the pool until it ends. Half of the connections at
//!   most are for tunnels, or as many as
//!   [`PoolSettings::max_tunnels`](crate::pool::PoolSettings::max_tunnels) says, so that other
//!   requests go on; [`PoolSnapshot::tunnels`](crate::pool::PoolSnapshot::tunnels) says how many
//!   there are. A server that shuts down does not wait for them: [`drain`](OriginProxy::drain)
//!   does.
//! * An upgrade with content is no upgrade: the request goes on without it, or is refused if it is
//!   for a WebSocket.
//!
//! # gRPC
//!
//! gRPC passes with its trailers and deadlines where the client and the origin both speak HTTP/2:
//! the origin has to be an `https` one that chooses `h2` by ALPN. An `http` origin is always spoken
//! HTTP/1.1 to, which gRPC is not.
//!
//! A stream goes on for as long as the origin says something in each
//! [`body_idle_timeout`](Limits::body_idle_timeout); one in which it is silent for longer
//! needs more of that. [`request_timeout`](Limits::request_timeout) ends streams too.
//!
//! # The client's address
//!
//! The address comes from axum's `ConnectInfo` or from a [`ClientConnection`] in the request's
//! extensions. Where the origin is told it by the [PROXY protocol](crate::dial::ProxyProtocol), a
//! [`ClientAddress`](crate::downstream::ClientAddress) in the extensions comes first: it knows
//! ports too, and more.
//!
//! # Errors
//!
//! Failures become responses, each with a `Proxy-Status` field ([RFC 9209]), a short text, and the
//! [`Error`](crate::Error) in the response's extensions:
//!
//! | status | when |
//! |---|---|
//! | 400 | the request has no usable Host or target, its body ended in an error, or its WebSocket handshake is malformed |
//! | 408 | the client stopped sending |
//! | 413 | the request's body is larger than allowed |
//! | 414 | the request's target is longer than the dialled [edge](crate::connector::AppliedProfile) takes |
//! | 417 | the request expects something other than `100-continue` |
//! | 431 | the request's fields are larger, or more, than allowed |
//! | 500 | the connector has no fixed origin |
//! | 501 | CONNECT without a protocol that is allowed, TRACE, or a transfer coding other than `chunked` |
//! | 502 | the origin could not be reached, did not answer with HTTP or with too large a head, or switched to a protocol that was not asked for |
//! | 503 | no connection of the pool became free in time, too many requests are under way, or the proxy is [draining](OriginProxy::drain) |
//! | 504 | the origin, or the way to it, took longer than a deadline |
//! | 508 | the request has been here before |
//!
//! [`Limits`] lists the limits with their defaults.
//!
//! An error page of the origin passes as it is; where it looks like a mistake in the four names, a
//! [`Diagnosis`](crate::diagnosis::Diagnosis) is in its extensions and in the log. Clients are told
//! causes only where [`disclose_diagnosis`](OriginProxy::disclose_diagnosis) says so.
//!
//! # Deployment caveats
//!
//! * A client can name a field in `Connection`, and it is then not forwarded: also one that a layer
//!   in front of this proxy has added. Those that are meant for all recipients stay, such as
//!   `Authorization` and `Cookie`; add others by [`map_request`](OriginProxy::map_request). An
//!   origin must not treat a missing field as permission.
//! * Other fields that claim who the client is, or what it asked for, pass: `True-Client-IP`,
//!   `X-Forwarded-Prefix`, `X-Forwarded-Scheme`, `X-Forwarded-Ssl`, `X-Forwarded-Server`,
//!   `X-Original-URL`, `X-Rewrite-URL`, `Front-End-Https`. Some frameworks believe them of any
//!   proxy: remove those that yours knows by [`map_request`](OriginProxy::map_request).
//! * With [`HostRewriteLayer::preserve`](crate::HostRewriteLayer::preserve), clients choose the
//!   Host that the origin is told. Refuse unknown Hosts in front of the proxy.
//! * axum's `nest_service("/app", proxy)` takes `/app` off what the origin is asked for. Its
//!   redirects and cookies then lack it, until
//!   [`ResponseRewriteLayer::path`](crate::ResponseRewriteLayer::path) puts it back;
//!   `route_service("/app/{*rest}", proxy)` leaves it on.
//! * A client that does not read loses the origin's connection after
//!   [`unread_timeout`](Limits::unread_timeout). Its own connection is the server's, which has
//!   to be told on its own how long it may keep still.
//! * hyper's server cannot send informational responses other than 100, and says none over HTTP/2:
//!   an origin's 103 is dropped, and content goes to an HTTP/2 origin at once.
//!
//! [RFC 9110 section 6.5.1]: https://www.rfc-editor.org/rfc/rfc9110#section-6.5.1
//! [RFC 9110 section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
//! [RFC 9110 section 7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
//! [RFC 8441]: https://www.rfc-editor.org/rfc/rfc8441
//! [RFC 9209]: https://www.rfc-editor.org/rfc/rfc9209

mod deadline;
mod edge_limits;
mod error_response;
mod fields;
mod forward;
mod future;
mod header_flags;
mod hop_by_hop;
mod limits;
pub(crate) mod log;
mod loop_detection;
mod message;
mod origin_proxy;
mod pool_futures;
mod prepare;
mod pseudonym;
mod queue;
mod request_body;
mod request_hooks;
mod response_body;
mod service;
mod settings;
mod trailers;
mod upgrade;

pub(crate) use log::LoggedByGroup;

pub use future::Proxying;
pub use limits::Limits;
pub use loop_detection::Via;
pub use origin_proxy::OriginProxy;
pub use pool_futures::{Draining, Prewarming};
pub use pseudonym::{Pseudonym, PseudonymError};
pub use response_body::ProxyBody;
pub use upgrade::{UpgradeRefused, Upgrades};

pub use crate::downstream::ClientConnection;
