//! The test edge itself, tested with a plain hyper and rustls client.

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

/// A test edge that serves [`NAME`], and clients for it.
struct Fixture {
    authority: Authority,
    edge: Edge,
}

impl Fixture {
    async fn new(configure: impl FnOnce(EdgeBuilder) -> EdgeBuilder) -> Self {
        let authority = Authority::new();
        let builder = Edge::builder(&authority).serves(NAME);
        let edge = configure(builder).start().await;
        Self { authority, edge }
    }

    fn config(&self, alpn: &[&str]) -> ClientConfig {
        tls_client(&self.authority, alpn)
    }

    fn config_without_sni(&self) -> ClientConfig {
        let mut config = self.config(&[]);
        config.enable_sni = false;
        config
    }

    /// Opens a connection with the first of these protocols that the edge supports.
    async fn requests(&self, alpn: &[&str]) -> Requests {
        let config = Arc::new(self.config(alpn));
        let tls = tls_connect(self.edge.address(), &config, NAME).await;
        Requests::negotiated(tls.unwrap()).await.unwrap()
    }

    /// The TLS error of a failed handshake.
    async fn failure(&self, config: ClientConfig, name: &str) -> rustls::Error {
        let error = tls_connect(self.edge.address(), &Arc::new(config), name)
            .await
            .unwrap_err();
        error.downcast::<rustls::Error>().unwrap()
    }

    /// Sends these bytes and the end of the stream, and returns everything received.
    async fn exchange(&self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.edge.address()).await?;
        stream.write_all(bytes).await?;
        stream.shutdown().await?;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await?;
        Ok(received)
    }
}

#[tokio::test]
async fn edge_sends_alert_40_when_no_sni_is_sent() {
    let fixture = Fixture::new(|edge| edge).await;
    let failure = fixture.failure(fixture.config_without_sni(), NAME).await;
    assert_eq!(
        failure,
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure)
    );
    assert_eq!(fixture.edge.hellos()[0].sni, None);
}

#[tokio::test]
async fn edge_sends_the_configured_alert_for_an_unknown_sni() {
    let fixture = Fixture::new(|edge| edge.unknown_sni(SniRefusal::Alert(112))).await;
    let failure = fixture
        .failure(fixture.config(&[]), "other.example.test")
        .await;
    assert_eq!(
        failure,
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)
    );
    let hello = &fixture.edge.hellos()[0];
    assert_eq!(hello.sni.as_deref(), Some("other.example.test"));
    assert_eq!(hello.resumed, None);
}

