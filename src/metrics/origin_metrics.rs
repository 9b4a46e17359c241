//! `OriginMetrics`: the metrics of one origin.
//!
//! Handles are looked up once for each combination of labels and kept, because a look-up in the
//! recorder costs more than the count itself.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ::metrics::{Counter, Label};

use crate::{
    error::{Error, Facts, Stage, TlsSession, TlsVersion},
    name::{DialTarget, Endpoint},
    observe::{ClosedConnection, ExchangeInfo},
    origin::Origin,
};

use super::{gauges::Gauges, names, request_metrics::RequestTable};

/// The metrics of one origin, or of all beyond the limit.
pub(super) struct OriginMetrics {
    /// Absent for all beyond the limit.
    dial: Option<DialTarget>,
    label: Option<String>,
    server: Vec<Label>,
    requests: RequestTable,
    bytes: OnceLock<ByteCounters>,
}

/// The counters of bodies.
struct ByteCounters {
    request: Counter,
    response: Counter,
}

/// A shorter wait is no queue: a checkout that finds a connection takes some time too.
const SHORT_WAIT: Duration = Duration::from_millis(1);

impl OriginMetrics {
    pub(super) fn of(origin: &Origin) -> Self {
        let dial = origin.dial();
        let mut server = match dial.endpoint() {
            Endpoint::Tcp(target) => vec![
                Label::new(names::ADDRESS, target.host().to_string()),
                Label::new(names::PORT, target.port().unwrap_or_default().to_string()),
            ],
            Endpoint::Unix(path) => vec![
                Label::new(names::ADDRESS, path.to_string()),
                Label::from_static_parts(names::PORT, "0"),
            ],
        };
        let label = origin.label().map(str::to_owned);
        server.extend(label.clone().map(|it| Label::new(names::LABEL, it)));
        Self {
            dial: Some(dial.clone()),
            label,
            server,
            requests: RequestTable::new(),
            bytes: OnceLock::new(),
        }
    }

    /// The metrics of the origins beyond the limit, and of requests without an origin.
    pub(super) fn of_others() -> Self {
        Self {
            dial: None,
            label: None,
            server: vec![
                Label::from_static_parts(names::ADDRESS, "other"),
                Label::from_static_parts(names::PORT, "0"),
            ],
            requests: RequestTable::new(),
            bytes: OnceLock::new(),
        }
    }

    /// Whether these are those of all origins beyond the limit.
    pub(super) fn are_of_others(&self) -> bool {
        self.dial.is_none()
    }

    pub(super) fn is_of(&self, origin: &Origin) -> bool {
        self.dial.as_ref() == Some(origin.dial()) && self.label.as_deref() == origin.label()
    }

    pub(super) fn completed(&self, exchange: &ExchangeInfo) {
        let total = exchange.total().unwrap_or_default().as_secs_f64();
        self.requests.count(exchange, total, &self.server);
        let bytes = self.bytes.get_or_init(|| self.byte_counters());
        bytes.response.increment(exchange.response_bytes());
        if exchange.request_bytes() > 0 {
            bytes.request.increment(exchange.request_bytes());
        }
        let mut waited = exchange.queue_wait();
        for made in exchange.tries() {
            // The checkout of another connection is its connect.
            if made.reused {
                waited += made.checkout;
            }
            if let Some(retry) = made.reason {
                self.count(names::RETRIES.name, [(names::REASON, retry.as_str())]);
            }
        }
        if waited >= SHORT_WAIT {
            let queue = names::QUEUE_DURATION.name;
            ::metrics::histogram!(queue, self.server.clone()).record(waited.as_secs_f64());
        }
        if let Some(cause) = exchange.likely_cause() {
            let name = names::REQUESTS_CAUSES.name;
            self.count(name, [(names::CAUSE, cause.as_str())]);
        }
    }

    pub(super) fn connected(&self, facts: &Facts) {
        self.count(names::CONNECTS.name, [(names::STAGE, "connected")]);
        let elapsed = facts.elapsed();
        for (stage, elapsed) in [
            (Stage::Resolve, elapsed.resolve),
            (Stage::Dial, elapsed.dial),
            (Stage::Handshake, elapsed.handshake),
        ] {
            if let Some(elapsed) = elapsed {
                let labels = self.labels([(names::STAGE, stage.as_str())]);
                let duration = ::metrics::histogram!(names::CONNECT_DURATION.name, labels);
                duration.record(elapsed.as_secs_f64());
            }
        }
        if let Some(session) = facts.tls_session() {
            self.count(names::HANDSHAKES.name, handshake(session));
        }
        let not_after = facts.certificate().and_then(|leaf| leaf.not_after());
        if let Some(not_after) = not_after.and_then(since_1970) {
            self.set(&names::NOT_AFTER, not_after);
        }
    }

