//! The field `traceparent`, by which traces cross services ([W3C Trace Context]).
//!
//! [`OriginProxy`](crate::OriginProxy) passes the field on like any other. [`TraceContextLayer`] in
//! front of it writes one for each request: the trace of the client goes on, or a new one begins.
//! With OpenTelemetry, take the ids from your own spans: [`TraceContextLayer::from_fn`].
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, OriginProxy, trace_context::TraceContextLayer};
//! use tower::ServiceBuilder;
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(TraceContextLayer::new())
//!     .service(OriginProxy::new(connector));
//! # drop(service);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! The [`TraceContext`] that the origin gets is in the request's extensions too, for a log.
//!
//! [W3C Trace Context]: https://www.w3.org/TR/trace-context/

mod context;
mod layer;

pub use context::TraceContext;
pub use layer::TraceContextLayer;
