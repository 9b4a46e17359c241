//! Fields of a cluster: load balancing, DNS and the connect timeout.
//!
//! The functions take the node of the field. What depends on other fields is only noted in the
//! [`Cluster`], and decided in its `finish`.

use std::time::Duration;

use crate::import::{has_settings::HasSettings, note::Outcome, settings::duration, values};

use super::{cluster::Cluster, message::Mapping, node::JsonNode};

pub(super) fn discovery(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let kind = node.text()?;
    cluster.has_names = ["LOGICAL_DNS", "STRICT_DNS"].contains(&kind);
    Ok(match kind {
        "STATIC" | "LOGICAL_DNS" => Outcome::mapped(text),
        "STRICT_DNS" => Outcome::mapped(
            "the addresses of a name are raced; `MemberSource::dns` makes a member of each",
        ),
        "EDS" => Outcome::refused(
            "endpoints do not come from a control plane: `OriginGroup::put` changes members at \
             run time",
        ),
        "ORIGINAL_DST" => Outcome::refused("the address of a connector is fixed"),
        _ => Outcome::refused("the value is no type of a cluster"),
    })
}

pub(super) fn connect_timeout(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    /// The defaults of the two parts.
    const PART: Duration = Duration::from_secs(10);
    let time = node.time()?;
    if time > PART {
        for key in ["timeouts.dial", "timeouts.tls_handshake"] {
            cluster.set(key, time, text);
        }
    }
    Ok(cluster.set("timeouts.connect", time, text))
}

pub(super) fn lb_policy(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.text()? {
        "ROUND_ROBIN" => cluster
            .group
            .balance("Balance::round_robin()".to_owned(), text),
        "LEAST_REQUEST" | "RANDOM" => Outcome::mapped("`Balance::least_loaded`, the default"),
        "RING_HASH" | "MAGLEV" => {
            cluster.is_hashed = true;
            Outcome::by_hand("`Balance::by_key`; a route's `hash_policy` is imported")
        }
        "LOAD_BALANCING_POLICY_CONFIG" => Outcome::by_hand(text),
        _ => Outcome::refused("the group chooses among its members: `Balance`"),
    })
}

pub(super) fn slow_start(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let time = duration(node.duration()?);
    Ok(cluster.group.eject(&format!(".slow_start({time})"), text))
}

pub(super) fn panic_threshold(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    let percent = node.percent()?;
    let call = format!("panic_threshold({percent})");
    Ok(cluster.group.call(call, text))
}

pub(super) fn max_load(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(cluster.group.max_load(node.small_count()?, text))
}

pub(super) fn dns_lookup_family(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    let value = match node.text()? {
        "AUTO" | "ALL" => return Ok(Outcome::mapped("both families are raced by default")),
        "V4_ONLY" => values::families("only_v4", "OnlyV4"),
        "V6_ONLY" => values::families("only_v6", "OnlyV6"),
        "V4_PREFERRED" => values::families("prefer_v4", "PreferV4"),
        _ => return Err(Outcome::refused("the value is no family")),
    };
    Ok(cluster.set("happy_eyeballs.families", value, text))
}

pub(super) fn dns_refresh_rate(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    cluster.dns_refresh = Some(node.time()?);
    Ok(Outcome::mapped(text))
}

pub(super) fn respect_dns_ttl(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    cluster.respects_ttl = node.boolean()?;
    Ok(Outcome::mapped(text))
}
