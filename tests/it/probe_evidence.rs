//! What the probe concludes, and from what: a conclusion needs evidence for it.

use std::time::Duration;

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::{Cause, CauseId, Certainty},
    probe::{Findings, ProbeAttempt},
};
use http::{Response, StatusCode};

use crate::{
    probe_peers::{Peer, Refusal, forward, is_tls, probe, send_and_close, trusting},
    support::{Authority, Behaviour, Edge, SniRefusal},
};

const SITE: &str = "www.site.example";
const URL: &str = "https://www.site.example";

fn causes(findings: &Findings) -> Vec<(CauseId, Certainty)> {
    let causes = findings.diagnosis().causes().iter();
    causes
        .map(|cause| (cause.id(), cause.certainty()))
        .collect()
}

fn certain(id: CauseId) -> Vec<(CauseId, Certainty)> {
    vec![(id, Certainty::Certain)]
}

fn fixes(cause: &Cause) -> Vec<String> {
    cause.fixes().iter().map(ToString::to_string).collect()
}

/// Asserts that TLS is neither concluded nor offered.
fn assert_no_tls(findings: &Findings) {
    let text = findings.to_string();
    let ids = causes(findings);
    assert!(
        ids.iter().all(|(id, _)| *id != CauseId::HttpToTlsPort),
        "{text}"
    );
    assert!(!text.contains("builder(\"https:"), "{text}");
    assert!(findings.working().is_none(), "{text}");
    assert!(!ids.is_empty(), "{text}");
}

#[tokio::test]
async fn a_plain_http_origin_that_sends_no_byte_of_tls_is_not_said_to_speak_it() {
    let silent = [
        Peer::greeting(b"").await,
        Peer::refusing(Refusal::Close).await,
        Peer::refusing(Refusal::Reset).await,
        Peer::refusing(Refusal::Drop).await,
        Peer::answering(b"<html><h1>Too many connections</h1></html>").await,
        Peer::answering(b"-ERR unknown command 'GET'\r\n").await,
        Peer::answering(b"HTTP/0.9 200 OK\r\n\r\n").await,
    ];
    for peer in silent {
        let findings = probe(peer.dialled_by("http://origin.example")).await;
        assert_no_tls(&findings);
    }
}

#[tokio::test]
async fn a_peer_that_sends_http_is_not_asked_for_tls() {
    let answers: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx(a): b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
    ];
    for answer in answers {
        let peer = Peer::answering(answer).await;
        let findings = probe(peer.dialled_by("http://origin.example")).await;
        assert_no_tls(&findings);
        assert_eq!(findings.attempts().len(), 1, "{findings}");
    }
}

#[tokio::test]
async fn a_service_that_names_itself_in_an_answer_to_tls_is_named() {
    let greetings: [&[u8]; 4] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example ESMTP\r\n",
        b"220-FTP\r\n220 ready\r\n",
        // The SETTINGS of a server that speaks HTTP/2 without TLS.
        b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64",
    ];
    for greeting in greetings {
        for scheme in ["http", "https"] {
            let peer = Peer::greeting(greeting).await;
            let findings = probe(peer.dialled_by(format!("{scheme}://origin.example"))).await;
            assert_eq!(
                causes(&findings),
                certain(CauseId::OtherService),
                "{findings}"
            );
            assert!(findings.working().is_none(), "{findings}");
        }
    }
}

/// Plain HTTP is refused in this way, and TLS passes to the edge.
async fn tls_only(edge: &Edge, refusal: Refusal) -> Peer {
    Peer::before(edge, |_, first| !is_tls(first), refusal).await
}

