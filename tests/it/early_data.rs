//! Requests in early data: which are sent so, and what becomes of them where the origin does not want it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use cdn_origin::{
    Alpn, CdnOriginConnector, Error, OriginProxy, TlsVersion, VerifyPolicy,
    connector::{AdviceId, CdnOriginBuilder, ConnectionInfo, Sessions},
    error::{EarlyData, ErrorKind, Stage, TlsSession},
    group::Ejection,
    pool::{NoEarlyData, PoolSettings},
    tls::{Ech, Roots},
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tower::{Service, ServiceExt, service_fn};

use crate::{
    failing::to,
    groups::failover,
    http_get, origin,
    support::{Authority, Behaviour, Edge, EdgeBuilder},
};

const NAME: &str = "www.example.test";

/// An edge that speaks HTTP/1.1, takes early data, and closes each connection after its first answer.
fn edge(authority: &Authority) -> EdgeBuilder {
    Edge::builder(authority)
        .serves(NAME)
        .alpn(&["http/1.1"])
        .early_data(16 * 1024)
        .respond(|_| closing(200))
}

fn closing(status: u16) -> Response<Bytes> {
    let response = Response::builder().status(status);
    let response = response.header("connection", "close");
    response.body(Bytes::new()).unwrap()
}

/// A proxy to the edge that may send early data, and has done its first handshake.
async fn acquainted(edge: &Edge, authority: &Authority) -> (CdnOriginConnector, OriginProxy) {
    let connector = to(edge, authority, NAME)
        .sessions(Sessions::default().early_data())
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector.clone());
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(session(&response).early_data, EarlyData::NotSent);
    (connector, proxy)
}

type TestRequest = Request<Full<Bytes>>;

fn get() -> TestRequest {
    request(Method::GET, "")
}

fn request(method: Method, body: &'static str) -> TestRequest {
    let request = Request::builder().method(method).uri("/page?query");
    let request = request.header("host", "client.test");
    request.body(Full::from(body)).unwrap()
}

async fn ask(proxy: &OriginProxy, request: TestRequest) -> Response<()> {
    let Ok(response) = proxy.clone().oneshot(request).await;
    let (head, body) = response.into_parts();
    body.collect().await.unwrap();
    Response::from_parts(head, ())
}

fn session(response: &Response<()>) -> &TlsSession {
    let info = response.extensions().get::<ConnectionInfo>();
    info.unwrap().facts().tls_session().unwrap()
}

/// Full and resumed handshakes, and early data that was accepted and rejected.
fn counts(connector: &CdnOriginConnector) -> [u64; 4] {
    let counts = connector.handshakes();
    [
        counts.full,
        counts.resumed,
        counts.early_data,
        counts.early_data_rejected,
    ]
}

/// What each handshake began with, up to the end of the first line.
fn early(edge: &Edge) -> Vec<String> {
    let hellos = edge.hellos().into_iter();
    hellos
        .map(|hello| hello.early.lines().next().unwrap_or_default().to_owned())
        .collect()
}

/// A transport to wherever it points.
#[derive(Clone)]
struct Pointer(Arc<Mutex<SocketAddr>>);

impl Pointer {
    fn to(edge: &Edge) -> Self {
        Self(Arc::new(Mutex::new(edge.address())))
    }

    fn turn_to(&self, edge: &Edge) {
        *self.0.lock().unwrap() = edge.address();
    }

    fn transport(
        &self,
    ) -> impl Service<Uri, Response = TokioIo<TcpStream>, Error = io::Error, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let target = self.0.clone();
        service_fn(move |_: Uri| {
            let address = *target.lock().unwrap();
            async move { TcpStream::connect(address).await.map(TokioIo::new) }
        })
    }
}

/// A proxy that has done its first handshake with `first`, and is led to `second` from now on.
async fn led_from(
    first: &Edge,
    second: &Edge,
    authority: &Authority,
) -> (CdnOriginConnector, OriginProxy) {
    let pointer = Pointer::to(first);
    let connector = to(first, authority, NAME)
        .transport(pointer.transport())
        .sessions(Sessions::default().early_data())
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector.clone());
    assert_eq!(ask(&proxy, get()).await.status(), StatusCode::OK);
    pointer.turn_to(second);
    (connector, proxy)
}

