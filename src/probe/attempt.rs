//! One attempt: what was different, and how far it got.

use std::fmt;

use http::StatusCode;

use crate::{
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{CertificateProblem, Error, ErrorKind, Stage},
    origin::{Origin, Scheme},
};

use super::{Change, Combination};

/// One attempt of a probe.
#[derive(Clone, Debug)]
pub struct ProbeAttempt {
    pub(super) combination: Combination,
    pub(super) change: Option<Change>,
    pub(super) outcome: ProbeOutcome,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ProbeOutcome {
    /// A response, and what it looks like.
    Answered(StatusCode, Option<Diagnosis>),
    /// No response.
    Failed(Error),
}

/// How far an attempt got. Further compares greater.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Reach {
    Nowhere,
    Resolved,
    Connected,
    /// The origin has presented a certificate, which was refused.
    Presented,
    Verified,
    /// The edge itself refused the request.
    Refused,
    /// It answered with an error that may be the application's own.
    Doubtful,
    Fine,
}

impl ProbeAttempt {
    /// The combination that was tried.
    #[must_use]
    pub fn combination(&self) -> &Combination {
        &self.combination
    }

    /// What it does otherwise than the best attempt before it; nothing in the first one.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        self.change.as_ref()
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> &ProbeOutcome {
        &self.outcome
    }

    /// Whether the names and protocols are right: the site answered, even if with an error of its
    /// own.
    #[must_use]
    pub fn works(&self) -> bool {
        self.reach() >= Reach::Doubtful
    }

    pub(super) fn reach(&self) -> Reach {
        match &self.outcome {
            ProbeOutcome::Answered(status, diagnosis) => reach_of_answer(*status, diagnosis),
            ProbeOutcome::Failed(error) => reach_of_error(error),
        }
    }
}

fn reach_of_answer(status: StatusCode, diagnosis: &Option<Diagnosis>) -> Reach {
    let likeliest = diagnosis.as_ref().and_then(Diagnosis::likeliest);
    match likeliest {
        Some(cause) if cause.id() == CauseId::BehindTheEdge => Reach::Doubtful,
        // The right protocol may well fail at its handshake, and is nearer to the goal all the
        // same.
        Some(cause) if wants_tls(cause.id()) => Reach::Resolved,
        Some(cause) if cause.certainty() > Certainty::Possible => Reach::Refused,
        _ if status.is_client_error() || status.is_server_error() => Reach::Doubtful,
        _ => Reach::Fine,
    }
}

fn wants_tls(id: CauseId) -> bool {
    [CauseId::HttpToTlsPort, CauseId::HttpsRequired].contains(&id)
}

fn reach_of_error(error: &Error) -> Reach {
    let scheme = error.facts().origin().map(Origin::scheme);
    match (error.stage(), error.kind()) {
        (Stage::Prepare | Stage::Resolve, _) => Reach::Nowhere,
        (Stage::Dial, _) => Reach::Resolved,
        (Stage::Handshake, ErrorKind::ProtocolNotNegotiated) => Reach::Presented,
        (Stage::Handshake, _) if error.facts().certificate().is_some() => Reach::Presented,
        (Stage::Handshake, _) => Reach::Connected,
        // Plain http that nobody answers may have met a port that speaks TLS.
        _ if scheme == Some(Scheme::Http) => Reach::Resolved,
        _ => Reach::Verified,
    }
}

/// What was changed and what came of it, in one line.
impl fmt::Display for ProbeAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Some(change) => write!(f, "{change}: ")?,
            None => f.write_str("as configured: ")?,
        }
        self.outcome.fmt(f)
    }
}

impl fmt::Display for ProbeOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status, diagnosis) => {
                write!(f, "{}", status.as_u16())?;
                match diagnosis.as_ref().and_then(Diagnosis::likeliest) {
                    Some(cause) => write!(f, " ({}: {})", cause.certainty(), cause.why()),
                    None => Ok(()),
                }
            }
            Self::Failed(error) => write!(f, "{}, {}", error.stage(), symptom(error)),
        }
    }
}

/// What was seen, without the names that the table shows already.
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