#[tokio::test]
async fn tls_is_concluded_from_bytes_of_tls_however_plain_http_is_refused() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).start().await;
    for refusal in [
        Refusal::Alert(40),
        Refusal::Alert(70),
        Refusal::Close,
        Refusal::Reset,
        Refusal::Drop,
    ] {
        let peer = tls_only(&edge, refusal).await;
        let url = format!("http://origin.example:{}", peer.port());
        let findings = probe(peer.dialled_by(url)).await;
        let first = &findings.diagnosis().causes()[0];
        assert_eq!(first.id(), CauseId::HttpToTlsPort, "{findings}");
        assert_eq!(first.certainty(), Certainty::Certain, "{findings}");
        let url = format!("https://origin.example:{}", peer.port());
        assert_eq!(
            fixes(first),
            [format!("CdnOriginConnector::builder(\"{url}\")")]
        );
    }
}

/// A listener with `accept-proxy`: connections without a header of version 2 are closed.
async fn accepting_proxy(edge: &Edge) -> Peer {
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    let edge = edge.address();
    Peer::after_first_bytes(move |_, first, stream| async move {
        match first.strip_prefix(SIGNATURE) {
            // Version, family, and the length of the addresses: `LOCAL` has none.
            Some(rest) => forward(&rest[4..], stream, edge).await,
            None => send_and_close(stream, b"").await,
        }
    })
    .await
}

#[tokio::test]
async fn a_listener_that_expects_a_proxy_header_is_found() {
    let authority = Authority::new();
    let plain = Edge::builder(&authority).plain_http().start().await;
    let peer = accepting_proxy(&plain).await;
    let over_http = probe(peer.dialled_by("http://origin.example")).await;
    let edge = Edge::builder(&authority).serves(SITE).start().await;
    let peer = accepting_proxy(&edge).await;
    let over_tls = probe(peer.trusted_by(URL, &authority)).await;
    for findings in [over_http, over_tls] {
        assert_eq!(
            causes(&findings),
            certain(CauseId::ProxyHeaderExpected),
            "{findings}"
        );
        let code = findings
            .working()
            .map(ProbeAttempt::builder_code)
            .unwrap_or_default();
        let call = ".proxy_protocol(ProxyProtocol::V2)";
        assert!(code.ends_with(call), "{findings}");
        assert_eq!(fixes(&findings.diagnosis().causes()[0]), [call]);
    }
}

#[tokio::test]
async fn a_failure_that_does_not_happen_again_proves_nothing() {
    let authority = Authority::new();
    for refusal in [Refusal::Close, Refusal::Reset, Refusal::Drop] {
        let edge = Edge::builder(&authority)
            .serves(SITE)
            .without_sni(SniRefusal::DefaultCertificate)
            .default_certificate(authority.issue(&[SITE]))
            .start()
            .await;
        let peer = Peer::before(&edge, |number, _| number == 0, refusal).await;
        let findings = probe(peer.trusted_by(URL, &authority)).await;
        assert!(findings.diagnosis().causes().is_empty(), "{findings}");
        assert!(
            findings.to_string().contains("it is intermittent"),
            "{findings}"
        );
        let code = findings
            .working()
            .map(ProbeAttempt::builder_code)
            .unwrap_or_default();
        assert!(
            !code.contains(".sni") && !code.contains("groups"),
            "{findings}"
        );
        let working = findings.working().unwrap().to_string();
        assert!(
            working.starts_with("again without the change: "),
            "{findings}"
        );
    }
}

#[tokio::test]
async fn an_attempt_that_the_time_limit_cut_off_proves_nothing() {
    let peer = Peer::refusing(Refusal::Drop).await;
    let connector = peer.dialled_by(URL).build().unwrap();
    let probe = cdn_origin::probe(&connector)
        .pause(Duration::ZERO)
        // The first attempt takes 100 ms.
        .timeout(Duration::from_millis(150));
    let findings = probe.await.unwrap();
    assert!(!findings.is_proved(), "{findings}");
}

