//! Responds to a request: records it, checks its host, calls the handler and applies the behaviour.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc::UnboundedSender;

use super::closing::{Closing, FinalBody};
use super::pages::{cloudfront_error, redirect_to_https};
use super::policy::{Behaviour, HostMismatch, Policy, PortProtocol};
use super::record::RecordedRequest;
use super::shared::EdgeState;

type EdgeResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// The context that the requests of one connection share.
pub(super) struct ConnectionContext {
    pub(super) edge: Arc<EdgeState>,
    pub(super) sni: Option<String>,
    pub(super) closings: UnboundedSender<Closing>,
}

impl ConnectionContext {
    /// Responds by the policy; an error if the request was cut off.
    pub(super) async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<EdgeResponse, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = Request::from_parts(head, body);
        let recorded = RecordedRequest::new(&request, self.sni.as_deref());
        let host = recorded.host().map(name_of).unwrap_or_default();
        self.edge
            .recorder
            .note(|record| record.requests.push(recorded));
        let version = request.version();
        let response = self.handle(request, &host);
        Ok(self.deliver(response, version).await)
    }

    fn handle(&self, request: Request<Bytes>, host: &str) -> Response<Bytes> {
        let policy = &self.edge.policy;
        if policy.protocol == PortProtocol::RedirectToHttps {
            let path = request.uri().path_and_query();
            return redirect_to_https(host, path.map_or("/", |path| path.as_str()));
        }
        if let Some(status) = refusal(policy, self.sni.as_deref(), host) {
            return cloudfront_error(status);
        }
        self.edge.tasks.guard(|| (policy.handler)(request))
    }

    async fn deliver(&self, response: Response<Bytes>, version: Version) -> EdgeResponse {
        match self.edge.policy.behaviour {
            Some(Behaviour::StallBeforeResponse) => pending().await,
            Some(Behaviour::ResetBeforeResponse) => {
                let _ = self.closings.send(Closing::Reset);
                pending().await
            }
            Some(Behaviour::TruncateBody) => self.final_response(response, 1, Closing::EndOfStream),
            Some(Behaviour::CloseIdle) if version == Version::HTTP_2 => {
                self.final_response(response, 0, Closing::EndOfStream)
            }
            Some(Behaviour::CloseIdle | Behaviour::GoAway) => {
                self.final_response(response, 0, Closing::Graceful)
            }
            _ => response.map(|body| Full::new(body).boxed_unsync()),
        }
    }

    /// The last response of the connection. Its `Content-Length` exceeds the body by `missing`
    /// bytes.
    fn final_response(
        &self,
        response: Response<Bytes>,
        missing: usize,
        closing: Closing,
    ) -> EdgeResponse {
        let (mut head, content) = response.into_parts();
        let length = HeaderValue::from(content.len() + missing);
        head.headers.insert(header::CONTENT_LENGTH, length);
        let body = FinalBody::new(content, missing == 0, closing, &self.closings);
        Response::from_parts(head, body.boxed_unsync())
    }
}

/// The status for a host that the policy refuses.
fn refusal(policy: &Policy, sni: Option<&str>, host: &str) -> Option<StatusCode> {
    let unknown = |hosts: &Vec<String>| !hosts.iter().any(|known| known == host);
    if policy.known_hosts.as_ref().is_some_and(unknown) {
        return Some(StatusCode::FORBIDDEN);
    }
    if sni.is_none_or(|name| name == host) {
        return None;
    }
    match policy.host_mismatch {
        HostMismatch::Allow => None,
        HostMismatch::Misdirected421 => Some(StatusCode::MISDIRECTED_REQUEST),
        HostMismatch::Forbidden403 => Some(StatusCode::FORBIDDEN),
    }
}

/// The name in a `Host` or `:authority`, in lower case and without the port.
fn name_of(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.to_ascii_lowercase()
}
