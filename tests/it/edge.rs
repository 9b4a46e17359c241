//! The edge in a box does what it says, as seen by a client with no opinions.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of these tests fail as the tests do"
)]

use std::io::ErrorKind;
use std::net::TcpStream as StdTcpStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    AUTHORITY_NAME, Authority, Behaviour, Blackhole, Edge, EdgeBuilder, HostMismatch, Requests,
    SniRefusal, client_hello, contains_in_order, refused_address, tls_client, tls_connect,
};

const NAME: &str = "www.example.test";
const URL: &str = "https://www.example.test/path?query";

/// An edge that serves [`NAME`], and the two protocols' clients for it.
struct Scene {
    authority: Authority,
    edge: Edge,
}

impl Scene {
    async fn new(dress: impl FnOnce(EdgeBuilder) -> EdgeBuilder) -> Self {
        let authority = Authority::new();
        let builder = Edge::builder(&authority).serves(NAME);
        let edge = dress(builder).start().await;
        Self { authority, edge }
    }

    fn config(&self, alpn: &[&str]) -> ClientConfig {
        tls_client(&self.authority, alpn)
    }

    fn nameless(&self) -> ClientConfig {
        let mut config = self.config(&[]);
        config.enable_sni = false;
        config
    }

    /// An open connection with the first of these protocols that the edge speaks.
    async fn requests(&self, alpn: &[&str]) -> Requests {
        let config = Arc::new(self.config(alpn));
        let tls = tls_connect(self.edge.address(), &config, NAME).await;
        Requests::negotiated(tls.unwrap()).await.unwrap()
    }

    /// What TLS has to say about a handshake that fails.
    async fn failure(&self, config: ClientConfig, name: &str) -> rustls::Error {
        let error = tls_connect(self.edge.address(), &Arc::new(config), name)
            .await
            .unwrap_err();
        error.downcast::<rustls::Error>().unwrap()
    }

    /// Sends these bytes and then the end of the stream, and returns all that comes back.
    async fn converse(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.edge.address()).await?;
        stream.write_all(bytes).await?;
        stream.shutdown().await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

#[tokio::test]
async fn edge_sends_alert_40_when_no_sni_is_sent() {
    let scene = Scene::new(|edge| edge).await;
    let failure = scene.failure(scene.nameless(), NAME).await;
    assert_eq!(
        failure,
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure)
    );
    assert_eq!(scene.edge.hellos()[0].sni, None);
}

#[tokio::test]
async fn edge_sends_the_chosen_alert_for_an_unknown_sni() {
    let scene = Scene::new(|edge| edge.unknown_sni(SniRefusal::Alert(112))).await;
    let failure = scene.failure(scene.config(&[]), "other.example.test").await;
    assert_eq!(
        failure,
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)
    );
    let hello = &scene.edge.hellos()[0];
    assert_eq!(hello.sni.as_deref(), Some("other.example.test"));
    assert_eq!(hello.resumed, None);
}

