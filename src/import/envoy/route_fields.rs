//! Fields of routes and virtual hosts.
//!
//! A field that occurs in routes, virtual hosts and route configurations has one function for all
//! three.

use crate::import::{
    has_settings::HasSettings,
    message_fields::map_path,
    note::{NoteKind, Outcome},
    settings::Settings,
    values,
};

use super::{
    cluster::RouteHost,
    message::{Mapping, NoteSink},
    node::JsonNode,
    route::Route,
};

pub(super) fn add_request(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    route.add_fields(node, "request_headers_to_add", text)
}

pub(super) fn add_response(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    route.add_fields(node, "response_headers_to_add", text)
}

pub(super) fn remove_request(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    route.remove_fields(node, "request_headers_to_remove", text)
}

pub(super) fn remove_response(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    route.remove_fields(node, "response_headers_to_remove", text)
}

/// Which changes of fields come last: those of routes, or those of their configuration.
pub(super) fn most_specific_wins(
    route: &mut Route,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    route.edits.ends_with_route = node.boolean()?;
    Ok(Outcome::mapped(text))
}

pub(super) fn domains(_: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.texts()?.as_slice() {
        ["*"] => Outcome::mapped("requests of all hosts reach the origin"),
        _ => Outcome::by_hand(text),
    })
}

pub(super) fn cluster(_: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    node.text()?;
    Ok(Outcome::mapped(text))
}

pub(super) fn host_literal(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    let name = node.text()?;
    Settings::check("host", name)?;
    route.host = RouteHost::Literal(name.to_owned());
    Ok(Outcome::mapped(text))
}

pub(super) fn auto_host(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    if node.boolean()? {
        route.host = RouteHost::Endpoint;
        return Ok(Outcome::mapped(text));
    }
    Ok(Outcome::no_effect("the client's Host is passed"))
}

pub(super) fn prefix_rewrite(route: &mut Route, node: &JsonNode, _: &'static str) -> Mapping {
    let origin = node.text()?;
    match route.prefix.clone() {
        Some(client) if client == origin => Ok(Outcome::no_effect("both prefixes are the same")),
        Some(client) => Ok(map_path(&mut route.settings, &client, origin)),
        None => Ok(Outcome::by_hand("`OriginProxy::map_request`")),
    }
}

pub(super) fn timeout(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    if node.duration()?.is_zero() {
        return Ok(Outcome::mapped("there is no limit by default"));
    }
    Ok(route.set("limits.request_timeout", node.time()?, text))
}

pub(super) fn idle_timeout(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    let time = node.time()?;
    for key in ["upgrades.idle_timeout", "limits.body_idle_timeout"] {
        route.set(key, time, text);
    }
    Ok(route.set("limits.response_timeout", time, text))
}

pub(super) fn hash_policy(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    if !route.is_hashed {
        return Ok(Outcome::no_effect(
            "the `lb_policy` of the cluster is neither RING_HASH nor MAGLEV",
        ));
    }
    let [policy] = node.list()? else {
        return Ok(Outcome::by_hand("`Balance::by_key`"));
    };
    let balance = if let Some(name) = policy.at(&["header", "header_name"]) {
        let invalid = || Outcome::refused("the name is not a valid field name");
        values::balance_by_header(name.text()?).ok_or_else(invalid)?
    } else if let Some(name) = policy.at(&["cookie", "name"]) {
        format!("Balance::by_cookie({:?})", name.text()?)
    } else if policy.at(&["connection_properties", "source_ip"]).is_some() {
        "Balance::by_client_address()".to_owned()
    } else {
        return Ok(Outcome::by_hand("`Balance::by_key`"));
    };
    let outcome = route.group.balance(balance, text);
    if policy.at(&["cookie", "ttl"]).is_some() && outcome.kind == NoteKind::Mapped {
        let text = "the application sets the cookie: `Balance::by_cookie` reads it";
        route.note(
            node.line,
            "route.hash_policy.cookie.ttl",
            Outcome::refused(text),
        );
    }
    Ok(outcome)
}

pub(super) fn upgrades(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    let mut outcome = Outcome::mapped(text);
    for upgrade in node.list()? {
        let kind = upgrade.get("upgrade_type").map_or(Ok(""), JsonNode::text)?;
        let is_on = upgrade.get("enabled").map_or(Ok(true), JsonNode::boolean)?;
        match (kind.to_ascii_lowercase().as_str(), is_on) {
            ("websocket", true) => {}
            ("websocket", false) => {
                outcome = route.set(
                    "upgrades.protocols",
                    values::no_upgrades(),
                    "`Upgrades::none`",
                );
            }
            ("connect" | "connect-udp", _) => {
                outcome = Outcome::refused("CONNECT is not proxied");
            }
            _ => outcome = Outcome::by_hand("`Upgrades::and`"),
        }
    }
    Ok(outcome)
}
