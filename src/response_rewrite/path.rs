//! Path prefixes, and how a path of the origin becomes a path of the client.

use std::str::FromStr;

use thiserror::Error;

/// A prefix of a path, in whole segments.
///
/// `/app` and `/app/` are the same prefix. `/application` does not start with it.
///
/// ```
/// use cdn_origin::response_rewrite::PathPrefix;
///
/// let prefix: PathPrefix = "/app/".parse()?;
/// assert!("app".parse::<PathPrefix>().is_err());
/// # Ok::<(), cdn_origin::response_rewrite::PathPrefixError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PathPrefix {
    /// Without a trailing slash: the root is empty.
    text: String,
}

/// A text that is not a path prefix. `Display` shows why.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("{0}")]
pub struct PathPrefixError(PathProblem);

/// Why a text is not a path prefix.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
enum PathProblem {
    /// The text does not start with a slash.
    #[error("a path prefix must start with `/`")]
    NoSlash,
    /// The text starts with two slashes, which a browser reads as the start of a host.
    #[error("a path prefix must not start with `//`")]
    TwoSlashes,
    /// A byte that is not allowed in a path or in a cookie's `Path`.
    #[error("the byte at {at} is not allowed in a path prefix")]
    Character {
        /// Its offset in bytes, from 0.
        at: usize,
    },
}

impl FromStr for PathPrefix {
    type Err = PathPrefixError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.starts_with('/') {
            return Err(PathPrefixError(PathProblem::NoSlash));
        }
        if text.starts_with("//") {
            return Err(PathPrefixError(PathProblem::TwoSlashes));
        }
        let refused = |byte: u8| !byte.is_ascii_graphic() || b"?#;\\\"<>".contains(&byte);
        match text.bytes().position(refused) {
            Some(at) => Err(PathPrefixError(PathProblem::Character { at })),
            None => Ok(Self {
                text: text.strip_suffix('/').unwrap_or(text).to_owned(),
            }),
        }
    }
}

/// A prefix of the origin's paths and its replacement for clients.
#[derive(Clone, Debug)]
pub(super) struct PathMap {
    pub(super) origin: PathPrefix,
    pub(super) client: PathPrefix,
}

impl PathMap {
    /// Replaces the prefix; `None` if the path does not start with it.
    fn apply(&self, path: &str) -> Option<String> {
        let tail = path.strip_prefix(self.origin.text.as_str())?;
        if !(tail.is_empty() || tail.starts_with('/')) {
            return None;
        }
        // Browsers remove tabs before they parse a URL, so `/<tab>/host` is `//host` to them.
        if tail.bytes().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        let mapped = format!("{}{tail}", self.client.text);
        match mapped.as_bytes() {
            [] => Some(String::from("/")),
            // A browser would read the next segment as a host.
            [b'/', b'/' | b'\\', ..] => None,
            _ => Some(mapped),
        }
    }
}

/// Replaces the prefix of a path by the first map that matches; `None` if none does.
pub(super) fn mapped(maps: &[PathMap], path: &str) -> Option<String> {
    maps.iter().find_map(|map| map.apply(path))
}
