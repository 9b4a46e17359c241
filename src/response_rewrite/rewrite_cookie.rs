//! Rewrites the attributes of one `Set-Cookie` value; all other bytes stay.

use crate::origin::Scheme;

use super::{rewrite_context::RewriteContext, rewrite_rules::SecureCookies};

/// Rewrites a cookie for the client; `None` if it stays as it is.
pub(super) fn rewritten(cookie: &[u8], context: &RewriteContext<'_>) -> Option<Vec<u8>> {
    let mut segments = cookie.split(|byte| *byte == b';');
    let pair = segments.next()?;
    // RFC 6265bis section 4.1.3.2: the name binds the cookie to its host and to the path `/`.
    if has_prefix(pair, b"__Host-") {
        return None;
    }
    let attributes = segments.map(|segment| (segment, AttributeEdit::of(segment, pair, context)));
    let attributes: Vec<_> = attributes.collect();
    if attributes
        .iter()
        .all(|(_, edit)| *edit == AttributeEdit::Keep)
    {
        return None;
    }
    let mut edited = pair.to_vec();
    for (segment, edit) in attributes {
        match edit {
            AttributeEdit::Drop => continue,
            AttributeEdit::Keep => push_segment(&mut edited, segment),
            AttributeEdit::Replace(new) => push_segment(&mut edited, &new),
        }
    }
    Some(edited)
}

fn push_segment(cookie: &mut Vec<u8>, segment: &[u8]) {
    cookie.push(b';');
    cookie.extend_from_slice(segment);
}

/// What to do with one attribute.
#[derive(Debug, Eq, PartialEq)]
enum AttributeEdit {
    Drop,
    Keep,
    Replace(Vec<u8>),
}

impl AttributeEdit {
    fn of(segment: &[u8], pair: &[u8], context: &RewriteContext<'_>) -> Self {
        let equals = segment.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&segment[..at], segment[at + 1..].trim_ascii()),
            None => (segment, &[][..]),
        };
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"domain") && is_domain_of_origin(value, context) {
            return Self::Drop;
        }
        if name.eq_ignore_ascii_case(b"path") {
            return Self::of_path(segment, value, context);
        }
        let is_secure = name.eq_ignore_ascii_case(b"secure");
        match is_secure && may_lose_secure(pair, context) {
            true => Self::Drop,
            false => Self::Keep,
        }
    }

    fn of_path(segment: &[u8], value: &[u8], context: &RewriteContext<'_>) -> Self {
        let path = std::str::from_utf8(value).ok();
        let Some(path) = path.and_then(|path| context.mapped_path(path)) else {
            return Self::Keep;
        };
        let start = segment.iter().position(|byte| *byte == b'=');
        let before = start.map_or(segment, |at| &segment[..=at]);
        Self::Replace([before, path.as_bytes()].concat())
    }
}

/// Whether a name of the origin domain-matches this value and the client's host does not.
fn is_domain_of_origin(value: &[u8], context: &RewriteContext<'_>) -> bool {
    let domain = value.strip_prefix(b".").unwrap_or(value);
    let client = context.downstream.host.as_ref();
    let matches_client = client.is_some_and(|host| domain_matches(host.host(), domain));
    let mut names = context.origin_names();
    !domain.is_empty() && !matches_client && names.any(|name| domain_matches(name.host(), domain))
}

/// Domain match (RFC 6265 section 5.1.3). A domain of one label has no subdomains: it is a registry
/// or the name of a machine.
fn domain_matches(host: &str, domain: &[u8]) -> bool {
    let host = host.as_bytes();
    let Some(start) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let (sub, end) = host.split_at(start);
    let is_below = sub.ends_with(b".") && domain.contains(&b'.');
    end.eq_ignore_ascii_case(domain) && (sub.is_empty() || is_below)
}

/// Whether `Secure` may be dropped for this client.
///
/// RFC 6265bis section 4.1.3.1: a browser refuses a cookie named `__Secure-` without the attribute.
fn may_lose_secure(pair: &[u8], context: &RewriteContext<'_>) -> bool {
    context.secure_cookies == SecureCookies::DropOverHttp
        && context.downstream.scheme == Scheme::Http
        && !has_prefix(pair, b"__Secure-")
}

fn has_prefix(pair: &[u8], prefix: &[u8]) -> bool {
    let name = pair.trim_ascii_start();
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
