//! The host of a request, as the registry knows it: in lower case, without port and final dot.

use std::borrow::Cow;

use http::{header::HOST, request::Parts};

use crate::error::{BuildError, BuildProblem, BuildProblemKind};

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

/// The key of a host.
pub(crate) fn host_key(host: &str) -> Cow<'_, str> {
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
    let why = match &*key {
        "" => "the host is empty",
        DEFAULT => return Ok(key),
        _ if key.contains('*') => {
            "hosts have no wildcards: use `on_demand`, or `*` for all other hosts"
        }
        _ => return Ok(key),
    };
    let kind = BuildProblemKind::InvalidName;
    Err(BuildError::of(BuildProblem::new(setter, kind, why)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
