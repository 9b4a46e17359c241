//! Each host of the guide reaches an origin whose four names differ, in ten lines, and has our
//! report when one of the names is wrong.

#[path = "../../examples/hosts/mod.rs"]
mod examples;

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, Roots, VerifyPolicy, adapt, connector::CdnOriginBuilder,
    diagnosis::Cause, error::RequestProblem,
};
use http::{Request, Response, StatusCode, Version};
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
#[cfg(feature = "tungstenite")]
use tokio_rustls::{
    TlsAcceptor,
    rustls::{self, ServerConfig},
};
use tower::{BoxError, ServiceExt};

use crate::{
    support::{Authority, Edge, refused_address},
    tls_facts::Log,
};

const SNI: &str = "www.example.com";
const EXPECTED: &str = "origin.example.com";
const HOST: &str = "shop.example.com";

/// An edge that serves these names, and refuses every other one.
async fn edge(authority: &Authority, host: &str) -> Edge {
    let certified = authority.issue(&[EXPECTED]);
    let edge = Edge::builder(authority).serves_with(SNI, certified);
    let edge = edge.knows_hosts(&[host]).respond(|_| {
        // As a gRPC server answers a call that it does not know.
        let response = Response::builder().header("content-type", "application/grpc");
        let response = response.header("grpc-status", "12");
        response.body(Bytes::new()).unwrap()
    });
    edge.start().await
}

/// The builder of the examples, pointed at this address.
fn builder(address: std::net::SocketAddr, authority: &Authority) -> CdnOriginBuilder {
    examples::origin::builder()
        .dial(address)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
}

/// One wrong name, and what the report says about it.
struct Wrong {
    connector: CdnOriginConnector,
    shown: &'static str,
    fix: &'static str,
}

/// A connector for each name, with that name wrong.
fn wrong_names(edge: &Edge, authority: &Authority) -> [Wrong; 3] {
    let builder = || builder(edge.address(), authority);
    let refused = refused_address();
    [
        (
            builder().dial(refused.address()),
            "connection was refused",
            "",
        ),
        (
            builder().sni("wrong.example.com"),
            "SNI        wrong.example.com",
            ".sni(",
        ),
        (
            builder().expected_name("wrong.example.com"),
            "expected   wrong.example.com",
            ".expected_name(\"origin.example.com\")",
        ),
    ]
    .map(|(builder, shown, fix)| Wrong {
        connector: builder.build().unwrap(),
        shown,
        fix,
    })
}

/// The report of our error inside this one.
fn report(error: &BoxError) -> String {
    let found = Error::find_in(&**error);
    found
        .unwrap_or_else(|| panic!("{error:?}"))
        .report()
        .to_string()
}

fn assert_refused(error: &BoxError) {
    let report = report(error);
    let kind = Error::find_in(&**error).map(Error::kind);
    assert_eq!(kind, Some(ErrorKind::RequestRefused), "{report}");
    assert!(report.contains("Host       shop.example.com"), "{report}");
    assert!(report.contains("caused by  403 Forbidden"), "{report}");
    assert!(report.contains("\n  fix: "), "{report}");
}

/// Runs an example with the right names and with each of them wrong.
///
/// `is_right` tells whether a response of the origin arrived.
async fn check<T, F>(
    example: impl Fn(CdnOriginConnector) -> F,
    is_right: impl Fn(&Result<T, BoxError>) -> bool,
) where
    F: Future<Output = Result<T, BoxError>>,
{
    let authority = Authority::new();
    let edge_of_shop = edge(&authority, HOST).await;
    let connector = builder(edge_of_shop.address(), &authority).build().unwrap();
    let outcome = example(connector).await;
    assert!(is_right(&outcome), "{:?}", outcome.err());
    let seen = edge_of_shop.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some(SNI));
    assert_eq!(seen.host(), Some(HOST));

    for Wrong {
        connector,
        shown,
        fix,
    } in wrong_names(&edge_of_shop, &authority)
    {
        let error = example(connector).await.err().expect("one name is wrong");
        let report = report(&error);
        assert!(report.contains(shown), "{shown} is not in\n{report}");
        assert!(report.contains(fix), "{fix} is not in\n{report}");
    }

    let edge_of_others = edge(&authority, "other.example.com").await;
    let connector = builder(edge_of_others.address(), &authority);
    let outcome = example(connector.build().unwrap()).await;
    assert_refused(&outcome.err().expect("the Host is wrong"));
}

