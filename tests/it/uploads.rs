//! Request bodies through the proxy.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    error::{ErrorKind, Fault, RequestProblem},
    proxy::Limits,
};
use http::{Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Channel, Empty, Full, channel::Sender};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tower::{BoxError, ServiceExt, service_fn};

use crate::{
    failing::to,
    memory::{read_head, read_to_end, send, to_connections},
    support::{Authority, Edge},
};

/// A proxy to an in-memory origin that echoes the body. Without sockets, paused time is exact.
fn proxy_in_memory() -> OriginProxy {
    let transport = service_fn(|_: Uri| async {
        let (near, far) = tokio::io::duplex(1024);
        let origin = hyper::service::service_fn(|request: Request<Incoming>| async {
            let body = request.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Response::new(Full::new(body)))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(far), origin);
        tokio::spawn(connection);
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    OriginProxy::new(connector).limits(Limits::default().response_timeout(DEADLINE))
}

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_the_response_timeout_while_it_makes_progress() {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(DEADLINE / 2).await;
            sender
                .send_data(Bytes::from_static(b"part "))
                .await
                .unwrap();
        }
    });
    let request = Request::post("/")
        .header("host", "client.test")
        .body(body)
        .unwrap();
    let Ok(response) = proxy_in_memory().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let echoed = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(echoed, "part ".repeat(10));
}

