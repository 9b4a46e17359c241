//! The causes behind CloudFront's page "Bad request.", which gives no reason.
//!
//! | request | cause |
//! |---|---|
//! | plain http | the distribution accepts https alone: likely |
//! | any | the Host is no alternate domain name: likely, possible if it was answered before |
//! | GET with content | refused: certain |
//! | through several distributions | a loop: possible |
//!
//! Source: AWS re:Post, "How do I resolve the error `The request could not be satisfied. Bad
//! Request` from CloudFront?", and the developer guide.

use http::{Method, header::VIA};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    edge::Edge,
    origin::Scheme,
};

use super::{HostHistory, ResponseEvidence, another_host::another_host};

/// CloudFront's page "Bad request." has several causes.
///
/// The page gives no reason; AWS documents these four. A Host that the origin has answered, or that
/// is the dialled name of the distribution itself, is hardly one.
pub(super) fn refused_request(evidence: &ResponseEvidence<'_>, edge: &str) -> Vec<Cause> {
    let text = format!(
        "Host {} is not an alternate domain name of any CloudFront distribution",
        evidence.shown_host()
    );
    let is_own_name =
        evidence.dialled_edge() == Some(Edge::CloudFront) && evidence.is_dialled_host();
    let certainty = match is_own_name || evidence.host_history == HostHistory::Answered {
        true => Certainty::Possible,
        false => Certainty::Likely,
    };
    let host = Cause::new(CauseId::HostNotServed, certainty, text)
        .shown_by(&[Clue::Status, Clue::Body, Clue::Host])
        .confirmed_by(Confirmation::EdgeConfiguration)
        .fixed_by([another_host(evidence)]);
    let mut causes = Vec::from_iter(https_only(evidence, edge));
    causes.push(host);
    causes.extend(get_with_content(evidence, edge));
    if distributions_passed(evidence) > 1 {
        let text = "the request passes more than two CloudFront distributions";
        let chain = Cause::new(CauseId::RequestLoop, Certainty::Possible, text)
            .shown_by(&[Clue::Fields])
            .confirmed_by(Confirmation::EdgeConfiguration);
        causes.push(chain);
    }
    causes
}

/// A behaviour with the viewer protocol policy `https-only` refuses plain http.
fn https_only(evidence: &ResponseEvidence<'_>, edge: &str) -> Option<Cause> {
    let is_plain = evidence.origin.scheme() == Scheme::Http;
    is_plain.then(|| {
        let text = format!("{edge} accepts https alone, and plain http was sent");
        Cause::new(CauseId::HttpsRequired, Certainty::Likely, text)
            .shown_by(&[Clue::Scheme, Clue::Status, Clue::Body])
            .confirmed_by(Confirmation::EdgeConfiguration)
            .fixed_by([evidence.over_tls()])
    })
}

/// Without the request's method, it stays possible.
fn get_with_content(evidence: &ResponseEvidence<'_>, edge: &str) -> Option<Cause> {
    let (certainty, text) = match (evidence.method, evidence.has_content) {
        (None, _) => (
            Certainty::Possible,
            format!("if the request is a GET with content: {edge} refuses that"),
        ),
        (Some(&Method::GET), true) => (
            Certainty::Certain,
            format!("{edge} refuses a GET with content"),
        ),
        (Some(_), _) => return None,
    };
    let fix = FixKind::Advice("send the GET without content");
    Some(
        Cause::new(CauseId::InvalidRequest, certainty, text)
            .shown_by(&[Clue::Request, Clue::Body])
            .confirmed_by(Confirmation::Request)
            .fixed_by([fix]),
    )
}

/// Each distribution adds itself to `Via`.
fn distributions_passed(evidence: &ResponseEvidence<'_>) -> usize {
    let via = evidence.headers.get_all(VIA).iter();
    let lines = via.filter_map(|value| value.to_str().ok());
    lines.map(|line| line.matches("(CloudFront)").count()).sum()
}
