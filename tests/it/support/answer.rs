//! What an edge answers: each request is recorded, checked, handled, and at times left hanging.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc::UnboundedSender;

use super::edge::Shared;
use super::ending::{Ending, LastWords};
use super::pages::{cloudfront_error, redirect_to_https};
use super::policy::{Behaviour, HostMismatch, Policy, Speech};
use super::record::SeenRequest;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What the requests of one connection share.
pub(super) struct Visit {
    pub(super) edge: Arc<Shared>,
    pub(super) sni: Option<String>,
    pub(super) endings: UnboundedSender<Ending>,
}

impl Visit {
    /// Answers with whatever the policy says; an error is a request that broke off.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Answer, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = Request::from_parts(head, body);
        let seen = SeenRequest::new(&request, self.sni.as_deref());
        let host = seen.host().map(name_of).unwrap_or_default();
        self.edge.recorder.note(|record| record.requests.push(seen));
        let version = request.version();
        let response = self.respond(request, &host);
        Ok(self.deliver(response, version).await)
    }

    fn respond(&self, request: Request<Bytes>, host: &str) -> Response<Bytes> {
        let policy = &self.edge.policy;
        if policy.speech == Speech::RedirectToHttps {
            let path = request.uri().path_and_query();
            return redirect_to_https(host, path.map_or("/", |path| path.as_str()));
        }
        if let Some(status) = refusal(policy, self.sni.as_deref(), host) {
            return cloudfront_error(status);
        }
        self.edge.tasks.guard(|| (policy.handler)(request))
    }

    async fn deliver(&self, response: Response<Bytes>, version: Version) -> Answer {
        match self.edge.policy.behaviour {
            Some(Behaviour::StallBeforeResponse) => pending().await,
            Some(Behaviour::ResetBeforeResponse) => {
                let _ = self.endings.send(Ending::Reset);
                pending().await
            }
            Some(Behaviour::TruncateBody) => self.last_words(response, 1, Ending::HangUp),
            Some(Behaviour::CloseIdle) if version == Version::HTTP_2 => {
                self.last_words(response, 0, Ending::HangUp)
            }
            Some(Behaviour::CloseIdle | Behaviour::GoAway) => {
                self.last_words(response, 0, Ending::Graceful)
            }
            _ => response.map(|body| Full::new(body).boxed_unsync()),
        }
    }

    /// The last answer of its connection, announced as longer than it is by `missing` bytes.
    fn last_words(&self, response: Response<Bytes>, missing: usize, ending: Ending) -> Answer {
        let (mut head, words) = response.into_parts();
        let length = HeaderValue::from(words.len() + missing);
        head.headers.insert(header::CONTENT_LENGTH, length);
        let body = LastWords::new(words, missing == 0, ending, &self.endings);
        Response::from_parts(head, body.boxed_unsync())
    }
}

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
