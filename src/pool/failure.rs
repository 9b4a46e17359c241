//! What an error of the client means.

use hyper_util::client::legacy;

use crate::{
    connector::explain,
    error::{Error, ErrorKind, Facts, Stage, chain},
};

use super::facts_of;

/// Our own error where one is the cause: the connector's, or that of the visitor's body. Otherwise one that is made of what hyper
/// says.
pub(super) fn explained(error: legacy::Error) -> Error {
    let facts = error.connect_info().map_or_else(Facts::default, facts_of);
    if let Some(ours) = Error::find_in(&error) {
        return ours.clone();
    }
    let (kind, stage) = classify(&error);
    let facts = Facts {
        alert: explain(&error).alert,
        ..facts
    };
    Error::with_source(kind, stage, facts, error)
}

fn classify(error: &legacy::Error) -> (ErrorKind, Stage) {
    let Some(hyper) = chain::find::<hyper::Error>(error) else {
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
    match explain(error).kind {
        // An HTTP/2 error of the protocol has neither a TLS nor an `io` error beneath it.
        ErrorKind::Io => (ErrorKind::HttpProtocol, Stage::Receive),
        kind => (kind, Stage::Receive),
    }
}
