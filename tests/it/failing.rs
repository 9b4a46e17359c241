//! Helpers for tests of failures: connect, expect an error, check its diagnosis.

use cdn_origin::{
    CdnOriginConnector, Error,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    tls::{Roots, SpkiPin, VerifyPolicy},
};
use tower::ServiceExt;

use crate::{
    proofs::assert_error_proved,
    support::{Authority, Edge},
};

/// The fix of an origin that is down.
pub(crate) const RESTORE: &str =
    "restore the origin; until then, an OriginGroup sends requests to another one";

/// A builder for `https://{name}` that dials the edge and trusts the authority.
pub(crate) fn to(edge: &Edge, authority: &Authority, name: &str) -> CdnOriginBuilder {
    CdnOriginConnector::builder(format!("https://{name}"))
        .dial(edge.address().to_string())
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
}

/// An edge that serves `www.example.test`.
pub(crate) async fn serving(authority: &Authority) -> Edge {
    Edge::builder(authority)
        .serves("www.example.test")
        .start()
        .await
}

/// The pin of the certificate that the origin presented.
pub(crate) fn presented_pin(error: &Error) -> SpkiPin {
    let leaf = error.facts().certificates().first().unwrap();
    SpkiPin::of_certificate(leaf.der()).unwrap()
}

/// Connects and expects an error.
#[track_caller]
pub(crate) fn error(builder: CdnOriginBuilder) -> impl Future<Output = Error> {
    let connector = builder.build().unwrap();
    async move {
        let result = connector.oneshot(http::Uri::default()).await;
        let error = result.expect_err("the connection should have failed");
        assert_error_proved(&error);
        error
    }
}

/// Asserts the most likely cause, its certainty and its fix.
#[track_caller]
pub(crate) fn check(error: &Error, id: CauseId, certainty: Certainty, fix: &str) {
    assert_error_proved(error);
    let diagnosis = error.diagnosis();
    let cause = diagnosis
        .likeliest()
        .unwrap_or_else(|| panic!("no cause for {error}"));
    assert_eq!(cause.id(), id, "{}", error.report());
    assert_eq!(cause.certainty(), certainty, "{}", error.report());
    let shown = cause
        .fixes()
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    assert_eq!(shown, fix, "{}", error.report());
    let report = error.report().to_string();
    for line in report.lines() {
        assert!(line.chars().count() <= 80, "too wide: {line}\n{report}");
    }
    if !fix.is_empty() {
        // A report breaks a long call as rustfmt does, with a comma after the last argument.
        let unbroken = |text: &str| {
            let text: String = text.split_whitespace().collect();
            text.replace(",)", ")")
        };
        let printed = unbroken(&report);
        assert!(
            printed.contains(&unbroken(fix)),
            "{fix} is not in\n{report}"
        );
    }
}
