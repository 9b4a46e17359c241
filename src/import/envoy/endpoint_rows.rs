//! The fields of `load_assignment`.
//!
//! ```text
//! "endpoints": [{ "priority": 0, "lb_endpoints": [{            the first tier
//!     "load_balancing_weight": 3,                              .weight(3)
//!     "endpoint": { "hostname": "www.example.com",             Host and SNI
//!         "address": { "socket_address": {
//!             "address": "192.0.2.1", "port_value": 443 } } }  dialled
//! }] }]
//! ```

use crate::import::note::Outcome;

use super::{
    cluster::{Cluster, ClusterRow, EndpointLine},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
};

const CONTROL_PLANE: &str = "endpoints do not come from a control plane: `OriginGroup::put` \
                             changes members at run time";
const NO_ZONES: &str = "members have no zones: `OriginGroupBuilder::tier`";

/// The fields of the elements of `endpoints`.
pub(super) const LOCALITY_ROWS: [ClusterRow; 8] = [
    ClusterRow::maps(
        "endpoints.lb_endpoints",
        lb_endpoints,
        "`CdnOriginConnector::builder`, or members of `OriginGroup::builder`",
    ),
    ClusterRow::maps(
        "endpoints.priority",
        priority,
        "a second `OriginGroupBuilder::tier`",
    ),
    ClusterRow::no_effect("endpoints.locality", NO_ZONES),
    ClusterRow::by_hand("endpoints.load_balancing_weight", "`Member::weight`"),
    ClusterRow::no_effect("endpoints.metadata", NO_ZONES),
    ClusterRow::no_effect("endpoints.proximity", NO_ZONES),
    ClusterRow::refused("endpoints.load_balancer_endpoints", CONTROL_PLANE),
    ClusterRow::refused("endpoints.leds_cluster_locality_config", CONTROL_PLANE),
];

/// The fields of the elements of `lb_endpoints`.
pub(super) const ENDPOINT_ROWS: [ClusterRow; 17] = [
    ClusterRow::maps(
        "lb_endpoints.endpoint.address.socket_address.address",
        address,
        "`CdnOriginConnector::builder`",
    ),
    ClusterRow::maps(
        "lb_endpoints.endpoint.address.socket_address.port_value",
        port,
        "`CdnOriginConnector::builder`",
    ),
    ClusterRow::refused(
        "lb_endpoints.endpoint.address.socket_address.named_port",
        "write a number: `port_value`",
    ),
    ClusterRow::maps(
        "lb_endpoints.endpoint.address.socket_address.protocol",
        protocol,
        "TCP",
    ),
    ClusterRow::no_effect(
        "lb_endpoints.endpoint.address.socket_address.ipv4_compat",
        "both families are dialled",
    ),
    ClusterRow::by_hand(
        "lb_endpoints.endpoint.address.socket_address.resolver_name",
        "`Dns::resolver`",
    ),
    ClusterRow::by_hand(
        "lb_endpoints.endpoint.address.socket_address.network_namespace_filepath",
        "`CdnOriginBuilder::transport` dials in another namespace",
    ),
    ClusterRow::maps(
        "lb_endpoints.endpoint.address.pipe.path",
        pipe,
        "`CdnOriginBuilder::dial`, with `unix:`",
    ),
    ClusterRow::no_effect(
        "lb_endpoints.endpoint.address.pipe.mode",
        "the origin creates the socket",
    ),
    ClusterRow::refused(
        "lb_endpoints.endpoint.address.envoy_internal_address",
        "there are no internal listeners",
    ),
    ClusterRow::maps(
        "lb_endpoints.endpoint.hostname",
        hostname,
        "`CdnOriginConnector::builder`, with the address in `CdnOriginBuilder::dial`",
    ),
    ClusterRow::by_hand(
        "lb_endpoints.endpoint.health_check_config",
        "`HealthCheck` of a group of its own",
    ),
    ClusterRow::by_hand(
        "lb_endpoints.endpoint.additional_addresses",
        "`Dns::resolve_to` with all addresses of a name",
    ),
    ClusterRow::no_effect(
        "lb_endpoints.health_status",
        "a member serves until it fails",
    ),
    ClusterRow::refused("lb_endpoints.endpoint_name", CONTROL_PLANE),
    ClusterRow::no_effect("lb_endpoints.metadata", "members have no metadata"),
    ClusterRow::maps(
        "lb_endpoints.load_balancing_weight",
        weight,
        "`Member::weight`",
    ),
];