#[tokio::test]
async fn edge_closes_without_a_byte_when_no_sni_is_sent() {
    let fixture = Fixture::new(|edge| edge.without_sni(SniRefusal::Close)).await;
    let error = tls_connect(
        fixture.edge.address(),
        &Arc::new(fixture.config_without_sni()),
        NAME,
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn edge_resets_when_no_sni_is_sent() {
    let fixture = Fixture::new(|edge| edge.without_sni(SniRefusal::Reset)).await;
    let error = tls_connect(
        fixture.edge.address(),
        &Arc::new(fixture.config_without_sni()),
        NAME,
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn edge_sends_nothing_until_the_client_closes_when_no_sni_is_sent() {
    let fixture = Fixture::new(|edge| edge.without_sni(SniRefusal::Stall)).await;
    let received = fixture
        .exchange(&client_hello(fixture.config_without_sni(), NAME))
        .await;
    assert_eq!(received.unwrap(), b"");
    fixture.edge.wait_for_closed(1).await;
    assert_eq!(fixture.edge.hellos().len(), 1);
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
    let fixture = Fixture::new(|edge| edge.serves("other.example.test")).await;
    let config = Arc::new(fixture.config(&["h2", "http/1.1"]));
    for name in [NAME, "other.example.test"] {
        tls_connect(fixture.edge.address(), &config, name)
            .await
            .unwrap();
    }
    fixture.edge.wait_for_handshakes(2).await;
    fixture.edge.wait_for_closed(2).await;
    assert_eq!(fixture.edge.connections(), 2);
    let hello = &fixture.edge.hellos()[0];
    assert_eq!(hello.sni.as_deref(), Some(NAME));
    assert_eq!(hello.alpn, ["h2", "http/1.1"]);
    assert_eq!(hello.chosen.as_deref(), Some("h2"));
    assert_eq!(hello.resumed, Some(false));
    assert_eq!(hello.tls_version, Some(rustls::ProtocolVersion::TLSv1_3));
}

#[tokio::test]
async fn edge_sends_alert_120_when_no_protocol_is_common() {
    let fixture = Fixture::new(|edge| edge.alpn(&["http/1.1"])).await;
    let failure = fixture.failure(fixture.config(&["h2"]), NAME).await;
    assert_eq!(
        failure,
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
    );
    fixture.edge.wait_for_handshakes(1).await;
    assert!(fixture.edge.hellos()[0].failure.is_some());
}

#[tokio::test]
async fn edge_without_alpn_negotiates_no_protocol() {
    let fixture = Fixture::new(|edge| edge.alpn(&[])).await;
    let config = Arc::new(fixture.config(&["h2"]));
    let tls = tls_connect(fixture.edge.address(), &config, NAME)
        .await
        .unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), None);
}

#[tokio::test]
async fn edge_speaks_only_the_configured_tls_versions() {
    let fixture = Fixture::new(|edge| edge.tls_versions(&[&rustls::version::TLS12])).await;
    let config = Arc::new(fixture.config(&[]));
    let tls = tls_connect(fixture.edge.address(), &config, NAME)
        .await
        .unwrap();
    assert_eq!(
        tls.get_ref().1.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_2)
    );
}

#[tokio::test]
async fn edge_resumes_the_session_of_a_second_connection() {
    let fixture = Fixture::new(|edge| edge.alpn(&["http/1.1"])).await;
    let config = Arc::new(fixture.config(&["http/1.1"]));
    for _ in 0..2 {
        let tls = tls_connect(fixture.edge.address(), &config, NAME).await;
        let mut requests = Requests::negotiated(tls.unwrap()).await.unwrap();
        requests.get(URL).await.unwrap();
    }
    let resumed: Vec<_> = fixture.edge.hellos().iter().map(|h| h.resumed).collect();
    assert_eq!(resumed, [Some(false), Some(true)]);
}

#[tokio::test]
async fn edge_allows_host_and_sni_to_disagree_by_default() {
    let fixture = Fixture::new(|edge| edge).await;
    let mut requests = fixture.requests(&["http/1.1"]).await;
    let response = requests.get("https://other.example.test/").await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let recorded = &fixture.edge.requests()[0];
    assert_eq!(recorded.sni.as_deref(), Some(NAME));
    assert_eq!(recorded.host(), Some("other.example.test"));
}

#[tokio::test]
async fn edge_responds_421_when_host_and_sni_disagree() {
    let fixture = Fixture::new(|edge| edge.host_mismatch(HostMismatch::Misdirected421)).await;
    for alpn in ["http/1.1", "h2"] {
        let mut requests = fixture.requests(&[alpn]).await;
        let response = requests.get("https://other.example.test/").await.unwrap();
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(response.headers()["server"], "CloudFront");
        let response = requests.get("https://WWW.example.test:443/").await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn edge_responds_403_when_host_and_sni_disagree() {
    let fixture = Fixture::new(|edge| edge.host_mismatch(HostMismatch::Forbidden403)).await;
    let mut requests = fixture.requests(&["h2"]).await;
    let response = requests.get("https://other.example.test/").await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn edge_responds_403_like_cloudfront_for_an_unknown_host() {
    let fixture = Fixture::new(|edge| edge.knows_hosts(&[NAME])).await;
    let mut requests = fixture.requests(&["http/1.1"]).await;
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
async fn edge_responds_400_to_plain_http_on_its_tls_port() {
    let fixture = Fixture::new(|edge| edge).await;
    let received = fixture
        .exchange(b"GET / HTTP/1.1\r\nHost: www.example.test\r\n\r\n")
        .await
        .unwrap();
    let page = [
        "HTTP/1.1 400 Bad Request\r\n",
        "<center><h1>400 Bad Request</h1></center>",
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "<hr><center>CloudFront</center>",
    ];
    contains_in_order(&String::from_utf8(received).unwrap(), &page);
}

#[tokio::test]
async fn edge_echoes_and_records_the_request() {
    let fixture = Fixture::new(|edge| edge).await;
    let mut requests = fixture.requests(&["http/1.1"]).await;
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
    let recorded = fixture.edge.wait_for_requests(1).await;
    assert_eq!(recorded.method, "PUT");
    assert_eq!(recorded.authority, None);
    assert_eq!(recorded.body, "payload");
}

#[tokio::test]
async fn edge_records_the_authority_and_the_path_of_http2() {
    let fixture = Fixture::new(|edge| edge).await;
    let mut requests = fixture.requests(&["h2", "http/1.1"]).await;
    let response = requests.get(URL).await.unwrap();
    contains_in_order(response.body(), &["version: HTTP/2.0\nauthority: www"]);
    let recorded = &fixture.edge.requests()[0];
    assert_eq!(recorded.version, Version::HTTP_2);
    assert_eq!(recorded.target, "/path?query");
    assert_eq!(recorded.authority.as_deref(), Some(NAME));
}

#[tokio::test]
async fn edge_sends_the_response_of_the_handler() {
    let teapot = |request: Request<Bytes>| {
        let response = Response::builder().status(StatusCode::IM_A_TEAPOT);
        response.body(request.into_body()).unwrap()
    };
    let fixture = Fixture::new(|edge| edge.respond(teapot)).await;
    let mut requests = fixture.requests(&["h2"]).await;
    let request = Request::post(URL).body(Bytes::from_static(b"tea")).unwrap();
    let response = requests.send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(response.body(), "tea");
}

#[tokio::test]
#[should_panic(expected = "a task of the edge panicked: no response to this")]
async fn edge_reports_the_panic_of_a_handler() {
    let fixture = Fixture::new(|edge| edge.respond(|_| panic!("no response to this"))).await;
    let mut requests = fixture.requests(&["h2"]).await;
    requests.get(URL).await.unwrap_err();
}

#[tokio::test]
async fn edge_responds_in_plaintext_to_any_bytes() {
    const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::Plaintext(BANNER))).await;
    let hello = client_hello(fixture.config(&[]), NAME);
    assert_eq!(fixture.exchange(&hello).await.unwrap(), BANNER);
    let failure = fixture.failure(fixture.config(&[]), NAME).await;
    assert!(matches!(failure, rustls::Error::InvalidMessage(_)));
}

#[tokio::test]
async fn edge_sends_a_greeting_before_the_client_sends_anything() {
    const BANNER: &[u8] = b"220 mail.example.test\r\n";
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::Greeting(BANNER))).await;
    let mut stream = TcpStream::connect(fixture.edge.address()).await.unwrap();
    let mut greeting = [0; BANNER.len()];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, BANNER);
    drop(stream);
    fixture.edge.wait_for_closed(1).await;
}

