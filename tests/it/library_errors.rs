//! Errors that other libraries report: each has the cause that it would have from the proxy.

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, adapt,
    diagnosis::{CauseId, Certainty},
    error::Stage,
};
use http::Request;
use http_body_util::Empty;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    failing::to,
    support::{Authority, Behaviour, Edge},
};

async fn get_with_hyper_util(connector: &CdnOriginConnector) -> Error {
    let client = Client::builder(TokioExecutor::new());
    let client: Client<_, Empty<Bytes>> = client.build(connector.clone());
    let request = Request::get("https://www.example.test/page?secret").body(Empty::new());
    let outcome = client.request(request.unwrap()).await;
    adapt::check(connector, outcome).unwrap_err()
}

#[cfg(feature = "reqwest")]
async fn get_with_reqwest(connector: &CdnOriginConnector) -> Error {
    get_with_reqwest_within(connector, std::time::Duration::from_secs(60)).await
}

#[cfg(feature = "reqwest")]
async fn get_with_reqwest_within(
    connector: &CdnOriginConnector,
    timeout: std::time::Duration,
) -> Error {
    let client = adapt::reqwest::client_builder(connector).unwrap();
    let client = client.timeout(timeout).build().unwrap();
    let url = adapt::reqwest::base_url(connector).unwrap();
    let outcome = client.get(url.join("/page?secret").unwrap()).send().await;
    adapt::check(connector, outcome).unwrap_err()
}

#[cfg(feature = "tungstenite")]
async fn open_with_tungstenite(connector: &CdnOriginConnector) -> Error {
    let request = Request::get("/page?secret").body(()).unwrap();
    let opened = adapt::tungstenite::connect(connector, request).await;
    opened.err().unwrap()
}

/// The errors of all libraries.
async fn errors(connector: &CdnOriginConnector) -> Vec<(&'static str, Error)> {
    vec![
        ("hyper-util", get_with_hyper_util(connector).await),
        #[cfg(feature = "reqwest")]
        ("reqwest", get_with_reqwest(connector).await),
        #[cfg(feature = "tungstenite")]
        ("tungstenite", open_with_tungstenite(connector).await),
    ]
}

/// What an error shows anywhere: in its text, in its chain, and in a debugger.
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {}", error.report());
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn a_client_certificate_that_is_missing_is_the_cause_with_tls_1_3_too() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .requires_clients_of(&authority)
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    for (library, error) in errors(&connector).await {
        let text = shown(&error);
        assert_eq!(error.kind(), ErrorKind::AlertReceived, "{library}: {text}");
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        let found = (cause.id(), cause.certainty());
        let expected = (CauseId::ClientCertificateRequired, Certainty::Certain);
        assert_eq!(found, expected, "{library}: {}", error.report());
        assert!(!shown(&error).contains("secret"), "{library}");
    }
}

#[tokio::test]
async fn another_service_than_a_web_server_is_no_failure_of_input_or_output() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .plain_http()
        .behaviour(Behaviour::Greeting(b"SSH-2.0-OpenSSH_9.6\r\n"))
        .start()
        .await;
    let connector = CdnOriginConnector::builder(format!("http://{}", edge.address()));
    let connector = connector.build().unwrap();
    for (library, error) in errors(&connector).await {
        // hyper does not always say why it gave a request up.
        let kinds = [ErrorKind::HttpProtocol, ErrorKind::ConnectionClosed];
        assert!(kinds.contains(&error.kind()), "{library}: {error}");
        let has_cause = !error.diagnosis().causes().is_empty();
        assert!(has_cause, "{library}: {}", error.report());
        assert!(!shown(&error).contains("secret"), "{library}");
    }
}