#[tokio::test]
async fn hyper_util_has_our_report() {
    check(examples::hyper_util::get, |response| {
        response
            .as_ref()
            .is_ok_and(|it| it.status() == StatusCode::OK)
    })
    .await;
}

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn reqwest_has_our_report() {
    check(examples::reqwest::get, |response| {
        response
            .as_ref()
            .is_ok_and(|it| it.status() == StatusCode::OK)
    })
    .await;
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn tonic_has_our_report() {
    check(examples::tonic::call, |reply| {
        let status = reply.as_ref().err().and_then(|error| error.downcast_ref());
        status.is_some_and(|status: &tonic::Status| status.code() == tonic::Code::Unimplemented)
    })
    .await;
}

#[test]
fn a_misdirected_request_is_fixed_by_the_host_of_the_url_if_another_is_dialled() {
    let fix = |builder: CdnOriginBuilder| {
        let refused = Response::builder().status(421).body(()).unwrap();
        let outcome = Ok::<_, std::convert::Infallible>(refused);
        let error = adapt::check(&builder.build().unwrap(), outcome).unwrap_err();
        error.report().to_string()
    };
    let site = || CdnOriginConnector::builder("https://shop.example.com").sni("www.example.com");
    let edge = "d1234567890.cloudfront.net:443";
    assert!(fix(site().dial(edge)).contains("fix: .host(\"shop.example.com\")"));

    // The URL may be no more than the address of the edge.
    let unknown = ".host(\"..\") with a name that the edge serves";
    assert!(fix(site()).contains(unknown));
    assert!(
        fix(CdnOriginConnector::builder("https://www.example.com").dial(edge)).contains(unknown)
    );
}

/// RFC 9110 section 15.5.20: the connection is none for this Host.
#[test]
fn a_host_that_was_chosen_is_kept_and_its_connection_is_changed_after_a_421() {
    for status in [421, 403] {
        let sni = ".sni(\"shop.example.com\"), or another name that the edge serves";
        let host = ".host(\"www.example.com\"), or another name that the edge serves";
        // At a 403, the handshake has shown that the edge serves the SNI.
        let names = if status == 421 {
            [sni, host]
        } else {
            [host, sni]
        };
        let builder = CdnOriginConnector::builder("https://d1234567890.cloudfront.net");
        let connector = builder.sni("www.example.com").host("shop.example.com");
        let connector = connector.build().unwrap();
        let refused = Response::builder().status(status).body(()).unwrap();
        let outcome = Ok::<_, std::convert::Infallible>(refused);
        let error = adapt::check(&connector, outcome).unwrap_err();
        let diagnosis = error.diagnosis();
        let fixes: Vec<_> = diagnosis.causes()[0]
            .fixes()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            fixes,
            [
                names[0],
                names[1],
                "if the request has a Host field of its own: correct that one",
            ]
        );
    }
}

#[tokio::test]
async fn a_report_names_the_host_of_the_url_and_not_the_configured_one() {
    let authority = Authority::new();
    let edge = edge(&authority, HOST).await;
    let connector = builder(edge.address(), &authority).build().unwrap();
    let client = Client::builder(TokioExecutor::new());
    let client: Client<_, Empty<Bytes>> = client.build(connector.clone());
    let url = "https://other.example.com/path?secret";
    let response = client.get(url.parse().unwrap()).await;
    let error = adapt::check(&connector, response).unwrap_err();
    assert_eq!(edge.requests()[0].host(), Some("other.example.com"));
    let report = error.report().to_string();
    for part in [
        "Host       other.example.com (of the URL)\n",
        "SNI is www.example.com and Host is other.example.com (of the URL)",
        "the Host that the client is supposed to send",
        "fix: .host(\"www.example.com\") or .host(\"d1234567890.cloudfront.net\") or\n",
        "and the same host in the request's URL, or\n",
        "agreed ",
    ] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    assert!(!report.contains("shop.example.com"), "{report}");
    assert!(!report.contains("secret"), "{report}");
}