#[tokio::test(start_paused = true)]
async fn an_upload_without_progress_ends_with_the_response_timeout() {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender
        .send_data(Bytes::from_static(b"part "))
        .await
        .unwrap();
    let request = Request::post("/")
        .header("host", "client.test")
        .body(body)
        .unwrap();
    let Ok(response) = proxy_in_memory().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.fault(), Fault::Client);
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_one_frame_may_take_longer_than_the_response_timeout_while_it_is_sent() {
    const SIZE: usize = 64 * 1024;
    let proxy = || {
        to_connections(|mut stream| async move {
            let head = read_head(&mut stream).await;
            assert!(head.contains(&format!("content-length: {SIZE}")), "{head}");
            let mut part = [0; 1024];
            for _ in 0..SIZE / part.len() {
                tokio::time::sleep(DEADLINE / 2).await;
                stream.read_exact(&mut part).await.unwrap();
            }
            let answer = "HTTP/1.1 204 No Content\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
    };
    // Read ahead by the proxy, or by a layer in front of it.
    for buffer in [2 * SIZE, 0] {
        let limits = Limits::default().response_timeout(DEADLINE);
        let proxy = proxy().limits(limits.buffer_requests(buffer));
        let request = Request::post("/").header("host", "client.test");
        let request = request.body(Full::<Bytes>::from(vec![b'x'; SIZE]));
        let response = send(&proxy, request.unwrap()).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{buffer}");
    }
}

type Upload = Channel<Bytes, std::io::Error>;

/// A request with this body.
fn post(body: Upload) -> Request<Upload> {
    let request = Request::post("/").header("host", "client.test");
    request.body(body).unwrap()
}

/// Asserts that a failure of the client is reported as one, over HTTP/1 and HTTP/2.
async fn is_the_clients(
    set: impl Fn(OriginProxy) -> OriginProxy,
    spoil: impl Fn(Sender<Bytes, std::io::Error>) -> Option<Sender<Bytes, std::io::Error>>,
    expected: (StatusCode, ErrorKind),
) {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .alpn(&[protocol])
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let (mut sender, body) = Upload::new(2);
        sender.send_data(Bytes::from_static(b"part")).await.unwrap();
        let _held = spoil(sender);
        let Ok(response) = set(OriginProxy::new(connector)).oneshot(post(body)).await;
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!((response.status(), error.kind()), expected, "{protocol}");
        assert_eq!(error.fault(), Fault::Client, "{protocol}");
        assert!(edge.requests().is_empty(), "{protocol}");
    }
}

#[tokio::test]
async fn a_body_that_fails_is_the_clients_fault() {
    let abort = |sender: Sender<_, _>| {
        sender.abort(std::io::ErrorKind::ConnectionReset.into());
        None
    };
    let expected = (
        StatusCode::BAD_REQUEST,
        ErrorKind::Request(RequestProblem::BodyFailed),
    );
    is_the_clients(|proxy| proxy, abort, expected).await;
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_the_clients_fault() {
    let expected = (
        StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Request(RequestProblem::BodyTooLarge),
    );
    is_the_clients(
        |proxy| proxy.limits(Limits::default().max_request_body(3)),
        Some,
        expected,
    )
    .await;
}

#[tokio::test]
async fn a_body_that_stalls_is_the_clients_fault() {
    let moment = Duration::from_millis(50);
    let expected = (StatusCode::REQUEST_TIMEOUT, ErrorKind::TimedOut);
    is_the_clients(
        |proxy| proxy.limits(Limits::default().body_idle_timeout(moment)),
        Some,
        expected,
    )
    .await;
}

/// The head of this request as an HTTP/1 origin receives it.
async fn head_of<B>(request: Request<B>) -> String
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (heads, mut seen) = mpsc::unbounded_channel();
    let proxy = to_connections(move |mut stream| {
        let heads = heads.clone();
        async move {
            heads.send(read_head(&mut stream).await).unwrap();
            read_to_end(&mut stream).await;
        }
    });
    tokio::select! {
        response = send(&proxy, request) => panic!("{response:?} before there was an answer"),
        head = seen.recv() => head.unwrap(),
    }
}

#[tokio::test]
async fn the_length_of_the_body_takes_precedence_over_the_field() {
    const CHUNKED: &str = "transfer-encoding: chunked";
    let request = |method: &str, lengths: &[u8]| {
        let request = Request::builder().method(method).header("host", "a.test");
        lengths.iter().fold(request, |request, length| {
            request.header("content-length", u64::from(*length))
        })
    };
    let three = || Full::new(Bytes::from_static(b"abc"));
    let (_sender, unknown) = Upload::new(1);
    let (_sender, other) = Upload::new(1);
    // Bodies that a layer in front has read, replaced or left unchanged.
    let cases = [
        (
            head_of(request("POST", &[60]).body(Empty::new()).unwrap()).await,
            "content-length: 0",
        ),
        (
            head_of(request("GET", &[60]).body(Empty::new()).unwrap()).await,
            "content-length: 0",
        ),
        (
            head_of(request("POST", &[60]).body(three()).unwrap()).await,
            "content-length: 3",
        ),
        (
            head_of(request("GET", &[]).body(three()).unwrap()).await,
            "content-length: 3",
        ),
        (
            head_of(request("POST", &[3, 3]).body(unknown).unwrap()).await,
            "content-length: 3",
        ),
        (
            head_of(request("GET", &[3, 4]).body(other).unwrap()).await,
            CHUNKED,
        ),
    ];
    for (head, expected) in cases {
        let framing: Vec<_> = head
            .lines()
            .filter(|line| line.starts_with("content-length") || line.starts_with("transfer"))
            .collect();
        assert_eq!(framing, [expected], "{head}");
    }
}

#[tokio::test]
async fn a_large_body_is_sent_and_received_completely() {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .alpn(&[protocol])
            .respond(|request| Response::new(request.into_body()))
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let body = Bytes::from(vec![b'x'; 3 << 20]);
        let request = Request::put("/")
            .header("host", "client.test")
            .body(Full::new(body.clone()))
            .unwrap();
        let Ok(response) = OriginProxy::new(connector).oneshot(request).await;
        let echoed = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(echoed, body, "{protocol}");
    }
}

#[tokio::test]
async fn the_response_of_an_origin_that_stops_reading_and_closes_is_forwarded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // A socket that is dropped with unread bytes is reset.
            let mut start = [0; 16];
            stream.read_exact(&mut start).await.unwrap();
            let answer = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 9\r\nconnection: close\r\n\r\ntoo large";
            stream.write_all(answer).await.unwrap();
        }
    });
    let proxy = OriginProxy::new(CdnOriginConnector::builder(origin).build().unwrap());
    let content = Bytes::from(vec![b'x'; 16 * 1024 * 1024]);
    for _ in 0..20 {
        let request = Request::post("/").header("host", "client.test");
        let request = request.body(Full::new(content.clone())).unwrap();
        let Ok(response) = proxy.clone().oneshot(request).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let text = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, "too large");
    }
}