#[tokio::test]
async fn edge_closes_without_a_byte_when_no_sni_is_sent() {
    let scene = Scene::new(|edge| edge.without_sni(SniRefusal::Close)).await;
    let error = tls_connect(scene.edge.address(), &Arc::new(scene.nameless()), NAME)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn edge_resets_when_no_sni_is_sent() {
    let scene = Scene::new(|edge| edge.without_sni(SniRefusal::Reset)).await;
    let error = tls_connect(scene.edge.address(), &Arc::new(scene.nameless()), NAME)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn edge_stays_silent_until_the_client_leaves_when_no_sni_is_sent() {
    let scene = Scene::new(|edge| edge.without_sni(SniRefusal::Stall)).await;
    let answer = scene.converse(&client_hello(scene.nameless(), NAME)).await;
    assert_eq!(answer.unwrap(), b"");
    scene.edge.wait_for_closed(1).await;
    assert_eq!(scene.edge.hellos().len(), 1);
}

#[tokio::test]
async fn edge_serves_the_default_certificate_when_no_sni_is_sent() {
    let authority = Authority::new();
    let certified = authority.issue(&["default.example.test"]);
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .default_certificate(certified.clone())
        .without_sni(SniRefusal::DefaultCertificate)
        .start()
        .await;
    let mut config = tls_client(&authority, &[]);
    config.enable_sni = false;
    let tls = tls_connect(edge.address(), &Arc::new(config), "default.example.test").await;
    let tls = tls.unwrap();
    assert_eq!(
        tls.get_ref().1.peer_certificates().unwrap(),
        certified.chain
    );
}

#[tokio::test]
async fn edge_serves_the_certificate_of_the_name_and_records_the_handshake() {
    let scene = Scene::new(|edge| edge.serves("other.example.test")).await;
    let config = Arc::new(scene.config(&["h2", "http/1.1"]));
    for name in [NAME, "other.example.test"] {
        tls_connect(scene.edge.address(), &config, name)
            .await
            .unwrap();
    }
    scene.edge.wait_for_handshakes(2).await;
    scene.edge.wait_for_closed(2).await;
    assert_eq!(scene.edge.connections(), 2);
    let hello = &scene.edge.hellos()[0];
    assert_eq!(hello.sni.as_deref(), Some(NAME));
    assert_eq!(hello.alpn, ["h2", "http/1.1"]);
    assert_eq!(hello.chosen.as_deref(), Some("h2"));
    assert_eq!(hello.resumed, Some(false));
    assert_eq!(hello.tls_version, Some(rustls::ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn edge_sends_alert_120_when_no_protocol_is_common() {
    let scene = Scene::new(|edge| edge.alpn(&["http/1.1"])).await;
    let failure = scene.failure(scene.config(&["h2"]), NAME).await;
    assert_eq!(
        failure,
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
    );
    scene.edge.wait_for_handshakes(1).await;
    assert!(scene.edge.hellos()[0].failure.is_some());
}

#[tokio::test]
async fn edge_without_alpn_agrees_on_no_protocol() {
    let scene = Scene::new(|edge| edge.alpn(&[])).await;
    let config = Arc::new(scene.config(&["h2"]));
    let tls = tls_connect(scene.edge.address(), &config, NAME)
        .await
        .unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), None);
}

#[tokio::test]
async fn edge_speaks_only_the_tls_versions_it_was_given() {
    let scene = Scene::new(|edge| edge.tls_versions(&[&rustls::version::TLS12])).await;
    let config = Arc::new(scene.config(&[]));
    let tls = tls_connect(scene.edge.address(), &config, NAME)
        .await
        .unwrap();
    assert_eq!(
        tls.get_ref().1.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_2)
    );
}

#[tokio::test]
async fn edge_resumes_the_session_of_a_client_that_comes_back() {
    let scene = Scene::new(|edge| edge.alpn(&["http/1.1"])).await;
    let config = Arc::new(scene.config(&["http/1.1"]));
    for _ in 0..2 {
        let tls = tls_connect(scene.edge.address(), &config, NAME).await;
        let mut requests = Requests::negotiated(tls.unwrap()).await.unwrap();
        requests.get(URL).await.unwrap();
    }
    let resumed: Vec<_> = scene.edge.hellos().iter().map(|h| h.resumed).collect();
    assert_eq!(resumed, [Some(false), Some(true)]);
}

#[tokio::test]
async fn edge_allows_host_and_sni_to_disagree_unless_told_otherwise() {
    let scene = Scene::new(|edge| edge).await;
    let mut requests = scene.requests(&["http/1.1"]).await;
    let response = requests.get("https://other.example.test/").await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let seen = &scene.edge.requests()[0];
    assert_eq!(seen.sni.as_deref(), Some(NAME));
    assert_eq!(seen.host(), Some("other.example.test"));
}

#[tokio::test]
async fn edge_answers_421_when_host_and_sni_disagree() {
    let scene = Scene::new(|edge| edge.host_mismatch(HostMismatch::Misdirected421)).await;
    for alpn in ["http/1.1", "h2"] {
        let mut requests = scene.requests(&[alpn]).await;
        let response = requests.get("https://other.example.test/").await.unwrap();
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(response.headers()["server"], "CloudFront");
        let response = requests.get("https://WWW.example.test:443/").await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn edge_answers_403_when_host_and_sni_disagree() {
    let scene = Scene::new(|edge| edge.host_mismatch(HostMismatch::Forbidden403)).await;
    let mut requests = scene.requests(&["h2"]).await;
    let response = requests.get("https://other.example.test/").await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn edge_answers_403_as_cloudfront_for_a_host_it_does_not_know() {
    let scene = Scene::new(|edge| edge.knows_hosts(&[NAME])).await;
    let mut requests = scene.requests(&["http/1.1"]).await;
    let response = requests.get("https://other.example.test/").await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["server"], "CloudFront");
    assert_eq!(response.headers()["x-cache"], "Error from cloudfront");
    assert!(response.headers().contains_key("via"));
    assert!(response.headers().contains_key("x-amz-cf-id"));
    let page = [
        "<H1>403 ERROR</H1>",
        "Bad request.",
        "Generated by cloudfront (CloudFront)",
    ];
    contains_in_order(response.body(), &page);
    assert_eq!(requests.get(URL).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn edge_answers_plain_http_on_its_tls_port_with_a_page() {
    let scene = Scene::new(|edge| edge).await;
    let answer = scene
        .converse(b"GET / HTTP/1.1\r\nHost: www.example.test\r\n\r\n")
        .await
        .unwrap();
    let page = [
        "HTTP/1.1 400 Bad Request\r\n",
        "<center><h1>400 Bad Request</h1></center>",
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "<hr><center>CloudFront</center>",
    ];
    contains_in_order(&String::from_utf8(answer).unwrap(), &page);
}

#[tokio::test]
async fn edge_echoes_what_arrived_and_records_it() {
    let scene = Scene::new(|edge| edge).await;
    let mut requests = scene.requests(&["http/1.1"]).await;
    let request = Request::put(URL)
        .header("x-first", "1")
        .header("a-last", "2");
    let request = request.body(Bytes::from_static(b"payload")).unwrap();
    let response = requests.send(request).await.unwrap();
    let lines = [
        "method: PUT\ntarget: /path?query\nversion: HTTP/1.1\n",
        "x-first: 1\na-last: 2\n",
        "host: www.example.test\n",
    ];
    contains_in_order(response.body(), &lines);
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(seen.method, "PUT");
    assert_eq!(seen.authority, None);
    assert_eq!(seen.body, "payload");
}

#[tokio::test]
async fn edge_records_the_authority_and_the_path_of_http2() {
    let scene = Scene::new(|edge| edge).await;
    let mut requests = scene.requests(&["h2", "http/1.1"]).await;
    let response = requests.get(URL).await.unwrap();
    contains_in_order(response.body(), &["version: HTTP/2.0\nauthority: www"]);
    let seen = &scene.edge.requests()[0];
    assert_eq!(seen.version, Version::HTTP_2);
    assert_eq!(seen.target, "/path?query");
    assert_eq!(seen.authority.as_deref(), Some(NAME));
}

#[tokio::test]
async fn edge_answers_with_what_the_handler_returns() {
    let teapot = |request: Request<Bytes>| {
        let response = Response::builder().status(StatusCode::IM_A_TEAPOT);
        response.body(request.into_body()).unwrap()
    };
    let scene = Scene::new(|edge| edge.respond(teapot)).await;
    let mut requests = scene.requests(&["h2"]).await;
    let request = Request::post(URL).body(Bytes::from_static(b"tea")).unwrap();
    let response = requests.send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(response.body(), "tea");
}

#[tokio::test]
#[should_panic(expected = "a task of the edge panicked: no answer to this")]
async fn edge_passes_the_panic_of_a_handler_on() {
    let scene = Scene::new(|edge| edge.respond(|_| panic!("no answer to this"))).await;
    let mut requests = scene.requests(&["h2"]).await;
    requests.get(URL).await.unwrap_err();
}

#[tokio::test]
async fn edge_answers_whatever_arrives_in_plaintext() {
    const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::Plaintext(BANNER))).await;
    let hello = client_hello(scene.config(&[]), NAME);
    assert_eq!(scene.converse(&hello).await.unwrap(), BANNER);
    let failure = scene.failure(scene.config(&[]), NAME).await;
    assert!(matches!(failure, rustls::Error::InvalidMessage(_)));
}

#[tokio::test]
async fn edge_greets_before_the_client_says_anything() {
    const BANNER: &[u8] = b"220 mail.example.test\r\n";
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::Greeting(BANNER))).await;
    let mut stream = TcpStream::connect(scene.edge.address()).await.unwrap();
    let mut greeting = [0; BANNER.len()];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, BANNER);
    drop(stream);
    scene.edge.wait_for_closed(1).await;
}

#[tokio::test]
async fn edge_closes_on_accept() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::CloseOnAccept)).await;
    let mut stream = TcpStream::connect(scene.edge.address()).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn edge_resets_in_the_handshake() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::ResetInHandshake)).await;
    let error = tls_connect(scene.edge.address(), &Arc::new(scene.config(&[])), NAME)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn edge_stalls_in_the_handshake() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::StallInHandshake)).await;
    let hello = client_hello(scene.config(&[]), NAME);
    assert_eq!(scene.converse(&hello).await.unwrap(), b"");
    scene.edge.wait_for_connections(1).await;
}