#[tokio::test]
async fn safe_requests_without_content_are_in_the_first_flight_of_a_resumed_handshake() {
    let authority = Authority::new();
    let edge = edge(&authority).start().await;
    let (connector, proxy) = acquainted(&edge, &authority).await;
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::GET] {
        let response = ask(&proxy, request(method, "")).await;
        assert_eq!(response.status(), StatusCode::OK);
        let session = session(&response);
        assert!(session.resumed);
        assert_eq!(session.early_data, EarlyData::Accepted);
        assert!(session.to_string().ends_with(", resumed, early data"));
    }
    assert_eq!(
        early(&edge),
        [
            "",
            "GET /page?query HTTP/1.1",
            "HEAD /page?query HTTP/1.1",
            "OPTIONS /page?query HTTP/1.1",
            "GET /page?query HTTP/1.1",
        ]
    );
    assert_eq!(edge.requests().len(), 5);
    let fields = |at: usize| edge.requests()[at].headers.clone();
    assert_eq!(fields(0), fields(1));
    assert!(!fields(1).contains_key("early-data"));
    assert_eq!(counts(&connector), [1, 4, 4, 0]);
}

#[tokio::test]
async fn a_connection_that_began_early_serves_others_after_that() {
    let authority = Authority::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let edge = edge(&authority)
        .respond(move |_| match seen.fetch_add(1, SeqCst) {
            0 => closing(200),
            _ => Response::new(Bytes::from_static(b"content")),
        })
        .start()
        .await;
    let (connector, proxy) = acquainted(&edge, &authority).await;
    for _ in 0..3 {
        let response = ask(&proxy, get()).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(edge.connections(), 2);
    assert_eq!(edge.requests().len(), 4);
    assert_eq!(counts(&connector), [1, 1, 1, 0]);
    let snapshot = proxy.snapshot().pool;
    assert_eq!((snapshot.open, snapshot.idle), (1, 1));
    assert_eq!((snapshot.reused, snapshot.retried), (2, 0));
}

#[tokio::test]
async fn what_may_do_something_or_was_early_before_waits_for_the_handshake() {
    let authority = Authority::new();
    let edge = edge(&authority).start().await;
    let (connector, proxy) = acquainted(&edge, &authority).await;
    let mut unwilling = get();
    unwilling.extensions_mut().insert(NoEarlyData);
    let field = |name: &'static str, value: &'static str| {
        let mut request = get();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for request in [
        request(Method::POST, ""),
        request(Method::PUT, "content"),
        request(Method::DELETE, ""),
        request(Method::PATCH, ""),
        request("PROPFIND".parse().unwrap(), ""),
        request(Method::GET, "content"),
        field("early-data", "1"),
        unwilling,
    ] {
        let shown = format!("{request:?}");
        let response = ask(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::OK, "{shown}");
        assert_eq!(session(&response).early_data, EarlyData::NotSent, "{shown}");
    }
    assert!(early(&edge).iter().all(String::is_empty));
    assert_eq!(counts(&connector), [1, 8, 0, 0]);
}

#[tokio::test]
async fn nothing_is_sent_early_by_default() {
    let authority = Authority::new();
    let edge = edge(&authority).start().await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    let proxy = OriginProxy::new(connector.clone());
    for _ in 0..3 {
        ask(&proxy, get()).await;
    }
    assert!(early(&edge).iter().all(String::is_empty));
    assert_eq!(counts(&connector), [1, 2, 0, 0]);
}

#[tokio::test]
async fn a_connector_by_itself_sends_nothing_early() {
    let authority = Authority::new();
    let edge = edge(&authority).start().await;
    let connector = to(&edge, &authority, NAME)
        .sessions(Sessions::default().early_data())
        .build()
        .unwrap();
    assert!(!connector.tls_config().unwrap().enable_early_data);
    for resumed in [false, true, true] {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        http_get::exchange(&mut stream).await;
        let session = stream.info().facts().tls_session().unwrap();
        assert_eq!(session.resumed, resumed);
        assert_eq!(session.early_data, EarlyData::NotSent);
    }
    assert!(early(&edge).iter().all(String::is_empty));
}

#[tokio::test]
async fn over_http_2_nothing_is_sent_early() {
    let authority = Authority::new();
    let edge = edge(&authority)
        .alpn(&["h2", "http/1.1"])
        .behaviour(Behaviour::GoAway)
        .respond(|_| Response::default());
    let edge = edge.start().await;
    let connector = to(&edge, &authority, NAME)
        .sessions(Sessions::default().early_data())
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector.clone());
    for count in 1..=3 {
        let response = ask(&proxy, get()).await;
        assert_eq!(session(&response).protocol.as_deref(), Some("h2"));
        edge.wait_for_closed(count).await;
    }
    assert!(early(&edge).iter().all(String::is_empty));
    assert_eq!(counts(&connector), [1, 2, 0, 0]);
}

#[tokio::test]
async fn a_request_that_is_larger_than_the_session_takes_waits_for_the_handshake() {
    let authority = Authority::new();
    let edge = edge(&authority).early_data(64).start().await;
    let (_, proxy) = acquainted(&edge, &authority).await;
    let response = ask(&proxy, get()).await;
    assert_eq!(session(&response).early_data, EarlyData::NotSent);
    assert_eq!(early(&edge), ["", ""]);
}

#[tokio::test]
async fn a_request_that_is_larger_than_the_first_flight_waits_for_the_handshake() {
    let authority = Authority::new();
    let edge = edge(&authority).start().await;
    let (_, proxy) = acquainted(&edge, &authority).await;
    let mut large = get();
    let value = "x".repeat(13 * 1024).parse().unwrap();
    large.headers_mut().insert("x-large", value);
    let response = ask(&proxy, large).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(session(&response).early_data, EarlyData::NotSent);
    assert_eq!(early(&edge), ["", ""]);
}

#[tokio::test]
async fn what_an_origin_that_has_forgotten_the_session_did_not_read_is_sent_once_after_the_handshake()
 {
    let authority = Authority::new();
    let first = edge(&authority).start().await;
    let second = edge(&authority).start().await;
    let (connector, proxy) = led_from(&first, &second, &authority).await;
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let session = session(&response);
    assert!(!session.resumed);
    assert_eq!(session.early_data, EarlyData::Rejected);
    assert!(session.to_string().ends_with(", early data rejected"));
    assert_eq!(second.requests().len(), 1);
    assert_eq!(early(&second), [""]);
    assert_eq!(counts(&connector), [2, 0, 0, 1]);
    assert_eq!(proxy.snapshot().pool.retried, 0);
}

#[tokio::test]
async fn an_http_2_session_is_resumed_for_http_1_without_its_early_data() {
    let authority = Authority::new();
    let first = edge(&authority).start().await;
    let second = edge(&authority).alpn(&["h2", "http/1.1"]).start().await;
    let (connector, proxy) = led_from(&first, &second, &authority).await;
    // The pool does not know of this one.
    let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    http_get::exchange(&mut stream).await;
    drop(stream);
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let session = session(&response);
    assert_eq!(session.protocol.as_deref(), Some("http/1.1"));
    assert!(session.resumed);
    assert_eq!(session.early_data, EarlyData::Rejected);
    let requests = second.requests();
    let seen = requests.iter().filter(|it| it.target == "/page?query");
    assert_eq!(seen.count(), 1);
}

#[tokio::test]
async fn a_request_to_an_origin_that_now_speaks_only_http_2_is_retried_without_early_data() {
    let authority = Authority::new();
    let first = edge(&authority).start().await;
    let second = edge(&authority)
        .alpn(&["h2"])
        .respond(|_| Response::default());
    let second = second.start().await;
    let (connector, proxy) = led_from(&first, &second, &authority).await;
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(session(&response).protocol.as_deref(), Some("h2"));
    assert_eq!(second.requests().len(), 1);
    assert_eq!(early(&second), ["", ""]);
    assert_eq!(counts(&connector), [2, 0, 0, 0]);
}

#[tokio::test]
async fn a_failed_handshake_with_early_data_is_reported_like_any_other() {
    let authority = Authority::new();
    let first = edge(&authority).start().await;
    let second = Edge::builder(&authority).start().await;
    let (_, proxy) = led_from(&first, &second, &authority).await;
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let error = response.extensions().get::<Error>().unwrap();
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert!(error.diagnosis().likeliest().is_some());
    assert_eq!(second.connections(), 2);
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test]
async fn a_client_that_disconnects_during_the_handshake_frees_the_connection() {
    let authority = Authority::new();
    let first = edge(&authority).start().await;
    let second = Edge::builder(&authority).behaviour(Behaviour::StallInHandshake);
    let second = second.start().await;
    let (_, proxy) = led_from(&first, &second, &authority).await;
    let asking = tokio::spawn(proxy.clone().oneshot(get()));
    second.wait_for_connections(1).await;
    assert_eq!(proxy.snapshot().pool.open, 1);
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    assert_eq!(proxy.snapshot().pool.open, 0);
}

/// An edge that answers the first request with 200, the next ones with these statuses, and others with 204. It keeps connections open
/// where it says 425, and sends so much with it.
async fn answering(authority: &Authority, statuses: &'static [u16], content: &'static str) -> Edge {
    let seen = AtomicUsize::new(0);
    let statuses = [&[200], statuses].concat();
    let respond = move |_| match statuses.get(seen.fetch_add(1, SeqCst)) {
        Some(425) => {
            let response = Response::builder().status(425);
            response
                .body(Bytes::from_static(content.as_bytes()))
                .unwrap()
        }
        status => closing(status.copied().unwrap_or(204)),
    };
    edge(authority).respond(respond).start().await
}

#[tokio::test]
async fn a_425_to_early_data_is_sent_once_more_after_the_handshake() {
    let authority = Authority::new();
    for (content, connections) in [("", 2), ("too early", 3)] {
        let edge = answering(&authority, &[425], content).await;
        let connector = to(&edge, &authority, NAME)
            .sessions(Sessions::default().early_data())
            .build()
            .unwrap();
        // One connection at a time is enough for it.
        let settings = PoolSettings::default().max_connections(1);
        let proxy = OriginProxy::new(connector.clone()).pool(settings);
        assert_eq!(ask(&proxy, get()).await.status(), StatusCode::OK);
        let response = ask(&proxy, get()).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(edge.requests().len(), 3);
        assert_eq!(edge.connections(), connections);
        let early = early(&edge);
        assert!(early[1].starts_with("GET /page"));
        assert!(early[2..].iter().all(String::is_empty));
        assert_eq!(counts(&connector)[2..], [1, 0]);
        assert_eq!(proxy.snapshot().pool.retried, 1);
    }
}

#[tokio::test]
async fn a_second_425_is_an_answer() {
    let authority = Authority::new();
    let edge = answering(&authority, &[425, 425], "").await;
    let (_, proxy) = acquainted(&edge, &authority).await;
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::TOO_EARLY);
    assert_eq!(edge.requests().len(), 3);
}

