//! `SavedFields`: a compact copy of a request's fields, for a retry.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// A compact copy of a request's fields.
///
/// h2 keeps the map of a request that it sends, and few requests are sent again. So the copy is
/// cheap to make, with two allocations, rather than to restore. A clone of the map would allocate
/// for each name that is no standard one.
pub(crate) struct SavedFields {
    /// All names and values, one behind the other.
    text: Vec<u8>,
    lines: Vec<SavedLine>,
}

/// Where a field ends in the text, and what the text does not show.
struct SavedLine {
    name: usize,
    value: usize,
    is_sensitive: bool,
}

impl SavedFields {
    /// Copies the fields.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut text = Vec::with_capacity(USUAL_TEXT);
        let mut lines = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let name = name.as_str().as_bytes();
            text.extend_from_slice(name);
            text.extend_from_slice(value.as_bytes());
            lines.push(SavedLine {
                name: name.len(),
                value: value.len(),
                is_sensitive: value.is_sensitive(),
            });
        }
        Self { text, lines }
    }

    /// Replaces the fields of a map by the copied ones.
    pub(crate) fn restore(self, headers: &mut HeaderMap) {
        let mut text = Bytes::from(self.text);
        headers.clear();
        for line in self.lines {
            let name = HeaderName::from_bytes(&text.split_to(line.name));
            let value = HeaderValue::from_maybe_shared(text.split_to(line.value));
            // Never fails: they were valid when they were copied.
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(line.is_sensitive);
                headers.append(name, value);
            }
        }
    }
}

/// The initial capacity of the text. Nearly all requests have less.
const USUAL_TEXT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_restored_in_their_order_with_their_marks() {
        let mut headers = HeaderMap::new();
        let mut secret = HeaderValue::from_static("secret");
        secret.set_sensitive(true);
        headers.append("cookie", secret);
        headers.append("x-empty", HeaderValue::from_static(""));
        headers.append("x-twice", HeaderValue::from_static("1"));
        headers.append("x-latin", HeaderValue::from_bytes(b"\xe9").unwrap());
        headers.append("x-twice", HeaderValue::from_static("2"));
        let mut restored = HeaderMap::new();
        restored.append("x-other", HeaderValue::from_static("gone"));
        SavedFields::of(&headers).restore(&mut restored);
        assert!(restored.iter().eq(headers.iter()));
        assert!(restored["cookie"].is_sensitive());
        assert!(!restored["x-empty"].is_sensitive());
    }
}
