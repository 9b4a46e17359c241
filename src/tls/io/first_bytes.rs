//! Records the first bytes from a peer, to show what a peer without TLS sent.

use std::sync::{Arc, OnceLock};

/// Enough to tell one protocol from another.
const CAPACITY: usize = 64;

/// The first bytes. Clones share them, and outlive the stream.
#[derive(Clone, Debug, Default)]
pub(in crate::tls) struct FirstBytes(Arc<OnceLock<Vec<u8>>>);

impl FirstBytes {
    /// Records the start of the first read.
    pub(in crate::tls) fn note(&self, read: &[u8]) {
        if !read.is_empty() {
            self.0
                .get_or_init(|| read[..read.len().min(CAPACITY)].to_vec());
        }
    }

    pub(in crate::tls) fn get(&self) -> &[u8] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}
