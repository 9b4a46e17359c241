//! Reads a message by a table of its fields.
//!
//! A row's name is a path from the message that a table is about, so that one table covers nested
//! messages:
//!
//! ```text
//! "outlier_detection.interval"       a row: its function is called
//! "outlier_detection"                no row, but others are below: its fields are read
//! "outlier_detection.unknown"        no row: unmapped
//! ```
//!
//! Elements of a list have the path of the list.

use std::collections::BTreeSet;

use crate::import::{directive_row::DirectiveRow, note::Outcome};

use super::node::{JsonNode, JsonValue, field_bytes, is_same_field};

/// A row about a field. Its name is a path such as `outlier_detection.interval`.
pub(super) type FieldRow<T> = DirectiveRow<MapField<T>>;

/// Maps a field. The last argument is the text of its row.
///
/// Called for each field that is present and not null.
pub(super) type MapField<T> = fn(&mut T, &JsonNode, &'static str) -> Mapping;

/// What becomes of a field, or why its value cannot be used.
pub(super) type Mapping = Result<Outcome, Outcome>;

/// What has fields, and takes a note for each of them.
///
/// Notes are kept with the message until it is complete, and then moved to the importer.
pub(super) trait NoteSink {
    fn note(&mut self, line: usize, field: &str, outcome: Outcome);
}

/// Reads the fields of a message. `path` is the start of the names of the rows.
///
/// A field without a row has a note, and so has one that occurs twice.
pub(super) fn read<T: NoteSink>(
    message: &mut T,
    path: &str,
    node: &JsonNode,
    rows: &'static [FieldRow<T>],
) {
    let JsonValue::Object(members) = &node.value else {
        return message.note(node.line, path, Outcome::refused("the value is no object"));
    };
    let mut seen = BTreeSet::new();
    for (name, node) in members {
        if name == "@type" {
            continue;
        }
        let path = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        if seen.insert(field_bytes(name).collect::<Vec<_>>()) {
            read_field(message, &path, node, rows);
        } else {
            let text = "the field occurs twice: the first one counts";
            message.note(node.line, &path, Outcome::refused(text));
        }
    }
}

/// An empty object or list has the defaults of its fields.
fn read_field<T: NoteSink>(
    message: &mut T,
    path: &str,
    node: &JsonNode,
    rows: &'static [FieldRow<T>],
) {
    let row = rows.iter().find(|row| is_same_field(row.name, path));
    let is_parent = || rows.iter().any(|row| is_below(row.name, path));
    let outcome = match (row, &node.value) {
        (None, _) if !is_parent() => Outcome::unmapped(),
        (_, JsonValue::Null) => Outcome::no_effect("null stands for the default"),
        (Some(row), _) => row.apply(|map| map(message, node, row.text).unwrap_or_else(|it| it)),
        (None, JsonValue::Object(members)) if !members.is_empty() => {
            return read(message, path, node, rows);
        }
        (None, JsonValue::List(elements)) if !elements.is_empty() => {
            return elements
                .iter()
                .for_each(|element| read(message, path, element, rows));
        }
        (None, JsonValue::Object(_) | JsonValue::List(_)) => {
            Outcome::no_effect("it is empty, and has the defaults")
        }
        (None, _) => Outcome::refused("the value is no object"),
    };
    message.note(node.line, row.map_or(path, |row| row.name), outcome);
}

/// Whether the field of this name is inside of the one at this path.
fn is_below(name: &str, path: &str) -> bool {
    let mut name = field_bytes(name);
    field_bytes(path).all(|byte| name.next() == Some(byte)) && name.next() == Some(b'.')
}
