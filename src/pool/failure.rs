//! What an error of the client means.

use http::Request;
use hyper::client::conn::TrySendError;

use crate::{
    connector::{ConnectionInfo, explain},
    error::{Error, ErrorKind, Facts, Stage, chain},
};

use super::{Progress, RequestBody, ending::Reason};

/// A request that was not answered.
pub(super) struct Unanswered {
    error: hyper::Error,
    unsent: Option<Request<RequestBody>>,
    /// What the request's body ended with where that was an error.
    of_body: Option<Error>,
}

impl Unanswered {
    pub(super) fn new(mut error: TrySendError<Request<RequestBody>>) -> Self {
        Self {
            unsent: error.take_message(),
            error: error.into_error(),
            of_body: None,
        }
    }

    /// The same, of a request whose body came so far.
    pub(super) fn after(self, progress: &Progress) -> Self {
        Self {
            of_body: progress.failure(),
            ..self
        }
    }

    /// The request, if not a byte of it was sent.
    pub(super) fn take_unsent(&mut self) -> Option<Request<RequestBody>> {
        self.unsent.take()
    }

    /// Whether the origin says that it has not looked at the request (RFC 9113 section 8.7), so that any method may be sent again:
    /// it refused the stream, or announced a last stream before it. h2 tells only those streams of a GOAWAY.
    pub(super) fn was_refused(&self) -> bool {
        self.h2().is_some_and(|error| {
            let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
            error.is_remote() && (error.is_go_away() || refused)
        })
    }

    /// Whether the connection ended before there was a response: on a reused one, most likely before the request had arrived.
    pub(super) fn was_cut_off(&self) -> bool {
        let hyper = &self.error;
        let cut_off = [ErrorKind::ConnectionClosed, ErrorKind::ConnectionReset];
        hyper.is_timeout()
            || cut_off.contains(&classify(hyper).0)
            || self.h2().is_some_and(h2::Error::is_go_away)
    }

    fn h2(&self) -> Option<&h2::Error> {
        chain::find(&self.error)
    }

    /// What it says about the end of an HTTP/1 connection.
    pub(super) fn reason(&self) -> Reason {
        match self.was_cut_off() {
            true => Reason::Origin,
            false => Reason::Error,
        }
    }

    /// Our own error where one is the cause, that of the visitor's body above all; otherwise one that is made of what the stream and hyper
    /// say.
    pub(super) fn explained(self, info: &ConnectionInfo) -> Error {
        if let Some(ours) = self
            .of_body
            .as_ref()
            .or_else(|| Error::find_in(&self.error))
        {
            return ours.clone();
        }
        let (kind, stage) = classify(&self.error);
        let (kind, stage, facts) = with_stream(kind, stage, &self.error, Some(info));
        Error::with_source(kind, stage, facts, self.error)
    }
}

/// The same for an error in the middle of a response's body.
pub(crate) fn explain_body(error: hyper::Error, info: Option<&ConnectionInfo>) -> Error {
    let (kind, _) = classify(&error);
    let (kind, stage, facts) = with_stream(kind, Stage::Receive, &error, info);
    Error::with_source(kind, stage, facts, error)
}

/// What the stream itself ended with says more than what became of it in hyper: HTTP/2 keeps only a text of it, and an alert that
/// comes before the request is written looks like a cancelled request.
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

fn classify(hyper: &hyper::Error) -> (ErrorKind, Stage) {
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
    match explain(hyper).kind {
        // An HTTP/2 error of the protocol has neither a TLS nor an `io` error beneath it.
        ErrorKind::Io => (ErrorKind::HttpProtocol, Stage::Receive),
        kind => (kind, Stage::Receive),
    }
}
