//! The service that the layer makes.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{CONTENT_LENGTH, HOST, ORIGIN, UPGRADE},
    uri::PathAndQuery,
};
use http_body::Body;
use tower_service::Service;

use crate::{diagnosis::has_grpc_content, error::LoggedNames, name::HostAuthority, origin::Origin};

use super::{
    PeekedBody,
    examine_response::{RequestSummary, examine_response, log_diagnosis},
};

/// Forwards requests and adds a diagnosis to responses by which an edge refuses.
///
/// Made by [`ResponseDiagnosisLayer`](super::ResponseDiagnosisLayer). The [module](self::super) has
/// an example.
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
pub struct ResponseDiagnosis<S> {
    inner: S,
    origin: Arc<Origin>,
}

impl<S> ResponseDiagnosis<S> {
    pub(super) fn new(inner: S, origin: Arc<Origin>) -> Self {
        Self { inner, origin }
    }
}

impl<S, B, R> Service<Request<B>> for ResponseDiagnosis<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Body,
    R: Body + Send + Unpin + 'static,
    R::Data: Send,
    R::Error: Send,
{
    type Response = Response<PeekedBody<R>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let sent = SentRequest::of(&request);
        let origin = Arc::clone(&self.origin);
        let response = self.inner.call(request);
        Box::pin(async move { Ok(diagnosed(response.await?, &origin, &sent).await) })
    }
}

/// The parts of the request that the diagnosis depends on.
struct SentRequest {
    host: Option<HostAuthority>,
    summary: RequestSummary,
}

impl SentRequest {
    fn of<B: Body>(request: &Request<B>) -> Self {
        let field = request.headers().get(HOST);
        let field = field.and_then(|field| field.to_str().ok());
        let authority = request
            .uri()
            .authority()
            .map(|authority| authority.as_str());
        let target = request.uri().path_and_query().cloned();
        Self {
            host: authority.or(field).and_then(|host| host.parse().ok()),
            summary: RequestSummary {
                method: request.method().clone(),
                target: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
                // Measured by the proxy alone, which does so only for an error.
                head_size: None,
                has_content: !request.body().is_end_stream(),
                has_length: request.headers().contains_key(CONTENT_LENGTH)
                    || request.body().size_hint().exact().is_some(),
                origin_field: request.headers().get(ORIGIN).cloned(),
                is_grpc: has_grpc_content(request.headers()),
                upgrade: websocket(request.headers()),
            },
        }
    }
}

/// The protocol, if the request opens a WebSocket. A client chooses the names of others.
fn websocket(headers: &HeaderMap) -> Option<HeaderValue> {
    let field = headers.get(UPGRADE)?;
    let is_websocket = field.as_bytes().eq_ignore_ascii_case(b"websocket");
    is_websocket.then(|| HeaderValue::from_static("websocket"))
}

/// Adds the diagnosis to the extensions of a response.
async fn diagnosed<R: Body + Unpin>(
    response: Response<R>,
    origin: &Origin,
    sent: &SentRequest,
) -> Response<PeekedBody<R>> {
    let (mut head, body) = response.into_parts();
    let mut body = PeekedBody::new(body);
    let host = sent.host.as_ref().unwrap_or_else(|| origin.host());
    let evidence = sent.summary.evidence(origin, host, &head);
    if let Some(diagnosis) = examine_response(evidence, &mut body).await {
        let names = LoggedNames::of_answered(origin, host, None);
        log_diagnosis(head.status, origin.label(), &names, &diagnosis);
        head.extensions.insert(diagnosis);
    }
    Response::from_parts(head, body)
}
