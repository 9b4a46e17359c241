//! The field `Server-Timing` in responses, which browsers show in their network panel.
//!
//! [`ServerTimingLayer`] wraps an [`OriginProxy`](crate::OriginProxy) or a group, and appends where
//! the time until the head of the response went ([Server Timing], section 3). The times tell
//! clients about your network: use the layer for staging, or for clients that you trust.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, OriginProxy, server_timing::ServerTimingLayer};
//! use tower::ServiceBuilder;
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let service = ServiceBuilder::new()
//!     .layer(ServerTimingLayer::new())
//!     .service(OriginProxy::new(connector));
//! # drop(service);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! The field of a request that opened a connection:
//!
//! ```text
//! server-timing: queue;dur=0.000, checkout;dur=4.210;desc="fresh", resolve;dur=1.020,
//!     connect;dur=0.410, handshake;dur=2.640, first-byte;dur=7.300
//! ```
//!
//! Times are in milliseconds. `checkout` includes `resolve`, `connect` and `handshake`, which are
//! absent on a connection that was open before. A field of the origin stays.
//!
//! [Server Timing]: https://www.w3.org/TR/server-timing/

mod future;
mod service;

pub use service::ServerTimingLayer;