#[tokio::test]
async fn a_425_to_a_request_that_was_not_early_passes() {
    let authority = Authority::new();
    let edge = answering(&authority, &[425, 425], "too early").await;
    let (_, proxy) = acquainted(&edge, &authority).await;
    // RFC 8470 section 5.1: other values mean the same, and a client sends one line.
    let mut marked = get();
    for value in ["1", "?"] {
        let fields = marked.headers_mut();
        fields.append("early-data", value.parse().unwrap());
    }
    for request in [marked, request(Method::POST, "")] {
        let response = ask(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::TOO_EARLY);
    }
    let requests = edge.requests();
    assert_eq!(requests.len(), 3);
    let values: Vec<_> = requests[1].headers.get_all("early-data").iter().collect();
    assert_eq!(values, ["1"]);
    assert!(!requests[2].headers.contains_key("early-data"));
    assert_eq!(proxy.snapshot().pool.retried, 0);
}

#[tokio::test]
async fn after_a_reload_the_first_handshake_is_a_full_one_without_early_data() {
    let authority = Authority::new();
    let edge = edge(&authority).start().await;
    let (connector, proxy) = acquainted(&edge, &authority).await;
    connector.reload(|tls| tls).unwrap();
    let response = ask(&proxy, get()).await;
    assert!(!session(&response).resumed);
    assert_eq!(session(&response).early_data, EarlyData::NotSent);
    // And the setting survives it.
    let response = ask(&proxy, get()).await;
    assert_eq!(session(&response).early_data, EarlyData::Accepted);
    // The edge is not trusted any more: nothing is said to it before it has proved who it is.
    let other = VerifyPolicy::roots(Roots::pem(Authority::new().root_pem()));
    connector.reload(|tls| tls.verify(other)).unwrap();
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(edge.requests().len(), 3);
    let began: Vec<_> = early(&edge).iter().map(|it| !it.is_empty()).collect();
    assert_eq!(began, [false, false, true, false]);
}

