//! The host of a request, as the registry knows it: in lower case, without port and final dot.

use std::borrow::Cow;

use http::{header::HOST, request::Parts};

use crate::{
    error::{BuildError, BuildProblem, BuildProblemKind},
    name::HostAuthority,
};

/// The host of the tenant for all hosts that belong to no other.
pub(super) const DEFAULT: &str = "*";

/// The host that a request is for. `None` if it names none.
///
/// The target's authority takes precedence (RFC 9112 section 3.2.2). The proxy of the tenant
/// refuses a request with several hosts.
pub(super) fn host_of(parts: &Parts) -> Option<&str> {
    if let Some(authority) = parts.uri.authority() {
        return Some(authority.host());
    }
    parts.headers.get(HOST)?.to_str().ok()
}

/// The key of a host, which may be a wildcard. A name that is not ASCII has that of its A-label, as
/// requests have it.
pub(crate) fn host_key(host: &str) -> Cow<'_, str> {
    if !host.is_ascii() {
        let (wildcard, name) = split_wildcard(host);
        if let Ok(authority) = name.parse::<HostAuthority>() {
            return Cow::Owned(format!("{wildcard}{}", host_key(authority.as_str())));
        }
    }
    let end = match host.rfind(':') {
        // An IPv6 address has colons of its own.
        Some(at) if !host[at..].contains(']') => at,
        _ => host.len(),
    };
    let name = &host[..end];
    let name = name.strip_suffix('.').unwrap_or(name);
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// The key of a host that may have a tenant.
pub(super) fn checked_key<'a>(
    setter: &'static str,
    host: &'a str,
) -> Result<Cow<'a, str>, BuildError> {
    let key = host_key(host);
    let (_, name) = split_wildcard(&key);
    let why = match name {
        "" => "the host is empty".to_owned(),
        _ if key == DEFAULT => return Ok(key),
        _ if name.contains('*') || name.starts_with('.') => {
            "a wildcard stands for the first labels (`*.example.com`), or alone (`*`)".to_owned()
        }
        // A request with another host would be refused before its tenant is looked up.
        _ => match split_wildcard(host).1.parse::<HostAuthority>() {
            Ok(_) => return Ok(key),
            Err(error) => error.to_string(),
        },
    };
    let kind = BuildProblemKind::InvalidName;
    Err(BuildError::of(BuildProblem::new(setter, kind, why)))
}

/// The wildcard before a host, if there is one, and the rest.
fn split_wildcard(host: &str) -> (&str, &str) {
    host.split_at(if host.starts_with("*.") { 2 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_no_request_can_have_is_refused() {
        for host in [
            "a b",
            "x/y",
            " ",
            "http://x.test",
            "d.test:99999",
            "",
            "*.*",
            "a.*.test",
            "*a.test",
            "*..test",
            ".test",
        ] {
            assert!(checked_key("insert", host).is_err(), "{host}");
        }
        for host in [
            "a.test",
            "A.Test:8080",
            "a.test.",
            "[::1]:80",
            "tenant_1",
            "*",
            "*.A.test:80",
        ] {
            assert!(checked_key("insert", host).is_ok(), "{host}");
        }
        let key = checked_key("insert", "B\u{fc}cher.test:80").ok();
        let expected = cfg!(feature = "idna").then_some("xn--bcher-kva.test");
        assert_eq!(key.as_deref(), expected);
        let key = checked_key("insert", "*.B\u{fc}cher.test").ok();
        let expected = cfg!(feature = "idna").then_some("*.xn--bcher-kva.test");
        assert_eq!(key.as_deref(), expected);
    }

    #[test]
    fn a_host_has_one_key_in_each_of_its_forms() {
        for host in ["a.test", "A.Test", "a.test:8080", "a.test.", "A.TEST.:80"] {
            assert_eq!(host_key(host), "a.test");
        }
        for host in ["[::1]", "[::1]:80"] {
            assert_eq!(host_key(host), "[::1]");
        }
        for host in ["", ":", "."] {
            assert_eq!(host_key(host), "");
        }
    }
}