#[test]
fn a_host_that_is_only_configured_is_marked_and_no_cause_in_it_is_certain() {
    let connector = examples::origin::builder().build().unwrap();
    let refused = Response::builder()
        .status(409)
        .header("server", "cloudflare");
    let refused = (refused.body(()).unwrap(), "error code: 1001");
    let error = adapt::check(&connector, Ok::<_, std::convert::Infallible>(refused)).unwrap_err();
    let report = error.report().to_string();
    assert!(
        report.contains("Host       shop.example.com (configured)\n"),
        "{report}"
    );
    assert!(
        report.contains("serve shop.example.com, the configured Host"),
        "{report}"
    );
    assert!(!report.contains("certain: "), "{report}");
    assert!(!report.contains("the Host sent"), "{report}");

    let cut_off = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let failed: Result<Response<()>, _> = Err(cut_off);
    let error = adapt::check(&connector, failed).unwrap_err();
    let report = error.report().to_string();
    assert!(
        report.contains("Host       shop.example.com (configured)\n"),
        "{report}"
    );
}

#[test]
fn a_request_that_was_not_seen_is_no_evidence() {
    let origin = "https://d1234567890.cloudfront.net";
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    let signed = "Bad request. Generated by cloudfront (CloudFront)";
    for (status, page) in [(403, signed), (411, ""), (413, signed), (431, "")] {
        let head = Response::builder()
            .status(status)
            .header("server", "CloudFront")
            .header("x-cache", "Error from cloudfront");
        let refused = (head.body(()).unwrap(), page);
        let outcome = Ok::<_, std::convert::Infallible>(refused);
        let error = adapt::check(&connector, outcome).unwrap_err();
        let diagnosis = error.diagnosis();
        for cause in diagnosis.causes() {
            assert!(cause.evidence().all(|seen| seen != "the request sent"));
            assert!(!cause.text().contains("refuses a GET"), "{cause}");
        }
        let is_asked = |cause: &Cause| cause.text().starts_with("if the request is a GET");
        assert_eq!(diagnosis.causes().iter().any(is_asked), status == 403);
    }
}

/// An application answers 403, too. Only a sign of an edge makes an error of it.
#[test]
fn a_bare_403_passes_unless_names_disagree_and_one_of_an_application_always_passes() {
    let answer = |kind: Option<&'static str>| {
        let mut refused = Response::builder().status(403);
        if let Some(kind) = kind {
            refused = refused.header("content-type", kind);
        }
        Ok::<_, std::convert::Infallible>(refused.body(()).unwrap())
    };
    let agreeing = CdnOriginConnector::builder("https://www.example.com");
    let agreeing = agreeing.build().unwrap();
    assert!(adapt::check(&agreeing, answer(None)).is_ok());
    let disagreeing = CdnOriginConnector::builder("https://www.example.com");
    let disagreeing = disagreeing.host("shop.example.com").build().unwrap();
    let json = answer(Some("application/json"));
    assert!(adapt::check(&disagreeing, json).is_ok());
    let error = adapt::check(&disagreeing, answer(None)).unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("edge refused the request (403)"), "{text}");
}

