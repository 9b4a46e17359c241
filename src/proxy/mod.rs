//! The whole reverse proxy: connector, pool, Host rewriting, forwarded fields and response rewriting behind one service that never fails.
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
//! // `ConnectInfo` is where the proxy learns the visitor's address from (feature `axum`).
//! axum::serve(listener, app.into_make_service_with_connect_info::<std::net::SocketAddr>()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does to a request
//!
//! * The Host is rewritten: to the origin's own unless [`host_rewrite`](OriginProxy::host_rewrite) says otherwise.
//! * Hop-by-hop fields and those that `Connection` names are removed ([RFC 9110 section 7.6.1]); `TE: trailers` stays.
//! * `X-Forwarded-For`, `-Proto`, `-Host` and `X-Real-IP` say who the visitor is, and what it claims itself is replaced, unless
//!   [`forwarded`](OriginProxy::forwarded) trusts it. Where its address is not known, the fields that would claim one are removed.
//! * Cookies that HTTP/2 split are joined, and an empty POST says `Content-Length: 0`.
//! * Everything else passes, `Authorization` too; path and query byte for byte. `Upgrade` does not: there are no WebSockets yet.
//!
//! # What it does to a response
//!
//! Hop-by-hop fields are removed. Redirects and cookies that say the origin's name get the visitor's, and `Alt-Svc` is removed, as
//! [`response_rewrite`](crate::response_rewrite) describes. Everything else passes.
//!
//! # Connections
//!
//! Connections are pooled, within the limits of [`PoolSettings`](crate::pool::PoolSettings). A request is sent a second time only if not
//! a byte of it was sent before, if the origin says that it has not looked at it, or if it is idempotent, has no content, and a reused
//! connection died under it.
//!
//! The address comes from axum's `ConnectInfo` or from a [`ClientConnection`] in the request's extensions.
//!
//! # Errors
//!
//! Failures become responses, each with a `Proxy-Status` field ([RFC 9209]), a short text, and the [`Error`](crate::Error) in the
//! response's extensions:
//!
//! | status | when |
//! |---|---|
//! | 400 | the request has no usable Host or target, or its body ended in an error |
//! | 408 | the visitor stopped sending |
//! | 500 | the connector has no fixed origin |
//! | 501 | CONNECT, TRACE, or a transfer coding other than `chunked` |
//! | 502 | the origin could not be reached, or did not answer with HTTP |
//! | 503 | no connection of the pool became free in time |
//! | 504 | the origin, or the way to it, took longer than a deadline |
//!
//! An error page
//! of the origin passes as it is; where it looks like a mistake in the four names, a [`Diagnosis`](crate::diagnosis::Diagnosis) is in
//! its extensions and in the log.
//!
//! # Deployment caveats
//!
//! * A visitor can name any field in `Connection`, and it is then not forwarded: also one that a layer in front of this proxy has
//!   added. An origin must not treat a missing field as permission.
//! * Fields of other vendors that claim an address, such as `True-Client-IP`, pass.
//! * With [`HostRewriteLayer::preserve`](crate::HostRewriteLayer::preserve), visitors choose the Host that the origin is told. Refuse
//!   unknown Hosts in front of the proxy.
//! * A body that stalls halfway, in either direction, is not timed out after the head of the response.
//!
//! [RFC 9110 section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
//! [RFC 9209]: https://www.rfc-editor.org/rfc/rfc9209

mod answer;
mod body;
mod forward;
mod future;
mod hop_by_hop;
mod message;
mod peek;
mod service;
mod status;

pub use body::ProxyBody;
pub use future::Proxying;
pub use service::OriginProxy;

pub use crate::visitor::ClientConnection;
