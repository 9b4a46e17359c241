//! One attempt of a probe: what it changed and how far it got.

use std::fmt;

use http::StatusCode;

use crate::{
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{CertificateProblem, Error, ErrorKind, Stage},
    origin::{Origin, Scheme},
};

use super::{change::Change, combination::Combination};

/// One attempt of a probe: a connection and a `GET /`.
///
/// Displayed in one line: the change, and how the attempt ended.
///
/// ```no_run
/// # async fn run(findings: cdn_origin::probe::Findings) {
/// for attempt in findings.attempts() {
///     println!("SNI {}: {attempt}", attempt.origin().sni());
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProbeAttempt {
    pub(super) combination: Combination,
    /// The difference from the best attempt before it; `None` in the first attempt.
    pub(super) change: Option<Change>,
    pub(super) result: AttemptResult,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) enum AttemptResult {
    Response(StatusCode, Option<Diagnosis>),
    Error(Error),
}

/// How far an attempt got. Further compares greater.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum AttemptProgress {
    /// The name did not resolve.
    None,
    /// The name resolved; no connection could be used.
    Resolved,
    /// TCP connected, and the handshake failed before a certificate was received.
    Connected,
    /// The origin presented a certificate, and the handshake failed.
    CertificateReceived,
    /// The handshake was completed, and no response was received.
    HandshakeDone,
    /// The edge itself refused the request.
    RefusedByEdge,
    /// The response is an error that may be the site's own.
    SiteError,
    /// The response is no error.
    Success,
}

impl ProbeAttempt {
    /// The four names of this attempt.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.combination.origin()
    }

    /// The builder code of this attempt, without `.build()`.
    ///
    /// A call whose value the probe does not know, such as `.verify(..)`, is a comment.
    #[must_use]
    pub fn builder_code(&self) -> String {
        self.combination.to_string()
    }

    /// The difference from the best attempt before this one, in a few words: `SNI www.example.com`.
    ///
    /// `None` for the first attempt, which uses the configuration as it is.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        self.change.as_ref().map(ToString::to_string)
    }

    /// The status of the response, if one was received.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &self.result {
            AttemptResult::Response(status, _) => Some(*status),
            AttemptResult::Error(_) => None,
        }
    }

    /// The error, if no response was received.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.result {
            AttemptResult::Response(..) => None,
            AttemptResult::Error(error) => Some(error),
        }
    }

    /// What was wrong, by this attempt alone: the diagnosis of its response or of its error.
    ///
    /// Empty if nothing was. [`Findings::diagnosis`](super::Findings::diagnosis) compares all
    /// attempts and is more certain.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        match &self.result {
            AttemptResult::Response(_, diagnosis) => diagnosis.clone().unwrap_or_default(),
            AttemptResult::Error(error) => error.diagnosis(),
        }
    }

    /// Whether names and protocols are right: the site responded, even if with its own error.
    #[must_use]
    pub fn works(&self) -> bool {
        self.progress() >= AttemptProgress::SiteError
    }

    pub(super) fn progress(&self) -> AttemptProgress {
        match &self.result {
            AttemptResult::Response(status, diagnosis) => {
                response_progress(*status, diagnosis.as_ref())
            }
            AttemptResult::Error(error) => error_progress(error),
        }
    }
}

fn response_progress(status: StatusCode, diagnosis: Option<&Diagnosis>) -> AttemptProgress {
    let likeliest = diagnosis.and_then(Diagnosis::likeliest);
    match likeliest {
        Some(cause) if cause.id() == CauseId::BehindTheEdge => AttemptProgress::SiteError,
        // The attempt over TLS is nearer to success, even if its handshake fails.
        Some(cause) if requires_tls(cause.id()) => AttemptProgress::Resolved,
        Some(cause) if cause.certainty() > Certainty::Possible => AttemptProgress::RefusedByEdge,
        _ if status.is_client_error() || status.is_server_error() => AttemptProgress::SiteError,
        _ => AttemptProgress::Success,
    }
}

fn requires_tls(id: CauseId) -> bool {
    [CauseId::HttpToTlsPort, CauseId::HttpsRequired].contains(&id)
}

fn error_progress(error: &Error) -> AttemptProgress {
    let scheme = error.facts().origin().map(Origin::scheme);
    match (error.stage(), error.kind()) {
        (Stage::Prepare | Stage::Resolve, _) => AttemptProgress::None,
        (Stage::Dial, _) => AttemptProgress::Resolved,
        (Stage::Handshake, ErrorKind::ProtocolNotNegotiated) => {
            AttemptProgress::CertificateReceived
        }
        (Stage::Handshake, _) if error.facts().certificate().is_some() => {
            AttemptProgress::CertificateReceived
        }
        (Stage::Handshake, _) => AttemptProgress::Connected,
        // A port that speaks TLS may not respond to plain http at all.
        _ if scheme == Some(Scheme::Http) => AttemptProgress::Resolved,
        _ => AttemptProgress::HandshakeDone,
    }
}

impl fmt::Display for ProbeAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Some(change) => write!(f, "{change}: ")?,
            None => f.write_str("as configured: ")?,
        }
        self.result.fmt(f)
    }
}

impl fmt::Display for AttemptResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(status, diagnosis) => {
                write!(f, "{}", status.as_u16())?;
                match diagnosis.as_ref().and_then(Diagnosis::likeliest) {
                    Some(cause) => write!(f, " ({}: {})", cause.certainty(), cause.text()),
                    None => Ok(()),
                }
            }
            Self::Error(error) => write!(f, "{}, {}", error.stage(), symptom(error)),
        }
    }
}

/// The symptom without the four names: the line starts with the one that changed.
fn symptom(error: &Error) -> String {
    let facts = error.facts();
    match (facts.alert(), facts.certificate()) {
        (Some(alert), _) => alert.to_string(),
        (None, Some(certificate))
            if error.kind() == ErrorKind::Certificate(CertificateProblem::NameMismatch) =>
        {
            format!("{} ({})", error.kind(), certificate.names().join(", "))
        }
        _ => error.kind().to_string(),
    }
}
