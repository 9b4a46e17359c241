//! The importer of Envoy: clusters, and the routes that name them.
//!
//! | file | what is in it |
//! |---|---|
//! | `json`, `node` | the grammar, and values with the lines of their keys |
//! | `message` | reads a message by a table of its fields |
//! | `importer` | which routes send requests to which cluster |
//! | `cluster`, `route` | the state of a cluster or route, and the draft that it becomes |
//! | `cluster_rows`, `cluster_fields` | the table of a cluster, and the functions of its rows |
//! | `endpoint_rows` | `load_assignment` |
//! | `transport_rows`, `validation_rows`, `certificate_rows` | `transport_socket`, with TLS |
//! | `protocol_rows` | `HttpProtocolOptions` |
//! | `limit_rows`, `outlier_rows`, `health_rows` | limits, ejection and health checks |
//! | `socket_rows` | addresses and options of sockets |
//! | `route_rows`, `route_fields` | the table of a route, and the functions of its rows |
//! | `field_edits` | the fields of messages that routes and virtual hosts change |
//! | `retry_rows`, `virtual_host_rows` | `retry_policy`, and what routes have in common |
//! | `file_rows` | a bootstrap, listeners and `HttpConnectionManager` |
//!
//! It follows the API of Envoy 1.37, version 3,
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/api>. Configuration is a tree of protobuf
//! messages, written as JSON. Clusters and routes are far apart in it and refer to each other by
//! name:
//!
//! ```text
//! { "virtual_hosts": [{ "routes": [{
//!       "match": { "prefix": "/api/" },                        section "cluster app at /api/"
//!       "route": { "cluster": "app", "host_rewrite_literal": "www.example.com" } }] }] }
//! { "name": "app", "load_assignment": { .. "a.example", 443 }, "transport_socket": { .. } }
//!                                                              one origin: https://a.example
//! ```
//!
//! 1. `json` parses the text, and keeps the line of each key.
//! 2. `parts` finds out what the text is, by `@type` or by its fields.
//! 3. All clusters are read first, since a route takes a copy of its cluster.
//! 4. Each route becomes a section; so does each cluster that no route names.

mod certificate_rows;
mod cluster;
mod cluster_fields;
mod cluster_rows;
mod endpoint_rows;
mod field_edits;
mod file_rows;
mod health_rows;
mod importer;
mod json;
mod limit_rows;
mod message;
mod node;
mod outlier_rows;
mod protocol_rows;
mod retry_rows;
mod route;
mod route_fields;
mod route_rows;
mod socket_rows;
mod transport_rows;
mod validation_rows;
mod virtual_host_rows;

use super::{
    error::{ImportError, Position},
    imported::Imported,
};

use self::{
    importer::EnvoyImporter,
    message::read,
    node::{JsonNode, JsonValue},
    route::Route,
};

/// Imports a bootstrap, or a part of one.
///
/// Fails if the text is not JSON, or neither an object nor a list.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let root = json::parse(text)?;
    let nodes: Vec<&JsonNode> = match &root.value {
        JsonValue::Object(_) => vec![&root],
        JsonValue::List(elements) => elements.iter().collect(),
        _ => {
            return Err(ImportError::new(
                Position::START,
                "neither an object nor a list",
            ));
        }
    };
    let mut importer = EnvoyImporter::default();
    let nodes: Vec<_> = nodes.into_iter().flat_map(parts).collect();
    // A route needs its cluster.
    for (_, node) in nodes.iter().filter(|(kind, _)| *kind == PartKind::Cluster) {
        importer.add_cluster(node);
    }
    for (kind, node) in nodes {
        match kind {
            PartKind::Cluster => {}
            PartKind::File => read(&mut importer, "", node, &file_rows::ROWS),
            PartKind::Listener => file_rows::read_listener(&mut importer, node),
            PartKind::Route => importer.add_route(node, &Route::default()),
            PartKind::RouteConfiguration => importer.add_configuration(node),
            PartKind::VirtualHost => importer.add_virtual_host(node, &Route::default()),
        }
    }
    importer.finish()
}

