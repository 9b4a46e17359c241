//! Why a handshake failed.

use tower::BoxError;

use crate::{error::ErrorKind, tls::ech::EchRejection};

/// Why there is no TLS session: the kind of failure and the error behind it.
pub(crate) struct HandshakeFailure {
    pub(crate) kind: ErrorKind,
    pub(crate) source: Option<BoxError>,
    /// What the origin sent when it rejected an encrypted ClientHello.
    pub(in crate::tls) rejection: Option<EchRejection>,
}

impl HandshakeFailure {
    pub(in crate::tls) fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            source: None,
            rejection: None,
        }
    }
}
