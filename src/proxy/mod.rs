//! A reverse proxy to one origin, as a tower service.
//!
//! [`OriginProxy`] combines the connector, the connection pool, Host rewriting, forwarded fields
//! and response rewriting. Its error type is `Infallible`: failures become responses.
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
//! // The proxy reads the client's address from `ConnectInfo` (feature `axum`).
//! axum::serve(listener, app.into_make_service_with_connect_info::<std::net::SocketAddr>()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The life of a request
//!
//! ```text
//! client -> limits of the head -> Host, hop-by-hop fields, X-Forwarded-*, Via -> map_request
//!                |                                                                    |
//!                | 400, 408, 413, 414, 417, 431, 501, 508                             v
//!                v                                                             queue (limits)
//! client <- error response <-- 503 -------------------------------------------------- |
//!                   ^                                                                 v
//!                   '-- 502, 503, 504 ----------------------------------- pool -> connection
//!                                                                                     |
//!                                                                                     v
//! client <- response body, with its deadlines <- response rewriting <- diagnosis <- origin
//! ```
//!
//! # Changes to requests
//!
//! * The origin's own Host replaces the client's. [`host_rewrite`](OriginProxy::host_rewrite)
//!   changes that.
//! * Hop-by-hop fields and the fields that `Connection` names are removed
//!   ([RFC 9110 section 7.6.1]), except those listed [below](#deployment-caveats). `TE: trailers`
//!   stays ([RFC 9110 section 10.1.4]), with `Connection: TE` over HTTP/1.
//! * `X-Forwarded-For`, `-Proto`, `-Host` and `X-Real-IP` describe the client. They replace the
//!   fields that the client sent, unless [`forwarded`](OriginProxy::forwarded) trusts the client.
//!   If the client's address is unknown, the fields with an address are removed.
//! * The proxy's [pseudonym](OriginProxy::via) is appended to `Via`, and its [name](Via::cdn_loop),
//!   if configured, to `CDN-Loop`. A request that already has one of them has gone in a loop, and
//!   gets a 508. Responses get no `Via`.
//! * `Max-Forwards` of an OPTIONS request is decremented. If it is zero, the proxy responds itself.
//! * `Expect: 100-continue` reaches an HTTP/1 origin. The proxy reads the client's body once the
//!   origin sends 100 or a second has passed, and hyper's server then sends 100 to the client. If a
//!   final response comes first, see [below](#responses-that-come-early).
//! * `Early-Data` (RFC 8470) is forwarded as one line with the value `1`, and a 425 is passed to
//!   the client. A server in front (the HTTP server that calls the proxy, such as axum's hyper) has
//!   to add the field if it accepts early data.
//! * Trailers pass, except those for framing, routing or authentication ([RFC 9110 section 6.5.1]).
//! * `Cookie` fields that an HTTP/2 client has split are joined. An empty POST gets
//!   `Content-Length: 0`.
//! * If no field shows whether a GET, HEAD, DELETE or OPTIONS request has content, the proxy waits
//!   up to 200 ms for the first frame of the body. If the body ends in that time without a frame,
//!   the origin gets a request without content.
//! * A body of up to 16 KiB is read before the request is sent, for up to a second, if its length
//!   is announced and its client does not wait for 100 (Continue).
//! * The body's own length takes precedence over `Content-Length`, so a layer in front may replace
//!   the body.
//! * [`map_path`](OriginProxy::map_path) replaces a prefix of the path. All other bytes of the path
//!   and the query pass as they are.
//! * [`map_request`](OriginProxy::map_request) runs after all of these. Then, for a recognised
//!   edge, the fields that only the edge may write are removed, and its limits are checked.
//! * All other fields pass, including `Authorization`.
//!
//! # Changes to responses
//!
//! * Hop-by-hop fields are removed, including the `Upgrade` of a 426, which could offer protocols
//!   that this proxy does not allow.
//! * Trailers pass, except those for framing, routing or authentication. An HTTP/1 client gets them
//!   only if it sent `TE: trailers`. hyper's server drops trailers that `Trailer` does not
//!   announce, and all trailers of a response with a `Content-Length`.
//! * A response to HEAD, a 204 and a 304 have no body. The origin's `Content-Length` stays, except
//!   in a 204. Over HTTP/1, hyper's server drops it in a 304 too.
//! * The connection of an HTTP/1.0 client stays open if the client sends `Connection: keep-alive`
//!   and the response has a known length ([RFC 9112 section 9.3]).
//! * A body that is truncated, or silent for too long, aborts the response. The client never
//!   receives a truncated body as a complete one, with an [exception](#deployment-caveats) in
//!   HTTP/1.0.
//! * In redirects, the client's host replaces the origin's name. A `Domain` of the origin in a
//!   cookie is removed, and so is `Alt-Svc`. See [`response_rewrite`](crate::response_rewrite).
//! * [`map_response`](OriginProxy::map_response) runs last.
//! * All other fields pass.
//!
//! # Responses that come early
//!
//! An origin may answer before it has read the whole request: for example with a 401 or a 413 as
//! soon as it has read the head, or with a 202 to an upload that it goes on to read. The client
//! gets the response at once.
//!
//! * **The upload goes on** while the client sends and the origin reads, even after the end of the
//!   response. It stops when the origin closes the connection or resets the stream, or when no part
//!   of it is sent for [`response_timeout`](Limits::response_timeout). After a complete upload,
//!   both connections can be reused.
//! * **Cut-off uploads.** An HTTP/2 upload that outlives its response is complete only with
//!   END_STREAM. A layer that replaces its body has to implement `Body::is_end_stream`.
//! * **The rest is discarded.** If the origin stops reading, the proxy reads and discards what an
//!   HTTP/1 client still sends, for at most 30 s and 256 MiB, or until the client is silent for
//!   5 s. nginx calls this `lingering_close`. Otherwise the server in front would reset the
//!   connection, and a client that sends its whole request before it reads would lose the response
//!   ([RFC 9112 section 9.6]). An HTTP/2 client gets RST_STREAM with NO_ERROR after the response.
//! * **The proxy's own responses.** After a response such as 413, 502 or 503, the proxy stops or
//!   discards the upload in the same way.
//! * **100 (Continue).** If the client waits for a 100 and the origin sends a final response
//!   instead, the proxy does not read the body before the head of the response is sent. The
//!   response then has `Connection: close`.
//!
//! # Connections
//!
//! Connections are pooled, within the limits of [`PoolSettings`](crate::pool::PoolSettings). The
//! pool sends a request a second time only in these cases:
//!
//! * No byte of it was sent.
//! * The origin reports that it did not process it.
//! * It is idempotent, and its connection, which had been idle or served other requests, closed
//!   before the response, or by a 408.
//! * The origin answers 421 on a shared connection. The request is sent once more.
//! * The origin answers 425 to a request in TLS early data. The request is sent once more.
//!
//! The [pool](crate::pool) describes retries in detail.
//!
//! # Several origins
//!
//! [`VirtualHosts`](crate::tenants::VirtualHosts) chooses an origin for each request.
//! An [`OriginGroup`](crate::group::OriginGroup) balances requests over several origins, and has
//! backups for them.
//!
//! # WebSocket
//!
//! Clients may switch to the protocols that [`upgrades`](OriginProxy::upgrades) allows; the default
//! is WebSocket. Clients use `Upgrade` in HTTP/1.1 ([RFC 9110 section 7.8]) or extended CONNECT in
//! HTTP/2 ([RFC 8441]), which axum's server offers.
//!
//! * The upgrade goes to the origin over HTTP/1.1, on a dedicated connection. It fails where
//!   [`Alpn::Http2`](crate::Alpn::Http2) requires HTTP/2: use
//!   [`Alpn::Http2OrHttp1`](crate::Alpn::Http2OrHttp1).
//! * The origin has to answer 101 with the requested protocol. For a WebSocket, the proxy also
//!   checks key, subprotocol and extensions. Any other status passes as an ordinary response, and
//!   the connection is closed.
//! * Bytes pass unchanged in both directions. A side that has closed its own direction may still
//!   receive. Both sides are closed if no byte moves for [`idle_timeout`](Upgrades::idle_timeout).
//! * A tunnel counts as an open connection of the pool until it ends. By default, tunnels use at
//!   most half of the connections: see [`max_tunnels`].
//! * A server that shuts down does not wait for tunnels, but [`drain`](OriginProxy::drain) does.
//! * A WebSocket handshake with a body is refused. Other upgrade requests with a body are forwarded
//!   as ordinary requests.
//!
//! # gRPC
//!
//! gRPC passes with its trailers and deadlines if the client and the origin both use HTTP/2. The
//! origin has to be an `https` one that selects `h2` by ALPN: the proxy speaks HTTP/1.1 to `http`
//! origins, over which gRPC does not work.
//!
//! A stream may last as long as the origin sends something within each
//! [`body_idle_timeout`](Limits::body_idle_timeout). Raise that for streams with longer pauses.
//! [`request_timeout`](Limits::request_timeout) ends streams too.
//!
//! # The client's address
//!
//! The address comes from axum's `ConnectInfo` or from a [`ClientConnection`] in the request's
//! extensions. For the [PROXY protocol](crate::dial::ProxyProtocol), a
//! [`ClientAddress`](crate::downstream::ClientAddress) in the extensions takes precedence, because
//! it also has the destination address and the TLVs.
//!
//! # Errors
//!
//! Failures become responses. Each has a `Proxy-Status` field ([RFC 9209]), a short text, and the
//! [`Error`](crate::Error) in its extensions. [`problem_details`] and [`replace_content`] replace
//! the text. [`Limits`] lists the limits with their defaults. gRPC calls get 200 with a
//! `grpc-status` instead of these statuses.
//!
//! * **400**: the request has no usable Host or target, its path may leave a mapped prefix, its
//!   body failed, its WebSocket handshake is malformed, or it is a GET with content and the dialled
//!   edge refuses those.
//! * **408**: the client stopped sending, or sent more slowly than
//!   [allowed](Limits::min_upload_rate).
//! * **413**: the request body is larger than allowed.
//! * **414**: the target is longer than the dialled
//!   [edge](crate::connector::CdnOriginBuilder::without_edge_profile) accepts.
//! * **417**: the request expects something other than `100-continue`.
//! * **421**: no tenant of [`VirtualHosts`](crate::tenants::VirtualHosts) has the request's host.
//! * **431**: the request's fields are larger or more numerous than allowed.
//! * **500**: the connector has no fixed origin, or the settings of a tenant of `VirtualHosts`
//!   cannot be used.
//! * **501**: the request is CONNECT without an allowed protocol, or TRACE, or has a transfer
//!   coding other than `chunked`.
//! * **502**: the origin could not be reached, its response was not valid HTTP, the head of its
//!   response was too large, or it switched to a protocol other than the requested one.
//! * **503**: the origin is [overloaded](AdaptiveConcurrency), too many requests are running, no
//!   connection of the pool became available in time, or the proxy is
//!   [draining](OriginProxy::drain).
//! * **504**: the connect or the origin's response took too long.
//! * **508**: the request has passed this proxy before.
//!
//! An error response of the origin passes unchanged. If it looks like the result of a mistake in
//! the four names, the proxy adds a [`Diagnosis`](crate::diagnosis::Diagnosis) to its extensions
//! and to the log. Clients see causes only after
//! [`disclose_diagnosis`](OriginProxy::disclose_diagnosis).
//!
//! # Extensions
//!
//! A layer in front of the proxy may insert these into the extensions of a request:
//!
//! | type | effect |
//! |---|---|
//! | [`ClientConnection`] | the client's address and scheme, in place of axum's `ConnectInfo` |
//! | [`ClientAddress`](crate::downstream::ClientAddress) | the content of a PROXY header |
//! | [`ClientDeadline`] | a deadline for this request |
//! | [`NoEarlyData`](crate::pool::NoEarlyData) | the request is not sent as TLS early data |
//! | [`ExchangeCollector`] | the timings of this request are recorded |
//!
//! The extensions of a response may have these:
//!
//! | type | when |
//! |---|---|
//! | [`Error`](crate::Error) | the response is the proxy's own, not the origin's |
//! | [`Diagnosis`](crate::diagnosis::Diagnosis) | the edge refused the request for a known cause |
//! | [`ConnectionInfo`] | the response came from the origin |
//! | [`ExchangeInfo`](crate::observe::ExchangeInfo) | the request had an `ExchangeCollector` |
//!
//! [`ExchangeCollector`]: crate::observe::ExchangeCollector
//! [`ConnectionInfo`]: crate::connector::ConnectionInfo
//!
//! # Deployment caveats
//!
//! * A client can make the proxy remove a field by naming it in `Connection`, even one that a layer
//!   in front added. Only these stay: `Authorization`, `Cache-Control`, `CDN-Loop`,
//!   `Content-Encoding`, `Content-Length`, `Content-Type`, `Cookie`, `Early-Data`, `Expect`,
//!   `Host`, `Max-Forwards`, `Set-Cookie`, `Via` and the forwarded fields.
//! * So add any other field that the origin relies on in [`map_request`](OriginProxy::map_request),
//!   which runs last. An origin must not treat a missing field as permission.
//! * Other fields about the client pass: `True-Client-IP`, `X-Forwarded-Prefix`,
//!   `X-Forwarded-Scheme`, `X-Forwarded-Ssl`, `X-Forwarded-Server`, `X-Original-URL`,
//!   `X-Rewrite-URL`, `Front-End-Https`. Some frameworks trust them from any proxy. If yours does,
//!   remove them in [`map_request`](OriginProxy::map_request).
//! * With [`HostRewriteLayer::preserve`](crate::HostRewriteLayer::preserve), clients choose the
//!   Host that the origin gets. Refuse unknown Hosts in front of the proxy.
//! * axum's `nest_service("/app", proxy)` strips `/app` from the path, so redirects and cookies
//!   lack it. Use `route_service("/app/{*rest}", proxy)`, which keeps it, and
//!   [`map_path`](OriginProxy::map_path), which restores it.
//! * A client that does not read loses the origin's connection after
//!   [`unread_timeout`](Limits::unread_timeout). The client's own connection belongs to the server
//!   in front, which needs a timeout of its own.
//! * hyper's server reports the trailers of an HTTP/1 request only until the response has ended. If
//!   an upload ends after its response, its trailers arrive with the client's next request, or
//!   never.
//! * A client that closes its sending direction after its request gets no response, unless the
//!   server in front is built with hyper's `half_close(true)`.
//! * A response without a length ends with the connection of an HTTP/1.0 client, which cannot tell
//!   whether it was truncated.
//! * hyper's server sends no informational response but 100, and none over HTTP/2. An origin's 103
//!   is dropped, and a request body is sent to an HTTP/2 origin at once.
//!
//! [RFC 8441]: https://www.rfc-editor.org/rfc/rfc8441
//! [RFC 9110 section 10.1.4]: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.4
//! [RFC 9110 section 6.5.1]: https://www.rfc-editor.org/rfc/rfc9110#section-6.5.1
//! [RFC 9110 section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
//! [RFC 9110 section 7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
//! [RFC 9112 section 9.3]: https://www.rfc-editor.org/rfc/rfc9112#section-9.3
//! [RFC 9112 section 9.6]: https://www.rfc-editor.org/rfc/rfc9112#section-9.6
//! [RFC 9209]: https://www.rfc-editor.org/rfc/rfc9209
//! [`max_tunnels`]: crate::pool::PoolSettings::max_tunnels