/// The number of endpoints that are not out of use.
///
/// It decides whether the cluster is a group, before its fields are read.
pub(super) fn count(cluster: &JsonNode) -> usize {
    let localities = cluster.at(&["load_assignment", "endpoints"]);
    let localities = localities.map_or(&[][..], JsonNode::elements).iter();
    let endpoints = localities.filter_map(|locality| locality.get("lb_endpoints"));
    endpoints
        .flat_map(JsonNode::elements)
        .filter(|endpoint| status_out(endpoint).is_none())
        .count()
}

/// The status of an endpoint to which Envoy sends no requests.
///
/// Other statuses, such as `DEGRADED`, are in use.
fn status_out(endpoint: &JsonNode) -> Option<&JsonNode> {
    let status = endpoint.get("health_status")?;
    matches!(status.text(), Ok("UNHEALTHY" | "DRAINING" | "TIMEOUT")).then_some(status)
}

/// Reads the localities with their endpoints.
///
/// All priorities but the first are one tier.
pub(super) fn endpoints(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    for locality in node.list()? {
        let first = cluster.endpoints.len();
        read(cluster, "endpoints", locality, &LOCALITY_ROWS);
        let priority = locality.get("priority").map(JsonNode::small_count);
        for endpoint in &mut cluster.endpoints[first..] {
            endpoint.is_backup = matches!(priority, Some(Ok(1..)));
        }
    }
    Ok(match cluster.endpoints.is_empty() {
        true => Outcome::refused("there is no endpoint: the cluster has no origin"),
        false => Outcome::mapped(text),
    })
}

fn priority(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.small_count()? {
        0 => Outcome::mapped("the first tier"),
        _ if !cluster.group.is_group => Outcome::no_effect("there is one endpoint"),
        1 => Outcome::mapped(text),
        _ => Outcome::refused(
            "the import has two tiers: `OriginGroupBuilder::tier` adds more by hand",
        ),
    })
}

/// An endpoint without an address is left out.
fn lb_endpoints(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    for element in node.list()? {
        if let Some(status) = status_out(element) {
            let outcome = Outcome::no_effect("the endpoint is out of use, and left out");
            cluster.note(status.line, "lb_endpoints.health_status", outcome);
            continue;
        }
        cluster.endpoints.push(EndpointLine {
            line: element.line,
            ..EndpointLine::default()
        });
        read(cluster, "lb_endpoints", element, &ENDPOINT_ROWS);
        let has_address = cluster
            .endpoints
            .last()
            .is_some_and(|endpoint| !endpoint.address.is_empty() || endpoint.pipe.is_some());
        if !has_address {
            cluster.endpoints.pop();
            let outcome = Outcome::refused("the endpoint has no address, and is left out");
            cluster.note(element.line, "lb_endpoints", outcome);
        }
    }
    Ok(Outcome::mapped(text))
}

/// The endpoint that is being read.
fn current(cluster: &mut Cluster) -> Result<&mut EndpointLine, Outcome> {
    let none = || Outcome::refused("it belongs to no endpoint");
    cluster.endpoints.last_mut().ok_or_else(none)
}

fn address(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let address = node.text()?;
    if address.is_empty() {
        return Err(Outcome::refused("the address is empty"));
    }
    current(cluster)?.address = address.to_owned();
    Ok(Outcome::mapped(text))
}

fn port(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let port = u16::try_from(node.count()?).ok().filter(|port| *port > 0);
    let none = || Outcome::refused("the value is no port");
    current(cluster)?.port = Some(port.ok_or_else(none)?);
    Ok(Outcome::mapped(text))
}

fn protocol(_: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.text()? {
        "TCP" => Outcome::mapped(text),
        _ => Outcome::refused("only TCP is dialled"),
    })
}

fn pipe(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    current(cluster)?.pipe = Some(node.text()?.to_owned());
    Ok(Outcome::mapped(text))
}

fn hostname(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let hostname = node.text()?;
    if !hostname.is_empty() {
        current(cluster)?.hostname = Some(hostname.to_owned());
    }
    Ok(Outcome::mapped(text))
}

fn weight(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let weight = node.small_count()?;
    if !cluster.group.is_group {
        return Ok(Outcome::no_effect("there is one endpoint"));
    }
    current(cluster)?.weight = Some(weight);
    Ok(Outcome::mapped(text))
}
