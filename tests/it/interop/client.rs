//! The client side: a connector alone, and a proxy behind an axum router.

use axum::{Router, body::Body};
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    connector::{CdnOriginBuilder, ConnectionInfo},
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{Facts, TlsSession},
    tls::{Roots, VerifyPolicy, danger},
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{proofs::assert_error_proved, support::Authority};

use super::server::Server;

/// The name of the servers.
pub(super) const NAME: &str = "www.example.test";

/// A builder for this server with the name [`NAME`], which trusts this authority.
pub(super) fn connector(server: &Server, authority: &Authority) -> CdnOriginBuilder {
    CdnOriginConnector::builder(format!("https://{NAME}").as_str())
        .dial(server.address().to_string())
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
}

/// A builder for the address of this server, without a name.
pub(super) fn by_address(server: &Server) -> CdnOriginBuilder {
    let url = format!("https://{}", server.address());
    CdnOriginConnector::builder(url.as_str()).verify(danger::accept_any_certificate())
}

/// The error of a connect. A proxy with the same connector must report the same.
pub(super) async fn refusal(builder: CdnOriginBuilder) -> Error {
    let connector = builder.build().unwrap();
    let error = connector.clone().oneshot(Uri::default()).await.unwrap_err();
    let proxied = failure(&OriginProxy::new(connector)).await;
    assert_eq!(proxied.kind(), error.kind());
    assert_eq!(proxied.stage(), error.stage());
    assert_eq!(proxied.diagnosis(), error.diagnosis());
    error
}

/// The error behind a 502 of the proxy.
pub(super) async fn failure(proxy: &OriginProxy) -> Error {
    let response = ask(proxy).await;
    assert_eq!(
        response.status(),
        StatusCode::BAD_GATEWAY,
        "{}",
        response.body()
    );
    let error = response.extensions().get::<Error>().unwrap().clone();
    assert_error_proved(&error);
    error
}

/// The response to a GET through a proxy with this connector.
pub(super) async fn answer(builder: CdnOriginBuilder) -> Response<String> {
    ask(&OriginProxy::new(builder.build().unwrap())).await
}

/// The response to a GET for `/page?query` of `client.test`, through an axum router with this
/// proxy.
pub(super) async fn ask(proxy: &OriginProxy) -> Response<String> {
    let request = Request::get("/page?query").header("host", "client.test");
    send(proxy, request.body(Body::empty()).unwrap()).await
}

/// The response to this request.
pub(super) async fn send(proxy: &OriginProxy, request: Request<Body>) -> Response<String> {
    let router = Router::new().fallback_service(proxy.clone());
    text(router.oneshot(request).await.unwrap()).await
}

/// The response with its whole body.
pub(super) async fn text<B>(response: Response<B>) -> Response<String>
where
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(body.into()).unwrap())
}

/// The facts of a response's connection.
pub(super) fn facts(response: &Response<String>) -> &Facts {
    let info = response.extensions().get::<ConnectionInfo>();
    info.unwrap().facts()
}

/// The TLS session of a response's connection.
pub(super) fn session(response: &Response<String>) -> &TlsSession {
    facts(response).tls_session().unwrap()
}

/// The diagnosis of a response.
pub(super) fn diagnosis(response: &Response<String>) -> &Diagnosis {
    response.extensions().get::<Diagnosis>().unwrap()
}

/// Asserts the most likely cause, its certainty and its fix.
#[track_caller]
pub(super) fn assert_likeliest(
    diagnosis: &Diagnosis,
    id: CauseId,
    certainty: Certainty,
    fix: impl AsRef<str>,
) {
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!((cause.id(), cause.certainty()), (id, certainty), "{cause}");
    let mended_by = cause.fixes().first().map(ToString::to_string);
    assert_eq!(mended_by.as_deref(), Some(fix.as_ref()), "{cause}");
}

/// Asserts that the diagnosis contains this cause, and its fix.
#[track_caller]
pub(super) fn assert_fixed_by(diagnosis: &Diagnosis, id: CauseId, fix: &str) {
    let cause = diagnosis.causes().iter().find(|cause| cause.id() == id);
    let mended_by = cause.unwrap().fixes().first().map(ToString::to_string);
    assert_eq!(mended_by.as_deref(), Some(fix));
}
