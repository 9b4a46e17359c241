//! The names, kinds, units and texts of all metrics.
//!
//! Label values are bounded in `metrics_observer.rs` (origins) and `request_metrics.rs` (methods).

/// Every metric, in alphabetical order.
pub(super) const METRICS: &[MetricName] = &[
    REQUESTS_CAUSES,
    CLOSED,
    CONFIG_SUCCESS_TIME,
    CONFIG_SUCCESSFUL,
    CONNECT_DURATION,
    CONNECTS,
    DOWN,
    EJECTED,
    EJECTIONS,
    AWAITING,
    LIMITS_CAPACITY,
    QUEUED,
    RUNNING,
    MEMBERS,
    POOL_CAPACITY,
    STREAMS,
    TUNNELS,
    WAITING,
    RELOAD_FAILURES,
    RELOADS,
    REQUEST_BYTES,
    QUEUE_DURATION,
    RETRIES,
    REQUESTS,
    RESPONSE_BYTES,
    NOT_AFTER,
    HANDSHAKES,
    ACTIVE_REQUESTS,
    CONNECTION_DURATION,
    OPEN_CONNECTIONS,
    REQUEST_DURATION,
];

/// One metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct MetricName {
    /// The name, as the facade gets it. Exporters for Prometheus write `_` for a dot, and append
    /// the unit and `total` where that is configured.
    pub(super) name: &'static str,
    /// Counter, gauge or histogram.
    pub(super) kind: MetricKind,
    /// The unit.
    pub(super) unit: MetricUnit,
    /// The text for people.
    pub(super) help: &'static str,
    /// The labels that it may have.
    pub(super) labels: &'static [&'static str],
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MetricKind {
    /// A sum that only grows.
    Counter,
    /// A value of this moment.
    Gauge,
    /// A distribution.
    Histogram,
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MetricUnit {
    /// Bytes.
    Bytes,
    /// A number of something.
    Count,
    /// Seconds.
    Seconds,
}

pub(super) const ADDRESS: &str = "server.address";
pub(super) const PORT: &str = "server.port";
pub(super) const LABEL: &str = "cdn_origin.label";
pub(super) const METHOD: &str = "http.request.method";
pub(super) const STATUS: &str = "http.response.status_code";
pub(super) const VERSION: &str = "network.protocol.version";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const STATE: &str = "http.connection.state";
pub(super) const MEMBER_STATE: &str = "cdn_origin.state";
pub(super) const TLS_VERSION: &str = "tls.protocol.version";
pub(super) const OUTCOME: &str = "cdn_origin.outcome";
pub(super) const CONNECTION: &str = "cdn_origin.connection";
pub(super) const REASON: &str = "cdn_origin.reason";
pub(super) const STAGE: &str = "cdn_origin.stage";
pub(super) const HANDSHAKE: &str = "cdn_origin.handshake";
pub(super) const EARLY_DATA: &str = "cdn_origin.early_data";
pub(super) const ECH: &str = "cdn_origin.ech";
pub(super) const CAUSE: &str = "cdn_origin.cause";
pub(super) const LIMIT: &str = "cdn_origin.limit";

const fn counter(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
) -> MetricName {
    MetricName {
        name,
        kind: MetricKind::Counter,
        unit: MetricUnit::Count,
        help,
        labels,
    }
}

const fn gauge(
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
) -> MetricName {
    MetricName {
        name,
        kind: MetricKind::Gauge,
        unit: MetricUnit::Count,
        help,
        labels,
    }
}

const fn histogram(
    name: &'static str,
    unit: MetricUnit,
    help: &'static str,
    labels: &'static [&'static str],
) -> MetricName {
    MetricName {
        name,
        kind: MetricKind::Histogram,
        unit,
        help,
        labels,
    }
}

const SERVER: &[&str] = &[ADDRESS, PORT, LABEL];

