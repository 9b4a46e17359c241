//! The pure rule: which fields of a response are rewritten.

use std::str;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ALT_SVC, CONTENT_LOCATION, Entry, LOCATION, REFRESH, SET_COOKIE},
};

use crate::{downstream::Downstream, name::HostAuthority, origin::Scheme};

use super::{
    cookie,
    layer::{AltSvc, ResponseRewriteLayer},
    path::PathMap,
    url,
};

/// The two sides of one exchange.
pub(super) struct Sides<'a> {
    pub(super) downstream: &'a Downstream,
    names: &'a [HostAuthority],
    /// What this very request said, if that is known.
    told: Option<&'a HostAuthority>,
    /// Unknown if only names were given.
    pub(super) origin_scheme: Option<Scheme>,
    pub(super) paths: &'a [PathMap],
    pub(super) secure: Secure,
}

/// What becomes of the attribute `Secure` where clients speak plain http.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Secure {
    DroppedOverHttp,
    Kept,
}

impl Sides<'_> {
    pub(super) fn origin_names(&self) -> impl Iterator<Item = &HostAuthority> {
        self.names.iter().chain(self.told)
    }
}

impl ResponseRewriteLayer {
    /// Rewrites the fields of a response to this client. `told` is the Host that the origin was
    /// told, where that is known.
    pub(crate) fn apply(
        &self,
        headers: &mut HeaderMap,
        downstream: &Downstream,
        told: Option<&HostAuthority>,
    ) {
        if self.is_off() || !headers.keys().any(is_rewritten) {
            return;
        }
        let rules = &*self.rules;
        let sides = Sides {
            downstream,
            names: &rules.names,
            told,
            origin_scheme: rules.origin_scheme,
            paths: &rules.paths,
            secure: rules.secure,
        };
        if rules.alt_svc == AltSvc::Removed {
            headers.remove(ALT_SVC);
        }
        let location = |value: &[u8]| in_text(value, |text| url::rewritten(text, &sides));
        edit(headers, LOCATION, location);
        edit(headers, CONTENT_LOCATION, location);
        edit(headers, REFRESH, |value| {
            in_text(value, |text| url::refresh(text, &sides))
        });
        edit(headers, SET_COOKIE, |value| {
            cookie::rewritten(value, &sides)
        });
    }
}

/// The lengths alone rule out most names.
fn is_rewritten(name: &HeaderName) -> bool {
    match name.as_str().len() {
        7 => name == ALT_SVC || name == REFRESH,
        8 => name == LOCATION,
        10 => name == SET_COOKIE,
        16 => name == CONTENT_LOCATION,
        _ => false,
    }
}

fn in_text(value: &[u8], rewrite: impl Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    rewrite(str::from_utf8(value).ok()?).map(String::into_bytes)
}

/// Replaces the values for which there is a new one.
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
