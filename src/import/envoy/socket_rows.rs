//! The fields of `upstream_bind_config` and `upstream_connection_options`.
//!
//! ```text
//! "upstream_bind_config": { "source_address": { "address": "192.0.2.9" } }
//! "upstream_connection_options": { "tcp_keepalive": { "keepalive_time": 60 } }
//!
//! socket_options.local_address = 192.0.2.9
//! socket_options.keepalive = probes after 60 s, then each 75 s, 9 of them
//! ```

use std::time::Duration;

use crate::import::{
    has_settings::HasSettings, local_address::set_local_address, note::Outcome, values,
};

use super::{
    cluster::{Cluster, ClusterRow},
    message::{Mapping, read},
    node::JsonNode,
};

const ONE_ADDRESS: &str = "the local address of a connector is fixed";

pub(super) const ROWS: [ClusterRow; 13] = [
    ClusterRow::maps(
        "upstream_bind_config.source_address.address",
        local_address,
        "`SocketOptions::local_address`",
    ),
    ClusterRow::maps(
        "upstream_bind_config.source_address.port_value",
        local_port,
        "the system chooses the port",
    ),
    ClusterRow::no_effect("upstream_bind_config.source_address.protocol", "TCP"),
    ClusterRow::refused("upstream_bind_config.freebind", ONE_ADDRESS),
    ClusterRow::by_hand("upstream_bind_config.socket_options", "`SocketOptions`"),
    ClusterRow::refused("upstream_bind_config.extra_source_addresses", ONE_ADDRESS),
    ClusterRow::refused(
        "upstream_bind_config.additional_source_addresses",
        ONE_ADDRESS,
    ),
    ClusterRow::refused("upstream_bind_config.local_address_selector", ONE_ADDRESS),
    ClusterRow::maps(
        "upstream_connection_options.tcp_keepalive",
        keepalive,
        "`SocketOptions::keepalive`",
    ),
    ClusterRow::no_effect(
        "upstream_connection_options.set_local_interface_name_on_upstream_connections",
        "`ConnectionInfo` has the addresses",
    ),
    ClusterRow::maps(
        "upstream_connection_options.happy_eyeballs_config.first_address_family_version",
        first_family,
        "`HappyEyeballs::families`",
    ),
    ClusterRow::maps(
        "upstream_connection_options.happy_eyeballs_config.first_address_family_count",
        first_family_count,
        "`HappyEyeballs::first_family_count`",
    ),
    ClusterRow::no_effect(
        "upstream_bind_config.source_address.ipv4_compat",
        "both families are dialled",
    ),
];

/// The fields of `tcp_keepalive`.
pub(super) const KEEPALIVE_ROWS: [ClusterRow; 3] = [
    ClusterRow::maps(
        "tcp_keepalive.keepalive_time",
        |cluster, node, text| keepalive_number(cluster, 0, node, text),
        "`SocketOptions::keepalive`",
    ),
    ClusterRow::maps(
        "tcp_keepalive.keepalive_interval",
        |cluster, node, text| keepalive_number(cluster, 1, node, text),
        "`SocketOptions::keepalive`",
    ),
    ClusterRow::maps(
        "tcp_keepalive.keepalive_probes",
        |cluster, node, text| keepalive_number(cluster, 2, node, text),
        "`SocketOptions::keepalive`",
    ),
];

pub(super) fn bind(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "upstream_bind_config", node, &ROWS);
    Ok(Outcome::mapped(text))
}

pub(super) fn connection_options(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    read(cluster, "upstream_connection_options", node, &ROWS);
    Ok(Outcome::mapped(text))
}

fn local_address(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let address = node.text()?;
    if matches!(address, "0.0.0.0" | "::") {
        return Ok(Outcome::mapped("the system chooses by default"));
    }
    let settings = cluster.settings();
    Ok(set_local_address(settings, address, false, text))
}

fn local_port(_: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.count()? {
        0 => Outcome::no_effect(text),
        _ => Outcome::refused(text),
    })
}

/// The numbers that are absent are those of Linux.
fn keepalive(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "tcp_keepalive", node, &KEEPALIVE_ROWS);
    let [idle, interval, probes] = cluster.keepalive;
    let seconds = |count: u32| Duration::from_secs(count.into());
    let (idle, interval) = (idle.unwrap_or(7200), interval.unwrap_or(75));
    let value = values::keepalive(seconds(idle), seconds(interval), probes.unwrap_or(9));
    Ok(cluster.set("socket_options.keepalive", value, text))
}

fn keepalive_number(
    cluster: &mut Cluster,
    index: usize,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    match node.small_count()? {
        0 => Ok(Outcome::refused(
            "zero is none of its values: the system's counts",
        )),
        number => {
            cluster.keepalive[index] = Some(number);
            Ok(Outcome::mapped(text))
        }
    }
}

fn first_family(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let value = match node.text()? {
        "DEFAULT" => return Ok(Outcome::mapped("both families are raced by default")),
        "V4" => values::families("prefer_v4", "PreferV4"),
        "V6" => values::families("prefer_v6", "PreferV6"),
        _ => return Err(Outcome::refused("the value is no family")),
    };
    Ok(cluster.set("happy_eyeballs.families", value, text))
}

fn first_family_count(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let count = node.small_count()?;
    Ok(cluster.set("happy_eyeballs.first_family_count", count, text))
}