#[tokio::test]
async fn a_default_site_without_sni_is_not_offered_for_a_name_that_is_refused() {
    let authority = Authority::new();
    for default in [
        authority.issue(&["default.invalid"]),
        Authority::self_signed(&["default.invalid"]),
    ] {
        let edge = Edge::builder(&authority)
            .without_sni(SniRefusal::DefaultCertificate)
            .default_certificate(default)
            .start()
            .await;
        let peer = Peer::before(&edge, |_, _| false, Refusal::Close).await;
        let findings = probe(peer.trusted_by(URL, &authority)).await;
        assert!(!findings.is_proved(), "{findings}");
        let text = findings.to_string();
        assert!(!text.contains("omit_sni"), "{text}");
        assert!(!text.contains(".expected_name("), "{text}");
    }
}

const NO_SERVER: &str = "<html><body><h1>503 Service Unavailable</h1>\n\
                         No server is available to handle this request.\n</body></html>\n";

/// An edge that answers the URL's host, and any other with this.
async fn one_site(authority: &Authority, status: StatusCode, page: &'static str) -> Edge {
    let builder = Edge::builder(authority).serves(SITE).alpn(&["http/1.1"]);
    let builder = builder.respond(move |request| {
        let is_site = request.headers()["host"] == SITE;
        let (status, body) = match is_site {
            true => (StatusCode::OK, "the site"),
            false => (status, page),
        };
        Response::builder()
            .status(status)
            .body(body.into())
            .unwrap()
    });
    builder.start().await
}

#[tokio::test]
async fn a_page_without_a_server_for_this_host_is_settled_by_the_host_of_the_url() {
    let authority = Authority::new();
    let edge = one_site(&authority, StatusCode::SERVICE_UNAVAILABLE, NO_SERVER).await;
    let builder = crate::failing::to(&edge, &authority, SITE).host("other.example");
    let findings = probe(builder).await;
    assert_eq!(
        causes(&findings),
        certain(CauseId::HostNotServed),
        "{findings}"
    );
    let fix = format!(".host(\"{SITE}\")");
    assert_eq!(
        fixes(&findings.diagnosis().causes()[0]),
        [fix],
        "{findings}"
    );
    assert!(findings.working().is_some());

    // The site is down for every Host: no name is wrong.
    let down = Edge::builder(&authority).serves(SITE).respond(|_| {
        let page = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
        page.body(NO_SERVER.into()).unwrap()
    });
    let down = down.start().await;
    let builder = crate::failing::to(&down, &authority, SITE).host("other.example");
    let findings = probe(builder).await;
    assert!(!findings.is_proved(), "{findings}");
    assert!(
        findings.to_string().contains("answers with an error"),
        "{findings}"
    );
}

#[tokio::test]
async fn a_default_server_that_answers_any_host_does_not_prove_that_the_host_is_wrong() {
    let authority = Authority::new();
    // The server of this Host is down. Any other Host gets the default server's page.
    let edge = Edge::builder(&authority).serves(SITE).alpn(&["http/1.1"]);
    let edge = edge.respond(|request| {
        let (status, body) = match request.headers()["host"] == "shop.example" {
            true => (StatusCode::SERVICE_UNAVAILABLE, NO_SERVER),
            false => (StatusCode::OK, "welcome"),
        };
        let response = Response::builder().status(status);
        response.body(body.into()).unwrap()
    });
    let edge = edge.start().await;
    let builder = crate::failing::to(&edge, &authority, SITE).host("shop.example");
    let findings = probe(builder).await;
    let possible = vec![(CauseId::HostNotServed, Certainty::Possible)];
    assert_eq!(causes(&findings), possible, "{findings}");
    let text = findings.to_string();
    assert!(text.contains("a made-up Host"), "{text}");
    assert_eq!(findings.working_certainty(), Some(Certainty::Possible));
}

