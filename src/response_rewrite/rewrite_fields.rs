//! Which fields of a response are rewritten, and by which rule. Pure functions.

use std::str;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ALT_SVC, CONTENT_LOCATION, Entry, LOCATION, REFRESH, SET_COOKIE},
};

use crate::downstream::Downstream;

use super::{
    rewrite_context::{RewriteContext, SentTarget},
    rewrite_cookie,
    rewrite_rules::{AltSvcHandling, RewriteRules, RewriteScope},
    rewrite_url,
};

/// Rewrites the fields of a response for this client.
pub(super) fn rewrite_fields(
    rules: &RewriteRules,
    headers: &mut HeaderMap,
    downstream: &Downstream,
    sent: SentTarget<'_>,
) {
    if rules.scope == RewriteScope::Nothing || !headers.keys().any(is_rewritten) {
        return;
    }
    let context = RewriteContext::new(rules, downstream, sent);
    edit(headers, SET_COOKIE, |value| {
        rewrite_cookie::rewritten(value, &context)
    });
    if rules.scope == RewriteScope::Cookies {
        return;
    }
    if rules.alt_svc == AltSvcHandling::Remove {
        headers.remove(ALT_SVC);
    }
    let location = |value: &[u8]| in_text(value, |text| rewrite_url::rewritten(text, &context));
    edit(headers, LOCATION, location);
    edit(headers, CONTENT_LOCATION, location);
    edit(headers, REFRESH, |value| {
        in_text(value, |text| rewrite_url::refresh(text, &context))
    });
}

/// Whether a field of this name may be rewritten. The length rules out most names.
fn is_rewritten(name: &HeaderName) -> bool {
    match name.as_str().len() {
        7 => name == ALT_SVC || name == REFRESH,
        8 => name == LOCATION,
        10 => name == SET_COOKIE,
        16 => name == CONTENT_LOCATION,
        _ => false,
    }
}

/// Rewrites a value that is UTF-8.
fn in_text(value: &[u8], rewrite: impl Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    rewrite(str::from_utf8(value).ok()?).map(String::into_bytes)
}

/// Replaces the values for which `rewrite` returns a new one.
fn edit(headers: &mut HeaderMap, name: HeaderName, rewrite: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let Entry::Occupied(mut lines) = headers.entry(name) else {
        return;
    };
    for line in lines.iter_mut() {
        let new = rewrite(line.as_bytes());
        let new = new.and_then(|new| HeaderValue::from_maybe_shared(Bytes::from(new)).ok());
        if let Some(mut new) = new {
            new.set_sensitive(line.is_sensitive());
            *line = new;
        }
    }
}
