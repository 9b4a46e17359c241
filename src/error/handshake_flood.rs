//! A peer that sends too many TLS handshake messages at once.

use thiserror::Error as ThisError;

/// The peer sent more handshake messages at once than rustls buffers.
#[derive(Clone, Copy, Debug, ThisError)]
#[error("more than 64 KiB of TLS handshake messages arrived at once")]
pub(crate) struct HandshakeFlood;
