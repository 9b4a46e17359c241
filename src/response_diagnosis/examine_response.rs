//! Diagnoses one response, for the layer, the proxy and the probe.

use http::{HeaderValue, Method, StatusCode, response::Parts, uri::PathAndQuery};
use http_body::Body;

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Diagnosis, ResponseEvidence},
    name::HostAuthority,
    origin::Origin,
};

use super::PeekedBody;

/// The parts of a request that the diagnosis of its response depends on.
pub(crate) struct RequestSummary {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) has_content: bool,
    pub(crate) has_length: bool,
    pub(crate) origin_field: Option<HeaderValue>,
    pub(crate) is_grpc: bool,
    /// The protocol of an upgrade.
    pub(crate) upgrade: Option<HeaderValue>,
}

impl RequestSummary {
    /// The evidence of a response, without its body.
    pub(crate) fn evidence<'a>(
        &'a self,
        origin: &'a Origin,
        host: &'a HostAuthority,
        head: &'a Parts,
    ) -> ResponseEvidence<'a> {
        let evidence = ResponseEvidence::new(origin, host, head.status, &head.headers)
            .request(&self.method, &self.target);
        let evidence = match self.has_content {
            true => evidence.request_with_content(),
            false => evidence,
        };
        let evidence = match self.has_length {
            true => evidence.request_with_length(),
            false => evidence,
        };
        let evidence = match self.is_grpc {
            true => evidence.grpc_call(),
            false => evidence,
        };
        let upgrade = self.upgrade.as_ref();
        let evidence = match upgrade.and_then(|protocol| protocol.to_str().ok()) {
            Some(protocol) => evidence.upgrade(protocol),
            None => evidence,
        };
        let field = self.origin_field.as_ref();
        match field.and_then(|field| field.to_str().ok()) {
            Some(field) => evidence.request_origin(field),
            None => evidence,
        }
    }
}

/// Diagnoses a response. Reads the start of the body ahead if the diagnosis depends on it.
pub(crate) async fn examine_response<B: Body + Unpin>(
    evidence: ResponseEvidence<'_>,
    body: &mut PeekedBody<B>,
) -> Option<Diagnosis> {
    if !evidence.wants_body() {
        return evidence.diagnosis();
    }
    // Boxed because it is rare: inline, it would enlarge the future of every request.
    let page = Box::pin(body.peek()).await;
    evidence.body(&page).diagnosis()
}

/// Logs the diagnosis of a response.
///
/// A cause that is only possible is logged at debug level: the response may well be the
/// application's own. A redirect past the proxy is no refusal, and may be intended.
pub(crate) fn log_diagnosis(status: StatusCode, origin: &Origin, diagnosis: &Diagnosis) {
    let label = origin.label();
    let (is_success, status) = (status.is_success(), status.as_u16());
    let likeliest = diagnosis.likeliest();
    match likeliest.map(Cause::id) {
        Some(CauseId::LocationNamesOrigin) => tracing::info!(
            label, status, %diagnosis,
            "the redirect leads clients past the proxy"
        ),
        Some(CauseId::UpgradeNotServed) => {
            tracing::warn!(label, status, %diagnosis, "the origin did not switch protocols");
        }
        _ if is_success => tracing::warn!(
            label, status, %diagnosis,
            "the response is not that of the gRPC service"
        ),
        _ => log_refusal(label, status, diagnosis),
    }
}

fn log_refusal(label: Option<&str>, status: u16, diagnosis: &Diagnosis) {
    let certainty = diagnosis.likeliest().map(Cause::certainty);
    match certainty {
        Some(Certainty::Certain | Certainty::Likely) => {
            tracing::warn!(label, status, %diagnosis, "the edge refused the request");
        }
        _ => tracing::debug!(label, status, %diagnosis, "the edge may have refused the request"),
    }
}
