//! HTTP/2 and HTTP/1.1 as nginx negotiates them.

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, HostRewriteLayer,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, Stage},
    tls::Alpn,
};
use http::{Request, StatusCode, Version};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{Layer, ServiceExt};

use crate::{
    interop::{
        client::{NAME, answer, assert_likeliest, connector, refusal, session, text},
        server::{Folder, Server},
    },
    support::Authority,
};

/// An nginx with this `listen` line that echoes the request, and a builder for it.
fn listening(listen: &str) -> (Server, CdnOriginBuilder) {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let servers = "
        server {
            LINE;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            return 200 '$server_protocol $http_host $request_uri';
        }"
    .replace("LINE", listen);
    let nginx = Server::nginx(folder, &servers);
    let connector = connector(&nginx, &authority);
    (nginx, connector)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_with_h2_gets_h2_by_default() {
    let (_nginx, connector) = listening("listen LISTEN ssl http2");
    let response = answer(connector).await;
    assert_eq!(response.body(), "HTTP/2.0 www.example.test /page?query");
    assert_eq!(session(&response).protocol.as_deref(), Some("h2"));
    // The client's connection has its own version.
    assert_eq!(response.version(), Version::HTTP_11);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_with_h2_gets_http_1_1_if_only_that_is_offered() {
    let (_nginx, connector) = listening("listen LISTEN ssl http2");
    let response = answer(connector.alpn(Alpn::Http1)).await;
    assert_eq!(response.body(), "HTTP/1.1 www.example.test /page?query");
    assert_eq!(session(&response).protocol.as_deref(), Some("http/1.1"));
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_without_h2_gets_http_1_1_by_default() {
    let (_nginx, connector) = listening("listen LISTEN ssl");
    let response = answer(connector).await;
    assert_eq!(response.body(), "HTTP/1.1 www.example.test /page?query");
    assert_eq!(session(&response).protocol.as_deref(), Some("http/1.1"));
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_without_h2_is_refused_if_h2_is_required() {
    let (_nginx, connector) = listening("listen LISTEN ssl");

    let error = refusal(connector.clone().alpn(Alpn::Http2)).await;

    assert_eq!(error.kind(), ErrorKind::ProtocolNotNegotiated);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().alert().unwrap().code(), 120);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::AlpnNotAccepted,
        Certainty::Certain,
        ".alpn(Alpn::Http2OrHttp1)",
    );
    let fixed = answer(connector.alpn(Alpn::Http2OrHttp1)).await;
    assert_eq!(fixed.status(), StatusCode::OK);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_hyper_util_client_speaks_h2_and_http_1_1_to_nginx_over_the_connector() {
    let (_nginx, connector) = listening("listen LISTEN ssl http2");
    for (alpn, version, label) in [
        (Alpn::Http2, Version::HTTP_2, "HTTP/2.0"),
        (Alpn::Http1, Version::HTTP_11, "HTTP/1.1"),
    ] {
        let client = client(connector.clone().alpn(alpn).build().unwrap());
        let request = Request::get("https://www.example.test/page");
        let response = client.request(request.body(Full::default()).unwrap()).await;
        let response = text(response.unwrap()).await;
        assert_eq!(response.version(), version);
        assert_eq!(*response.body(), format!("{label} {NAME} /page"));
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_accepts_h2_requests_with_a_rewritten_host_from_a_hyper_util_client() {
    let (_nginx, connector) = listening("listen LISTEN ssl http2");
    let client = client(connector.build().unwrap());
    let request = || {
        Request::get("https://client.test/page")
            .header("host", "client.test")
            .body(Full::default())
            .unwrap()
    };

    // Without the layer, the client's Host is sent beside `:authority`.
    let refused = client.request(request()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);

    let rewritten = HostRewriteLayer::to(NAME).unwrap().layer(client);
    let response = text(rewritten.oneshot(request()).await.unwrap()).await;
    assert_eq!(response.version(), Version::HTTP_2);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body(), "HTTP/2.0 www.example.test /page");
}

fn client(connector: CdnOriginConnector) -> Client<CdnOriginConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build(connector)
}