// | file | what it decides or holds |
// |---|---|
// | `origin_proxy`, `proxy_settings`, `proxy_from_template` | the proxy and its settings |
// | `service`, `future` | one request, from its arrival to its response |
// | `prepare_request` | the request to the origin, from the client's |
// | `forward_request` | sends it, and makes the client's response of the origin's |
// | `check_head`, `ambiguous_names` | which heads are refused |
// | `adjust_fields` | changes `Max-Forwards`, `Expect`, `Cookie` and similar fields |
// | `hop_by_hop`, `trailers` | which fields and trailers are not forwarded |
// | `present_fields`, `field_values` | which fields a head has; reads list members and tokens |
// | `via`, `pseudonym` | `Via` and `CDN-Loop`: signs requests, and detects loops |
// | `path_maps`, `request_hooks`, `response_hooks` | what the application changes |
// | `limits` | deadlines, sizes and numbers of requests |
// | `deadline`, `client_deadline` | deadlines of requests, bodies and clients |
// | `refuse_too_large`, `edge_limits` | refuses requests that are too large |
// | `min_rate`, `min_upload_rate` | refuses clients that send too slowly |
// | `overload/` | which requests wait in front of the origin, or are refused |
// | `request_content`, `arrival` | reads a body that is small or most likely empty |
// | `limited_request_body` | the request body: size, idle time, trailers |
// | `request_buffering`, `buffered_body` | reads a body before the origin gets the request |
// | `response_body/` | the body of a response, its deadlines, and clients that read too slowly |
// | `replace_content` | other content for a response |
// | `error_response/` | the response to a failure: status, fields, text or problem details |
// | `refuse_request`, `refuse_unrouted` | responds to a request that failed, or has no origin |
// | `upgrade/` | upgrades, and their tunnels |
// | `health_check_proxy` | a proxy for the health checks of a group |
// | `proxy_snapshot`, `capacities` | gauges and counters, and the configured maxima |
// | `failure_log` | which failures are logged, and how often |
// | `answered_paths` | whether the origin serves the configured Host |

