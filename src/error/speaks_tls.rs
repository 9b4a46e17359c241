//! A peer that speaks TLS where plain HTTP was expected.

use thiserror::Error as ThisError;

/// What a failure has beneath it where the peer answered plain HTTP in TLS.
#[derive(Debug, ThisError)]
#[error("its first byte is that of a TLS record")]
pub(crate) struct SpeaksTls;

impl SpeaksTls {
    /// The content types of RFC 8446 section 5.1, from change_cipher_spec to heartbeat.
    pub(crate) fn is_said_by(bytes: &[u8]) -> bool {
        matches!(bytes.first(), Some(0x14..=0x18))
    }
}
