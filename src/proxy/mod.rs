//! The whole reverse proxy: connector, pool, Host rewriting and forwarded fields behind one service that never fails.
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
//! * `X-Forwarded-For` gets the visitor's address at its end; `X-Real-IP`, `X-Forwarded-Proto` and `X-Forwarded-Host` are set. Where
//!   the visitor's address is not known, nothing that claims it is passed on.
//! * Everything else passes, `Authorization` too; path and query byte for byte.
//!
//! The address comes from axum's `ConnectInfo` or from a [`ClientConnection`] in the request's extensions.
//!
//! # Errors
//!
//! Failures become responses: 400 for a request without a usable Host, 504 where a deadline passed, 502 otherwise, each with a
//! `Proxy-Status` field ([RFC 9209]), a short text, and the [`Error`](crate::Error) in the response's extensions. A response
//! of the origin passes as it is; where it looks like a mistake in the four names, a [`Diagnosis`](crate::diagnosis::Diagnosis) is in
//! its extensions and in the log.
//!
//! [RFC 9110 section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
//! [RFC 9209]: https://www.rfc-editor.org/rfc/rfc9209

mod answer;
mod body;
mod client_connection;
mod forwarded;
mod future;
mod hop_by_hop;
mod message;
mod peek;
mod service;
mod status;

pub use body::ProxyBody;
pub use client_connection::ClientConnection;
pub use future::Proxying;
pub use service::OriginProxy;