/// A WebSocket origin on TLS. It answers the handshake, and closes.
#[cfg(feature = "tungstenite")]
#[tokio::test]
async fn tungstenite_opens_a_websocket() {
    let authority = Authority::new();
    let certified = authority.issue(&[EXPECTED]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certified.chain.clone(), certified.key.clone_key());
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = builder(listener.local_addr().unwrap(), &authority)
        .build()
        .unwrap();
    let origin = async {
        let stream = acceptor
            .accept(listener.accept().await.unwrap().0)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.server_name(), Some(SNI));
        let mut host = None;
        #[expect(clippy::result_large_err, reason = "the callback of tungstenite")]
        let note = |request: &Request<()>, response| {
            host = request.headers().get("host").cloned();
            assert_eq!(request.uri(), "/live");
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, note).await;
        assert_eq!(host.unwrap(), HOST);
        socket.unwrap()
    };
    let (socket, _origin) = tokio::join!(examples::tungstenite::open(connector), origin);
    socket.unwrap();
}

#[cfg(feature = "tungstenite")]
#[tokio::test]
async fn tungstenite_has_our_report() {
    let authority = Authority::new();
    let edge_of_others = edge(&authority, "other.example.com").await;
    for Wrong {
        connector,
        shown,
        fix,
    } in wrong_names(&edge_of_others, &authority)
    {
        let report = report(&examples::tungstenite::open(connector).await.unwrap_err());
        assert!(report.contains(shown) && report.contains(fix), "{report}");
    }
    let connector = builder(edge_of_others.address(), &authority);
    let opened = examples::tungstenite::open(connector.build().unwrap()).await;
    assert_refused(&opened.unwrap_err());

    // The edge knows the Host, and opens no WebSocket.
    let edge_of_shop = edge(&authority, HOST).await;
    let connector = builder(edge_of_shop.address(), &authority);
    let opened = examples::tungstenite::open(connector.build().unwrap()).await;
    let error = opened.unwrap_err();
    let kind = Error::find_in(&*error).unwrap().kind();
    assert_eq!(kind.as_str(), "upgrade_refused", "{}", report(&error));
}

