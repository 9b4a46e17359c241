//! Recognises the error responses of an edge, on any tower stack.
//!
//! Examples are a 403 of CloudFront, a 421, Cloudflare's error 1013, and a redirect loop. Such a
//! response passes byte for byte. The layer adds a [`Diagnosis`](crate::diagnosis::Diagnosis) to
//! its extensions and emits one `tracing` event.
//!
//! If the head alone does not identify the error, the layer reads at most 4 KiB of an uncompressed
//! error page ahead, for at most 200 ms.
//!
//! [`OriginProxy`](crate::OriginProxy) does the same without this layer.
//!
//! Put it innermost, next to the client: it diagnoses the Host of the request that it gets. Outside
//! of a [`HostRewriteLayer`](crate::HostRewriteLayer) it would judge the Host before the rewrite.
//! Layers of tower's `ServiceBuilder` run in the order in which they are added, so add it last, as
//! [here](crate::host_rewrite#order).
//!
//! ```
//! use cdn_origin::{
//!     CdnOriginConnector,
//!     diagnosis::{CauseId, Diagnosis},
//!     response_diagnosis::ResponseDiagnosisLayer,
//! };
//! use http::{Request, Response};
//! use http_body_util::Empty;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let origin = connector.origin().expect("the builder was given a URL");
//! let client = tower::service_fn(|_: Request<Empty<bytes::Bytes>>| async {
//!     let moved = Response::builder().status(301).header("location", "https://origin.example/");
//!     moved.body(Empty::<bytes::Bytes>::new())
//! });
//! let service = ServiceBuilder::new()
//!     .layer(ResponseDiagnosisLayer::of(origin))
//!     .service(client);
//!
//! let request = Request::get("/").header("host", "origin.example").body(Empty::new())?;
//! let response = service.oneshot(request).await?;
//! let diagnosis = response.extensions().get::<Diagnosis>().expect("a redirect to https");
//! let likeliest = diagnosis.likeliest().expect("a cause");
//! assert_eq!(likeliest.id(), CauseId::HttpsRequired);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```

mod examine_response;
mod layer;
#[expect(unnameable_types, reason = "it is the body in `Service::Response`")]
mod read_ahead_body;
mod service;

pub use layer::ResponseDiagnosisLayer;

pub(crate) use examine_response::{RequestSummary, examine_response, log_diagnosis};
pub(crate) use read_ahead_body::PeekedBody;
