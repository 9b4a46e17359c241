//! What Rust users write without a crate for it: axum, hyper-util's client and hyper-rustls.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Request, StatusCode, Uri, Version,
    header::HOST,
    uri::{Authority, PathAndQuery, Scheme},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tower::util::ServiceFn;

use crate::{setup::NAME, workload::Protocol};

type Resolve = fn(Name) -> Ready<Result<std::array::IntoIter<SocketAddr, 1>, Infallible>>;
pub(crate) type Connector = HttpsConnector<HttpConnector<ServiceFn<Resolve>>>;

#[derive(Clone)]
struct Upstream {
    client: Client<Connector, Body>,
    authority: Authority,
    /// `None` over HTTP/2, where `:authority` takes the place of Host.
    host: Option<HeaderValue>,
}

/// Replaces the authority and Host, and does nothing else.
pub(crate) fn router(origin: SocketAddr, protocol: Protocol, pem: &[u8]) -> Router {
    let host = HeaderValue::from_static(NAME);
    let upstream = Upstream {
        client: client(protocol, pem),
        authority: format!("{NAME}:{}", origin.port()).parse().unwrap(),
        host: (protocol == Protocol::Http1).then_some(host),
    };
    Router::new().fallback(forward).with_state(upstream)
}

async fn forward(State(upstream): State<Upstream>, mut request: Request<Body>) -> Response {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = Some(upstream.authority);
    let path = parts.path_and_query.take();
    parts.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    *request.uri_mut() = Uri::from_parts(parts).unwrap();
    // The client rejects requests of HTTP/2 on connections of HTTP/1.
    *request.version_mut() = Version::HTTP_11;
    match upstream.host {
        Some(host) => request.headers_mut().insert(HOST, host),
        None => request.headers_mut().remove(HOST),
    };
    match upstream.client.request(request).await {
        Ok(response) => response.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

pub(crate) fn client(protocol: Protocol, pem: &[u8]) -> Client<Connector, Body> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .http2_only(protocol == Protocol::Http2)
        .build(connector(protocol, pem))
}

/// A connector that resolves every name to the loopback address.
pub(crate) fn connector(protocol: Protocol, pem: &[u8]) -> Connector {
    let resolve: Resolve = |_| ready(Ok([SocketAddr::from(([127, 0, 0, 1], 0))].into_iter()));
    let mut http = HttpConnector::new_with_resolver(tower::service_fn(resolve));
    http.enforce_http(false);
    http.set_nodelay(true);
    let builder = HttpsConnectorBuilder::new()
        .with_tls_config(client_config(pem))
        .https_only();
    match protocol {
        Protocol::Http1 => builder.enable_http1().wrap_connector(http),
        Protocol::Http2 => builder.enable_http2().wrap_connector(http),
    }
}

/// A TLS client that trusts only this certificate.
pub(crate) fn client_config(pem: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