#[tokio::test]
async fn edge_closes_on_accept() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::CloseOnAccept)).await;
    let mut stream = TcpStream::connect(fixture.edge.address()).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn edge_resets_in_the_handshake() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::ResetInHandshake)).await;
    let error = tls_connect(fixture.edge.address(), &Arc::new(fixture.config(&[])), NAME)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn edge_stalls_in_the_handshake() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::StallInHandshake)).await;
    let hello = client_hello(fixture.config(&[]), NAME);
    assert_eq!(fixture.exchange(&hello).await.unwrap(), b"");
    fixture.edge.wait_for_connections(1).await;
}

#[tokio::test]
async fn edge_reads_the_request_and_sends_no_response() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::StallBeforeResponse)).await;
    for (count, alpn) in [(1, "http/1.1"), (2, "h2")] {
        let mut requests = fixture.requests(&[alpn]).await;
        tokio::select! {
            response = requests.get(URL) => panic!("a response: {response:?}"),
            recorded = fixture.edge.wait_for_requests(count) => assert_eq!(recorded.method, "GET"),
        }
        drop(requests);
        fixture.edge.wait_for_closed(count).await;
    }
}

#[tokio::test]
async fn edge_resets_instead_of_a_response() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::ResetBeforeResponse)).await;
    // An h2 client that is writing during the reset reports a broken pipe.
    for (alpn, names) in [
        ("http/1.1", &["ConnectionReset"][..]),
        ("h2", &["ConnectionReset", "BrokenPipe"][..]),
    ] {
        let mut requests = fixture.requests(&[alpn]).await;
        let error = requests.get(URL).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(names.iter().any(|name| text.contains(name)), "{text}");
    }
    assert_eq!(fixture.edge.requests().len(), 2);
}