#[tokio::test]
async fn a_page_that_is_certainly_about_the_server_behind_is_not_answered_by_another_host() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves(SITE).alpn(&["http/1.1"]);
    let edge = edge.respond(|request| {
        let response = match request.headers()["host"] == "shop.example" {
            true => Response::builder()
                .status(521)
                .header("server", "cloudflare")
                .header("cf-error-type", "5xx"),
            false => Response::builder(),
        };
        response.body("".into()).unwrap()
    });
    let edge = edge.start().await;
    let builder = crate::failing::to(&edge, &authority, SITE).host("shop.example");
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    let findings = probe.await.unwrap();
    assert_eq!(
        causes(&findings),
        certain(CauseId::BehindTheEdge),
        "{findings}"
    );
    assert!(!findings.is_proved(), "{findings}");
    assert_eq!(findings.attempts().len(), 1, "{findings}");
}

#[tokio::test]
async fn an_error_of_the_site_itself_makes_another_host_likely_at_most() {
    let authority = Authority::new();
    for status in [StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR] {
        let edge = one_site(&authority, status, "no such page").await;
        let builder = crate::failing::to(&edge, &authority, SITE).host("api.example");
        let findings = probe(builder).await;
        let likely = vec![(CauseId::HostNotServed, Certainty::Likely)];
        assert_eq!(causes(&findings), likely, "{findings}");
    }
}

/// An origin that serves a Host other than the name in SNI, and answers others by 421.
async fn serving_another_host(authority: &Authority) -> Edge {
    let builder = Edge::builder(authority).serves(SITE).alpn(&["http/1.1"]);
    let builder = builder.respond(|request| {
        let status = match request.headers()["host"] == "shop.example" {
            true => StatusCode::OK,
            false => StatusCode::MISDIRECTED_REQUEST,
        };
        let response = Response::builder().status(status);
        response.body("".into()).unwrap()
    });
    builder.start().await
}

#[tokio::test]
async fn names_that_need_not_agree_are_not_asked_to_agree() {
    let authority = Authority::new();
    let edge = serving_another_host(&authority).await;
    let builder = || crate::failing::to(&edge, &authority, SITE).host("wrong.example");
    let findings = probe(builder()).await;
    let ids: Vec<_> = causes(&findings).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [CauseId::HostNotServed], "{findings}");
    let text = findings.to_string();
    assert!(!text.contains("certain: "), "{text}");
    assert!(text.contains("Probe::try_name(..)"), "{text}");

    let connector = builder().build().unwrap();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    let probe = probe.try_name("shop.example");
    let findings = probe.await.unwrap();
    let host = findings.working().map(|it| it.origin().host().to_string());
    assert_eq!(host.as_deref(), Some("shop.example"), "{findings}");
    assert_eq!(
        causes(&findings),
        certain(CauseId::HostNotServed),
        "{findings}"
    );
    assert!(!findings.to_string().contains("421 (certain"), "{findings}");
}

#[tokio::test]
async fn no_plaintext_is_sent_to_an_https_origin_that_did_not_answer_with_it() {
    let authority = Authority::new();
    let untrusted = Edge::builder(&authority)
        .serves_with(SITE, Authority::self_signed(&[SITE]))
        .start()
        .await;
    let peers = [
        Peer::before(&untrusted, |_, _| false, Refusal::Close).await,
        Peer::refusing(Refusal::Close).await,
        Peer::refusing(Refusal::Reset).await,
        Peer::refusing(Refusal::Drop).await,
        Peer::refusing(Refusal::Alert(40)).await,
        Peer::answering(b"SSH-2.0-OpenSSH_9.6\r\n").await,
    ];
    for peer in peers {
        let findings = probe(peer.trusted_by(URL, &authority)).await;
        assert!(
            !findings.to_string().contains("builder(\"http:"),
            "{findings}"
        );
        assert!(findings.working().is_none(), "{findings}");
        assert_eq!(peer.plaintexts(), 0, "{findings}");
    }
}

const REFUSED_IN_HTTP: [&[u8]; 4] = [
    b"HTTP/1.1 403 Forbidden\r\nServer: squid\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlogin",
];

