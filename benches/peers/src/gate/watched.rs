//! What watches the requests of a path: metrics, spans, or nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use cdn_origin::{CdnOriginConnector, metrics::MetricsObserver};
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Adds what the name of the path ends with. The registry of spans is that of most applications; no
/// layer does anything with them.
pub(super) fn by(path: &str, connector: CdnOriginConnector) -> CdnOriginConnector {
    if path.ends_with("metrics") {
        assert!(metrics::set_global_recorder(Atomics).is_ok());
        return connector.with_observer(MetricsObserver::new());
    }
    if path.ends_with("spans") {
        let registry = tracing_subscriber::registry().with(LevelFilter::INFO);
        registry.init();
    }
    connector
}

/// A recorder that only counts. That of metrics-exporter-prometheus calibrates its clock first, in
/// a number of instructions that varies by millions.
struct Atomics;

/// The counts of the values up to each bound, and their sum in nanoseconds.
#[derive(Default)]
struct Buckets {
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

const BOUNDS: [f64; 8] = [0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        let bucket = BOUNDS.iter().take_while(|bound| value > **bound).count();
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add((value * 1e9) as u64, Relaxed);
    }
}

impl Recorder for Atomics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(AtomicU64::new(0)))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(AtomicU64::new(0)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Buckets::default()))
    }
}
