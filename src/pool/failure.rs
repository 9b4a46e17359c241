//! What an error of the client means.

use thiserror::Error as ThisError;

use crate::{
    connector::{ConnectionInfo, explain},
    error::{Error, ErrorKind, Facts, RequestBodyProblem, RequestProblem, Stage, chain},
};

use crate::http1::Http1Error;
use crate::upload::UploadProgress;

use super::ending::Reason;

/// What the one or the other client says.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    #[error(transparent)]
    Http1(Http1Error),
    #[error(transparent)]
    Hyper(hyper::Error),
}

/// A request that was not answered.
pub(super) struct Unanswered {
    failure: Failure,
    /// Not a byte of it was sent, and it may be.
    unsent: bool,
    /// Something of a response had come.
    heard: bool,
    /// What the request's body ended with where that was an error.
    of_body: Option<Error>,
}

impl Unanswered {
    /// A connection that has ended is not written to.
    pub(super) fn over_http1(problem: Http1Error, heard: bool) -> Self {
        let unsent = matches!(problem, Http1Error::ClosedBeforeWrite);
        Self {
            heard,
            ..Self::of(Failure::Http1(problem), unsent)
        }
    }

    pub(super) fn over_hyper(error: hyper::Error, unsent: bool) -> Self {
        Self::of(Failure::Hyper(error), unsent)
    }

    fn of(failure: Failure, unsent: bool) -> Self {
        Self {
            failure,
            unsent,
            heard: false,
            of_body: None,
        }
    }

    /// The same, of a request whose body came so far.
    pub(super) fn after(self, progress: &UploadProgress) -> Self {
        Self {
            of_body: progress.failure(),
            ..self
        }
    }

    /// Whether the request is still whole: not a byte of it was sent.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// Whether the origin says that it has not looked at the request (RFC 9113 section 8.7), so
    /// that any method may be sent again: it refused the stream, or announced a last stream before
    /// it. h2 tells only those streams of a GOAWAY.
    pub(super) fn was_refused(&self) -> bool {
        self.h2().is_some_and(|error| {
            let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
            error.is_remote() && (error.is_go_away() || refused)
        })
    }

    /// Whether the connection ended before there was a response: on a reused one, most likely
    /// before the request had arrived.
    pub(super) fn was_cut_off(&self) -> bool {
        let cut_off = [ErrorKind::ConnectionClosed, ErrorKind::ConnectionReset];
        let ended = cut_off.contains(&classify(&self.failure).0) && !self.heard;
        let timed_out = matches!(&self.failure, Failure::Hyper(error) if error.is_timeout());
        ended || timed_out || self.h2().is_some_and(h2::Error::is_go_away)
    }

    fn h2(&self) -> Option<&h2::Error> {
        match &self.failure {
            Failure::Http1(_) => None,
            Failure::Hyper(error) => chain::find(error),
        }
    }

    /// What it says about the end of an HTTP/1 connection.
    pub(super) fn reason(&self) -> Reason {
        match &self.failure {
            // The client's doing.
            Failure::Http1(Http1Error::RequestBody(_) | Http1Error::RequestBodyLength) => {
                Reason::Cancelled
            }
            _ if self.was_cut_off() => Reason::Origin,
            _ => Reason::Error,
        }
    }

    /// That of the client's body above all.
    pub(super) fn explained(self, info: &ConnectionInfo) -> Error {
        match self.of_body {
            Some(ours) => ours,
            None => explain_failure(self.failure, Some(info)),
        }
    }
}

/// Our own error where one is the cause, that of the client's body; otherwise one that is made of
/// what the stream and the client say.
pub(crate) fn explain_failure(failure: Failure, info: Option<&ConnectionInfo>) -> Error {
    if let Some(ours) = Error::find_in(&failure) {
        return ours.clone();
    }
    let (kind, stage) = classify(&failure);
    let (kind, stage, facts) = with_stream(kind, stage, &failure, info);
    Error::with_source(kind, stage, facts, failure)
}

