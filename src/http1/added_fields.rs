//! Fields that a proxy adds to a request, beside those of its map.
//!
//! The fields of the client's request stay in its `HeaderMap`. What the proxy adds, such as `Via`,
//! `Forwarded` and the origin's `Host`, is kept beside it. The encoder writes both:
//!
//! ```text
//! host: <host>               first, if it is set (RFC 9110 section 7.2)
//! <fields of the map>        in their order; without Host if `host` is set
//! <lines>                    the added ones
//! ```

use http::{HeaderMap, HeaderValue, header::HOST};

use crate::field_lines::FieldLines;

/// Fields that a proxy adds to a request.
///
/// They are written behind those of the map.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddedFields {
    /// The `Host` to send in place of the map's. Absent if the map's own is sent.
    pub(crate) host: Option<HeaderValue>,
    /// Complete field lines, ready to be copied into the head. They are appended: a name that the
    /// map has too is then sent twice, which is a list for `Via` and `Forwarded` (RFC 9110 section
    /// 5.3).
    pub(crate) lines: FieldLines,
}

impl AddedFields {
    /// Inserts the fields into a map, for a client that takes nothing else.
    ///
    /// HTTP/2 is such a client: h2 encodes a `HeaderMap`. `Host` replaces what the map has; the
    /// other fields are appended to what it has.
    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        for (name, value) in self.lines.fields() {
            headers.append(name, value);
        }
    }
}
