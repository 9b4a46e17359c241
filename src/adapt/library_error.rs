//! The error of this crate for one of another library, which contains none of this crate.

use std::io;

use tokio::time::error::Elapsed;
use tower::BoxError;

use crate::{
    connector::{alert_in_text, explain},
    error::{Alert, Error, ErrorKind, ExchangeTimeout, Facts, RequestProblem, Stage, source_chain},
    pool::{classify_hyper, is_refused_by_hyper_util},
};

#[cfg(feature = "reqwest")]
use super::reqwest;

/// The error that another library returned for a request. `facts` are those of its connection.
pub(super) fn library_error(error: BoxError, facts: impl FnOnce() -> Facts) -> Error {
    let alert = explain(&*error).alert.or_else(|| alert_over_http2(&*error));
    let (kind, stage) = match alert {
        Some(_) => (ErrorKind::AlertReceived, Stage::Receive),
        None => classify(&*error),
    };
    let facts = match (kind, stage) {
        // No connection was tried for it.
        (_, Stage::Prepare) => Facts::default(),
        (ErrorKind::TimedOut, _) => facts().with_timeout(ExchangeTimeout::Library),
        _ => Facts { alert, ..facts() },
    };
    Error::with_source(kind, stage, facts, without_url(error))
}

/// The error that another library returned, with one of this crate in it if it is about the
/// exchange.
#[cfg(feature = "tonic")]
pub(super) fn explained(error: BoxError, facts: impl FnOnce() -> Facts) -> BoxError {
    let is_about_exchange = source_chain::find_last(&*error)
        .map(classify_hyper)
        .is_some();
    match is_about_exchange && Error::find_in(&*error).is_none() {
        true => library_error(error, facts).into(),
        false => error,
    }
}

/// The error without the URL of the request, whose path and query may be secret.
pub(super) fn without_url(error: BoxError) -> BoxError {
    #[cfg(feature = "reqwest")]
    let error = reqwest::without_url(error);
    error
}

/// The alert in an error that went through `h2`, which keeps only its text.
fn alert_over_http2(error: &(dyn std::error::Error + 'static)) -> Option<Alert> {
    let error: &io::Error = source_chain::find(error)?;
    alert_in_text(&error.to_string())
}

/// What failed, by the most telling error in the chain.
fn classify(error: &(dyn std::error::Error + 'static)) -> (ErrorKind, Stage) {
    // A request that was cancelled may have the error of the connection as its source.
    if let Some(hyper) = source_chain::find_last(error) {
        return classify_hyper(hyper);
    }
    if is_refused_by_hyper_util(error) {
        let problem = RequestProblem::BuildFailed;
        return (ErrorKind::Request(problem), Stage::Prepare);
    }
    #[cfg(feature = "reqwest")]
    if let Some(kind) = reqwest::classify(error) {
        return kind;
    }
    let kind = match source_chain::find::<Elapsed>(error) {
        Some(_) => ErrorKind::TimedOut,
        None => source_chain::find::<io::Error>(error).map_or(ErrorKind::Io, ErrorKind::of_io),
    };
    (kind, Stage::Receive)
}