/// The same for an error in the middle of a response's body.
pub(crate) fn explain_body(failure: Failure, info: Option<&ConnectionInfo>) -> Error {
    let (kind, _) = classify(&failure);
    let (kind, stage, facts) = with_stream(kind, Stage::Receive, &failure, info);
    Error::with_source(kind, stage, facts, failure).after_answers()
}

/// What the stream itself ended with says more than what became of it in hyper: HTTP/2 keeps only a
/// text of it, and an alert that comes before the request is written looks like a cancelled
/// request.
fn with_stream(
    kind: ErrorKind,
    stage: Stage,
    error: &(dyn std::error::Error + 'static),
    info: Option<&ConnectionInfo>,
) -> (ErrorKind, Stage, Facts) {
    let mut facts = info.map_or_else(Facts::default, |info| info.facts().clone());
    let alert = explain(error)
        .alert
        .or_else(|| info.and_then(ConnectionInfo::alert));
    facts.alert = alert;
    match alert {
        Some(_) => (ErrorKind::AlertReceived, Stage::Receive, facts),
        None => (kind, stage, facts),
    }
}

fn classify(failure: &Failure) -> (ErrorKind, Stage) {
    let (kind, stage) = match failure {
        Failure::Http1(problem) => of_http1(problem),
        Failure::Hyper(error) => of_hyper(error),
    };
    match kind {
        // No deadline of ours: the system has found out that the peer is gone.
        ErrorKind::TimedOut => (ErrorKind::ConnectionReset, stage),
        kind => (kind, stage),
    }
}

fn of_http1(problem: &Http1Error) -> (ErrorKind, Stage) {
    let kind = match problem {
        Http1Error::ClosedBeforeWrite => return (ErrorKind::ConnectionClosed, Stage::Send),
        Http1Error::NoResponse | Http1Error::Incomplete => ErrorKind::ConnectionClosed,
        Http1Error::Io(error) => explain(error).kind,
        Http1Error::HeadTooLarge => ErrorKind::ResponseHeadTooLarge,
        Http1Error::Head(_)
        | Http1Error::LineEnd
        | Http1Error::Unsolicited
        | Http1Error::NotHttp
        | Http1Error::Tls(_)
        | Http1Error::UnexpectedUpgrade
        | Http1Error::ResponseFraming
        | Http1Error::Chunk
        | Http1Error::Trailers => ErrorKind::HttpProtocol,
        Http1Error::RequestBody(_) | Http1Error::RequestBodyLength => {
            return (
                ErrorKind::RequestBody(RequestBodyProblem::Failed),
                Stage::Send,
            );
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

fn of_hyper(hyper: &hyper::Error) -> (ErrorKind, Stage) {
    if hyper.is_parse_too_large() {
        return (ErrorKind::ResponseHeadTooLarge, Stage::Receive);
    }
    if hyper.is_parse() {
        return (ErrorKind::HttpProtocol, Stage::Receive);
    }
    if hyper.is_incomplete_message() {
        return (ErrorKind::ConnectionClosed, Stage::Receive);
    }
    if hyper.is_canceled() || hyper.is_closed() {
        return (ErrorKind::ConnectionClosed, Stage::Send);
    }
    if chain::find::<h2::Error>(hyper).is_some_and(broke_off) {
        return (ErrorKind::StreamReset, Stage::Receive);
    }
    match explain(hyper).kind {
        // An HTTP/2 error of the protocol has neither a TLS nor an `io` error beneath it.
        ErrorKind::Io => (ErrorKind::HttpProtocol, Stage::Receive),
        kind => (kind, Stage::Receive),
    }
}

/// Whether the peer reset the stream for a reason that is its own (RFC 9113 section 7).
fn broke_off(error: &h2::Error) -> bool {
    let own = [
        h2::Reason::NO_ERROR,
        h2::Reason::INTERNAL_ERROR,
        h2::Reason::CANCEL,
    ];
    let reason = error.reason();
    error.is_remote() && error.is_reset() && reason.is_some_and(|reason| own.contains(&reason))
}
