//! Keeps the first bytes that a peer sends, so that one that does not speak TLS can be quoted.

use std::sync::{Arc, OnceLock};

/// As much as tells one protocol from another.
const KEPT: usize = 64;

/// The first bytes, shared with whoever asks after the stream is gone.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstBytes(Arc<OnceLock<Vec<u8>>>);

impl FirstBytes {
    /// Keeps the start of what was read, if nothing was before.
    pub(super) fn note(&self, read: &[u8]) {
        if !read.is_empty() {
            self.0.get_or_init(|| read[..read.len().min(KEPT)].to_vec());
        }
    }

    pub(super) fn get(&self) -> &[u8] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}
