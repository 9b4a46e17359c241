//! Rewrites the Host of requests, in the form that HTTP/1 and HTTP/2 want it.
//!
//! The name that a request is for appears in exactly one place. A request whose URI has an
//! authority (HTTP/2, and whatever a client library sends to an absolute URI) says it there, and
//! `Host` is removed: an HTTP/2 request that says both is answered 400 by some servers even where
//! they agree, and hyper-util's client writes `Host` by itself where HTTP/1 is spoken. A request
//! without one (HTTP/1 in origin-form or `*`) says it in `Host` ([RFC 9110 section 7.2], [RFC 9112
//! section 3.2], [RFC 9113 section 8.3.1]).
//!
//! ```
//! use cdn_origin::HostRewriteLayer;
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let origin = tower::service_fn(|request: http::Request<()>| async move {
//!     Ok::<_, std::io::Error>(request.headers()["host"].clone())
//! });
//! let service = ServiceBuilder::new()
//!     .layer(HostRewriteLayer::to("www.example.com")?)
//!     .service(origin);
//!
//! let request = http::Request::get("/").header("host", "client.example").body(())?;
//! assert_eq!(service.oneshot(request).await?, "www.example.com");
//! # Ok::<_, tower::BoxError>(())
//! # })?;
//! # Ok::<(), tower::BoxError>(())
//! ```
//!
//! # Errors
//!
//! A request that names no host, more than one, an invalid one, or two that disagree is not passed
//! on. The service fails with an [`Error`](crate::Error) of
//! [`Stage::Prepare`](crate::error::Stage::Prepare) whose [`kind`](crate::Error::kind) says which
//! of the four it was; the right answer to the client is 400.
//!
//! That error is a `tower::BoxError`. An axum router takes no layer that fails: there, give the
//! layer to [`OriginProxy::host_rewrite`](crate::OriginProxy::host_rewrite), or put axum's
//! `HandleErrorLayer` around it.
//!
//! # Deployment caveats
//!
//! An application behind a rewritten `Host` no longer sees what the client asked for: absolute
//! links, cookies' domains and CSRF checks that compare `Origin` with `Host` then need
//! `X-Forwarded-Host`.
//!
//! [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
//! [RFC 9112 section 3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
//! [RFC 9113 section 8.3.1]: https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1

mod future;
mod layer;
mod rule;
mod service;

pub use future::HostRewriteFuture;
pub use layer::HostRewriteLayer;
pub use service::HostRewrite;

pub(crate) use rule::{Rewritten, write_name};