mod adjust_fields;
mod ambiguous_names;
mod answered_paths;
mod arrival;
mod buffered_body;
#[cfg(feature = "metrics")]
mod capacities;
mod check_head;
mod client_deadline;
mod deadline;
mod edge_limits;
mod error_response;
pub(crate) mod failure_log;
mod field_values;
mod forward_request;
#[expect(unnameable_types, reason = "it is `Service::Future`")]
mod future;
mod health_check_proxy;
mod hop_by_hop;
mod limited_request_body;
mod limits;
mod min_rate;
mod min_upload_rate;
mod origin_proxy;
mod overload;
mod path_maps;
mod prepare_request;
mod present_fields;
mod proxy_from_template;
mod proxy_settings;
mod proxy_snapshot;
mod pseudonym;
mod refuse_request;
mod refuse_too_large;
mod refuse_unrouted;
mod replace_content;
mod request_buffering;
mod request_content;
mod request_hooks;
mod response_body;
mod response_hooks;
mod service;
mod trailers;
mod upgrade;
mod via;

pub(crate) use arrival::Arrival;
pub(crate) use buffered_body::BufferedBody;
#[cfg(feature = "metrics")]
pub(crate) use capacities::Capacities;
pub(crate) use failure_log::{FailureLog, GroupCondition};
pub(crate) use health_check_proxy::for_health_checks;
pub(crate) use proxy_from_template::{connector_of, proxy_from_template};
pub(crate) use refuse_request::refuse;
pub(crate) use refuse_unrouted::refuse_unrouted;
pub(crate) use request_buffering::Buffering;
pub(crate) use service::{
    Respond, accept, attempt, notify_observers, observers_of, refuses_by_head, request_timeout,
};

pub use ambiguous_names::remove_ambiguous_names;
pub use client_deadline::ClientDeadline;
pub use error_response::problem_details;
pub(crate) use future::Proxying;
pub use limits::Limits;
pub use origin_proxy::OriginProxy;
pub use overload::AdaptiveConcurrency;
pub use proxy_snapshot::ProxySnapshot;
pub(crate) use pseudonym::Pseudonym;
pub use replace_content::replace_content;
pub use response_body::ProxyBody;
pub use upgrade::Upgrades;
pub use via::Via;

pub use crate::downstream::ClientConnection;
