//! Recognises the error responses of an edge, on any tower stack.
//!
//! A 403 of CloudFront, a 421, a Cloudflare 1013, a redirect that goes round in a circle: such a
//! response passes byte for byte, with a [`Diagnosis`] in its extensions and one `tracing` event.
//! At most 4 KiB of an uncompressed error page are looked at, and only where the head alone does
//! not tell. [`OriginProxy`](crate::OriginProxy) does the same by itself.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, diagnosis::Diagnosis, response_diagnosis::ResponseDiagnosisLayer};
//! use http::{Request, Response};
//! use http_body_util::Empty;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let origin = connector.origin().expect("it was built with one");
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
//! let diagnosis = response.extensions().get::<Diagnosis>().expect("it wants https");
//! assert!(diagnosis.to_string().starts_with("certain: the edge answers plain http with a redirect to https"));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```

mod body;
mod examine;
mod future;
mod layer;
mod service;

use http::StatusCode;

use crate::diagnosis::{Cause, Certainty, Diagnosis};

pub use body::PeekedBody;
pub use future::ResponseDiagnosisFuture;
pub use layer::ResponseDiagnosisLayer;
pub use service::ResponseDiagnosis;

pub(crate) use examine::{Asked, examine};

/// The one event. A cause that is only possible is no news: the response may well be the
/// application's own.
pub(crate) fn tell(status: StatusCode, diagnosis: &Diagnosis) {
    let status = status.as_u16();
    match diagnosis.likeliest().map(Cause::certainty) {
        Some(Certainty::Certain | Certainty::Likely) => {
            tracing::warn!(status, %diagnosis, "the edge refused");
        }
        _ => tracing::debug!(status, %diagnosis, "the edge may have refused"),
    }
}
