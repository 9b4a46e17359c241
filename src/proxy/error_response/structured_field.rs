//! Structured field values (RFC 9651), as far as `Proxy-Status` needs them.

use std::{borrow::Cow, fmt::Write};

use http::HeaderValue;

/// A token, string or integer (RFC 9651 section 3.3), in its serialized form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct BareItem(Cow<'static, str>);

impl BareItem {
    /// A token of this crate.
    ///
    /// # Panics
    ///
    /// If the text is not a token.
    pub(super) const fn known_token(text: &'static str) -> Self {
        assert!(is_token(text.as_bytes()), "the text is a token");
        Self(Cow::Borrowed(text))
    }

    /// `None` if the text is not a token (section 4.1.7).
    pub(super) fn token(text: &str) -> Option<Self> {
        is_token(text.as_bytes()).then(|| Self(text.to_owned().into()))
    }

    /// A quoted string. `None` if the text has characters that are not printable ASCII (section
    /// 4.1.6).
    pub(super) fn string(text: &str) -> Option<Self> {
        let mut serialized = String::with_capacity(text.len() + 2);
        serialized.push('"');
        for char in text.chars() {
            match char {
                '"' | '\\' => serialized.extend(['\\', char]),
                ' '..='~' => serialized.push(char),
                _ => return None,
            }
        }
        serialized.push('"');
        Some(Self(serialized.into()))
    }

    /// An integer (section 4.1.4).
    pub(super) fn integer(value: u16) -> Self {
        Self(value.to_string().into())
    }

    /// The serialized form.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether these bytes are a token: it starts with a letter or `*`, and continues with token
/// characters, `:` or `/` (RFC 9651 section 3.3.4).
const fn is_token(text: &[u8]) -> bool {
    let Some((first, mut rest)) = text.split_first() else {
        return false;
    };
    if !first.is_ascii_alphabetic() && *first != b'*' {
        return false;
    }
    while let Some((byte, others)) = rest.split_first() {
        if !is_token_byte(*byte) {
            return false;
        }
        rest = others;
    }
    true
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*')
        || matches!(byte, b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
        || matches!(byte, b':' | b'/')
}

/// A list with one member: an item and its parameters (RFC 9651 sections 4.1.1 to 4.1.3).
pub(super) struct ListMember(String);

impl ListMember {
    pub(super) fn new(item: &BareItem) -> Self {
        Self(item.as_str().to_owned())
    }

    /// Appends a parameter. The key is a lowercase name of this crate (section 4.1.1.3).
    pub(super) fn parameter(mut self, key: &'static str, value: &BareItem) -> Self {
        let _ = write!(self.0, ";{key}={}", value.as_str());
        self
    }

    #[expect(clippy::expect_used, reason = "structured fields are printable ASCII")]
    pub(super) fn into_value(self) -> HeaderValue {
        HeaderValue::try_from(self.0).expect("a structured field is a field value")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_start_with_a_letter_or_an_asterisk() {
        for text in ["cdn-origin", "a", "*", "A1!#$%&'*+-.^_`|~:/", "proxy:8080"] {
            let token = BareItem::token(text);
            assert_eq!(token.as_ref().map(BareItem::as_str), Some(text));
        }
        for text in [
            "", "1a", ":a", "-a", "a b", "a;b", "a,b", "a\"", "[::1]", "ä", "a=b",
        ] {
            assert_eq!(BareItem::token(text), None, "{text}");
        }
    }

    #[test]
    fn strings_are_quoted_and_escaped() {
        for (text, expected) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            (r#"say "a\b""#, r#""say \"a\\b\"""#),
            ("~", r#""~""#),
        ] {
            let string = BareItem::string(text);
            assert_eq!(string.as_ref().map(BareItem::as_str), Some(expected));
        }
        for text in ["a\tb", "a\r\nb", "\0", "\x7f", "ä", "a\u{2019}b"] {
            assert_eq!(BareItem::string(text), None, "{text:?}");
        }
    }

    #[test]
    fn parameters_follow_the_item() {
        let details = BareItem::string("a; b").expect("it is ASCII");
        let member = ListMember::new(&BareItem::known_token("cdn-origin"))
            .parameter("received-status", &BareItem::integer(502))
            .parameter("details", &details);
        let expected = r#"cdn-origin;received-status=502;details="a; b""#;
        assert_eq!(member.into_value(), expected);
    }
}