#[tokio::test]
async fn a_device_that_answers_for_a_known_edge_or_at_port_443_gets_no_plaintext() {
    for answer in REFUSED_IN_HTTP {
        for url in ["https://d1234567890.cloudfront.net:8443", URL] {
            let peer = Peer::answering(answer).await;
            let findings = probe(peer.reached_as(url)).await;
            assert_eq!(peer.plaintexts(), 0, "{findings}");
            assert!(findings.working().is_none(), "{findings}");
            assert!(
                !findings.to_string().contains("builder(\"http:"),
                "{findings}"
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_in_plain_http_where_tls_is_expected_is_interception_and_does_not_work() {
    for answer in &REFUSED_IN_HTTP[..3] {
        let peer = Peer::answering(answer).await;
        let findings = probe(peer.dialled_by(URL)).await;
        assert!(findings.working().is_none(), "{findings}");
        let first = causes(&findings)[0];
        assert_eq!(
            first,
            (CauseId::Interception, Certainty::Likely),
            "{findings}"
        );
        assert!(
            !findings.to_string().contains("builder(\"http:"),
            "{findings}"
        );
    }
}

#[tokio::test]
async fn an_error_over_plain_http_at_port_443_does_not_work() {
    for answer in [REFUSED_IN_HTTP[0], REFUSED_IN_HTTP[2]] {
        let peer = Peer::answering(answer).await;
        let findings = probe(peer.reached_as("http://www.site.example:443")).await;
        assert!(findings.working().is_none(), "{findings}");
    }
}

#[tokio::test]
async fn the_key_of_a_device_that_answers_for_a_known_edge_is_not_offered() {
    let authority = Authority::new();
    let name = "d1234567890.cloudfront.net";
    for certified in [
        Authority::self_signed(&[name]),
        Authority::self_signed(&["Firewall"]),
        Authority::new().issue(&[name]),
    ] {
        let edge = Edge::builder(&authority)
            .serves_with(name, certified)
            .start()
            .await;
        let peer = Peer::before(&edge, |_, _| false, Refusal::Close).await;
        for builder in [
            peer.reached_as(&format!("https://{name}")),
            peer.dialled_by(format!("https://{name}")),
        ] {
            let findings = probe(builder.verify(trusting(&authority))).await;
            let text = findings.to_string();
            assert!(findings.working().is_none(), "{text}");
            assert!(!text.contains("pinned("), "{text}");
            assert_eq!(peer.plaintexts(), 0, "{text}");
        }
    }
}

#[tokio::test]
async fn an_origin_that_refuses_the_client_is_not_given_other_names() {
    let authority = Authority::new();
    for versions in [rustls::ALL_VERSIONS, &[&rustls::version::TLS12]] {
        let edge = Edge::builder(&authority)
            .serves(SITE)
            .tls_versions(versions)
            .requires_clients_of(&authority)
            .start()
            .await;
        let findings = probe(crate::failing::to(&edge, &authority, SITE)).await;
        let first = causes(&findings)[0].0;
        assert_eq!(first, CauseId::ClientCertificateRequired, "{findings}");
        assert_eq!(findings.attempts().len(), 1, "{findings}");
    }
}

#[tokio::test]
async fn an_edge_that_resets_everything_is_not_probed_without_end() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .behaviour(Behaviour::ResetInHandshake)
        .start()
        .await;
    let builder = CdnOriginConnector::builder(URL)
        .dial(edge.address().to_string())
        .verify(trusting(&authority));
    let connector = builder.build().unwrap();
    let names = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p",
    ];
    let probe = names
        .iter()
        .fold(cdn_origin::probe(&connector), |probe, name| {
            probe.try_name(format!("{name}.example"))
        });
    let findings = probe.pause(Duration::ZERO).await.unwrap();
    assert_eq!(findings.attempts().len(), 19, "{findings}");
    assert_eq!(edge.connections(), 19);
    assert!(!findings.is_proved(), "{findings}");
}