#[cfg(feature = "tungstenite")]
#[tokio::test]
async fn a_response_that_tungstenite_cannot_read_has_the_kind_that_the_proxy_gives_it() {
    use tokio::io::AsyncWriteExt;

    let huge = format!(
        "HTTP/1.1 101 Switching Protocols\r\nA: {}",
        "a".repeat(200_000)
    );
    for (answer, kind) in [
        (&*huge, ErrorKind::ResponseHeadTooLarge),
        (
            "HTTP/1.1 101 Switching Protocols\r\nA",
            ErrorKind::ConnectionClosed,
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nA b: c\r\n\r\n",
            ErrorKind::HttpProtocol,
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connector = CdnOriginConnector::builder(url).build().unwrap();
        let origin = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            crate::upgrades::head(&mut stream).await;
            // The client may have left before the end.
            let _ = stream.write_all(answer.as_bytes()).await;
        };
        let (error, ()) = tokio::join!(open_with_tungstenite(&connector), origin);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.diagnosis().causes().is_empty(), "{error}");
    }
}

#[cfg(feature = "tungstenite")]
#[tokio::test]
async fn a_websocket_over_a_connector_for_http_2_alone_is_refused_before_it_dials() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = CdnOriginConnector::builder("https://www.example.test")
        .dial(listener.local_addr().unwrap())
        .alpn(cdn_origin::Alpn::Http2)
        .build()
        .unwrap();
    let error = open_with_tungstenite(&connector).await;
    assert_eq!(error.kind(), ErrorKind::ProtocolNotNegotiated);
    assert_eq!(error.stage(), Stage::Prepare);
    let diagnosis = error.diagnosis();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(cause.id(), CauseId::AlpnNotAccepted);
    assert!(cause.text().contains("needs HTTP/1.1"), "{cause}");
    assert_eq!(cause.fixes()[0].to_string(), ".alpn(Alpn::Http2OrHttp1)");
    assert!(!error.to_string().contains("handshake"), "{error}");
}

/// `.alpn(..)` changes nothing: the library speaks no other version.
#[cfg(any(feature = "reqwest", feature = "tungstenite"))]
#[tokio::test]
async fn a_library_that_speaks_http_1_alone_is_not_told_to_offer_http_2() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("www.example.test");
    let edge = edge.alpn(&["h2"]).start().await;
    let connector = to(&edge, &authority, "www.example.test").host("other.test");
    let connector = connector.build().unwrap();
    let errors = [
        #[cfg(feature = "reqwest")]
        get_with_reqwest(&connector).await,
        #[cfg(feature = "tungstenite")]
        open_with_tungstenite(&connector).await,
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::ProtocolNotNegotiated, "{error}");
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        let fix = cause.fixes()[0].to_string();
        assert!(fix.contains("OriginProxy over HTTP/2"), "{fix}");
    }
}

#[cfg(feature = "reqwest")]
#[tokio::test]
async fn a_timeout_of_the_library_is_not_blamed_on_a_limit_of_the_proxy() {
    let authority = Authority::new();
    for behaviour in [Behaviour::StallInHandshake, Behaviour::StallBeforeResponse] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .behaviour(behaviour)
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let timeout = std::time::Duration::from_millis(100);
        let error = get_with_reqwest_within(&connector, timeout).await;
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{behaviour:?}");
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        assert_eq!(cause.id(), CauseId::TooSlow, "{behaviour:?}");
        assert_ne!(cause.certainty(), Certainty::Certain, "{behaviour:?}");
        let report = error.report().to_string();
        assert!(!report.contains("Limits::"), "{report}");
        assert!(!shown(&error).contains("secret"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_missing_unix_socket_has_a_cause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.sock");
    let connector = CdnOriginConnector::builder("http://www.example.test")
        .dial(format!("unix:{}", path.display()))
        .build()
        .unwrap();
    let error = connector.oneshot(http::Uri::default()).await.unwrap_err();
    let diagnosis = error.diagnosis();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(cause.id(), CauseId::NothingListens, "{error}");
    assert!(cause.text().contains("missing.sock"), "{cause}");
}
