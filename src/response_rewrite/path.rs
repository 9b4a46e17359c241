//! Path prefixes of the origin and of clients.

use std::str::FromStr;

use thiserror::Error;

/// The start of a path, in whole segments: `/app` and `/app/` are the same, and `/application` does
/// not lie in it.
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
    /// Without the slash at its end, so that the root is empty.
    text: String,
}

/// A text that is not the start of a path.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PathPrefixError {
    /// It does not start with a slash.
    #[error("a path prefix starts with `/`")]
    NoSlash,
    /// It starts with two slashes, which a browser takes for a host.
    #[error("a path prefix does not start with `//`")]
    TwoSlashes,
    /// A character that has no place in a path or in a cookie's `Path`.
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
            return Err(PathPrefixError::NoSlash);
        }
        if text.starts_with("//") {
            return Err(PathPrefixError::TwoSlashes);
        }
        let refused = |byte: u8| !byte.is_ascii_graphic() || b"?#;\\\"<>".contains(&byte);
        match text.bytes().position(refused) {
            Some(at) => Err(PathPrefixError::Character { at }),
            None => Ok(Self {
                text: text.strip_suffix('/').unwrap_or(text).to_owned(),
            }),
        }
    }
}

/// What stands for a prefix of the origin on the client's side.
#[derive(Clone, Debug)]
pub(super) struct PathMap {
    pub(super) origin: PathPrefix,
    pub(super) client: PathPrefix,
}

impl PathMap {
    /// The path on the client's side, if this one starts with the prefix.
    fn apply(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(self.origin.text.as_str())?;
        if !(rest.is_empty() || rest.starts_with('/')) {
            return None;
        }
        // Browsers remove tabs before they read a URL: what follows a slash and a tab may be a host
        // to them.
        if rest.bytes().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        let mapped = format!("{}{rest}", self.client.text);
        match mapped.as_bytes() {
            [] => Some(String::from("/")),
            // What follows would be a host to a browser.
            [b'/', b'/' | b'\\', ..] => None,
            _ => Some(mapped),
        }
    }
}

/// The path on the client's side by the first map that knows its prefix.
pub(super) fn mapped(maps: &[PathMap], path: &str) -> Option<String> {
    maps.iter().find_map(|map| map.apply(path))
}
