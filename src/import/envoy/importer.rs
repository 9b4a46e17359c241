//! Which routes send requests to which cluster.
//!
//! A cluster is read once, and cloned for each route that names it: Host, timeouts and retries are
//! fields of the route. The rows of the route need to know whether the cluster is a group, so the
//! clusters come first.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::import::{
    draft::Draft,
    error::ImportError,
    group_calls::GroupCalls,
    import_limit::ImportLimit,
    imported::Imported,
    note::{ImportNote, Outcome},
};

use super::{
    cluster::{Cluster, RouteHost},
    cluster_rows, endpoint_rows,
    message::{FieldRow, NoteSink, read},
    node::JsonNode,
    route::Route,
    route_rows, transport_rows, virtual_host_rows,
};

/// A row about a bootstrap, a listener or its filter.
pub(super) type FileRow = FieldRow<EnvoyImporter>;

#[derive(Debug, Default)]
pub(super) struct EnvoyImporter {
    /// By name. The second one of a name is refused.
    clusters: BTreeMap<String, Cluster>,
    /// The clusters that a route names.
    ///
    /// A cluster that is not among them becomes a section by itself.
    used: BTreeSet<String>,
    drafts: Vec<Draft>,
    limit: ImportLimit,
    notes: Vec<ImportNote>,
}

impl NoteSink for EnvoyImporter {
    fn note(&mut self, line: usize, field: &str, outcome: Outcome) {
        self.notes.push(ImportNote::new(line, field, outcome));
    }
}

impl EnvoyImporter {
    /// Reads a cluster. Its drafts follow: one for each of its routes.
    ///
    /// Endpoints are counted before they are read, since a group has calls that a single origin
    /// does not have.
    pub(super) fn add_cluster(&mut self, node: &JsonNode) {
        let name = match node.get("name").map(JsonNode::text) {
            Some(Ok(name)) => name.to_owned(),
            _ => String::new(),
        };
        let mut cluster = Cluster {
            name: name.clone(),
            line: node.line,
            weights: weights(node, "load_assignment"),
            group: GroupCalls::new(endpoint_rows::count(node) > 1),
            matched_tls_line: transport_rows::matched_tls_line(node),
            ..Cluster::default()
        };
        read(&mut cluster, "", node, &cluster_rows::ROWS);
        self.notes.append(&mut cluster.notes);
        if cluster.endpoints.is_empty() {
            let outcome = Outcome::refused("the cluster has no endpoint: there is no origin");
            self.note(node.line, "load_assignment", outcome);
        }
        match self.clusters.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(cluster)),
            Entry::Occupied(_) => {
                let outcome = Outcome::refused("a cluster of this name is there already");
                self.note(node.line, "name", outcome);
            }
        }
    }

    /// Reads a route configuration with its virtual hosts.
    ///
    /// What it has in common with its routes is cloned into each of them.
    pub(super) fn add_configuration(&mut self, node: &JsonNode) {
        let hosts = node.get("virtual_hosts");
        let mut shared = Route {
            weight: weights(node, "virtual_hosts")[0],
            ..Route::default()
        };
        read(&mut shared, "", node, &virtual_host_rows::ROWS);
        self.notes.append(&mut shared.notes);
        for host in hosts.map_or(&[][..], JsonNode::elements) {
            self.add_virtual_host(host, &shared);
        }
    }

    /// Reads a virtual host with its routes.
    ///
    /// `shared` is that of its configuration.
    pub(super) fn add_virtual_host(&mut self, node: &JsonNode, shared: &Route) {
        let mut shared = shared.clone();
        shared.weight += weights(node, "routes")[0];
        shared.edits.level += 1;
        read(&mut shared, "", node, &virtual_host_rows::ROWS);
        self.notes.append(&mut shared.notes);
        for route in node.get("routes").map_or(&[][..], JsonNode::elements) {
            self.add_route(route, &shared);
        }
    }

    /// Reads a route, and adds the draft of its cluster.
    ///
    /// A route without a cluster, such as a redirect, has notes and no draft.
    pub(super) fn add_route(&mut self, node: &JsonNode, shared: &Route) {
        if self.limit.is_spent() {
            return;
        }
        let name = match node.at(&["route", "cluster"]).map(JsonNode::text) {
            Some(Ok(name)) => name,
            _ => "",
        };
        let cluster = self.clusters.get(name).filter(|_| !name.is_empty());
        let prefixes = ["prefix", "path_separated_prefix"];
        let prefix = prefixes.iter().find_map(|field| node.at(&["match", field]));
        let mut route = Route {
            line: node.line,
            prefix: prefix.and_then(|prefix| prefix.text().ok().map(str::to_owned)),
            group: GroupCalls::new(cluster.is_some_and(|it| it.group.is_group)),
            is_hashed: cluster.is_some_and(|cluster| cluster.is_hashed),
            weight: shared.weight + node.weight(),
            ..shared.clone()
        };
        route.edits.level += 1;
        read(&mut route, "", node, &route_rows::ROWS);
        let cluster = cluster.cloned();
        self.notes.append(&mut route.notes);
        let Some(cluster) = cluster else {
            if !name.is_empty() {
                let outcome = Outcome::refused("the text has no cluster of this name");
                self.note(node.line, "route.cluster", outcome);
            }
            return;
        };
        self.used.insert(name.to_owned());
        if self.is_spent(&cluster, route.weight) {
            return;
        }
        let (draft, mut notes) = route.finish(cluster);
        self.notes.append(&mut notes);
        self.drafts.push(draft);
    }

    /// Counts the origins of a cluster, and notes that there are too many.
    fn is_spent(&mut self, cluster: &Cluster, route: usize) -> bool {
        let [shared, own] = cluster.weights;
        let servers = cluster.endpoints.len();
        let outcome = self
            .limit
            .take(cluster.line, servers, [shared + route, own]);
        let is_spent = outcome.is_some();
        if let Some(outcome) = outcome {
            self.note(cluster.line, "load_assignment", outcome);
        }
        is_spent
    }

    /// What became of the text, once all of it is read.
    ///
    /// Drafts are in the order of their lines.
    ///
    /// # Errors
    ///
    /// Fails if the routes repeat too much.
    pub(super) fn finish(mut self) -> Result<Imported, ImportError> {
        for (name, mut cluster) in std::mem::take(&mut self.clusters) {
            if self.used.contains(&name) || self.is_spent(&cluster, 0) {
                continue;
            }
            let draft = cluster.finish(&RouteHost::Unknown);
            self.notes.append(&mut cluster.notes);
            self.drafts.push(draft);
        }
        self.drafts.sort_by_key(|draft| draft.line);
        self.limit.check()?;
        Ok(Imported::new(&self.drafts, self.notes))
    }
}

/// What the fields of a message weigh, and what the one of this name does.
fn weights(node: &JsonNode, name: &str) -> [usize; 2] {
    let own = node.get(name).map_or(0, JsonNode::weight);
    [node.weight() - own, own]
}