/// Sends a request, and returns the status line.
#[cfg(feature = "axum")]
async fn status_line(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET / HTTP/1.1\r\nhost: client.test\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response.lines().next().unwrap_or_default().to_owned()
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn axum_logs_the_cause() {
    let authority = Authority::new();
    let edge_of_shop = edge(&authority, HOST).await;
    let edge_of_others = edge(&authority, "other.example.com").await;
    let right = builder(edge_of_shop.address(), &authority).build().unwrap();
    let wrong_host = builder(edge_of_others.address(), &authority)
        .build()
        .unwrap();
    let wrong = wrong_names(&edge_of_shop, &authority);
    let wrong = wrong.map(|it| (it.connector, "HTTP/1.1 502 Bad Gateway", it.fix));
    let rows = [
        (right, "HTTP/1.1 200 OK", ""),
        (wrong_host, "HTTP/1.1 403 Forbidden", "fix: "),
    ];
    for (connector, status, logged) in rows.into_iter().chain(wrong) {
        let (log, _guard) = Log::start();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(examples::axum::serve(connector, listener));
        assert_eq!(status_line(address).await, status);
        server.abort();
        let text = log.text();
        assert!(text.contains(logged), "{logged} is not in\n{text}");
    }
}

/// The text of a file of the repository.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The lines of a file that its author writes for this crate: no `use`, no signature of the
/// function, no attribute, no comment, and no line of closing brackets alone.
fn own_lines(text: &str) -> Vec<&str> {
    let body = text.split_once(" {\n").unwrap().1;
    body.lines().filter(is_own).collect()
}

fn is_own(line: &&str) -> bool {
    let brackets = ['{', '}', ')', ']', '?', ';'];
    !line.trim().chars().all(|char| brackets.contains(&char))
}

#[test]
fn each_host_needs_at_most_ten_lines() {
    // `build()?` is the fifth line of the builder.
    let builder = own_lines(&text("examples/hosts/origin.rs")).len() + 1;
    assert_eq!(builder, 5);
    for host in ["axum", "hyper_util", "reqwest", "tonic", "tungstenite"] {
        let text = text(&format!("examples/hosts/{host}.rs"));
        let lines = own_lines(&text);
        assert!(builder + lines.len() <= 10, "{host}: {lines:#?}");
    }
}

/// The test of `examples/pingora` runs it. Each proxy of Pingora has the trait's signatures, and
/// fields for its peers.
#[test]
fn pingora_needs_at_most_ten_lines() {
    let proxy = text("examples/pingora/src/proxy.rs");
    let own = [
        "let peer = pingora_peer!(&connector);",
        "Ok(Box::new(self.peer.clone()))",
        "request.insert_header(\"host\", \"shop.example.com\")",
        "if let Err(error) = adapt::check(&self.connector, Ok::<_, Infallible>(&**response)) {",
        "log::error!(\"{}\", error.report());",
    ];
    for line in own {
        assert!(proxy.contains(line), "{line}");
    }
    let others = [
        "//!",
        "use ",
        "pub(crate) ",
        "impl ",
        "#[",
        "type CTX",
        "fn ",
        "async fn ",
        "&self,",
        "_: ",
        "connector: CdnOriginConnector,",
        "peer: HttpPeer,",
        "request: ",
        "response: ",
        "Self {",
        "Ok(())",
    ];
    let is_other = |line: &&str| {
        let line = line.trim();
        !line.contains("-> Result<()> {") && !others.iter().any(|other| line.starts_with(other))
    };
    let lines = proxy.lines().filter(is_own).filter(is_other);
    assert_eq!(lines.map(str::trim).collect::<Vec<_>>(), own);
}

#[test]
fn the_guide_shows_each_host() {
    let guide = text("src/guide/choosing-an-adapter.md");
    for host in [
        "origin",
        "axum",
        "hyper_util",
        "reqwest",
        "tonic",
        "tungstenite",
    ] {
        let example = text(&format!("examples/hosts/{host}.rs"));
        let function = example.split_once("///").unwrap().1;
        assert!(guide.contains(function), "{host} is not in the guide");
    }
    let pingora = text("examples/pingora/src/proxy.rs");
    assert!(guide.contains(pingora.split_once("\n\n").unwrap().1));
}

/// The client of hyper-util needs an absolute URI, even with a connector that has an origin.
#[tokio::test]
async fn a_url_that_hyper_util_cannot_use_has_a_cause_and_a_fix() {
    let connector = examples::origin::builder().build().unwrap();
    let client = Client::builder(TokioExecutor::new());
    let client: Client<_, Empty<Bytes>> = client.build(connector.clone());
    for (request, problem, text) in [
        (
            Request::get("/items?secret=1"),
            RequestProblem::BuildFailed,
            "give the request an absolute URI",
        ),
        (
            Request::get("https://shop.example.com/").version(Version::HTTP_3),
            RequestProblem::BuildFailed,
            "correct what the error names",
        ),
    ] {
        let outcome = client.request(request.body(Empty::new()).unwrap()).await;
        let error = adapt::check(&connector, outcome).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request(problem), "{error}");
        let diagnosis = error.diagnosis();
        let fix = diagnosis.causes()[0].fixes()[0].to_string();
        assert!(fix.contains(text), "{fix}");
        let report = error.report().to_string();
        assert!(!report.contains("I/O failed"), "{report}");
        assert!(!report.contains("secret"), "{report}");
    }
}

/// The connector fails before a client has sent a Host.
#[tokio::test]
async fn a_host_in_the_report_of_a_failed_handshake_is_marked_as_configured() {
    let authority = Authority::new();
    let edge = edge(&authority, HOST).await;
    let connector = builder(edge.address(), &authority).expected_name("other.example.com");
    let connector = connector.build().unwrap();
    let error = connector.oneshot(http::Uri::default()).await.unwrap_err();
    let report = error.report().to_string();
    let host = "  Host       shop.example.com (configured)\n";
    assert!(report.contains(host), "{report}");
}
