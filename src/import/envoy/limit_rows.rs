//! The fields of `circuit_breakers`.
//!
//! Limits of the `DEFAULT` priority; `HIGH` is refused, as requests have no priority here.
//!
//! ```text
//! "circuit_breakers": { "thresholds": [{ "max_connections": 100, "max_requests": 200 }] }
//!
//! pool.max_connections = 100, limits.max_concurrency = 200
//! ```

use serde_json::json;

use crate::import::{has_settings::HasSettings, note::Outcome, settings::SettingValue};

use super::{
    cluster::{Cluster, ClusterRow},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
};

pub(super) const ROWS: [ClusterRow; 2] = [
    ClusterRow::maps(
        "circuit_breakers.thresholds",
        thresholds,
        "read with their fields",
    ),
    ClusterRow::by_hand(
        "circuit_breakers.per_host_thresholds",
        "`PoolSettings::max_connections` of each member",
    ),
];

/// The fields of the elements of `thresholds`.
pub(super) const THRESHOLD_ROWS: [ClusterRow; 8] = [
    ClusterRow::no_effect("thresholds.priority", "requests have no priority"),
    ClusterRow::maps(
        "thresholds.max_connections",
        |cluster, node, text| number(cluster, "pool.max_connections", node, text),
        "`PoolSettings::max_connections`, of each member",
    ),
    ClusterRow::maps(
        "thresholds.max_pending_requests",
        |cluster, node, text| number(cluster, "pool.max_queued", node, text),
        "`PoolSettings::max_queued`, of each member",
    ),
    ClusterRow::maps(
        "thresholds.max_requests",
        |cluster, node, text| number(cluster, "limits.max_concurrency", node, text),
        "`Limits::max_concurrency`, of each member",
    ),
    ClusterRow::by_hand("thresholds.max_retries", "`PoolSettings::retry_budget`"),
    ClusterRow::maps(
        "thresholds.retry_budget",
        retry_budget,
        "`PoolSettings::retry_budget`",
    ),
    ClusterRow::no_effect(
        "thresholds.track_remaining",
        "`OriginProxy::snapshot` has the numbers",
    ),
    ClusterRow::no_effect("thresholds.max_connection_pools", "an origin has one pool"),
];

pub(super) fn circuit_breakers(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    read(cluster, "circuit_breakers", node, &ROWS);
    Ok(Outcome::mapped(text))
}

fn thresholds(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    for element in node.list()? {
        match element.get("priority").map(JsonNode::text) {
            Some(Ok("HIGH")) => {
                let outcome = Outcome::refused("requests have no priority: those of DEFAULT count");
                cluster.note(element.line, "circuit_breakers.thresholds", outcome);
            }
            _ => read(cluster, "thresholds", element, &THRESHOLD_ROWS),
        }
    }
    Ok(Outcome::mapped(text))
}

fn number(
    cluster: &mut Cluster,
    key: &'static str,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    Ok(cluster.set(key, node.small_count()?, text))
}

/// Also the row of `max_requests_per_connection`, which is in other messages.
pub(super) fn max_uses(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    match node.small_count()? {
        0 => Ok(Outcome::no_effect(
            "a connection has at most 100,000 requests by default",
        )),
        _ => number(cluster, "pool.max_uses", node, text),
    }
}

/// `budget_percent` and `min_retry_concurrency`.
///
/// Absent fields have Envoy's defaults, 20 % and 3.
fn retry_budget(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let percent = node.at(&["budget_percent", "value"]);
    let percent = percent.map_or(Ok(20), JsonNode::percent)?;
    let at_least = node.get("min_retry_concurrency");
    let at_least = at_least.map_or(Ok(3), JsonNode::small_count)?;
    let json = json!({ "share": { "percent": percent, "at_least": at_least } });
    let code = format!("RetryBudget::percent({percent}).at_least({at_least})");
    Ok(cluster.set("pool.retry_budget", SettingValue::Both(json, code), text))
}
