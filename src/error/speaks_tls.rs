//! A peer that answers plain HTTP with TLS.

use thiserror::Error as ThisError;

/// The source of an error if the peer answered plain HTTP with a TLS record.
#[derive(Debug, ThisError)]
#[error("the first byte of the response is that of a TLS record")]
pub(crate) struct SpeaksTls;

impl SpeaksTls {
    /// The content types of RFC 8446 section 5.1, from change_cipher_spec to heartbeat, and the
    /// major version 3. A packet of MySQL can begin with the same length.
    pub(crate) fn is_start_of(bytes: &[u8]) -> bool {
        matches!(bytes, [0x14..=0x18] | [0x14..=0x18, 3, ..])
    }
}
