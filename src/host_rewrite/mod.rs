//! A tower layer that rewrites the Host of requests, for HTTP/1 and HTTP/2.
//!
//! The rewritten request has its host in exactly one place ([RFC 9110 section 7.2], [RFC 9112
//! section 3.2], [RFC 9113 section 8.3.1]):
//!
//! * **In the URI**, if that has an authority: in HTTP/2 requests, and in requests of client
//!   libraries to an absolute URI. `Host` is removed. Some servers respond with 400 to an HTTP/2
//!   request that has both, even if they agree; hyper-util's client adds `Host` for HTTP/1 by
//!   itself.
//! * **In `Host`** otherwise: in HTTP/1 requests in origin-form or asterisk-form.
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
//! The service refuses a request without a host, with several hosts, with an invalid one, or with
//! two that disagree. It returns an [`Error`](crate::Error) of
//! [`Stage::Prepare`](crate::error::Stage::Prepare) whose [`kind`](crate::Error::kind)
//! distinguishes these cases. The client should get a 400.
//!
//! The service's error type is `tower::BoxError`. `?` does not convert it into a `Box<dyn Error>`:
//! return a `BoxError` from the calling function.
//!
//! An axum router does not accept a fallible layer: give the layer to
//! [`OriginProxy::host_rewrite`](crate::OriginProxy::host_rewrite), or wrap it in axum's
//! `HandleErrorLayer`.
//!
//! # Order
//!
//! If you use a [`ResponseDiagnosisLayer`], add it after this layer, next to the client, so that it
//! sees the rewritten Host:
//!
//! ```
//! use cdn_origin::{HostRewriteLayer, origin::Origin, response_diagnosis::ResponseDiagnosisLayer};
//! use tower::{BoxError, ServiceBuilder};
//!
//! fn stack<C>(client: C, origin: &Origin) -> Result<(), BoxError> {
//!     let service = ServiceBuilder::new()
//!         .layer(HostRewriteLayer::to(origin.host())?)
//!         .layer(ResponseDiagnosisLayer::of(origin))
//!         .service(client);
//!     # drop(service);
//!     Ok(())
//! }
//! ```
//!
//! # Deployment caveats
//!
//! An application behind a rewritten `Host` does not see the host that the client requested. For
//! absolute links, cookie domains and CSRF checks that compare `Origin` with `Host`, it needs
//! `X-Forwarded-Host`.
//!
//! [`ResponseDiagnosisLayer`]: crate::response_diagnosis::ResponseDiagnosisLayer
//! [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
//! [RFC 9112 section 3.2]: https://www.rfc-editor.org/rfc/rfc9112#section-3.2
//! [RFC 9113 section 8.3.1]: https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1

mod future;
mod layer;
mod rewrite_host;
mod service;

pub use layer::HostRewriteLayer;

pub(crate) use rewrite_host::{RewrittenHost, write_host};
pub(crate) use service::HostMovedToUri;