#[tokio::test]
async fn edge_reads_the_request_and_never_answers() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::StallBeforeResponse)).await;
    for (count, alpn) in [(1, "http/1.1"), (2, "h2")] {
        let mut requests = scene.requests(&[alpn]).await;
        tokio::select! {
            answer = requests.get(URL) => panic!("an answer: {answer:?}"),
            seen = scene.edge.wait_for_requests(count) => assert_eq!(seen.method, "GET"),
        }
        drop(requests);
        scene.edge.wait_for_closed(count).await;
    }
}

#[tokio::test]
async fn edge_resets_instead_of_an_answer() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::ResetBeforeResponse)).await;
    // An h2 client that is writing when the reset comes calls it a broken pipe.
    for (alpn, names) in [
        ("http/1.1", &["ConnectionReset"][..]),
        ("h2", &["ConnectionReset", "BrokenPipe"][..]),
    ] {
        let mut requests = scene.requests(&[alpn]).await;
        let error = requests.get(URL).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(names.iter().any(|name| text.contains(name)), "{text}");
    }
    assert_eq!(scene.edge.requests().len(), 2);
}

#[tokio::test]
async fn edge_truncates_the_body() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::TruncateBody)).await;
    for alpn in ["http/1.1", "h2"] {
        let mut requests = scene.requests(&[alpn]).await;
        let error = requests.get(URL).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("Body"), "{text}");
    }
}

