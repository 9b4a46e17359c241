//! What reqwest's own errors say.

use std::str::FromStr;

use reqwest::Url;

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
    match (error.url(), base_url(connector)) {
        (Some(url), Ok(base)) => url.origin() != base.origin(),
        // Such as a path alone.
        (None, _) => {
            let unparsed = source_chain::find::<<Url as FromStr>::Err>(error);
            error.is_builder() && unparsed.is_some()
        }
        (Some(_), Err(_)) => false,
    }
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
