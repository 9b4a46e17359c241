//! The fields of `outlier_detection`.
//!
//! Ejection is on by default here, and off in Envoy without this message.
//!
//! ```text
//! "outlier_detection": { "consecutive_5xx": 3, "base_ejection_time": "30s" }
//!
//! .ejection(Ejection::default().failures(3).time(Duration::from_secs(30)))
//! ```

use crate::import::{note::Finding, settings::duration};

use super::{
    cluster::{Cluster, ClusterRow},
    message::{Mapping, read},
    node::JsonNode,
};

const CONSECUTIVE: &str = "members are ejected for failures in a row: `Ejection::failures`";
const ALWAYS: &str = "`Ejection::max_share` bounds how many members are ejected";

pub(super) const ROWS: [ClusterRow; 25] = [
    ClusterRow::maps(
        "outlier_detection.consecutive_5xx",
        failures,
        "`Ejection::failures`",
    ),
    ClusterRow::maps(
        "outlier_detection.consecutive_gateway_failure",
        failures,
        "`Ejection::failures`",
    ),
    ClusterRow::maps(
        "outlier_detection.consecutive_local_origin_failure",
        failures,
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
    ClusterRow::no_effect("outlier_detection.enforcing_consecutive_5xx", ALWAYS),
    ClusterRow::no_effect(
        "outlier_detection.enforcing_consecutive_gateway_failure",
        ALWAYS,
    ),
    ClusterRow::no_effect(
        "outlier_detection.enforcing_consecutive_local_origin_failure",
        ALWAYS,
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

pub(super) fn outliers(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "outlier_detection", node, &ROWS);
    Ok(Finding::mapped(text))
}

fn failures(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.small_count()? {
        0 => Finding::by_hand("`Ejection::max_share` of 0 ejects no member"),
        count => cluster.group.eject(&format!(".failures({count})"), text),
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
    Ok(cluster.group.eject(&format!(".max_share({percent})"), text))
}
