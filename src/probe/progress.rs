//! What an attempt has proved about the peer.

use http::StatusCode;

use crate::{
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{CertificateProblem, Error, ErrorKind, SpeaksTls, Stage},
    origin::Scheme,
    pool::has_begun_response,
};

use super::{attempt_result::AttemptResult, combination::Combination};

/// What an attempt has proved about the peer. More compares greater.
///
/// The stage at which an attempt failed is no proof. A peer that closes each connection without a
/// byte proves nothing, whatever was sent to it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Progress {
    /// No address was reached.
    Nothing,
    /// A TCP connection, which the peer did not use for the protocol that was tried.
    Connected,
    /// The peer sent bytes of the protocol that was tried: a TLS alert, the start of a response.
    Answered,
    /// The peer presented a certificate for other names than the expected one.
    CertificateReceived,
    /// A certificate for the expected name, which was refused for another reason.
    ExpectedCertificate,
    /// The peer proved its identity. No response was received.
    Verified,
    /// The edge itself refused the request.
    RefusedByEdge,
    /// The response is an error that may be the site's own.
    SiteError,
    /// The response is no error.
    Success,
}

impl Progress {
    /// What the result of an attempt with this combination proves.
    pub(super) fn of(combination: &Combination, result: &AttemptResult) -> Self {
        match result {
            AttemptResult::Response(status, diagnosis, _) => {
                of_response(combination, *status, diagnosis.as_ref())
            }
            AttemptResult::Error(error) => of_error(combination, error),
        }
    }
}

fn of_response(
    combination: &Combination,
    status: StatusCode,
    diagnosis: Option<&Diagnosis>,
) -> Progress {
    let is_error = status.is_client_error() || status.is_server_error();
    let likeliest = diagnosis.and_then(Diagnosis::likeliest);
    match likeliest {
        Some(cause) if cause.id() == CauseId::HttpToTlsPort => Progress::Connected,
        // Anyone on the path can send this.
        _ if combination.is_plaintext_in_place_of_tls() && !status.is_success() => {
            Progress::Connected
        }
        Some(cause)
            if cause.id() == CauseId::HttpsRequired && cause.certainty() > Certainty::Possible =>
        {
            Progress::Answered
        }
        _ if combination.is_plaintext_on_tls_port() && is_error => Progress::RefusedByEdge,
        // Such a page may be about the name too, which does not make it a refusal.
        _ if may_be_behind_the_edge(diagnosis) => Progress::SiteError,
        Some(cause) if cause.certainty() > Certainty::Possible => Progress::RefusedByEdge,
        _ if is_error => Progress::SiteError,
        _ => Progress::Success,
    }
}

fn may_be_behind_the_edge(diagnosis: Option<&Diagnosis>) -> bool {
    let causes = diagnosis.map(Diagnosis::causes).unwrap_or_default();
    causes
        .iter()
        .any(|cause| cause.id() == CauseId::BehindTheEdge)
}

fn of_error(combination: &Combination, error: &Error) -> Progress {
    let facts = error.facts();
    if error.stage() < Stage::Handshake {
        return Progress::Nothing;
    }
    if combination.origin().scheme() == Scheme::Http {
        return match has_begun_response(error) {
            true => Progress::Answered,
            false => Progress::Connected,
        };
    }
    let is_for_others = error.kind() == ErrorKind::Certificate(CertificateProblem::NameMismatch);
    match facts.certificate() {
        _ if facts.is_accepted_by_policy() => Progress::Verified,
        Some(leaf) if !is_for_others && leaf.covers(combination.origin().expected_name()) => {
            Progress::ExpectedCertificate
        }
        Some(_) => Progress::CertificateReceived,
        None if facts.alert().is_some() || SpeaksTls::is_start_of(facts.first_bytes()) => {
            Progress::Answered
        }
        None => Progress::Connected,
    }
}
