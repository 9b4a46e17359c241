//! What reqwest's own errors say.

use std::str::FromStr;

use reqwest::Url;
use tower::BoxError;

use crate::{
    CdnOriginConnector,
    error::{ErrorKind, RequestProblem, Stage, source_chain},
};

use super::client::base_url;

/// Whether reqwest failed for a URL that does not start with the base URL.
pub(in crate::adapt) fn has_foreign_url(
    connector: &CdnOriginConnector,
    error: &(dyn std::error::Error + 'static),
) -> bool {
    let Some(error) = source_chain::find::<reqwest::Error>(error) else {
        return false;
    };
    match error.url() {
        Some(url) => is_of_another_origin(connector, url),
        // Such as a path alone.
        None => {
            let unparsed = source_chain::find::<<Url as FromStr>::Err>(error);
            error.is_builder() && unparsed.is_some()
        }
    }
}

/// Whether the URL of a request does not start with the base URL.
///
/// reqwest dials a port in the URL, and tells no one before it has the response.
pub(in crate::adapt) fn is_foreign(connector: &CdnOriginConnector, url: &str) -> bool {
    let url = Url::parse(url);
    url.is_ok_and(|url| is_of_another_origin(connector, &url))
}

/// The dialled port may be in the URL: it is where reqwest connects anyway.
fn is_of_another_origin(connector: &CdnOriginConnector, url: &Url) -> bool {
    let (Ok(base), Some(origin)) = (base_url(connector), connector.origin()) else {
        return false;
    };
    let dialled = origin.dial().port();
    let is_dialled = url.port().is_some() && url.port() == dialled;
    let is_right_port = url.port() == base.port() || is_dialled;
    (url.scheme(), url.host()) != (base.scheme(), base.host()) || !is_right_port
}

/// What failed, if reqwest itself found it.
pub(in crate::adapt) fn classify(
    error: &(dyn std::error::Error + 'static),
) -> Option<(ErrorKind, Stage)> {
    let error: &reqwest::Error = source_chain::find(error)?;
    if error.is_builder() {
        let problem = RequestProblem::BuildFailed;
        return Some((ErrorKind::Request(problem), Stage::Prepare));
    }
    let timed_out = (ErrorKind::TimedOut, Stage::Receive);
    error.is_timeout().then_some(timed_out)
}

/// The error without the URL of the request, if it is one of reqwest.
pub(in crate::adapt) fn without_url(error: BoxError) -> BoxError {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => error.without_url().into(),
        Err(error) => error,
    }
}
