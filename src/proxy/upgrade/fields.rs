//! Lists in fields, as the handshakes of upgrades say them.

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
