//! Diagnoses one response, for the layer, the proxy and the probe.

use http::{HeaderValue, Method, StatusCode, response::Parts, uri::PathAndQuery};
use http_body::Body;
use tracing::Level;

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Diagnosis, ResponseEvidence},
    error::LoggedNames,
    name::HostAuthority,
    origin::Origin,
};

use super::PeekedBody;

/// The parts of a request that the diagnosis of its response depends on.
pub(crate) struct RequestSummary {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    /// In HTTP/1.1, in bytes; `None` if it was not measured.
    pub(crate) head_size: Option<usize>,
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
        let evidence = match self.head_size {
            Some(size) => evidence.head_size(size),
            None => evidence,
        };
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
pub(crate) fn log_diagnosis(
    status: StatusCode,
    label: Option<&str>,
    names: &LoggedNames<'_>,
    diagnosis: &Diagnosis,
) {
    let likeliest = diagnosis.likeliest();
    let is_likely = likeliest.is_some_and(|cause| cause.certainty() > Certainty::Possible);
    let (level, message) = match likeliest.map(Cause::id) {
        Some(CauseId::LocationNamesOrigin) => {
            (Level::INFO, "the redirect leads clients past the proxy")
        }
        Some(CauseId::UpgradeNotServed) => (Level::WARN, "the origin did not switch protocols"),
        _ if status.is_success() => (Level::WARN, "the response is not that of the gRPC service"),
        _ if is_likely => (Level::WARN, "the edge refused the request"),
        _ => (Level::DEBUG, "the edge may have refused the request"),
    };
    // The level of an event has to be a constant.
    macro_rules! log {
        ($level:expr) => {
            tracing::event!(
                $level,
                label,
                dial = names.dial,
                sni = names.sni,
                expected_name = names.expected_name,
                host = names.host,
                status = status.as_u16(),
                %diagnosis,
                "{message}"
            )
        };
    }
    match level {
        Level::WARN => log!(Level::WARN),
        Level::INFO => log!(Level::INFO),
        _ => log!(Level::DEBUG),
    }
}
