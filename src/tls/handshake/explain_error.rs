//! What the errors of rustls mean. No other file outside ech/ reads them.
//!
//! `error/certificate_problem.rs` has the texts of certificate problems.

use std::io;

use rustls::{
    AlertDescription, CertificateError, Error as TlsError, InvalidMessage, PeerIncompatible,
    PeerMisbehaved,
};
use thiserror::Error as ThisError;
use tower::BoxError;

use crate::error::{Alert, CertificateProblem, ErrorKind, HandshakeFlood, source_chain};

/// The meaning of an error from a TLS stream.
pub(crate) struct Explained {
    pub(crate) kind: ErrorKind,
    pub(crate) alert: Option<Alert>,
    /// The rule that the certificate breaks, if it is none about dates, names or issuers.
    pub(super) broken_rule: Option<&'static str>,
    pub(super) tls: Option<TlsError>,
}

impl Explained {
    /// The next level for `source()`: the TLS error itself if there is one.
    ///
    /// The `io::Error` around it would hide it.
    pub(super) fn unwrapped(self, error: io::Error) -> BoxError {
        match self.tls {
            Some(tls) => tls.into(),
            None => error.into(),
        }
    }
}

/// A TLS failure after the handshake.
#[derive(Clone, Debug, ThisError)]
pub(crate) enum TlsFailure {
    #[error("TLS failed")]
    Flood(#[from] HandshakeFlood),
    #[error("TLS failed")]
    Rustls(#[from] TlsError),
}

impl TlsFailure {
    /// The TLS failure in an error of a stream, if there is one.
    pub(crate) fn in_error(error: &io::Error) -> Option<Self> {
        let flood = source_chain::find::<HandshakeFlood>(error).map(|flood| Self::from(*flood));
        flood.or_else(|| {
            source_chain::find::<TlsError>(error).map(|error| Self::from(error.clone()))
        })
    }
}

/// Explains an error that has a TLS or an `io` error anywhere in its chain.
pub(crate) fn explain(error: &(dyn std::error::Error + 'static)) -> Explained {
    if let Some(tls) = source_chain::find::<TlsError>(error) {
        return Explained {
            kind: kind_of_tls(tls),
            alert: match tls {
                TlsError::AlertReceived(alert) => Some(number(*alert)),
                _ => None,
            },
            broken_rule: match tls {
                TlsError::InvalidCertificate(error) => broken_rule(error),
                _ => None,
            },
            tls: Some(tls.clone()),
        };
    }
    let kind = match source_chain::find::<HandshakeFlood>(error) {
        Some(_) => ErrorKind::TlsProtocol,
        None => source_chain::find::<io::Error>(error).map_or(ErrorKind::Io, ErrorKind::of_io),
    };
    Explained {
        kind,
        alert: None,
        broken_rule: None,
        tls: None,
    }
}

/// The alert that the text of an error names, where only its text is left.
pub(crate) fn alert_in_text(text: &str) -> Option<Alert> {
    let mut alerts = (0..=u8::MAX).map(AlertDescription::from);
    let named = alerts.find(|alert| TlsError::AlertReceived(*alert).to_string() == text);
    named.map(number)
}

/// Gives a name to the one error that rustls reports as a bare text.
///
/// rustls buffers up to 64 KiB of handshake messages, and frees none while the last is incomplete.
/// A server that sends a thousand session tickets at once fills the buffer.
pub(crate) fn named(error: io::Error) -> io::Error {
    /// The text of rustls. `tests/it/after_handshake.rs` depends on it.
    const BUFFER_FULL: &str = "message buffer full";
    let inner = error.get_ref();
    match inner.is_some_and(|inner| inner.to_string() == BUFFER_FULL) {
        true => io::Error::new(error.kind(), HandshakeFlood),
        false => error,
    }
}

fn number(alert: AlertDescription) -> Alert {
    Alert::new(alert.into())
}

fn kind_of_tls(error: &TlsError) -> ErrorKind {
    match error {
        TlsError::InvalidCertificate(error) => kind_of_certificate(error),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => ErrorKind::NotTls,
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => ErrorKind::TlsVersionMismatch,
        TlsError::AlertReceived(AlertDescription::NoApplicationProtocol)
        | TlsError::NoApplicationProtocol
        | TlsError::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            ErrorKind::ProtocolNotNegotiated
        }
        TlsError::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(_)) => {
            ErrorKind::EchRejected
        }
        // The end of a stream is no error of TLS (RFC 8446 section 6.1).
        TlsError::AlertReceived(AlertDescription::CloseNotify) => ErrorKind::ConnectionClosed,
        TlsError::AlertReceived(_) => ErrorKind::AlertReceived,
        _ => ErrorKind::TlsProtocol,
    }
}

/// The rule of X.509, as what completes "the certificate".
fn broken_rule(error: &CertificateError) -> Option<&'static str> {
    Some(match error {
        CertificateError::BadEncoding => "is malformed",
        CertificateError::UnhandledCriticalExtension => {
            "has a critical extension that is not supported"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "has a signature of an algorithm that is not accepted"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "is not meant for a server: its extended key usage lacks serverAuth"
        }
        // The errors of webpki have no type here.
        CertificateError::Other(other) => match other.to_string() {
            text if text.contains("NameConstraint") => {
                "violates the name constraints of its authority"
            }
            text if text.contains("PathLen") => "has more issuers than one of them allows",
            text if text.contains("EndEntityUsedAsCa") => {
                "was issued by a certificate that is no authority's"
            }
            _ => return None,
        },
        _ => return None,
    })
}

fn kind_of_certificate(error: &CertificateError) -> ErrorKind {
    match error {
        // Only a failed match of the pins has this error.
        CertificateError::ApplicationVerificationFailure => {
            ErrorKind::Certificate(CertificateProblem::PinMismatch)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ErrorKind::Certificate(CertificateProblem::Expired)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ErrorKind::Certificate(CertificateProblem::NotYetValid)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ErrorKind::Certificate(CertificateProblem::NameMismatch)
        }
        // A root of the same name but with another key leads to a bad signature.
        CertificateError::BadSignature | CertificateError::UnknownIssuer => {
            ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
        }
        CertificateError::Revoked => ErrorKind::Certificate(CertificateProblem::Revoked),
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            ErrorKind::Certificate(CertificateProblem::RevocationUnknown)
        }
        _ => ErrorKind::Certificate(CertificateProblem::Rejected),
    }
}
