//! The start of what a peer sent in place of a response.
//!
//! They end up in an error's facts and tell an engineer what listens on the port:
//! `SSH-2.0-OpenSSH`, `220 smtp.example ESMTP`, or the preface of HTTP/2. They are data of the
//! peer: every text that shows them escapes them.

use std::fmt;

/// Enough to tell one protocol from another.
pub(super) const CAPACITY: usize = 64;

/// The first bytes, at most 64, of a peer that does not speak HTTP/1, or spoke first.
///
/// Of a message of HTTP they are the first line: the fields may be meant for another client.
pub(crate) struct UnexpectedBytes(Box<[u8]>);

impl UnexpectedBytes {
    /// Keeps the whole start of another protocol, line ends included.
    pub(super) fn new(received: &[u8]) -> Self {
        let start = &received[..received.len().min(CAPACITY)];
        let is_line = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        let end = match start.starts_with(b"HTTP/") {
            true => start.iter().take_while(|byte| is_line(byte)).count(),
            false => start.len(),
        };
        Self(start[..end].into())
    }

    /// Not escaped. `Debug` is.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for UnexpectedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