#[tokio::test]
async fn edge_closes_after_an_answer_without_announcing_it() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::CloseIdle)).await;
    for (count, alpn) in [(1, "http/1.1"), (2, "h2")] {
        let mut requests = scene.requests(&[alpn]).await;
        let response = requests.get(URL).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key("connection"));
        requests.ended().await;
        scene.edge.wait_for_closed(count).await;
    }
}

#[tokio::test]
async fn edge_says_goaway_after_an_answer() {
    let scene = Scene::new(|edge| edge.behaviour(Behaviour::GoAway)).await;
    let mut requests = scene.requests(&["h2"]).await;
    let response = requests.get(URL).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    requests.ended().await;
    requests.get(URL).await.unwrap_err();
    scene.edge.wait_for_closed(1).await;
    assert_eq!(scene.edge.requests().len(), 1);
}

#[tokio::test]
async fn edge_speaks_plain_http() {
    let scene = Scene::new(EdgeBuilder::plain_http).await;
    let stream = TcpStream::connect(scene.edge.address()).await.unwrap();
    let mut requests = Requests::http1(stream).await.unwrap();
    let response = requests.get("http://plain.example.test/").await.unwrap();
    contains_in_order(response.body(), &["host: plain.example.test"]);
    assert_eq!(scene.edge.requests()[0].sni, None);
}

