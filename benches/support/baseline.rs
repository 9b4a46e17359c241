//! The baseline: a reverse proxy of axum, hyper-util's client and hyper-rustls.

use std::net::SocketAddr;

use axum::{Router, body::Body, extract::State, response::IntoResponse};
use http::Request;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{client_config::client_config, origin::NAME};

/// Rebuilds the URI and replaces Host, as tutorials do, and does nothing else.
pub(crate) fn router(origin: SocketAddr, pem: &[u8]) -> Router {
    let upstream = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(hyper_rustls(pem));
    Router::new()
        .fallback(forward)
        .with_state((upstream, origin))
}

async fn forward(
    State((upstream, origin)): State<(Client<HttpsConnector<HttpConnector>, Body>, SocketAddr)>,
    mut request: Request<Body>,
) -> axum::response::Response {
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let uri = format!("https://{origin}{path}").parse().unwrap();
    *request.uri_mut() = uri;
    let host = http::HeaderValue::from_static(NAME);
    request.headers_mut().insert(http::header::HOST, host);
    match upstream.request(request).await {
        Ok(response) => response.into_response(),
        Err(error) => panic!("{error:?}"),
    }
}

fn hyper_rustls(pem: &[u8]) -> HttpsConnector<HttpConnector> {
    HttpsConnectorBuilder::new()
        .with_tls_config(client_config(pem))
        .https_only()
        .with_server_name_resolver(FixedServerNameResolver::new(NAME.try_into().unwrap()))
        .enable_all_versions()
        .build()
}
