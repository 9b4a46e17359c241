//! How an attempt ended.

use std::{fmt, time::Duration};

use http::StatusCode;

use crate::{
    diagnosis::Diagnosis,
    error::{CertificateProblem, Error, ErrorKind, Stage},
    origin::Scheme,
};

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) enum AttemptResult {
    Response(StatusCode, Option<Diagnosis>, BodyStart),
    Error(Error),
}

/// What became of the start of the response's body.
///
/// It says nothing about the names: the site has answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BodyStart {
    /// The connection ended within it.
    BrokenOff,
    /// It has arrived, or is not awaited.
    Received,
    /// It did not arrive in this time.
    Stalled(Duration),
}

impl fmt::Display for AttemptResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(status, diagnosis, body) => {
                write!(f, "{}", status.as_u16())?;
                if let Some(cause) = diagnosis.as_ref().and_then(Diagnosis::likeliest) {
                    write!(f, " ({}: {})", cause.certainty(), cause.text())?;
                }
                match body {
                    BodyStart::Received => Ok(()),
                    BodyStart::BrokenOff => f.write_str(", and the body broke off"),
                    BodyStart::Stalled(limit) => {
                        write!(f, ", and the body did not arrive within {limit:?}")
                    }
                }
            }
            Self::Error(error) => write!(f, "{}, {}", error.stage(), symptom(error)),
        }
    }
}

/// The symptom without the four names: the line starts with the one that changed.
fn symptom(error: &Error) -> String {
    let facts = error.facts();
    if error.kind() == ErrorKind::TimedOut {
        return missed_step(error);
    }
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

/// What the peer had done when the time was up, and what it had not.
fn missed_step(error: &Error) -> String {
    let facts = error.facts();
    let is_tls = facts
        .origin()
        .is_some_and(|it| it.scheme() == Scheme::Https);
    let (done, missed) = match error.stage() {
        Stage::Resolve => ("", "no answer from DNS"),
        Stage::Dial => ("", "no TCP connection"),
        Stage::Handshake if facts.first_bytes().is_empty() => {
            ("TCP connected, but ", "no TLS answer")
        }
        Stage::Handshake => ("TLS has begun, but ", "no end of the handshake"),
        _ if is_tls => ("TLS is established, but ", "no response"),
        _ => ("TCP connected, but ", "no response"),
    };
    match facts.deadline {
        Some(deadline) => {
            let shown = Duration::from_millis(deadline.as_millis().try_into().unwrap_or(u64::MAX));
            format!("{done}{missed} within {shown:?}")
        }
        None => format!("{done}{missed} in time"),
    }
}
