//! Fields that a proxy adds to a request, beside those of its map.

use http::{HeaderMap, HeaderValue, header::HOST};

use crate::field_lines::FieldLines;

/// Fields that a proxy adds to a request.
///
/// They are written behind those of the map.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddedFields {
    /// The `Host` to send in place of the map's. Absent if the map's own is sent.
    pub(crate) host: Option<HeaderValue>,
    pub(crate) lines: FieldLines,
}

impl AddedFields {
    /// Inserts the fields into a map, for a client that takes nothing else.
    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        for (name, value) in self.lines.fields() {
            headers.append(name, value);
        }
    }
}
