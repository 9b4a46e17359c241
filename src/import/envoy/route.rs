//! A route, and what its fields have said so far.
//!
//! Fields of a route configuration and a virtual host hold for all routes in them. They are read
//! into a [`Route`] as well, which the inner ones clone. What they change in messages is in
//! [`FieldEdits`].

use crate::import::{
    draft::Draft,
    group_calls::GroupCalls,
    message_fields,
    note::{Finding, ImportNote, NoteKind},
    settings::{SettingValue, Settings},
};

use super::{
    cluster::{Cluster, RouteHost},
    field_edits::{EditKind, FieldEdits},
    message::{FieldRow, Mapping, Message},
    node::JsonNode,
};

/// A row about a route, its virtual host or its configuration.
pub(super) type RouteRow = FieldRow<Route>;

/// A route; or what all routes of a virtual host have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Route {
    pub(super) line: usize,
    /// What its fields weigh in the budget.
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

impl Message for Route {
    fn note(&mut self, line: usize, field: &str, finding: Finding) {
        self.notes.push(ImportNote::new(line, field, finding));
    }
}

impl Route {
    pub(super) fn set(
        &mut self,
        key: &'static str,
        value: SettingValue,
        text: &'static str,
    ) -> Finding {
        crate::import::draft::set(&mut self.settings, key, value, text)
    }

    pub(super) fn set_time(
        &mut self,
        key: &'static str,
        node: &JsonNode,
        text: &'static str,
    ) -> Mapping {
        let time = SettingValue::Time(node.time()?);
        Ok(self.set(key, time, text))
    }

    /// The draft of the cluster with this route.
    ///
    /// Settings of the route are laid over those of the cluster.
    pub(super) fn finish(mut self, mut cluster: Cluster) -> (Draft, Vec<ImportNote>) {
        cluster.shared.settings.extend(self.settings);
        for (field, finding) in self.edits.apply(&mut cluster.shared.settings) {
            self.notes.push(ImportNote::new(self.line, field, finding));
        }
        cluster.group.extend(self.group);
        let mut draft = cluster.finish(&self.host);
        draft.line = self.line;
        if let Some(finding) = draft.add_route(self.prefix.as_deref()) {
            self.notes
                .push(ImportNote::new(self.line, "match", finding));
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
            let finding = self.add_field(option, name, key);
            let finding = finding.unwrap_or_else(|finding| finding);
            self.note(option.line, &format!("{key} {name}"), finding);
        }
        Ok(Finding::mapped(text))
    }

    /// Values with `%` are formats that Envoy computes for each request.
    fn add_field(&mut self, option: &JsonNode, name: &str, key: &'static str) -> Mapping {
        let is_request = key == "request_headers_to_add";
        let hook = match is_request {
            true => "`OriginProxy::map_request`",
            false => "`OriginProxy::map_response`",
        };
        let own = own_request_field(&name.to_ascii_lowercase());
        if let (true, Some(finding)) = (is_request, own) {
            return Ok(finding);
        }
        let action = option
            .get("append_action")
            .map(JsonNode::text)
            .transpose()?;
        let appends = match (action, option.get("append")) {
            (None, None) | (Some("APPEND_IF_EXISTS_OR_ADD"), _) => true,
            (Some("OVERWRITE_IF_EXISTS_OR_ADD"), _) => false,
            (None, Some(append)) => append.boolean()?,
            (Some(_), _) => return Ok(Finding::by_hand(hook)),
        };
        let value = option
            .at(&["header", "value"])
            .map_or(Ok(""), JsonNode::text)?;
        if value.contains('%') || value.is_empty() {
            return Ok(Finding::by_hand(hook));
        }
        let kind = match (is_request, appends) {
            (true, _) => EditKind::SetInRequests(value.to_owned()),
            (false, true) => EditKind::AddToResponses(value.to_owned()),
            (false, false) => EditKind::SetInResponses(value.to_owned()),
        };
        let finding = self.edits.add(name, kind);
        Ok(match (finding.kind, is_request && appends) {
            (NoteKind::Mapped, true) => Finding::mapped(format!(
                "{hook}; a value that is there already is replaced, where Envoy adds to it"
            )),
            _ => finding,
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
            let kind = match key == "request_headers_to_remove" {
                true => EditKind::RemoveFromRequests,
                false => EditKind::RemoveFromResponses,
            };
            let finding = self.edits.add(name, kind);
            self.note(node.line, &format!("{key} {name}"), finding);
        }
        Ok(Finding::mapped(text))
    }
}

/// What becomes of a field of requests that the proxy or its layers write.
///
/// A Host has its own fields in a route, and the forwarded fields are a layer's.
fn own_request_field(name: &str) -> Option<Finding> {
    match name {
        "host" | ":authority" => Some(Finding::by_hand("`HostRewriteLayer::from_fn`")),
        "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-forwarded-port"
        | "x-real-ip" | "forwarded" => Some(Finding::refused(
            "`ForwardedLayer` writes what the connection shows; `ForwardedLayer::fields` chooses \
             the fields",
        )),
        _ => message_fields::own_field(name),
    }
}
