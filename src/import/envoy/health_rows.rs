//! The fields of `health_checks`.
//!
//! One HTTP check becomes the group's `HealthCheck`.
//!
//! ```text
//! "health_checks": [{ "interval": "5s", "unhealthy_threshold": 3,
//!                     "http_health_check": { "path": "/healthz" } }]
//!
//! .health_check(HealthCheck::get("/healthz").interval(Duration::from_secs(5)).fall(3))
//! ```

use crate::import::{note::Outcome, settings::duration};

use super::{
    cluster::{Cluster, ClusterRow},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
};

const ONE_INTERVAL: &str = "one interval for all: `HealthCheck::interval`";
const REQUESTS: &str = "health checks are requests: `HealthCheck::get`";
const LOGS: &str = "`Member` has the state of its checks, and `tracing` their changes";
const CONNECTS: &str = "checks connect as requests do";
/// So many statuses are listed.
const MAX_STATUSES: u64 = 20;

pub(super) const ROWS: [ClusterRow; 36] = [
    ClusterRow::maps("health_checks.timeout", timeout, "`HealthCheck::timeout`"),
    ClusterRow::maps(
        "health_checks.interval",
        interval,
        "`HealthCheck::interval`",
    ),
    ClusterRow::maps(
        "health_checks.unhealthy_threshold",
        fall,
        "`HealthCheck::fall`",
    ),
    ClusterRow::maps(
        "health_checks.healthy_threshold",
        rise,
        "`HealthCheck::rise`",
    ),
    ClusterRow::maps(
        "health_checks.http_health_check.path",
        path,
        "`HealthCheck::get`",
    ),
    ClusterRow::maps(
        "health_checks.http_health_check.host",
        host,
        "`HealthCheck::host`",
    ),
    ClusterRow::maps(
        "health_checks.http_health_check.method",
        method,
        "`HealthCheck::method`",
    ),
    ClusterRow::maps(
        "health_checks.http_health_check.expected_statuses",
        statuses,
        "`HealthCheck::statuses`",
    ),
    ClusterRow::no_effect(
        "health_checks.http_health_check.retriable_statuses",
        "`HealthCheck::fall` failures in a row take a member out",
    ),
    ClusterRow::no_effect(
        "health_checks.http_health_check.codec_client_type",
        CONNECTS,
    ),
    ClusterRow::refused(
        "health_checks.http_health_check.send",
        "checks have no content",
    ),
    ClusterRow::refused(
        "health_checks.http_health_check.receive",
        "a check reads the status",
    ),
    ClusterRow::no_effect(
        "health_checks.http_health_check.response_buffer_size",
        "a check reads the status",
    ),
    ClusterRow::by_hand(
        "health_checks.http_health_check.request_headers_to_add",
        "`OriginProxy::map_request` of each `Member::proxy`",
    ),
    ClusterRow::by_hand(
        "health_checks.http_health_check.request_headers_to_remove",
        "`OriginProxy::map_request` of each `Member::proxy`",
    ),
    ClusterRow::refused(
        "health_checks.http_health_check.service_name_matcher",
        "a check reads the status",
    ),
    ClusterRow::by_hand("health_checks.tcp_health_check", REQUESTS),
    ClusterRow::by_hand("health_checks.grpc_health_check", REQUESTS),
    ClusterRow::by_hand("health_checks.custom_health_check", REQUESTS),
    ClusterRow::no_effect("health_checks.initial_jitter", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.interval_jitter", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.interval_jitter_percent", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.no_traffic_interval", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.no_traffic_healthy_interval", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.unhealthy_interval", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.unhealthy_edge_interval", ONE_INTERVAL),
    ClusterRow::no_effect("health_checks.healthy_edge_interval", ONE_INTERVAL),
    ClusterRow::refused(
        "health_checks.alt_port",
        "checks go to the port of the member",
    ),
    ClusterRow::no_effect("health_checks.reuse_connection", CONNECTS),
    ClusterRow::no_effect("health_checks.tls_options", CONNECTS),
    ClusterRow::no_effect("health_checks.transport_socket_match_criteria", CONNECTS),
    ClusterRow::no_effect("health_checks.event_log_path", LOGS),
    ClusterRow::no_effect("health_checks.event_logger", LOGS),
    ClusterRow::no_effect("health_checks.event_service", LOGS),
    ClusterRow::no_effect("health_checks.always_log_health_check_success", LOGS),
    ClusterRow::no_effect("health_checks.always_log_health_check_failures", LOGS),
];

/// Reads the first check. A group has one.
pub(super) fn checks(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let mut checks = node.list()?.iter();
    let Some(first) = checks.next() else {
        return Ok(Outcome::no_effect("there is no check"));
    };
    cluster.group.check.is_on = true;
    read(cluster, "health_checks", first, &ROWS);
    for check in checks {
        let outcome = Outcome::refused("a group has one check: the first one counts");
        cluster.note(check.line, "health_checks", outcome);
    }
    Ok(match cluster.group.check.path {
        Some(_) => cluster.group.checked(text),
        None => Outcome::by_hand(REQUESTS),
    })
}

fn timeout(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let time = duration(node.time()?);
    Ok(cluster.group.check(format!(".timeout({time})"), text))
}

fn interval(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let time = duration(node.time()?);
    Ok(cluster.group.check(format!(".interval({time})"), text))
}

fn fall(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let count = node.small_count()?;
    Ok(cluster.group.check(format!(".fall({count})"), text))
}

fn rise(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let count = node.small_count()?;
    Ok(cluster.group.check(format!(".rise({count})"), text))
}

fn path(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.group.check.path = Some(node.text()?.to_owned());
    Ok(cluster.group.checked(text))
}

fn host(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let host = node.text()?;
    Ok(cluster.group.check(format!(".host({host:?})"), text))
}

fn method(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let method = match node.text()? {
        "METHOD_UNSPECIFIED" | "GET" => return Ok(Outcome::mapped("GET is the default")),
        method @ ("HEAD" | "OPTIONS") => method,
        _ => {
            return Err(Outcome::refused(
                "checks change nothing: GET, HEAD or OPTIONS",
            ));
        }
    };
    Ok(cluster
        .group
        .check(format!(".method(Method::{method})"), text))
}

fn statuses(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let mut list = Vec::new();
    for range in node.list()? {
        let (Some(start), Some(end)) = (range.get("start"), range.get("end")) else {
            return Err(Outcome::refused("a range has a start and an end"));
        };
        let (start, end) = (start.count()?, end.count()?);
        if start < 100 || end > 1000 || end.saturating_sub(start) > MAX_STATUSES {
            return Ok(Outcome::by_hand(
                "`HealthCheck::statuses` takes a list of statuses",
            ));
        }
        list.extend((start..end).map(|status| format!("StatusCode::from_u16({status})?")));
    }
    let call = format!(".statuses([{}])", list.join(", "));
    Ok(cluster.group.check(call, text))
}
