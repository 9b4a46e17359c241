//! The path of a Unix socket.

use std::{fmt, sync::Arc};

use super::NameProblem;

/// The smallest `sun_path` of all systems (104 bytes on BSD and macOS), less the terminating zero.
const MAX_LENGTH: usize = 103;

/// The absolute path of a Unix stream socket, at most 103 bytes long. Displayed as `unix:/path`.
///
/// Part of a [`DialTarget`](super::DialTarget), which parses it from `unix:/path`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct SocketPath(Arc<str>);

impl SocketPath {
    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse(path: &str) -> Result<Self, NameProblem> {
        if !path.starts_with('/') || path.ends_with('/') || path.contains('\0') {
            return Err(NameProblem::SocketPath);
        }
        match path.len() {
            0..=MAX_LENGTH => Ok(Self(path.into())),
            _ => Err(NameProblem::SocketPath),
        }
    }
}

impl fmt::Display for SocketPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path may contain control characters; a report or a log must not.
        write!(f, "unix:{}", self.0.escape_debug())
    }
}
