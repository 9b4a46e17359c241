//! `Failure`: an error of an HTTP client, and the [`Error`] that it becomes.

use std::{error::Error as StdError, io};

use thiserror::Error as ThisError;

use crate::{
    connector::{ConnectionInfo, TlsFailure, explain},
    error::{Error, ErrorKind, Facts, HttpFault, NotRetried, RequestProblem, Stage, source_chain},
    http1::Http1Error,
    http2::Http2Error,
};

/// An error of either HTTP client.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    #[error(transparent)]
    Http1(Http1Error),
    #[error(transparent)]
    Http2(Http2Error),
    #[error(transparent)]
    Hyper(hyper::Error),
    /// The TLS failure, of which HTTP/2 keeps only the text.
    #[error(transparent)]
    Tls(TlsFailure),
}

/// Whether an HTTP/1 peer sent at least the start of a response, even if unusable.
pub(crate) fn has_begun_response(error: &Error) -> bool {
    let failure = source_chain::find::<Failure>(error);
    failure.is_some_and(|failure| {
        matches!(
            failure,
            Failure::Http1(
                Http1Error::Incomplete
                    | Http1Error::Head(_)
                    | Http1Error::LineEnd
                    | Http1Error::HeadTooLarge
                    | Http1Error::UnexpectedUpgrade
                    | Http1Error::ResponseFraming
                    | Http1Error::Chunk
                    | Http1Error::Trailers
            )
        )
    })
}

/// The crate's own error that caused the failure, if there is one: that of the request's body.
/// Otherwise an error that is made of what the stream and the HTTP client report.
pub(crate) fn explain_failure(failure: Failure, info: Option<&ConnectionInfo>) -> Error {
    explain_not_retried(failure, None, info)
}

/// As [`explain_failure`], with why the request was not sent again.
pub(super) fn explain_not_retried(
    failure: Failure,
    not_retried: Option<NotRetried>,
    info: Option<&ConnectionInfo>,
) -> Error {
    if let Some(ours) = Error::find_in(&failure) {
        return ours.clone();
    }
    let failure = in_full(failure, info);
    let (kind, stage) = classify(&failure);
    let (kind, stage, mut facts) = with_stream(kind, stage, &failure, info);
    facts.not_retried = not_retried;
    Error::with_source(kind, stage, facts, failure)
}

/// The error for a failure in the middle of a response's body.
pub(crate) fn explain_body(failure: Failure, info: Option<&ConnectionInfo>) -> Error {
    let failure = in_full(failure, info);
    let (kind, _) = classify(&failure);
    let (kind, stage, facts) = with_stream(kind, Stage::Receive, &failure, info);
    Error::with_source(kind, stage, facts, failure).after_answers()
}

/// Replaces an HTTP/2 error that has only the text of a TLS failure.
fn in_full(failure: Failure, info: Option<&ConnectionInfo>) -> Failure {
    let is_io = match &failure {
        Failure::Http2(
            Http2Error::H2(h2)
            | Http2Error::Incomplete(h2)
            | Http2Error::NotSent(h2)
            | Http2Error::NotWritten(h2),
        ) => h2.is_io(),
        Failure::Http2(Http2Error::Io(_)) => true,
        _ => false,
    };
    let tls = info.and_then(ConnectionInfo::tls_failure);
    match tls.filter(|_| is_io) {
        Some(tls) => Failure::Tls(tls.clone()),
        None => failure,
    }
}

/// Adds the HTTP/2 frame and the TLS alert that the stream ended with.
///
/// The alert is more specific than the error of the HTTP client: HTTP/2 keeps only its text, and
/// hyper reports an alert before the request is written as a cancelled request.
fn with_stream(
    kind: ErrorKind,
    stage: Stage,
    failure: &Failure,
    info: Option<&ConnectionInfo>,
) -> (ErrorKind, Stage, Facts) {
    let mut facts = info.map_or_else(Facts::default, |info| info.facts().clone());
    facts.http_fault = http_fault(failure);
    if let Failure::Http1(Http1Error::NotHttp(bytes) | Http1Error::Unsolicited(bytes)) = failure {
        facts.first_bytes = bytes.as_bytes().to_vec();
    }
    let alert = explain(failure)
        .alert
        .or_else(|| info.and_then(ConnectionInfo::alert));
    facts.alert = alert;
    facts.last_frame = match failure {
        Failure::Http2(error) => error.last_frame().map(Into::into),
        Failure::Http1(_) | Failure::Hyper(_) | Failure::Tls(_) => None,
    };
    match alert {
        Some(_) => (ErrorKind::AlertReceived, Stage::Receive, facts),
        None => (kind, stage, facts),
    }
}

/// The rule of HTTP that the response breaks.
fn http_fault(failure: &Failure) -> Option<HttpFault> {
    match failure {
        Failure::Http1(Http1Error::Chunk) => Some(HttpFault::Chunk),
        Failure::Http1(Http1Error::ResponseFraming) | Failure::Http2(Http2Error::ContentLength) => {
            Some(HttpFault::Framing)
        }
        Failure::Http1(Http1Error::Head(_)) => Some(HttpFault::Head),
        Failure::Http1(Http1Error::LineEnd) => Some(HttpFault::LineEnd),
        Failure::Http1(Http1Error::NotHttp(_)) => Some(HttpFault::NotHttp),
        Failure::Http1(Http1Error::Trailers) => Some(HttpFault::Trailers),
        Failure::Http1(Http1Error::UnexpectedUpgrade) => Some(HttpFault::Upgrade),
        Failure::Http1(Http1Error::Unsolicited(_)) => Some(HttpFault::Unsolicited),
        _ => None,
    }
}

