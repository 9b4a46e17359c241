//! Path prefixes, and how a path of one side becomes a path of the other.

use std::str::FromStr;

use bytes::Bytes;
use http::uri::PathAndQuery;

use crate::invalid_value::InvalidValue;

/// A prefix of a path, in whole segments.
///
/// `/app` and `/app/` are the same prefix. `/application` does not start with it.
///
/// ```
/// use cdn_origin::response_rewrite::PathPrefix;
///
/// let prefix: PathPrefix = "/app/".parse()?;
/// assert!("app".parse::<PathPrefix>().is_err());
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PathPrefix {
    /// Without a trailing slash: the root is empty.
    text: String,
}

impl FromStr for PathPrefix {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with('/') {
            return Err(InvalidValue::new("a path prefix must start with `/`"));
        }
        if text.starts_with("//") {
            return Err(InvalidValue::new("a path prefix must not start with `//`"));
        }
        let refused = |byte: u8| !byte.is_ascii_graphic() || b"?#;\\\"<>".contains(&byte);
        match text.bytes().position(refused) {
            Some(at) => Err(InvalidValue::new(format_args!(
                "the byte at {at} is not allowed in a path prefix"
            ))),
            None => Ok(Self {
                text: text.strip_suffix('/').unwrap_or(text).to_owned(),
            }),
        }
    }
}

/// A prefix of the origin's paths, and the client's prefix for it.
#[derive(Clone, Debug)]
pub(crate) struct PathMap {
    pub(crate) origin: PathPrefix,
    pub(crate) client: PathPrefix,
}

/// A request path that recipients may resolve to another place than below its prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct AmbiguousPath;

impl PathMap {
    /// A path of the origin as one of the client; `None` if it does not have the prefix.
    pub(super) fn to_client(&self, path: &str) -> Option<String> {
        let tail = self.origin.strip(path)?;
        // Browsers remove tabs before they parse a URL, so `/<tab>/host` is `//host` to them.
        if tail.bytes().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        self.client.joined(tail)
    }

    /// The target of a request as the origin gets it; `None` if it does not have the prefix.
    ///
    /// The bytes after the prefix and the query stay as they are.
    pub(crate) fn to_origin(
        &self,
        target: &PathAndQuery,
    ) -> Option<Result<PathAndQuery, AmbiguousPath>> {
        let tail = self.client.strip(target.path())?;
        Some(self.origin_target(tail, target.query()))
    }

    fn origin_target(
        &self,
        tail: &str,
        query: Option<&str>,
    ) -> Result<PathAndQuery, AmbiguousPath> {
        if has_parent_segment(tail) {
            return Err(AmbiguousPath);
        }
        let mut mapped = self.origin.joined(tail).ok_or(AmbiguousPath)?;
        if let Some(query) = query {
            mapped.push('?');
            mapped.push_str(query);
        }
        PathAndQuery::from_maybe_shared(Bytes::from(mapped)).map_err(|_| AmbiguousPath)
    }
}

impl PathPrefix {
    /// What follows this prefix in a path: nothing, or whole segments.
    fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let tail = path.strip_prefix(self.text.as_str())?;
        (path.starts_with('/') && (tail.is_empty() || tail.starts_with('/'))).then_some(tail)
    }

    /// The path with this prefix; `None` if a browser would read its next segment as a host.
    fn joined(&self, tail: &str) -> Option<String> {
        let path = format!("{}{tail}", self.text);
        match path.as_bytes() {
            [] => Some(String::from("/")),
            [b'/', b'/' | b'\\', ..] => None,
            _ => Some(path),
        }
    }
}

/// Whether a server may find a `..` segment in a path.
///
/// Servers differ in what they decode first, in taking a backslash for a slash, and in removing
/// parameters (`..;a=1`). What one of them resolves counts.
fn has_parent_segment(path: &str) -> bool {
    if !path.contains("..") && !path.contains('%') {
        return false;
    }
    let decoded = path.to_ascii_lowercase().replace("%2e", ".");
    let decoded = decoded.replace("%2f", "/").replace("%5c", "\\");
    let decoded = decoded.replace("%3b", ";");
    let mut segments = decoded.split(['/', '\\']);
    segments.any(|segment| segment.split(';').next() == Some(".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(client: &str, origin: &str) -> PathMap {
        PathMap {
            client: client.parse().unwrap(),
            origin: origin.parse().unwrap(),
        }
    }

    #[test]
    fn a_prefix_is_replaced_and_all_other_bytes_stay() {
        for (client, origin, target, expected) in [
            ("/app", "/", "/app", "/"),
            ("/app/", "/", "/app/", "/"),
            ("/app", "/", "/app?q=/app/..", "/?q=/app/.."),
            ("/app", "/v2", "/app", "/v2"),
            ("/app", "/v2", "/app/", "/v2/"),
            ("/app", "/v2", "/app//a", "/v2//a"),
            (
                "/app",
                "/v2",
                "/app/%2F%41%zz/./...?",
                "/v2/%2F%41%zz/./...?",
            ),
            ("/", "/v2", "/", "/v2/"),
            ("/", "/v2", "/a", "/v2/a"),
        ] {
            let mapped = map(client, origin).to_origin(&target.parse().unwrap());
            assert_eq!(
                mapped.unwrap().unwrap(),
                expected,
                "{client} {origin} {target}"
            );
        }
    }

    #[test]
    fn another_path_and_the_asterisk_have_no_prefix() {
        for target in [
            "/",
            "/application",
            "/a/app",
            "/App/x",
            "/%61pp/x",
            "//app",
            "*",
        ] {
            let mapped = map("/app", "/").to_origin(&target.parse().unwrap());
            assert_eq!(mapped, None, "{target}");
        }
        assert_eq!(
            map("/", "/v2").to_origin(&PathAndQuery::from_static("*")),
            None
        );
    }

    #[test]
    fn a_path_that_may_leave_its_prefix_is_refused() {
        for tail in [
            "/..",
            "/../b",
            "/a/../../b",
            "/%2e%2E/b",
            "/.%2e/b",
            "/..%2fb",
            "/a%2f..%2fb",
            "/..%5cb",
            "/..\\b",
            "/..;/b",
            "/..;a=1/b",
            "/..%3b/b",
        ] {
            let target = format!("/app{tail}").parse().unwrap();
            let mapped = map("/app", "/v2").to_origin(&target);
            assert_eq!(mapped, Some(Err(AmbiguousPath)), "{tail}");
        }
        for tail in ["//host.example", "/\\host.example"] {
            let target = format!("/app{tail}").parse().unwrap();
            assert_eq!(
                map("/app", "/").to_origin(&target),
                Some(Err(AmbiguousPath)),
                "{tail}"
            );
        }
    }
}
