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
    note::{NoteKind, Outcome},
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
    change: FieldChange,
}

/// The field of a route that has the change.
fn field_of(change: &FieldChange) -> &'static str {
    match change {
        FieldChange::AddToResponses(_) | FieldChange::SetInResponses(_) => {
            "response_headers_to_add"
        }
        FieldChange::RemoveFromRequests => "request_headers_to_remove",
        FieldChange::RemoveFromResponses => "response_headers_to_remove",
        FieldChange::SetInRequests(_) => "request_headers_to_add",
    }
}

impl FieldEdits {
    /// Adds a change of the level that is read, if it can be made.
    pub(super) fn add(&mut self, name: &str, change: FieldChange) -> Outcome {
        let outcome = message_fields::change(&mut Settings::default(), name, &change);
        if outcome.kind == NoteKind::Mapped {
            self.edits.push(FieldEdit {
                level: self.level,
                name: name.to_ascii_lowercase(),
                change,
            });
        }
        outcome
    }

    /// Makes the changes. Returns why some of them cannot be made, with the names of their fields.
    pub(super) fn apply(&self, settings: &mut Settings) -> Vec<(&'static str, Outcome)> {
        let mut edits: Vec<_> = self.edits.iter().collect();
        let order = |edit: &FieldEdit| match self.ends_with_route {
            true => edit.level,
            false => self.level - edit.level,
        };
        edits.sort_by_key(|edit| (order(edit), !edit.change.is_removal()));
        // The changes of each name that no later one undoes.
        let mut changes: BTreeMap<(bool, &str), Vec<&FieldChange>> = BTreeMap::new();
        for edit in edits {
            let key = (edit.change.is_of_requests(), edit.name.as_str());
            let of_name = changes.entry(key).or_default();
            if !matches!(edit.change, FieldChange::AddToResponses(_)) {
                of_name.clear();
            }
            of_name.push(&edit.change);
        }
        let mut problems = Vec::new();
        for ((_, name), changes) in changes {
            for change in changes {
                let outcome = message_fields::change(settings, name, change);
                if outcome.kind != NoteKind::Mapped {
                    problems.push((field_of(change), outcome));
                }
            }
        }
        problems
    }
}