/// The kind of the failure, and the stage that it happened in.
pub(super) fn classify(failure: &Failure) -> (ErrorKind, Stage) {
    let (kind, stage) = match failure {
        Failure::Http1(error) => classify_http1(error),
        Failure::Http2(error) => classify_http2(error),
        Failure::Hyper(error) => classify_hyper(error),
        Failure::Tls(error) => (explain(error).kind, Stage::Receive),
    };
    match kind {
        // Not a timeout of this crate: the system has found that the peer is gone.
        ErrorKind::TimedOut => (ErrorKind::ConnectionReset, stage),
        kind => (kind, stage),
    }
}

fn classify_http1(error: &Http1Error) -> (ErrorKind, Stage) {
    let kind = match error {
        Http1Error::ClosedBeforeWrite | Http1Error::NotWritten(_) => {
            return (ErrorKind::ConnectionClosed, Stage::Send);
        }
        Http1Error::NoResponse | Http1Error::Incomplete => ErrorKind::ConnectionClosed,
        Http1Error::Io(error) => explain(error).kind,
        Http1Error::HeadTooLarge => ErrorKind::ResponseHeadTooLarge,
        Http1Error::Head(_)
        | Http1Error::LineEnd
        | Http1Error::Unsolicited(_)
        | Http1Error::NotHttp(_)
        | Http1Error::Tls(_)
        | Http1Error::UnexpectedUpgrade
        | Http1Error::ResponseFraming
        | Http1Error::Chunk
        | Http1Error::Trailers => ErrorKind::HttpProtocol,
        Http1Error::RequestBody(_) | Http1Error::RequestBodyLength => {
            return (ErrorKind::Request(RequestProblem::BodyFailed), Stage::Send);
        }
        Http1Error::RequestFraming => {
            return (
                ErrorKind::Request(RequestProblem::TransferCoding),
                Stage::Prepare,
            );
        }
        Http1Error::Target => {
            return (
                ErrorKind::Request(RequestProblem::TargetInvalid),
                Stage::Prepare,
            );
        }
    };
    (kind, Stage::Receive)
}

/// The kind and the stage of an error of hyper's client.
pub(crate) fn classify_hyper(hyper: &hyper::Error) -> (ErrorKind, Stage) {
    if hyper.is_parse_too_large() {
        return (ErrorKind::ResponseHeadTooLarge, Stage::Receive);
    }
    // It has no predicate for bytes that arrive before a request was sent.
    const UNASKED: &str = "received unexpected message from connection";
    if hyper.is_parse() || hyper.to_string() == UNASKED {
        return (ErrorKind::HttpProtocol, Stage::Receive);
    }
    if hyper.is_incomplete_message() {
        return (ErrorKind::ConnectionClosed, Stage::Receive);
    }
    if hyper.is_canceled() || hyper.is_closed() {
        return (ErrorKind::ConnectionClosed, Stage::Send);
    }
    (explain(hyper).kind, Stage::Receive)
}

/// Whether hyper-util's client refused the request itself. Its text is the only place where it says
/// so.
pub(crate) fn is_refused_by_hyper_util(error: &(dyn StdError + 'static)) -> bool {
    const REFUSALS: [&str; 3] = [
        "client error (UserAbsoluteUriRequired)",
        "client error (UserUnsupportedRequestMethod)",
        "client error (UserUnsupportedVersion)",
    ];
    let error = source_chain::find::<hyper_util::client::legacy::Error>(error);
    error.is_some_and(|error| REFUSALS.contains(&&*error.to_string()))
}

fn classify_http2(error: &Http2Error) -> (ErrorKind, Stage) {
    let kind = match error {
        Http2Error::NotSent(_) | Http2Error::NotWritten(_) => {
            return (ErrorKind::ConnectionClosed, Stage::Send);
        }
        Http2Error::Request(_) => {
            let problem = RequestProblem::TargetInvalid;
            return (ErrorKind::Request(problem), Stage::Prepare);
        }
        Http2Error::Body(_) | Http2Error::BodyLength => {
            let problem = RequestProblem::BodyFailed;
            return (ErrorKind::Request(problem), Stage::Send);
        }
        Http2Error::ClosedAfterGoAway(_) => ErrorKind::ConnectionClosed,
        Http2Error::Silent(_) => ErrorKind::ConnectionReset,
        Http2Error::Io(error) => explain(error).kind,
        Http2Error::InterimTooLarge => ErrorKind::ResponseHeadTooLarge,
        Http2Error::ContentLength => ErrorKind::HttpProtocol,
        Http2Error::H2(h2) | Http2Error::Incomplete(h2) if is_reset_by_peer(h2) => {
            ErrorKind::StreamReset
        }
        // Whatever its code says: the connection closes.
        Http2Error::H2(h2) if h2.is_go_away() && h2.is_remote() => ErrorKind::ConnectionClosed,
        Http2Error::H2(h2) | Http2Error::Incomplete(h2) => match h2.get_io() {
            // h2 reports the end of the byte stream as a broken pipe.
            Some(io) if io.kind() == io::ErrorKind::BrokenPipe => ErrorKind::ConnectionClosed,
            Some(io) => explain(io).kind,
            None => ErrorKind::HttpProtocol,
        },
    };
    (kind, Stage::Receive)
}

/// Whether the peer reset the stream for a reason of its own (RFC 9113 section 7).
fn is_reset_by_peer(error: &h2::Error) -> bool {
    let own = [
        h2::Reason::NO_ERROR,
        h2::Reason::INTERNAL_ERROR,
        h2::Reason::CANCEL,
    ];
    let reason = error.reason();
    error.is_remote() && error.is_reset() && reason.is_some_and(|reason| own.contains(&reason))
}