#[tokio::test]
async fn edge_truncates_the_body() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::TruncateBody)).await;
    for alpn in ["http/1.1", "h2"] {
        let mut requests = fixture.requests(&[alpn]).await;
        let error = requests.get(URL).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("Body"), "{text}");
    }
}

#[tokio::test]
async fn edge_closes_after_a_response_without_announcing_it() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::CloseIdle)).await;
    for (count, alpn) in [(1, "http/1.1"), (2, "h2")] {
        let mut requests = fixture.requests(&[alpn]).await;
        let response = requests.get(URL).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key("connection"));
        requests.ended().await;
        fixture.edge.wait_for_closed(count).await;
    }
}

#[tokio::test]
async fn edge_sends_goaway_after_a_response() {
    let fixture = Fixture::new(|edge| edge.behaviour(Behaviour::GoAway)).await;
    let mut requests = fixture.requests(&["h2"]).await;
    let response = requests.get(URL).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    requests.ended().await;
    requests.get(URL).await.unwrap_err();
    fixture.edge.wait_for_closed(1).await;
    assert_eq!(fixture.edge.requests().len(), 1);
}

#[tokio::test]
async fn edge_speaks_plain_http() {
    let fixture = Fixture::new(EdgeBuilder::plain_http).await;
    let stream = TcpStream::connect(fixture.edge.address()).await.unwrap();
    let mut requests = Requests::http1(stream).await.unwrap();
    let response = requests.get("http://plain.example.test/").await.unwrap();
    contains_in_order(response.body(), &["host: plain.example.test"]);
    assert_eq!(fixture.edge.requests()[0].sni, None);
}

#[tokio::test]
async fn edge_redirects_to_https() {
    let fixture = Fixture::new(EdgeBuilder::redirects_to_https).await;
    let stream = TcpStream::connect(fixture.edge.address()).await.unwrap();
    let mut requests = Requests::http1(stream).await.unwrap();
    let url = format!("http://{NAME}:{}/path?query", fixture.edge.port());
    let response = requests.get(&url).await.unwrap();
    assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(response.headers()["location"], URL);
    assert_eq!(response.headers()["server"], "CloudFront");
}

#[tokio::test]
async fn a_stopped_edge_refuses_connections() {
    let fixture = Fixture::new(|edge| edge).await;
    let mut requests = fixture.requests(&["h2"]).await;
    let address = fixture.edge.address();
    fixture.edge.stop().await;
    requests.get(URL).await.unwrap_err();
    let error = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn authority_issues_certificates_that_are_not_valid_now() {
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
    let fixture = Fixture { authority, edge };
    let refused = async |name| match fixture.failure(fixture.config(&[]), name).await {
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
fn authority_issues_the_same_certificate_in_all_formats() {
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
async fn a_connect_to_a_blackhole_hangs() {
    let blackhole = Blackhole::new().await;
    let timeout = Duration::from_millis(300);
    let error = StdTcpStream::connect_timeout(&blackhole.address(), timeout).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_connect_to_a_refused_address_is_refused() {
    let refused = refused_address();
    let error = TcpStream::connect(refused.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
#[should_panic(expected = "part 1 is out of order: \"one\"")]
fn contains_in_order_names_the_part_that_is_out_of_order() {
    contains_in_order("one two", &["two", "one"]);
}
