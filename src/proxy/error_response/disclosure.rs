//! Diagnosis disclosure: whether clients get the cause of a failure.

use std::borrow::Borrow;

use http::response::Parts;

use crate::diagnosis::Diagnosis;

use super::{
    proxy_status::{PROXY_STATUS, ProxyIdentity, received_status},
    structured_field::BareItem,
};

/// Whether clients get diagnoses.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::proxy) enum DiagnosisDisclosure {
    #[default]
    Hidden,
    Disclosed,
}

impl DiagnosisDisclosure {
    /// The likeliest cause as the `details` of a `Proxy-Status` member (RFC 9209 section 2.1.5).
    /// Computes no diagnosis unless it is disclosed.
    pub(super) fn details<D: Borrow<Diagnosis>>(
        self,
        diagnosis: impl FnOnce() -> D,
    ) -> Option<BareItem> {
        match self {
            Self::Hidden => None,
            Self::Disclosed => details(diagnosis().borrow()),
        }
    }

    /// Appends the diagnosis of an edge's error response to `Proxy-Status`, after the members of
    /// other proxies (RFC 9209 section 2).
    pub(in crate::proxy) fn add_to_response(
        self,
        identity: &ProxyIdentity,
        response: &mut Parts,
        diagnosis: &Diagnosis,
    ) {
        if let Some(details) = self.details(|| diagnosis) {
            let member = received_status(identity, response.status, &details);
            response.headers.append(PROXY_STATUS, member);
        }
    }
}

/// The id, certainty and fix of the likeliest cause. The text of a cause may contain an address, so
/// it is left out.
fn details(diagnosis: &Diagnosis) -> Option<BareItem> {
    let cause = diagnosis.likeliest()?;
    let mut text = format!("{}, {}", cause.id(), cause.certainty());
    if let Some(fix) = cause.fix_without_address() {
        text = format!("{text}; fix: {fix}");
    }
    // A string is printable ASCII (RFC 9651 section 3.3.3).
    BareItem::string(&text.replace(|char: char| !matches!(char, ' '..='~'), "?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind, RequestProblem};

    #[test]
    fn no_diagnosis_is_computed_unless_it_is_disclosed() {
        let refusal = Error::refused(ErrorKind::Request(RequestProblem::BodyTooLarge));
        let details =
            DiagnosisDisclosure::Hidden.details(|| -> Diagnosis { unreachable!("it is hidden") });
        assert_eq!(details, None);
        let details = DiagnosisDisclosure::Disclosed.details(|| refusal.diagnosis());
        let details = details.expect("it is disclosed");
        let expected =
            r#""body_too_large, certain; fix: allow more with Limits::max_request_body(..)""#;
        assert_eq!(details.as_str(), expected);
    }
}
