//! Fields of messages that a route, its virtual host and its route configuration change.
//!
//! Envoy applies the changes of the route first, then those of the virtual host, and those of the
//! configuration last, so that the least specific one wins:
//!
//! ```text
//! route configuration    X-Tenant: public     wins
//! virtual host           remove X-Tenant
//! route                  X-Tenant: admin      wins with `most_specific_header_mutations_wins`
//! ```
//!
//! Of one level, it removes fields before it adds others.

use std::collections::BTreeMap;

use crate::import::{
    message_fields::{self, FieldChange},
    note::{Finding, NoteKind},
    settings::Settings,
};

/// The changes, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldEdits {
    edits: Vec<FieldEdit>,
    /// The level of what is read: each one is inside of the level before.
    pub(super) level: usize,
    /// Whether the changes of the route come last.
    pub(super) ends_with_route: bool,
}

#[derive(Clone, Debug)]
struct FieldEdit {
    level: usize,
    /// In lower case.
    name: String,
    kind: EditKind,
}

#[derive(Clone, Debug)]
pub(super) enum EditKind {
    AddToResponses(String),
    RemoveFromRequests,
    RemoveFromResponses,
    SetInRequests(String),
    SetInResponses(String),
}

impl EditKind {
    fn change(&self) -> FieldChange<'_> {
        match self {
            Self::AddToResponses(value) => FieldChange::AddToResponses(value),
            Self::RemoveFromRequests => FieldChange::RemoveFromRequests,
            Self::RemoveFromResponses => FieldChange::RemoveFromResponses,
            Self::SetInRequests(value) => FieldChange::SetInRequests(value),
            Self::SetInResponses(value) => FieldChange::SetInResponses(value),
        }
    }

    /// The field of a route that has the change.
    fn field(&self) -> &'static str {
        match self {
            Self::AddToResponses(_) | Self::SetInResponses(_) => "response_headers_to_add",
            Self::RemoveFromRequests => "request_headers_to_remove",
            Self::RemoveFromResponses => "response_headers_to_remove",
            Self::SetInRequests(_) => "request_headers_to_add",
        }
    }

    fn is_of_requests(&self) -> bool {
        matches!(self, Self::RemoveFromRequests | Self::SetInRequests(_))
    }

    fn removes(&self) -> bool {
        matches!(self, Self::RemoveFromRequests | Self::RemoveFromResponses)
    }
}

impl FieldEdits {
    /// Adds a change of the level that is read, if it can be made.
    pub(super) fn add(&mut self, name: &str, kind: EditKind) -> Finding {
        let finding = message_fields::change(&mut Settings::default(), name, kind.change());
        if finding.kind == NoteKind::Mapped {
            self.edits.push(FieldEdit {
                level: self.level,
                name: name.to_ascii_lowercase(),
                kind,
            });
        }
        finding
    }

    /// Makes the changes. Returns why some of them cannot be made, with the names of their fields.
    pub(super) fn apply(&self, settings: &mut Settings) -> Vec<(&'static str, Finding)> {
        let mut edits: Vec<_> = self.edits.iter().collect();
        let order = |edit: &FieldEdit| match self.ends_with_route {
            true => edit.level,
            false => self.level - edit.level,
        };
        edits.sort_by_key(|edit| (order(edit), !edit.kind.removes()));
        // The changes of each name that no later one undoes.
        let mut changes: BTreeMap<(bool, &str), Vec<&EditKind>> = BTreeMap::new();
        for edit in edits {
            let key = (edit.kind.is_of_requests(), edit.name.as_str());
            let of_name = changes.entry(key).or_default();
            if !matches!(edit.kind, EditKind::AddToResponses(_)) {
                of_name.clear();
            }
            of_name.push(&edit.kind);
        }
        let mut problems = Vec::new();
        for ((_, name), kinds) in changes {
            for kind in kinds {
                let finding = message_fields::change(settings, name, kind.change());
                if finding.kind != NoteKind::Mapped {
                    problems.push((kind.field(), finding));
                }
            }
        }
        problems
    }
}
