//! What an error of the client means.

use hyper_util::client::legacy;

use crate::{
    connector::{ConnectionInfo, explain},
    error::{Error, ErrorKind, Facts, Stage, chain},
};

use super::info_of;

/// Our own error where one is the cause: the connector's, or that of the visitor's body. Otherwise one that is made of what the
/// stream and hyper say.
pub(super) fn explained(error: legacy::Error) -> Error {
    if let Some(ours) = Error::find_in(&error) {
        return ours.clone();
    }
    let info = info_of(error.connect_info());
    let hyper = chain::find::<hyper::Error>(&error);
    let (kind, stage) = classify(hyper);
    let (kind, stage, facts) = with_stream(kind, stage, &error, info.as_ref());
    Error::with_source(kind, stage, facts, error)
}

/// The same for an error in the middle of a response's body.
pub(crate) fn explain_body(error: hyper::Error, info: Option<&ConnectionInfo>) -> Error {
    let (kind, _) = classify(Some(&error));
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

fn classify(error: Option<&hyper::Error>) -> (ErrorKind, Stage) {
    let Some(hyper) = error else {
        return (ErrorKind::Io, Stage::Send);
    };
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