    pub(super) fn failed_connect(&self, error: &Error) {
        let labels = [
            (names::STAGE, error.stage().as_str()),
            (names::ERROR_TYPE, error.kind().as_str()),
        ];
        self.count(names::CONNECTS.name, labels);
    }

    pub(super) fn closed(&self, connection: &ClosedConnection) {
        let reason = [(names::REASON, connection.reason.as_str())];
        self.count(names::CLOSED.name, reason);
        let duration = names::CONNECTION_DURATION.name;
        let duration = ::metrics::histogram!(duration, self.server.clone());
        duration.record(connection.age.as_secs_f64());
    }

    pub(super) fn reloaded(&self) {
        self.count(names::RELOADS.name, []);
    }

    pub(super) fn ejected(&self) {
        self.count(names::EJECTIONS.name, []);
    }

    pub(super) fn reload_failed(&self) {
        self.count(names::RELOAD_FAILURES.name, []);
    }

    pub(super) fn sample(&self, gauges: &Gauges) {
        self.set(&names::ACTIVE_REQUESTS, gauges.active as f64);
        self.set(&names::WAITING, gauges.waiting as f64);
        self.set(&names::STREAMS, gauges.streams as f64);
        self.set(&names::TUNNELS, gauges.tunnels as f64);
        self.set(&names::EJECTED, gauges.ejected as f64);
        self.set(&names::DOWN, gauges.down as f64);
        let active = gauges.open.saturating_sub(gauges.idle);
        for (state, count) in [("active", active), ("idle", gauges.idle)] {
            let labels = self.labels([(names::STATE, state)]);
            ::metrics::gauge!(names::OPEN_CONNECTIONS.name, labels).set(count as f64);
        }
        self.set(&names::QUEUED, gauges.queued as f64);
        self.set(&names::RUNNING, gauges.running as f64);
        self.set(&names::AWAITING, gauges.awaiting as f64);
        let (limits, pool) = (&names::LIMITS_CAPACITY, &names::POOL_CAPACITY);
        for (metric, limit, capacity) in [
            (limits, "adaptive_concurrency", gauges.adaptive_limit),
            (limits, "max_concurrency", gauges.max_concurrency),
            (limits, "max_queued", gauges.max_queued),
            (pool, "max_connections", gauges.max_connections),
            (pool, "max_queued", gauges.max_waiting),
        ] {
            let labels = self.labels([(names::LIMIT, limit)]);
            ::metrics::gauge!(metric.name, labels).set(bound(capacity));
        }
    }

    fn byte_counters(&self) -> ByteCounters {
        let counter =
            |metric: &names::MetricName| ::metrics::counter!(metric.name, self.server.clone());
        ByteCounters {
            request: counter(&names::REQUEST_BYTES),
            response: counter(&names::RESPONSE_BYTES),
        }
    }

    fn labels<const N: usize>(&self, more: [(&'static str, &'static str); N]) -> Vec<Label> {
        let more = more.map(|(key, value)| Label::from_static_parts(key, value));
        self.server.iter().cloned().chain(more).collect()
    }

    fn count<const N: usize>(&self, name: &'static str, more: [(&'static str, &'static str); N]) {
        ::metrics::counter!(name, self.labels(more)).increment(1);
    }

    fn set(&self, metric: &names::MetricName, value: f64) {
        ::metrics::gauge!(metric.name, self.server.clone()).set(value);
    }
}

fn handshake(session: &TlsSession) -> [(&'static str, &'static str); 4] {
    let version = match session.version {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    };
    let kind = match session.resumed {
        true => "resumed",
        false => "full",
    };
    [
        (names::TLS_VERSION, version),
        (names::HANDSHAKE, kind),
        (names::EARLY_DATA, session.early_data.as_str()),
        (names::ECH, session.ech.as_str()),
    ]
}

/// A limit as a gauge.
fn bound(capacity: usize) -> f64 {
    match capacity {
        usize::MAX => f64::INFINITY,
        capacity => capacity as f64,
    }
}

fn since_1970(time: SystemTime) -> Option<f64> {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .map(|it| it.as_secs_f64())
}
