//! `SavedFields`: a compact copy of a request's fields, for a retry.

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A compact copy of a request's fields.
///
/// h2 keeps the map of a request that it sends, and few requests are sent again. So the copy is
/// cheap to make, with one allocation, rather than to restore. A clone of the map would allocate
/// for each name that is no standard one.
pub(crate) struct SavedFields {
    /// Each field as two lengths and a mark in one number, then its name and value.
    lines: Vec<u8>,
}

/// The initial capacity for each field, including its number. Most fields are shorter.
const USUAL_LINE: usize = 56;

/// The bits of a number: whether the value is sensitive, the length of the name, which is below
/// 64 KiB, and above them the length of the value.
const NAME_BITS: u32 = 16;
const VALUE_SHIFT: u32 = NAME_BITS + 1;

impl SavedFields {
    /// Copies the fields.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut lines = Vec::with_capacity(headers.len() * USUAL_LINE);
        for (name, value) in headers {
            let is_sensitive = u64::from(value.is_sensitive());
            let name = name.as_str().as_bytes();
            let lengths = (value.len() as u64) << VALUE_SHIFT | (name.len() as u64) << 1;
            lines.put_u64_ne(lengths | is_sensitive);
            lines.extend_from_slice(name);
            lines.extend_from_slice(value.as_bytes());
        }
        Self { lines }
    }

    /// Replaces the fields of a map by the copied ones.
    pub(crate) fn restore(self, headers: &mut HeaderMap) {
        let mut lines = Bytes::from(self.lines);
        headers.clear();
        while lines.has_remaining() {
            let number = lines.get_u64_ne();
            let name = lines.split_to((number >> 1) as usize & ((1 << NAME_BITS) - 1));
            let value = lines.split_to((number >> VALUE_SHIFT) as usize);
            let (name, value) = (
                HeaderName::from_bytes(&name),
                HeaderValue::from_maybe_shared(value),
            );
            // Never fails: they were valid when they were copied.
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(number & 1 == 1);
                headers.append(name, value);
            }
        }
    }
}

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