/// An origin with early data that answers the first connection's first request, cuts off its second, and goes on with others.
async fn cuts_off_the_second(authority: &Authority, early: Arc<AtomicUsize>) -> SocketAddr {
    let mut config = (*origin::server_config(authority, b"http/1.1")).clone();
    config.max_early_data_size = 16 * 1024;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut tls = acceptor.accept(stream).await.unwrap();
            if tls.get_mut().1.early_data().is_some() {
                early.fetch_add(1, SeqCst);
            }
            let mut buffer = [0; 1024];
            assert!(tls.read(&mut buffer).await.unwrap() > 0);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            tls.write_all(answer).await.unwrap();
            tls.flush().await.unwrap();
            assert!(tls.read(&mut buffer).await.unwrap() > 0);
        }
    });
    address
}

#[tokio::test]
async fn a_retry_is_never_early() {
    let authority = Authority::new();
    let early = Arc::new(AtomicUsize::new(0));
    let address = cuts_off_the_second(&authority, early.clone()).await;
    let connector = CdnOriginConnector::builder(format!("https://{}", origin::NAME))
        .dial(address)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .sessions(Sessions::default().early_data())
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector.clone());
    assert_eq!(ask(&proxy, get()).await.status(), StatusCode::OK);
    let response = ask(&proxy, get()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(session(&response).resumed);
    assert_eq!(session(&response).early_data, EarlyData::NotSent);
    assert_eq!(proxy.snapshot().pool.retried, 1);
    assert_eq!(counts(&connector), [1, 1, 0, 0]);
    assert_eq!(early.load(SeqCst), 0);
}

