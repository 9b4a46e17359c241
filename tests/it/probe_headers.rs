//! What a probe finds about `X-Forwarded-Proto` and the PROXY protocol header.

use bytes::Bytes;
use cdn_origin::{
    diagnosis::{CauseId, Certainty},
    dial::ProxyProtocol,
    probe::Findings,
};
use http::{Request, Response};

use crate::{
    probe_peers::{Peer, Refusal, forward, is_tls, probe, send_and_close, trusting},
    support::{Authority, Edge, EdgeBuilder},
};

const SITE: &str = "www.example.test";
const URL: &str = "https://www.example.test";

#[track_caller]
fn assert_proved(findings: &Findings, id: CauseId, fix: &str) {
    let causes = findings.diagnosis().causes();
    let [cause] = causes else {
        panic!("not one cause: {findings}");
    };
    let found = (cause.id(), cause.certainty());
    assert_eq!(found, (id, Certainty::Certain), "{findings}");
    let shown = cause.fixes().first().map(ToString::to_string);
    assert!(shown.unwrap().contains(fix), "{findings}");
    assert!(findings.working().is_some(), "{findings}");
}

fn says_https(request: &Request<Bytes>) -> bool {
    let scheme = request.headers().get("x-forwarded-proto");
    scheme.is_some_and(|scheme| scheme == "https")
}

/// An edge that redirects to this address until `X-Forwarded-Proto` says https.
fn wanting_https(builder: EdgeBuilder, location: &'static str) -> EdgeBuilder {
    builder.respond(move |request| match says_https(&request) {
        true => Response::new(Bytes::from_static(b"works")),
        false => Response::builder()
            .status(301)
            .header("location", location)
            .body(Bytes::new())
            .unwrap(),
    })
}

#[tokio::test]
async fn an_origin_that_redirects_until_the_client_uses_https_is_found() {
    let authority = Authority::new();
    let plain = Edge::builder(&authority).plain_http();
    let plain = wanting_https(plain, "https://www.example.test/")
        .start()
        .await;
    let peer = Peer::before(&plain, |_, _| false, Refusal::Close).await;
    let over_http = probe(peer.reached_as("http://www.example.test")).await;
    // An edge that ends TLS, before an application that sees plain HTTP.
    let edge = wanting_https(Edge::builder(&authority).serves(SITE), URL)
        .start()
        .await;
    let peer = Peer::before(&edge, |_, _| false, Refusal::Close).await;
    let over_tls = probe(peer.reached_as(URL).verify(trusting(&authority))).await;
    for findings in [over_http, over_tls] {
        let fix = ".client_scheme(Scheme::Https) on the ForwardedLayer";
        assert_proved(&findings, CauseId::ForwardedProto, fix);
        let code = findings.working().unwrap().builder_code();
        assert!(code.contains(&format!("// {fix}")), "{findings}");
    }
}

#[tokio::test]
async fn a_redirect_to_https_that_the_field_does_not_end_is_not_about_the_field() {
    const REDIRECT: &[u8] =
        b"HTTP/1.1 301 Moved\r\nlocation: https://www.example.test/\r\ncontent-length: 0\r\n\r\n";
    let peer = Peer::answering(REDIRECT).await;
    let findings = probe(peer.reached_as("http://www.example.test")).await;
    let mut tried = findings.attempts().iter().filter_map(|it| it.change());
    assert!(
        tried.any(|change| change == "X-Forwarded-Proto https"),
        "{findings}"
    );
    let causes = findings.diagnosis().causes();
    let ids: Vec<_> = causes.iter().map(|cause| cause.id()).collect();
    assert_eq!(ids.first(), Some(&CauseId::HttpsRequired), "{findings}");
    assert!(!ids.contains(&CauseId::ForwardedProto), "{findings}");
}

#[tokio::test]
async fn a_field_that_changes_nothing_is_not_offered() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves(SITE).respond(|_| {
        let response = Response::builder().status(301).header("location", URL);
        response.body(Bytes::new()).unwrap()
    });
    let edge = edge.start().await;
    let peer = Peer::before(&edge, |_, _| false, Refusal::Close).await;
    let findings = probe(peer.reached_as(URL).verify(trusting(&authority))).await;
    assert!(!findings.is_proved(), "{findings}");
    assert!(
        !findings.to_string().contains("client_scheme"),
        "{findings}"
    );
}

#[tokio::test]
async fn a_configured_proxy_header_that_the_origin_refuses_is_found() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves(SITE).start().await;
    let address = edge.address();
    let closing = [
        Refusal::Close,
        Refusal::Reset,
        Refusal::Drop,
        Refusal::Alert(70),
    ];
    for refusal in closing {
        let peer = Peer::before(&edge, |_, first| !is_tls(first), refusal).await;
        let builder = peer.trusted_by(URL, &authority);
        for header in [ProxyProtocol::V1, ProxyProtocol::V2] {
            let findings = probe(builder.clone().proxy_protocol(header)).await;
            let fix = "leave out .proxy_protocol(..)";
            assert_proved(&findings, CauseId::ProxyHeaderNotExpected, fix);
            let code = findings.working().unwrap().builder_code();
            assert!(code.ends_with("// without .proxy_protocol(..)"), "{code}");
            assert!(findings.builder().unwrap().build().is_ok());
        }
    }
    // nginx takes the header for plain HTTP.
    let peer = Peer::after_first_bytes(move |_, first, stream| async move {
        match is_tls(&first) {
            true => forward(&first, stream, address).await,
            false => send_and_close(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        }
    })
    .await;
    let builder = peer.trusted_by(URL, &authority);
    let findings = probe(builder.proxy_protocol(ProxyProtocol::V1)).await;
    assert_proved(&findings, CauseId::ProxyHeaderNotExpected, "leave out");
    assert_eq!(peer.plaintexts(), 0, "{findings}");
}

#[tokio::test]
async fn a_plain_http_origin_that_refuses_the_proxy_header_is_found() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    let address = edge.address();
    const REFUSED: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
    for answer in [REFUSED, b""] {
        let peer = Peer::after_first_bytes(move |_, first, stream| async move {
            match first.starts_with(b"GET ") {
                true => forward(&first, stream, address).await,
                false => send_and_close(stream, answer).await,
            }
        })
        .await;
        let builder = peer.dialled_by("http://origin.example");
        let findings = probe(builder.proxy_protocol(ProxyProtocol::V1)).await;
        assert_proved(&findings, CauseId::ProxyHeaderNotExpected, "leave out");
    }
}

#[tokio::test]
async fn a_plain_http_peer_that_gets_a_proxy_header_and_a_client_hello_gets_no_plaintext() {
    let peer = Peer::answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let builder = peer.dialled_by("https://origin.example:8443");
    let findings = probe(builder.proxy_protocol(ProxyProtocol::V2)).await;
    assert_eq!(peer.plaintexts(), 0, "{findings}");
    assert!(findings.working().is_none(), "{findings}");
}
