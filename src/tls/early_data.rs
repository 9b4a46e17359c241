//! Early data, or 0-RTT: bytes in the first flight of a resumed session (RFC 8446 section 2.3).
//!
//! `pool/send/send_early_data.rs` decides which requests are sent in it, `pool/send/retry.rs` what
//! follows a 425, and `tls_client.rs` how much a session takes.

use std::{
    fmt,
    io::{self, Write},
};

use bytes::Bytes;
use rustls::ClientConnection;

/// Whether requests may be sent before the handshake has ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum EarlyRequests {
    #[default]
    Never,
    /// Requests that do no harm when they are replayed.
    Safe,
}

/// The most early data of one connection.
///
/// It fits into the first flight beside the ClientHello, ten segments (RFC 6928). It is also below
/// the amount that rustls buffers.
pub(super) const FIRST_FLIGHT: usize = 12 * 1024;

/// The start of a request, to be sent as early data. Its fields must not be logged.
#[derive(Clone, Default)]
pub(super) struct EarlyBytes(pub(super) Bytes);

impl fmt::Debug for EarlyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// How much of the early bytes a connection took. It takes all or nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EarlyWrite {
    Nothing,
    All,
}

impl EarlyBytes {
    /// Hands the bytes to the connection if its session takes all of them.
    ///
    /// # Errors
    ///
    /// Fails if the connection took a part of them: it must not be used.
    pub(super) fn write_to(&self, connection: &mut ClientConnection) -> io::Result<EarlyWrite> {
        let Some(mut early) = connection.early_data() else {
            return Ok(EarlyWrite::Nothing);
        };
        if early.bytes_left() < self.0.len() {
            return Ok(EarlyWrite::Nothing);
        }
        early.write_all(&self.0)?;
        Ok(EarlyWrite::All)
    }
}
