//! A peer that answers plain HTTP with TLS, or TLS with plain HTTP.

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

/// Whether these first bytes are of a web server: a status line, or an HTML page without one.
pub(crate) fn are_of_web_server(first_bytes: &[u8]) -> bool {
    let begins_with = |text: &str| {
        let begin = first_bytes.get(..text.len()).unwrap_or_default();
        begin.eq_ignore_ascii_case(text.as_bytes())
    };
    ["HTTP/", "<!doctype html", "<html"]
        .into_iter()
        .any(begins_with)
}
