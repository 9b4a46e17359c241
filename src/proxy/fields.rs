//! Which fields a message has, and what is said in them: the members of lists, and tokens.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The members of a list, over all lines of the field. Lines that are no text have none.
pub(super) fn members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
}

/// Whether the list has this member, in any case.
pub(super) fn lists(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    members(headers, name).any(|member| member.eq_ignore_ascii_case(wanted))
}

/// The one line of the field; none if there is none, or more.
pub(super) fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|_| lines.next().is_none())
}

/// Which of the names there are such. One look at each that is there costs less than one look-up
/// for each that might be.
pub(super) fn present(
    headers: &HeaderMap,
    is_such: impl Fn(&HeaderName) -> bool,
) -> Vec<HeaderName> {
    let names = headers.keys();
    names.filter(|name| is_such(name)).cloned().collect()
}

/// Whether it is one word, as names of methods, fields and protocols are (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}
