//! `CertificateProblem`: why a certificate was not accepted, with its labels and texts.

use super::Fault;

/// Why the origin's certificate was not accepted.
///
/// | variant | fault | look at |
/// |---|---|---|
/// | `NameMismatch` | config | the expected name, and the names that the certificate has |
/// | `UnknownIssuer` | config | the trusted roots, and whether the origin sends its intermediates |
/// | `PinMismatch` | config | the pins, after the origin has changed its key |
/// | `RevocationUnknown` | config | the revocation lists and their age |
/// | all others | origin | the origin's certificate |
///
/// ```
/// use cdn_origin::{Error, ErrorKind, error::CertificateProblem};
///
/// /// Whether a renewal of the origin's certificate would help.
/// fn needs_renewal(error: &Error) -> bool {
///     error.kind() == ErrorKind::Certificate(CertificateProblem::Expired)
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// The validity period has ended.
    Expired,
    /// The certificate was accepted, but the peer did not prove that it holds the private key.
    KeyNotProven,
    /// The certificate is valid, but not for the expected name.
    NameMismatch,
    /// The validity period has not begun.
    NotYetValid,
    /// Neither the certificate nor its public key matches a pin.
    PinMismatch,
    /// The certificate is malformed, or breaks another rule.
    Rejected,
    /// The policy requires revocation checking, and no current revocation list covers the
    /// certificate.
    RevocationUnknown,
    /// A revocation list names the certificate or one of its issuers.
    Revoked,
    /// The chain leads to no trusted root.
    UnknownIssuer,
}

impl CertificateProblem {
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::NameMismatch
            | Self::PinMismatch
            | Self::RevocationUnknown
            | Self::UnknownIssuer => Fault::Config,
            Self::Expired
            | Self::KeyNotProven
            | Self::NotYetValid
            | Self::Rejected
            | Self::Revoked => Fault::Origin,
        }
    }

    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Expired => ("certificate_expired", "certificate has expired"),
            Self::KeyNotProven => (
                "certificate_key_not_proven",
                "peer did not prove that it holds the certificate's key",
            ),
            Self::NameMismatch => (
                "certificate_name_mismatch",
                "certificate is not valid for the expected name",
            ),
            Self::NotYetValid => ("certificate_not_yet_valid", "certificate is not valid yet"),
            Self::PinMismatch => (
                "certificate_pin_mismatch",
                "certificate and its key match no pin",
            ),
            Self::Rejected => ("certificate_rejected", "certificate was rejected"),
            Self::RevocationUnknown => (
                "certificate_revocation_unknown",
                "certificate is not covered by a current revocation list",
            ),
            Self::Revoked => ("certificate_revoked", "certificate is revoked"),
            Self::UnknownIssuer => (
                "certificate_unknown_issuer",
                "certificate chain leads to no trusted root",
            ),
        }
    }
}
