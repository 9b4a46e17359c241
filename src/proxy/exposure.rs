//! What clients are told of a diagnosis: nothing, unless that was asked for.

use std::borrow::Borrow;

use http::response::Parts;
use sfv::String as SfString;

use crate::diagnosis::Diagnosis;

use super::{
    answer::PROXY_STATUS,
    status::{self, Identity},
};

/// Whether clients are told diagnoses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Exposure {
    #[default]
    Kept,
    Exposed,
}

impl Exposure {
    /// The likeliest cause as the `details` of a `Proxy-Status` member (RFC 9209 section 2.1.5).
    /// Nothing is diagnosed for nobody.
    pub(super) fn details<D: Borrow<Diagnosis>>(
        self,
        diagnosis: impl FnOnce() -> D,
    ) -> Option<SfString> {
        match self {
            Self::Kept => None,
            Self::Exposed => details(diagnosis().borrow()),
        }
    }

    /// Tells of an edge's refusal, after what other intermediaries said of it (RFC 9209 section 2).
    pub(super) fn tell_of_response(
        self,
        identity: &Identity,
        response: &mut Parts,
        diagnosis: &Diagnosis,
    ) {
        if let Some(details) = self.details(|| diagnosis) {
            let member = status::of_received(identity, response.status, &details);
            response.headers.append(PROXY_STATUS, member);
        }
    }
}

/// Id, certainty and fix, none of which shows an address. The sentence that says why may, and stays
/// here.
fn details(diagnosis: &Diagnosis) -> Option<SfString> {
    let cause = diagnosis.likeliest()?;
    let mut text = format!("{:?}, {}", cause.id(), cause.certainty());
    if let Some(fix) = cause.fixes().iter().find(|fix| !fix.shows_address()) {
        text = format!("{text}; fix: {fix}");
    }
    // RFC 9651 section 3.3.3.
    SfString::from_string(text.replace(|char: char| !matches!(char, ' '..='~'), "?")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind, RequestBodyProblem};

    #[test]
    fn nothing_is_diagnosed_where_nobody_is_told() {
        let refusal = Error::refused(ErrorKind::RequestBody(RequestBodyProblem::TooLarge));
        let told = Exposure::Kept.details(|| -> Diagnosis { unreachable!("for nobody") });
        assert_eq!(told, None);
        let told = Exposure::Exposed.details(|| refusal.diagnosis());
        let told = told.expect("it is exposed");
        let expected = "InvalidRequest, certain; fix: allow more with Limits::max_request_body(..)";
        assert_eq!(told.as_str(), expected);
    }
}
