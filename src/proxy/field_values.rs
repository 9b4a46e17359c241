//! Reads fields: list members, single lines and tokens.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The members of a list, over all lines of the field. Lines that are not text are skipped.
pub(super) fn list_members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
}

/// Whether the list has this member, in any case.
pub(super) fn list_contains(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    list_members(headers, name).any(|member| member.eq_ignore_ascii_case(wanted))
}

/// The only line of the field; `None` if it is absent or has several lines.
pub(super) fn single_line(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// The names of the fields that match. One pass over all fields costs less than many look-ups.
pub(super) fn names_matching(
    headers: &HeaderMap,
    matches: impl Fn(&HeaderName) -> bool,
) -> Vec<HeaderName> {
    let names = headers.keys();
    names.filter(|name| matches(name)).cloned().collect()
}

/// Whether the text is a token (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}
