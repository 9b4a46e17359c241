//! Why an origin refuses our client certificate.
//!
//! The alert is the only reason that the peer gives. RFC 8446 section 6.2 says which reason has
//! which number, and servers follow it where they give one at all.

use super::error_evidence::Evidence;

/// The text of a client certificate that the origin refuses.
pub(super) fn refused_certificate(evidence: &Evidence<'_>) -> String {
    let (reason, _) = refusal(evidence);
    format!("the origin refuses our client certificate: {reason}")
}

/// Why the origin refuses our certificate, according to its alert (RFC 8446 section 6.2), and the
/// fix.
///
/// The first text completes "the origin refuses our client certificate:", and the second is the
/// advice.
pub(super) fn refusal(evidence: &Evidence<'_>) -> (&'static str, &'static str) {
    match evidence.late_alert() {
        Some(48) => (
            "its issuer is unknown, or an intermediate certificate is missing",
            "add the intermediate certificates to ClientIdentity, or let the origin trust our \
             authority",
        ),
        Some(45) => ("it has expired", "renew the client certificate"),
        Some(44) => ("it is revoked", "renew the client certificate"),
        Some(43) => (
            "its type or purpose is not accepted",
            "use a client certificate with the extended key usage clientAuth",
        ),
        Some(51) => (
            "its signature is invalid, as if it came from another authority of the same name",
            "use a client certificate of the authority that the origin trusts",
        ),
        Some(49) => (
            "it is valid, but not authorized",
            "let the origin admit our client certificate",
        ),
        _ => (
            "no reason was given",
            "let the origin trust our authority, and check the origin's log",
        ),
    }
}
