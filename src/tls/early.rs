//! Early data, or 0-RTT: bytes in the first flight of a handshake that resumes a session (RFC 8446
//! section 2.3).

use std::{
    fmt,
    io::{self, Write},
};

use bytes::Bytes;
use rustls::ClientConnection;

use crate::{
    error::TlsVersion,
    name::{ExpectedName, Sni},
};

use super::{TlsClient, client::name_for_rustls};

/// Whether requests may be sent before the handshake has ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum EarlyRequests {
    #[default]
    Never,
    /// Those that nobody can do harm with by sending them once more.
    Safe,
}

/// The start of a request: fields that no log may say.
#[derive(Clone, Default)]
pub(super) struct Opening(pub(super) Bytes);

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// As much as the first flight has room for beside the ClientHello: ten segments (RFC 6928). It
/// also lies below what rustls keeps of what is not sent yet.
const FIRST_FLIGHT: usize = 12 * 1024;

impl TlsClient {
    /// How many bytes the next connection may begin with: none, unless the session that it would
    /// resume takes early data.
    pub(crate) fn early_room(&self, sni: &Sni, expected_name: &ExpectedName) -> usize {
        // A hello that may be rejected is no place for it.
        let (EarlyRequests::Safe, Some(sessions), None) =
            (self.early_requests, &self.sessions, &self.ech)
        else {
            return 0;
        };
        let name = name_for_rustls(sni, expected_name);
        sessions.early_room(&name).min(FIRST_FLIGHT)
    }

    /// Whether early data is allowed that can never be sent.
    pub(crate) fn misses_early_data(&self) -> bool {
        let can = self.offer.newest >= TlsVersion::V1_3
            && self.sessions.is_some()
            && self.ech.is_none()
            && !self.requires_http2();
        self.early_requests == EarlyRequests::Safe && !can
    }

    /// Says what this connection begins with, all of it or nothing. Whether it was said.
    ///
    /// # Errors
    ///
    /// If a part of it was said: the connection must not be used.
    pub(super) fn say_early(&self, connection: &mut ClientConnection) -> io::Result<bool> {
        let Some(mut early) = connection.early_data() else {
            return Ok(false);
        };
        if early.bytes_left() < self.opening.0.len() {
            return Ok(false);
        }
        early.write_all(&self.opening.0)?;
        Ok(true)
    }
}
