//! The details of error kinds that have several variations.

use super::Fault;

/// Why the origin's certificate was not accepted.
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

/// Why Encrypted ClientHello failed ([RFC 9849](https://www.rfc-editor.org/rfc/rfc9849)).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EchProblem {
    /// The origin could not decrypt the ClientHello, and authenticated its rejection with a
    /// certificate for the public name (section 6.1.6).
    Rejected,
    /// ECH is [required](crate::tls::Ech::required), and DNS has no usable configuration for it.
    Unavailable,
    /// The peer rejected ECH, and its certificate does not prove the public name. The policy
    /// demands that proof (section 6.1.7). The configuration may be for another server.
    Unproven,
}

impl EchProblem {
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Rejected => ("ech_rejected", "ECH was rejected by the origin"),
            Self::Unavailable => (
                "ech_unavailable",
                "ECH is required, but DNS has no usable configuration",
            ),
            Self::Unproven => (
                "ech_unproven",
                "ECH was rejected by a peer that did not prove the public name",
            ),
        }
    }
}

/// What is wrong with the authority of a client's request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum HostProblem {
    /// The `Host` field contradicts `:authority` (RFC 9113 section 8.3.1).
    Conflict,
    /// `Host` is not a host with an optional port.
    Invalid,
    /// The request has neither `Host` nor an authority.
    Missing,
    /// The request has more than one `Host` field.
    Repeated,
    /// No tenant of [`VirtualHosts`](crate::tenants::VirtualHosts) has the host.
    Unknown,
}

impl HostProblem {
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Conflict => ("host_conflict", "Host and :authority name different hosts"),
            Self::Invalid => ("host_invalid", "Host is not a host with an optional port"),
            Self::Missing => ("host_missing", "Host is missing"),
            Self::Repeated => ("host_repeated", "Host field is repeated"),
            Self::Unknown => ("host_unknown", "no origin is configured for the host"),
        }
    }
}

/// Why the proxy does not forward a request with this head.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RequestProblem {
    /// `Expect` has another value than `100-continue` (RFC 9110 section 10.1.1).
    ExpectationUnknown,
    /// The fields are larger or more numerous than the proxy or the dialled edge allows.
    HeadTooLarge,
    /// The proxy does not forward this method.
    MethodRefused,
    /// The path may lead out of the prefix that `map_path` replaces (RFC 3986 section 5.2.4), or
    /// the mapped path would start with `//`.
    PathAmbiguous,
    /// The target has a form that only CONNECT or OPTIONS may have (RFC 9112 section 3.2), or a
    /// scheme other than http and https.
    TargetInvalid,
    /// The target is longer than the dialled edge allows.
    TargetTooLong,
    /// The request has a transfer coding other than `chunked` (RFC 9112 section 6.1).
    TransferCoding,
}

impl RequestProblem {
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::ExpectationUnknown => (
                "request_expectation_unknown",
                "Expect value is not supported",
            ),
            Self::HeadTooLarge => ("request_head_too_large", "request head is too large"),
            Self::MethodRefused => ("request_method_refused", "method is not forwarded"),
            Self::PathAmbiguous => (
                "request_path_ambiguous",
                "path may lead out of its mapped prefix",
            ),
            Self::TargetInvalid => (
                "request_target_invalid",
                "request target has a form or scheme that is not forwarded",
            ),
            Self::TargetTooLong => ("request_target_too_long", "request target is too long"),
            Self::TransferCoding => (
                "request_transfer_coding",
                "transfer coding other than chunked is not supported",
            ),
        }
    }
}

/// What is wrong with the body of a client's request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RequestBodyProblem {
    /// The body ended in an error before it was complete.
    Failed,
    /// The dialled edge refuses a body with this method.
    NotAllowed,
    /// The body is larger than the proxy allows.
    TooLarge,
}

impl RequestBodyProblem {
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Failed => ("request_body_failed", "request body ended in an error"),
            Self::NotAllowed => (
                "request_body_not_allowed",
                "request body is refused by the edge with this method",
            ),
            Self::TooLarge => ("request_body_too_large", "request body is too large"),
        }
    }
}

/// Why a protocol upgrade failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum UpgradeProblem {
    /// The client's opening handshake of a WebSocket breaks RFC 6455 section 4.1.
    Invalid,
    /// The origin's response does not match the requested upgrade (RFC 9110 section 15.2.2, RFC
    /// 6455 section 4.1).
    Refused,
}

impl UpgradeProblem {
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Invalid => (
                "upgrade_invalid",
                "opening handshake of the WebSocket is malformed",
            ),
            Self::Refused => (
                "upgrade_refused",
                "origin's response does not match the requested upgrade",
            ),
        }
    }
}