pub(super) const REQUEST_DURATION: MetricName = histogram(
    "http.client.request.duration",
    MetricUnit::Seconds,
    "Duration of requests to the origin, from the call to the end of the response body.",
    &[ADDRESS, PORT, LABEL, METHOD, STATUS, VERSION, ERROR_TYPE],
);
pub(super) const REQUEST_BYTES: MetricName = MetricName {
    name: "cdn_origin.request",
    kind: MetricKind::Counter,
    unit: MetricUnit::Bytes,
    help: "Bytes of request bodies, as far as they were read from clients.",
    labels: SERVER,
};
pub(super) const RESPONSE_BYTES: MetricName = MetricName {
    name: "cdn_origin.response",
    kind: MetricKind::Counter,
    unit: MetricUnit::Bytes,
    help: "Bytes of response bodies, as far as they were passed on.",
    labels: SERVER,
};
pub(super) const ACTIVE_REQUESTS: MetricName = gauge(
    "http.client.active_requests",
    "Requests in flight, from the call to the end of both bodies.",
    SERVER,
);
pub(super) const OPEN_CONNECTIONS: MetricName = gauge(
    "http.client.open_connections",
    "Connections of the pool that are open or connecting.",
    &[ADDRESS, PORT, LABEL, STATE],
);
pub(super) const CONNECTION_DURATION: MetricName = histogram(
    "http.client.connection.duration",
    MetricUnit::Seconds,
    "How long closed connections of the pool were open.",
    SERVER,
);
pub(super) const REQUESTS: MetricName = counter(
    "cdn_origin.requests",
    "Requests, by how they ended and by the connection that they got.",
    &[ADDRESS, PORT, LABEL, OUTCOME, CONNECTION, ERROR_TYPE],
);
pub(super) const QUEUE_DURATION: MetricName = histogram(
    "cdn_origin.request.queue.duration",
    MetricUnit::Seconds,
    "Time that requests waited for their turn or for a connection, if that took 1 ms or more.",
    SERVER,
);
pub(super) const RETRIES: MetricName = counter(
    "cdn_origin.request.retries",
    "Requests that were sent again, by reason.",
    &[ADDRESS, PORT, LABEL, REASON],
);
pub(super) const REQUESTS_CAUSES: MetricName = counter(
    "cdn_origin.causes",
    "Failed requests by the likeliest cause, and refusals of an edge with a likely cause.",
    &[ADDRESS, PORT, LABEL, CAUSE],
);
pub(super) const CONNECTS: MetricName = counter(
    "cdn_origin.connects",
    "Connects that ended, by the stage that they reached: connected, or the one that failed.",
    &[ADDRESS, PORT, LABEL, STAGE, ERROR_TYPE],
);
pub(super) const CONNECT_DURATION: MetricName = histogram(
    "cdn_origin.connect.duration",
    MetricUnit::Seconds,
    "Duration of each stage of the connects that succeeded.",
    &[ADDRESS, PORT, LABEL, STAGE],
);
pub(super) const HANDSHAKES: MetricName = counter(
    "cdn_origin.tls.handshakes",
    "TLS handshakes that succeeded: full or resumed, and what became of early data and ECH.",
    &[
        ADDRESS,
        PORT,
        LABEL,
        TLS_VERSION,
        HANDSHAKE,
        EARLY_DATA,
        ECH,
    ],
);
pub(super) const NOT_AFTER: MetricName = MetricName {
    name: "cdn_origin.tls.certificate.not_after",
    kind: MetricKind::Gauge,
    unit: MetricUnit::Seconds,
    help: "When the certificate of the last connection expires, in seconds since 1970.",
    labels: SERVER,
};
pub(super) const CLOSED: MetricName = counter(
    "cdn_origin.closed_connections",
    "Connections of the pool that were closed, by reason.",
    &[ADDRESS, PORT, LABEL, REASON],
);
pub(super) const QUEUED: MetricName = gauge(
    "cdn_origin.limits.queued_requests",
    "Requests that wait to be admitted within the limits of the proxy.",
    SERVER,
);
pub(super) const RUNNING: MetricName = gauge(
    "cdn_origin.limits.running_requests",
    "Requests that were admitted and whose response has not ended.",
    SERVER,
);
pub(super) const AWAITING: MetricName = gauge(
    "cdn_origin.limits.awaiting_requests",
    "Requests that were admitted and have no response yet.",
    SERVER,
);
pub(super) const LIMITS_CAPACITY: MetricName = gauge(
    "cdn_origin.limits.capacity",
    "The limits of requests that are in force, by their setting. Infinite without a limit.",
    &[ADDRESS, PORT, LABEL, LIMIT],
);
pub(super) const POOL_CAPACITY: MetricName = gauge(
    "cdn_origin.pool.capacity",
    "The limits of the pool, by their setting.",
    &[ADDRESS, PORT, LABEL, LIMIT],
);
pub(super) const WAITING: MetricName = gauge(
    "cdn_origin.pool.waiting_requests",
    "Requests that wait for a connection.",
    SERVER,
);
pub(super) const STREAMS: MetricName = gauge(
    "cdn_origin.pool.open_streams",
    "Streams that are open on HTTP/2 connections.",
    SERVER,
);
pub(super) const TUNNELS: MetricName = gauge(
    "cdn_origin.pool.open_tunnels",
    "Connections that serve an upgrade.",
    SERVER,
);
pub(super) const MEMBERS: MetricName = gauge(
    "cdn_origin.members",
    "Members of groups, by their state.",
    &[LABEL, MEMBER_STATE],
);
pub(super) const EJECTIONS: MetricName = counter(
    "cdn_origin.ejections",
    "How often the origin was ejected from its group.",
    SERVER,
);
pub(super) const EJECTED: MetricName = gauge(
    "cdn_origin.ejected_origins",
    "Members of groups with this origin that are ejected.",
    SERVER,
);
pub(super) const DOWN: MetricName = gauge(
    "cdn_origin.down_origins",
    "Members of groups with this origin that health checks have taken down.",
    SERVER,
);
pub(super) const RELOAD_FAILURES: MetricName = counter(
    "cdn_origin.reload_failures",
    "Reloads of certificates, policy or a configuration file that failed.",
    SERVER,
);
pub(super) const RELOADS: MetricName = counter(
    "cdn_origin.reloads",
    "Reloads of certificates and policy.",
    SERVER,
);