#[tokio::test]
async fn edge_redirects_to_https() {
    let scene = Scene::new(EdgeBuilder::redirects_to_https).await;
    let stream = TcpStream::connect(scene.edge.address()).await.unwrap();
    let mut requests = Requests::http1(stream).await.unwrap();
    let url = format!("http://{NAME}:{}/path?query", scene.edge.port());
    let response = requests.get(&url).await.unwrap();
    assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(response.headers()["location"], URL);
    assert_eq!(response.headers()["server"], "CloudFront");
}

#[tokio::test]
async fn edge_is_gone_when_it_was_stopped() {
    let scene = Scene::new(|edge| edge).await;
    let mut requests = scene.requests(&["h2"]).await;
    let address = scene.edge.address();
    scene.edge.stop().await;
    requests.get(URL).await.unwrap_err();
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn authority_issues_certificates_that_are_not_in_force() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(
            "past.example.test",
            authority.issue_expired(&["past.example.test"]),
        )
        .serves_with(
            "future.example.test",
            authority.issue_not_yet_valid(&["future.example.test"]),
        )
        .serves_with(
            "self.example.test",
            Authority::self_signed(&["self.example.test"]),
        )
        .start()
        .await;
    let scene = Scene { authority, edge };
    let refused = async |name| match scene.failure(scene.config(&[]), name).await {
        rustls::Error::InvalidCertificate(error) => error,
        error => panic!("another failure: {error}"),
    };
    let past = refused("past.example.test").await;
    assert!(matches!(past, CertificateError::ExpiredContext { .. }));
    let future = refused("future.example.test").await;
    assert!(matches!(
        future,
        CertificateError::NotValidYetContext { .. }
    ));
    assert_eq!(
        refused("self.example.test").await,
        CertificateError::UnknownIssuer
    );
}

#[tokio::test]
async fn authority_issues_certificates_for_ip_addresses() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .default_certificate(authority.issue(&["127.0.0.1"]))
        .without_sni(SniRefusal::DefaultCertificate)
        .start()
        .await;
    let config = Arc::new(tls_client(&authority, &[]));
    let tls = tls_connect(edge.address(), &config, "127.0.0.1").await;
    assert!(tls.is_ok());
}

#[test]
fn authority_hands_out_the_same_certificate_in_all_forms() {
    let authority = Authority::new();
    let certified = authority.issue(&[NAME]);
    let parsed = CertificateDer::from_pem_slice(certified.cert_pem().as_bytes()).unwrap();
    assert_eq!(parsed, certified.chain[0]);
    let key = PrivateKeyDer::from_pem_slice(certified.key_pem().as_bytes()).unwrap();
    assert_eq!(key, certified.key);
    let root = CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap();
    assert_eq!(root, authority.root_der());
    assert!(ParsedCertificate::try_from(&root).is_ok());
    assert!(String::from_utf8_lossy(&parsed).contains(AUTHORITY_NAME));
    assert_eq!(certified.spki_sha256(), certified.clone().spki_sha256());
    assert_ne!(
        certified.spki_sha256(),
        authority.issue(&[NAME]).spki_sha256()
    );
}

#[tokio::test]
async fn blackhole_lets_no_connect_through() {
    let blackhole = Blackhole::new().await;
    let patience = Duration::from_millis(300);
    let error = StdTcpStream::connect_timeout(&blackhole.address(), patience).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn refused_address_refuses() {
    let refused = refused_address();
    let error = TcpStream::connect(refused.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
#[should_panic(expected = "part 1 is out of order: \"one\"")]
fn contains_in_order_names_the_part_that_is_out_of_order() {
    contains_in_order("one two", &["two", "one"]);
}