#[tokio::test]
async fn what_another_origin_of_the_group_has_seen_is_not_early() {
    let authority = Authority::new();
    let primary = edge(&authority).respond(|_| closing(503)).start().await;
    let backup = edge(&authority).start().await;
    let (to_backup, backup_proxy) = acquainted(&backup, &authority).await;
    let connector = to(&primary, &authority, NAME).build().unwrap();
    let group = failover(connector, backup_proxy.clone())
        .ejection(Ejection::default().failures(1000))
        .build()
        .unwrap();
    for _ in 0..2 {
        let Ok(response) = group.clone().oneshot(get()).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap();
    }
    assert!(early(&backup).iter().all(String::is_empty));
    assert_eq!(counts(&to_backup), [1, 2, 0, 0]);
    // By itself, it is sent early.
    ask(&backup_proxy, get()).await;
    assert_eq!(counts(&to_backup), [1, 3, 1, 0]);
}

#[tokio::test]
async fn clients_with_a_certificate_have_early_data_too_but_not_with_ech() {
    let authority = Authority::new();
    let client = authority.issue_client("client.test");
    let identity = cdn_origin::tls::ClientIdentity::pem(client.cert_pem(), client.key_pem());
    let edge = edge(&authority)
        .requires_clients_of(&authority)
        .start()
        .await;
    let known = |builder: CdnOriginBuilder| {
        builder
            .client_identity(identity.clone())
            .sessions(Sessions::default().early_data())
    };
    for (builder, early) in [
        (known(to(&edge, &authority, NAME)), 1),
        (known(to(&edge, &authority, NAME)).ech(Ech::grease()), 0),
    ] {
        let connector = builder.build().unwrap();
        let proxy = OriginProxy::new(connector.clone());
        for _ in 0..2 {
            assert_eq!(ask(&proxy, get()).await.status(), StatusCode::OK);
        }
        assert_eq!(counts(&connector), [1, 1, early, 0]);
    }
}

#[test]
fn early_data_that_can_have_no_effect_is_reported() {
    let builder = || {
        let builder = CdnOriginConnector::builder(format!("https://{NAME}"));
        let pin = cdn_origin::SpkiPin::sha256([0; 32]);
        builder
            .verify(VerifyPolicy::pinned(pin))
            .sessions(Sessions::default().early_data())
    };
    for (builder, expected) in [
        (builder(), 0),
        (builder().alpn(Alpn::Http1), 0),
        (builder().alpn(Alpn::Http2), 1),
        (builder().sessions(Sessions::off().early_data()), 1),
        (builder().tls_versions(..=TlsVersion::V1_2), 1),
    ] {
        let connector = builder.build().unwrap();
        let advice = connector.advice();
        let reported = advice
            .iter()
            .filter(|it| it.id() == AdviceId::EarlyDataUnused);
        assert_eq!(reported.count(), expected, "{advice:?}");
    }
}
