//! Metrics of requests, connections and pools, for the [`metrics`](https://docs.rs/metrics) facade.
//!
//! [`MetricsObserver`] is an [`Observer`](crate::observe::Observer). Names, units and labels are
//! those of OpenTelemetry where it has them ([`http.client.*`]), and begin with `cdn_origin.`
//! elsewhere. The [guide](crate::guide::observability#metrics) lists and explains them all.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, OriginProxy, metrics::MetricsObserver};
//!
//! // Install the recorder first, such as that of metrics-exporter-prometheus.
//! let metrics = MetricsObserver::new();
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let proxy = OriginProxy::new(connector.with_observer(metrics.clone()));
//! // Before each scrape:
//! metrics.sample(&proxy);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! [`http.client.*`]: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/

mod gauges;
mod metrics_observer;
mod names;
mod origin_metrics;
mod request_metrics;
mod samples;

pub use metrics_observer::MetricsObserver;
