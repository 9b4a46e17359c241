//! The fields of `outlier_detection`.
//!
//! Ejection is on by default here, and off in Envoy without this message. A condition of Envoy that
//! is not enforced is only logged: it ejects no member.
//!
//! ```text
//! "outlier_detection": { "consecutive_5xx": 3, "base_ejection_time": "30s" }
//!
//! .ejection(Ejection::default().failures(3).time(Duration::from_secs(30)))
//! ```

use crate::import::{
    note::{NoteKind, Outcome},
    settings::duration,
};

use super::{
    cluster::{Cluster, ClusterRow},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
};

const CONSECUTIVE: &str = "members are ejected for failures in a row: `Ejection::failures`";
const ENFORCED: &str = "0 takes the condition away: `Ejection::max_share` of 0 if no other is left";
const ALWAYS: &str = "`Ejection::max_share` bounds how many members are ejected";

pub(super) const ROWS: [ClusterRow; 25] = [
    ClusterRow::maps(
        "outlier_detection.consecutive_5xx",
        |cluster, node, text| failures(cluster, node, text, cluster.enforced[0]),
        "`Ejection::failures`",
    ),
    ClusterRow::maps(
        "outlier_detection.consecutive_gateway_failure",
        |cluster, node, text| failures(cluster, node, text, cluster.enforced[1]),
        "`Ejection::failures`",
    ),
    ClusterRow::maps(
        "outlier_detection.consecutive_local_origin_failure",
        |cluster, node, text| failures(cluster, node, text, cluster.enforced[2]),
        "`Ejection::failures`",
    ),
    ClusterRow::maps(
        "outlier_detection.base_ejection_time",
        time,
        "`Ejection::time`",
    ),
    ClusterRow::maps(
        "outlier_detection.max_ejection_time",
        longest,
        "`Ejection::longest`",
    ),
    ClusterRow::maps(
        "outlier_detection.max_ejection_percent",
        max_share,
        "`Ejection::max_share`",
    ),
    ClusterRow::no_effect("outlier_detection.interval", "a failure counts at once"),
    ClusterRow::no_effect(
        "outlier_detection.max_ejection_time_jitter",
        "a member that returns begins with a part of its load: `Ejection::slow_start`",
    ),
    ClusterRow::maps(
        "outlier_detection.enforcing_consecutive_5xx",
        enforcing,
        ENFORCED,
    ),
    ClusterRow::maps(
        "outlier_detection.enforcing_consecutive_gateway_failure",
        enforcing,
        ENFORCED,
    ),
    ClusterRow::maps(
        "outlier_detection.enforcing_consecutive_local_origin_failure",
        enforcing,
        ENFORCED,
    ),
    ClusterRow::no_effect("outlier_detection.always_eject_one_host", ALWAYS),
    ClusterRow::no_effect(
        "outlier_detection.split_external_local_origin_errors",
        "errors and statuses count alike",
    ),
    ClusterRow::no_effect(
        "outlier_detection.successful_active_health_check_uneject_host",
        "an ejection ends after its time and successful trials",
    ),
    ClusterRow::refused("outlier_detection.enforcing_success_rate", CONSECUTIVE),
    ClusterRow::refused(
        "outlier_detection.enforcing_local_origin_success_rate",
        CONSECUTIVE,
    ),
    ClusterRow::refused("outlier_detection.success_rate_minimum_hosts", CONSECUTIVE),
    ClusterRow::refused("outlier_detection.success_rate_request_volume", CONSECUTIVE),
    ClusterRow::refused("outlier_detection.success_rate_stdev_factor", CONSECUTIVE),
    ClusterRow::refused(
        "outlier_detection.failure_percentage_threshold",
        CONSECUTIVE,
    ),
    ClusterRow::refused(
        "outlier_detection.enforcing_failure_percentage",
        CONSECUTIVE,
    ),
    ClusterRow::refused(
        "outlier_detection.enforcing_failure_percentage_local_origin",
        CONSECUTIVE,
    ),
    ClusterRow::refused(
        "outlier_detection.failure_percentage_minimum_hosts",
        CONSECUTIVE,
    ),
    ClusterRow::refused(
        "outlier_detection.failure_percentage_request_volume",
        CONSECUTIVE,
    ),
    ClusterRow::refused("outlier_detection.monitors", CONSECUTIVE),
];

/// Which conditions are enforced is known before they are read.
pub(super) fn outliers(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.enforced = enforced(node);
    if !cluster.enforced.contains(&true) {
        let text = "no condition is enforced: `Ejection::max_share` of 0";
        let outcome = cluster.group.eject(".max_share(0)", text);
        cluster.note(node.line, "outlier_detection", outcome);
    }
    read(cluster, "outlier_detection", node, &ROWS);
    Ok(Outcome::mapped(text))
}

/// The conditions with a percentage above 0.
///
/// That of gateway failures is 0 by default. Local failures count as the others do, unless they are
/// split off.
fn enforced(node: &JsonNode) -> [bool; 3] {
    let is_above_0 = |field, default| {
        let percent = node.get(field).and_then(|percent| percent.percent().ok());
        percent.unwrap_or(default) > 0
    };
    let is_split = node.get("split_external_local_origin_errors");
    let is_split = is_split.is_some_and(|is_split| is_split.boolean() == Ok(true));
    [
        is_above_0("enforcing_consecutive_5xx", 100),
        is_above_0("enforcing_consecutive_gateway_failure", 0),
        is_split && is_above_0("enforcing_consecutive_local_origin_failure", 100),
    ]
}

fn failures(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
    is_enforced: bool,
) -> Mapping {
    let count = node.small_count()?;
    if !is_enforced {
        return Ok(Outcome::no_effect("Envoy does not enforce it"));
    }
    if count == 0 {
        return Ok(Outcome::by_hand(
            "`Ejection::max_share` of 0 ejects no member",
        ));
    }
    let outcome = cluster.group.eject(&format!(".failures({count})"), text);
    Ok(match outcome.kind {
        NoteKind::Refused => {
            Outcome::refused("one number is for all failures in a row: the first one holds")
        }
        _ => outcome,
    })
}

fn enforcing(_: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.percent()? {
        0 => Outcome::mapped(text),
        100 => Outcome::no_effect(ALWAYS),
        _ => Outcome::refused("an ejection is no matter of chance: the condition always counts"),
    })
}

fn time(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let time = duration(node.time()?);
    Ok(cluster.group.eject(&format!(".time({time})"), text))
}

fn longest(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let time = duration(node.time()?);
    Ok(cluster.group.eject(&format!(".longest({time})"), text))
}

fn max_share(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let percent = node.percent()?;
    if !cluster.enforced.contains(&true) {
        return Ok(Outcome::no_effect("no condition is enforced"));
    }
    Ok(cluster.group.eject(&format!(".max_share({percent})"), text))
}