pub(super) const CONFIG_SUCCESSFUL: MetricName = gauge(
    "cdn_origin.config.last_reload_successful",
    "Whether the last reload of the configuration file succeeded: 1 or 0.",
    &[],
);
pub(super) const CONFIG_SUCCESS_TIME: MetricName = MetricName {
    name: "cdn_origin.config.last_reload_success_timestamp",
    kind: MetricKind::Gauge,
    unit: MetricUnit::Seconds,
    help: "When the configuration file was applied last, in seconds since 1970.",
    labels: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../guide/observability.md");

    /// The row of the guide up to its labels.
    fn start(metric: &MetricName) -> String {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let unit = match metric.unit {
            MetricUnit::Bytes => ", bytes",
            MetricUnit::Count => "",
            MetricUnit::Seconds => ", s",
        };
        format!("| `{}` | {kind}{unit} |", metric.name)
    }

    #[test]
    fn the_guide_has_a_row_for_every_metric_with_its_kind_unit_and_labels() {
        let kinds = ["| counter", "| gauge", "| histogram"];
        let is_row = |line: &&str| kinds.iter().any(|kind| line.contains(kind));
        assert_eq!(PAGE.lines().filter(is_row).count(), METRICS.len());
        for metric in METRICS {
            let start = start(metric);
            let row = PAGE.lines().find_map(|line| line.strip_prefix(&start));
            let row = row.unwrap_or_else(|| panic!("{start}"));
            // Those of all metrics are described once.
            let own = metric.labels.iter().filter(|label| !SERVER.contains(label));
            let own: Vec<_> = own.copied().collect();
            let listed = row.split('`').skip(1).step_by(2);
            assert_eq!(listed.collect::<Vec<_>>(), own, "{start}");
            let has_server = metric.labels.starts_with(SERVER);
            assert_ne!(has_server, row.contains("only"), "{start}");
        }
    }
}
