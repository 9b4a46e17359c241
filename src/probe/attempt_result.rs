//! How an attempt ended.

use std::fmt;

use http::StatusCode;

use crate::{
    diagnosis::Diagnosis,
    error::{CertificateProblem, Error, ErrorKind},
};

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) enum AttemptResult {
    Response(StatusCode, Option<Diagnosis>),
    Error(Error),
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
