//! The service that a layer makes.

use std::task::{Context, Poll};

use http::{Method, Request, Response, header::HOST, uri::PathAndQuery};
use http_body::Body;
use tower_service::Service;

use crate::{diagnosis::ResponseEvidence, name::HostAuthority};

use super::{PeekedBody, ResponseDiagnosisFuture, ResponseDiagnosisLayer, tell};

/// Passes responses on and says what an edge means by them. See the [module](self::super).
#[derive(Clone, Debug)]
pub struct ResponseDiagnosis<S> {
    inner: S,
    layer: ResponseDiagnosisLayer,
}

impl<S> ResponseDiagnosis<S> {
    pub(super) fn new(inner: S, layer: ResponseDiagnosisLayer) -> Self {
        Self { inner, layer }
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
    type Future = ResponseDiagnosisFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let asked = Asked::of(&request);
        let layer = self.layer.clone();
        let answered = self.inner.call(request);
        ResponseDiagnosisFuture::new(
            async move { Ok(examine(answered.await?, &layer, &asked).await) },
        )
    }
}

/// What of the request the diagnosis is about.
struct Asked {
    host: Option<HostAuthority>,
    method: Method,
    target: PathAndQuery,
    has_content: bool,
}

impl Asked {
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
            method: request.method().clone(),
            target: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
            has_content: !request.body().is_end_stream(),
        }
    }
}

async fn examine<R: Body + Unpin>(
    response: Response<R>,
    layer: &ResponseDiagnosisLayer,
    asked: &Asked,
) -> Response<PeekedBody<R>> {
    let (mut head, body) = response.into_parts();
    let mut body = PeekedBody::new(body);
    let origin = &layer.origin;
    let host = asked.host.as_ref().unwrap_or_else(|| origin.host());
    let evidence = ResponseEvidence::new(origin, host, head.status, &head.headers)
        .request(&asked.method, &asked.target);
    let evidence = match asked.has_content {
        true => evidence.request_with_content(),
        false => evidence,
    };
    let page = match evidence.wants_body() {
        true => body.peek().await,
        false => Vec::new(),
    };
    if let Some(diagnosis) = evidence.body(&page).diagnosis() {
        tell(head.status, &diagnosis);
        head.extensions.insert(diagnosis);
    }
    Response::from_parts(head, body)
}
