//! What visitors are told of a diagnosis: nothing, unless that was asked for.

use http::response::Parts;
use sfv::String as SfString;

use crate::diagnosis::Diagnosis;

use super::{answer::PROXY_STATUS, status};

/// Whether visitors are told diagnoses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Exposure {
    #[default]
    Kept,
    Exposed,
}

impl Exposure {
    /// The likeliest cause as the `details` of a `Proxy-Status` member (RFC 9209 section 2.1.5).
    pub(super) fn details(self, diagnosis: &Diagnosis) -> Option<SfString> {
        match self {
            Self::Kept => None,
            Self::Exposed => details(diagnosis),
        }
    }

    /// Tells of an edge's refusal, after what other intermediaries said of it (RFC 9209 section 2).
    pub(super) fn tell_of_response(self, response: &mut Parts, diagnosis: &Diagnosis) {
        if let Some(details) = self.details(diagnosis) {
            let member = status::of_received(response.status, &details);
            response.headers.append(PROXY_STATUS, member);
        }
    }
}

/// Id, certainty and fix, none of which shows an address. The sentence that says why may, and stays here.
fn details(diagnosis: &Diagnosis) -> Option<SfString> {
    let cause = diagnosis.likeliest()?;
    let mut text = format!("{:?}, {}", cause.id(), cause.certainty());
    if let Some(fix) = cause.fixes().iter().find(|fix| !fix.shows_address()) {
        text = format!("{text}; fix: {fix}");
    }
    // RFC 9651 section 3.3.3.
    SfString::from_string(text.replace(|char: char| !matches!(char, ' '..='~'), "?")).ok()
}