/// All tables, for the guide.
#[cfg(test)]
pub(super) fn tables() -> Vec<(&'static str, Vec<super::directive_row::Listed>)> {
    use super::directive_row::{DirectiveRow, Listed};

    fn listed<F: Copy>(rows: &[DirectiveRow<F>]) -> Vec<Listed> {
        rows.iter().map(DirectiveRow::listed).collect()
    }
    vec![
        ("A cluster", listed(&cluster_rows::ROWS)),
        ("Localities", listed(&endpoint_rows::LOCALITY_ROWS)),
        ("Endpoints", listed(&endpoint_rows::ENDPOINT_ROWS)),
        ("`UpstreamTlsContext`", listed(&transport_rows::ROWS)),
        ("Validation of certificates", listed(&validation_rows::ROWS)),
        ("Client certificates", listed(&certificate_rows::ROWS)),
        (
            "The transport socket of the PROXY protocol",
            listed(&transport_rows::PROXY_ROWS),
        ),
        ("`HttpProtocolOptions`", listed(&protocol_rows::ROWS)),
        ("HTTP/1.1 and HTTP/2", listed(&protocol_rows::VERSION_ROWS)),
        ("Circuit breakers", listed(&limit_rows::ROWS)),
        ("Thresholds", listed(&limit_rows::THRESHOLD_ROWS)),
        ("Outlier detection", listed(&outlier_rows::ROWS)),
        ("Health checks", listed(&health_rows::ROWS)),
        ("Sockets", listed(&socket_rows::ROWS)),
        ("TCP keepalive", listed(&socket_rows::KEEPALIVE_ROWS)),
        ("A route", listed(&route_rows::ROWS)),
        ("Retries", listed(&retry_rows::ROWS)),
        (
            "Virtual hosts and route configurations",
            listed(&virtual_host_rows::ROWS),
        ),
        ("`HttpConnectionManager`", listed(&file_rows::MANAGER_ROWS)),
        ("Listeners", listed(&file_rows::LISTENER_ROWS)),
        ("A bootstrap", listed(&file_rows::ROWS)),
    ]
}

/// What a part of a text is.
///
/// A text without any mark is taken for a cluster, the most frequent part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum PartKind {
    Cluster,
    /// A bootstrap, its resources, or a response of a control plane.
    File,
    Listener,
    Route,
    RouteConfiguration,
    VirtualHost,
}

/// The part itself, and the clusters and other resources in it.
///
/// Listeners are read by the rows of the file.
fn parts(node: &JsonNode) -> Vec<(PartKind, &JsonNode)> {
    let kind = kind(node);
    let mut parts = vec![(kind, node)];
    if kind == PartKind::File {
        let clusters = [
            node.at(&["static_resources", "clusters"]),
            node.get("clusters"),
        ];
        let clusters = clusters.into_iter().flatten().flat_map(JsonNode::elements);
        parts.extend(clusters.map(|cluster| (PartKind::Cluster, cluster)));
        let resources = node.get("resources").map_or(&[][..], JsonNode::elements);
        parts.extend(
            resources
                .iter()
                .map(|resource| (self::kind(resource), resource)),
        );
    }
    parts
}

/// What a node is by its type, or else by its fields.
///
/// The type is the last part of a URL such as
/// `type.googleapis.com/envoy.config.cluster.v3.Cluster`.
fn kind(node: &JsonNode) -> PartKind {
    let type_name = match node.get("@type").map(JsonNode::text) {
        Some(Ok(name)) => name.rsplit('.').next().unwrap_or_default(),
        _ => "",
    };
    let has = |names: &[&str]| names.iter().any(|name| node.get(name).is_some());
    match type_name {
        "Cluster" => PartKind::Cluster,
        "Bootstrap" => PartKind::File,
        "Listener" => PartKind::Listener,
        "Route" => PartKind::Route,
        "RouteConfiguration" => PartKind::RouteConfiguration,
        "VirtualHost" => PartKind::VirtualHost,
        _ if has(&["load_assignment"]) => PartKind::Cluster,
        _ if has(&["virtual_hosts"]) => PartKind::RouteConfiguration,
        _ if has(&["domains", "routes"]) => PartKind::VirtualHost,
        _ if has(&["filter_chains", "default_filter_chain"]) => PartKind::Listener,
        _ if has(&["match"]) => PartKind::Route,
        _ if has(&["static_resources", "clusters", "listeners", "resources"])
            || has(&["admin", "node", "dynamic_resources"]) =>
        {
            PartKind::File
        }
        _ => PartKind::Cluster,
    }
}
