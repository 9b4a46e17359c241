//! The service that a layer makes.

use std::task::{Context, Poll};

use http::{Request, Response, header::HOST, uri::PathAndQuery};
use http_body::Body;
use tower_service::Service;

use crate::name::HostAuthority;

use super::{Asked, PeekedBody, ResponseDiagnosisFuture, ResponseDiagnosisLayer, examine, tell};

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
        let sent = Sent::of(&request);
        let layer = self.layer.clone();
        let answered = self.inner.call(request);
        ResponseDiagnosisFuture::new(
            async move { Ok(diagnosed(answered.await?, &layer, &sent).await) },
        )
    }
}

/// What of the request the diagnosis is about.
struct Sent {
    host: Option<HostAuthority>,
    asked: Asked,
}

impl Sent {
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
            asked: Asked {
                method: request.method().clone(),
                target: target.unwrap_or_else(|| PathAndQuery::from_static("/")),
                has_content: !request.body().is_end_stream(),
            },
        }
    }
}

async fn diagnosed<R: Body + Unpin>(
    response: Response<R>,
    layer: &ResponseDiagnosisLayer,
    sent: &Sent,
) -> Response<PeekedBody<R>> {
    let (mut head, body) = response.into_parts();
    let mut body = PeekedBody::new(body);
    let origin = &layer.origin;
    let host = sent.host.as_ref().unwrap_or_else(|| origin.host());
    let evidence = sent.asked.evidence(origin, host, &head);
    if let Some(diagnosis) = examine(evidence, &mut body).await {
        tell(head.status, &diagnosis);
        head.extensions.insert(diagnosis);
    }
    Response::from_parts(head, body)
}
