//! `Refusal`: a response that was diagnosed, as the source of an error.

use http::StatusCode;
use tower::BoxError;

use crate::error::{Error, ErrorKind, Facts, Stage};

use super::{Cause, CauseId, Diagnosis, ResponseEvidence};

/// The response by which an edge refused a request. It displays as its status.
#[derive(Debug, thiserror::Error)]
#[error("{status}")]
pub(crate) struct Refusal {
    status: StatusCode,
    diagnosis: Diagnosis,
    /// The error of the library that refused the response.
    source: Option<BoxError>,
}

impl Refusal {
    /// The error of a response whose diagnosis has a cause.
    pub(crate) fn find(evidence: &ResponseEvidence<'_>, facts: Facts) -> Option<Error> {
        Self::find_from(evidence, facts, None)
    }

    /// The same, if a library has refused the response with an error of its own.
    pub(crate) fn find_from(
        evidence: &ResponseEvidence<'_>,
        facts: Facts,
        source: Option<BoxError>,
    ) -> Option<Error> {
        // No refusal: clients follow a redirect to the origin's own name. And a program expects the
        // 403 of an application as a response.
        let evidence = evidence.clone().rewritten_redirects().without_guesses();
        let diagnosis = evidence.diagnosis()?;
        let likeliest = diagnosis.likeliest().map(Cause::id);
        let kind = match likeliest {
            Some(CauseId::UpgradeNotServed) => ErrorKind::UpgradeRefused,
            _ => ErrorKind::RequestRefused,
        };
        let status = evidence.status();
        let refusal = Self {
            status,
            diagnosis,
            source,
        };
        Some(refusal.into_error(kind, facts))
    }

    /// The error of a response whose cause is unknown.
    #[cfg(feature = "tungstenite")]
    pub(crate) fn unexplained(kind: ErrorKind, status: StatusCode, facts: Facts) -> Error {
        let refusal = Self {
            status,
            diagnosis: Diagnosis::default(),
            source: None,
        };
        refusal.into_error(kind, facts)
    }

    pub(crate) fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
    }

    fn into_error(self, kind: ErrorKind, mut facts: Facts) -> Error {
        facts.status = Some(self.status);
        Error::with_source(kind, Stage::Receive, facts, self)
    }
}
