//! A route, and what its fields have said so far.
//!
//! Fields of a route configuration and a virtual host hold for all routes in them. They are read
//! into a [`Route`] as well, which the inner ones clone. What they change in messages is in
//! [`FieldEdits`].

use crate::import::{
    draft::Draft,
    group_calls::GroupCalls,
    has_settings::HasSettings,
    message_fields::{self, FieldChange},
    note::{ImportNote, NoteKind, Outcome},
    settings::Settings,
};

use super::{
    cluster::{Cluster, RouteHost},
    field_edits::FieldEdits,
    message::{FieldRow, Mapping, NoteSink},
    node::JsonNode,
};

/// A row about a route, its virtual host or its configuration.
pub(super) type RouteRow = FieldRow<Route>;

/// A route; or what all routes of a virtual host have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    pub(super) line: usize,
    /// What its fields weigh for the limit.
    pub(super) weight: usize,
    /// The prefix of the paths, if the route matches by one.
    ///
    /// `None` for an exact path, a regular expression or a template.
    pub(super) prefix: Option<String>,
    pub(super) host: RouteHost,
    pub(super) settings: Settings,
    pub(super) edits: FieldEdits,
    pub(super) group: GroupCalls,
    /// Whether the cluster chooses its endpoints by a key of the request.
    pub(super) is_hashed: bool,
    pub(super) notes: Vec<ImportNote>,
}

impl NoteSink for Route {
    fn note(&mut self, line: usize, field: &str, outcome: Outcome) {
        self.notes.push(ImportNote::new(line, field, outcome));
    }
}

impl HasSettings for Route {
    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }
}

impl Route {
    /// The draft of the cluster with this route.
    ///
    /// Settings of the route are laid over those of the cluster.
    pub(super) fn finish(mut self, mut cluster: Cluster) -> (Draft, Vec<ImportNote>) {
        cluster.shared.settings.extend(self.settings);
        for (field, outcome) in self.edits.apply(&mut cluster.shared.settings) {
            self.notes.push(ImportNote::new(self.line, field, outcome));
        }
        cluster.group.extend(self.group);
        let mut draft = cluster.finish(&self.host);
        draft.line = self.line;
        if let Some(outcome) = draft.add_route(self.prefix.as_deref()) {
            self.notes
                .push(ImportNote::new(self.line, "match", outcome));
        }
        if let Some(prefix) = self.prefix {
            draft.section = format!("{} at {prefix}", draft.section);
        }
        self.notes.append(&mut cluster.notes);
        (draft, self.notes)
    }

    /// Sets fields of requests or of responses, by their values in a list.
    ///
    /// Each element has a note of its own, with the name of the field and without its value.
    pub(super) fn add_fields(
        &mut self,
        node: &JsonNode,
        key: &'static str,
        text: &'static str,
    ) -> Mapping {
        for option in node.list()? {
            let name = option
                .at(&["header", "key"])
                .map_or(Ok(""), JsonNode::text)?;
            let outcome = self.add_field(option, name, key);
            let outcome = outcome.unwrap_or_else(|outcome| outcome);
            self.note(option.line, &format!("{key} {name}"), outcome);
        }
        Ok(Outcome::mapped(text))
    }

    /// Values with `%` are formats that Envoy computes for each request.
    fn add_field(&mut self, option: &JsonNode, name: &str, key: &'static str) -> Mapping {
        let is_request = key == "request_headers_to_add";
        let hook = match is_request {
            true => "`OriginProxy::map_request`",
            false => "`OriginProxy::map_response`",
        };
        let own = own_request_field(&name.to_ascii_lowercase());
        if let (true, Some(outcome)) = (is_request, own) {
            return Ok(outcome);
        }
        let action = option
            .get("append_action")
            .map(JsonNode::text)
            .transpose()?;
        let appends = match (action, option.get("append")) {
            (None, None) | (Some("APPEND_IF_EXISTS_OR_ADD"), _) => true,
            (Some("OVERWRITE_IF_EXISTS_OR_ADD"), _) => false,
            (None, Some(append)) => append.boolean()?,
            (Some(_), _) => return Ok(Outcome::by_hand(hook)),
        };
        let value = option
            .at(&["header", "value"])
            .map_or(Ok(""), JsonNode::text)?;
        if value.contains('%') || value.is_empty() {
            return Ok(Outcome::by_hand(hook));
        }
        let change = match (is_request, appends) {
            (true, _) => FieldChange::SetInRequests(value.to_owned()),
            (false, true) => FieldChange::AddToResponses(value.to_owned()),
            (false, false) => FieldChange::SetInResponses(value.to_owned()),
        };
        let outcome = self.edits.add(name, change);
        Ok(match (outcome.kind, is_request && appends) {
            (NoteKind::Mapped, true) => Outcome::mapped(format!(
                "{hook}; a value that is there already is replaced, where Envoy adds to it"
            )),
            _ => outcome,
        })
    }

    /// Removes fields of requests or of responses.
    pub(super) fn remove_fields(
        &mut self,
        node: &JsonNode,
        key: &'static str,
        text: &'static str,
    ) -> Mapping {
        for name in node.texts()? {
            let change = match key == "request_headers_to_remove" {
                true => FieldChange::RemoveFromRequests,
                false => FieldChange::RemoveFromResponses,
            };
            let outcome = self.edits.add(name, change);
            self.note(node.line, &format!("{key} {name}"), outcome);
        }
        Ok(Outcome::mapped(text))
    }
}

/// What becomes of a field of requests that the proxy or its layers write.
///
/// A Host has its own fields in a route, and the forwarded fields are a layer's.
fn own_request_field(name: &str) -> Option<Outcome> {
    match name {
        "host" | ":authority" => Some(Outcome::by_hand("`HostRewriteLayer::from_fn`")),
        "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-forwarded-port"
        | "x-real-ip" | "forwarded" => Some(Outcome::refused(
            "`ForwardedLayer` writes what the connection shows; `ForwardedLayer::fields` chooses \
             the fields",
        )),
        _ => message_fields::own_field(name),
    }
}
