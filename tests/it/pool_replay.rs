//! Retries of requests with a body: all of the body arrives, or there is no retry.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy, pool::PoolSettings, proxy::ProxyBody, tls::Roots,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
};
use tokio_rustls::TlsAcceptor;
use tower::{ServiceExt, service_fn as tower_service};

use crate::{
    memory::{read_head, read_to_end, write_text},
    origin::{NAME, Origin, server_config},
    support::Authority,
};

/// How much a reused connection reads of its second request before it ends.
const HEARD: &[u8] = b"abc";

/// The body of a request, and its trailers.
type Content = (Bytes, Option<HeaderMap>);

/// An origin whose first connection answers one request, reads the start of another's body, and
/// ends. The others report what they read.
struct CutsOff {
    proxy: OriginProxy,
    heard: mpsc::UnboundedReceiver<()>,
    read: mpsc::UnboundedReceiver<Content>,
}

impl CutsOff {
    async fn start(settings: PoolSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (hear, heard) = mpsc::unbounded_channel();
        let (report, read) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let (first, _) = listener.accept().await.unwrap();
            cut_off(first).await;
            hear.send(()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, report.clone()));
            }
        });
        let connector = CdnOriginConnector::builder(origin).build().unwrap();
        let proxy = OriginProxy::new(connector).pool(settings);
        let first = send(&proxy, Method::GET, Full::default()).await;
        assert_eq!(first, StatusCode::OK);
        Self { proxy, heard, read }
    }
}

async fn cut_off(mut stream: TcpStream) {
    read_until(&mut stream, b"\r\n\r\n").await;
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    read_until(&mut stream, HEARD).await;
}

async fn read_until(stream: &mut TcpStream, end: &[u8]) {
    let mut read = Vec::new();
    while !read.windows(end.len()).any(|window| window == end) {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
}

async fn serve(stream: TcpStream, report: mpsc::UnboundedSender<Content>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let report = report.clone();
        async move {
            let content = request.into_body().collect().await.unwrap();
            let trailers = content.trailers().cloned();
            report.send((content.to_bytes(), trailers)).unwrap();
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn ask<B>(proxy: &OriginProxy, method: Method, body: B) -> Response<ProxyBody>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header("host", "client.test")
        .body(body)
        .unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

async fn send(proxy: &OriginProxy, method: Method, body: Full<Bytes>) -> StatusCode {
    let response = ask(proxy, method, body).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// The length of the bodies of which a connection reads a part before it ends.
fn content(length: usize) -> Bytes {
    let mut content = HEARD.to_vec();
    content.resize(length, b'x');
    content.into()
}

#[tokio::test]
async fn an_idempotent_request_is_retried_with_all_of_its_body() {
    for length in [HEARD.len(), 1000, 64 * 1024] {
        let mut origin = CutsOff::start(PoolSettings::default()).await;
        let content = content(length);
        let status = send(&origin.proxy, Method::PUT, content.clone().into()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(origin.read.recv().await.unwrap(), (content, None));
        assert_eq!(origin.proxy.snapshot().pool.retried, 1);
    }
}

#[tokio::test]
async fn a_body_that_was_still_arriving_goes_on_where_it_was_trailers_included() {
    let mut origin = CutsOff::start(PoolSettings::default()).await;
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let proxy = origin.proxy.clone();
    let response = tokio::spawn(async move { ask(&proxy, Method::PUT, body).await });
    sender.send_data(HEARD.into()).await.unwrap();
    origin.heard.recv().await.unwrap();
    sender.send_data("def".into()).await.unwrap();
    let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from(1))]);
    sender
        .send(Frame::trailers(trailers.clone()))
        .await
        .unwrap();
    drop(sender);
    assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    let read = origin.read.recv().await.unwrap();
    assert_eq!(read, ("abcdef".into(), Some(trailers)));
}

#[tokio::test]
async fn a_request_that_may_have_been_processed_or_was_not_kept_is_not_retried() {
    let kept = PoolSettings::default().max_replay(1000);
    for (settings, method, length) in [
        (PoolSettings::default(), Method::POST, 1000),
        (PoolSettings::default(), Method::PUT, 64 * 1024 + 1),
        (kept.clone(), Method::PUT, 1001),
        (kept.max_replay(0), Method::PUT, HEARD.len()),
    ] {
        let mut origin = CutsOff::start(settings).await;
        let status = send(&origin.proxy, method, content(length).into()).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert!(origin.read.try_recv().is_err());
        assert_eq!(origin.proxy.snapshot().pool.retried, 0);
    }
}

#[tokio::test]
async fn a_421_to_a_request_with_a_body_is_retried_once_on_a_fresh_connection() {
    for http2 in [false, true] {
        let (report, mut read) = mpsc::unbounded_channel();
        let handler = move |id, request: Request<Incoming>| {
            let report = report.clone();
            async move {
                let is_misdirected = id == 0 && request.method() == Method::POST;
                let content = request.into_body().collect().await.unwrap().to_bytes();
                report.send((id, content)).unwrap();
                let response = Response::builder().status(if is_misdirected { 421 } else { 200 });
                response.body(Full::default()).unwrap()
            }
        };
        let origin = match http2 {
            false => Origin::http1(handler).await,
            true => Origin::http2(100, handler).await,
        };
        let proxy = OriginProxy::new(origin.connector());
        assert_eq!(send(&proxy, Method::GET, Full::default()).await, 200);
        let content = content(1000);
        assert_eq!(
            send(&proxy, Method::POST, content.clone().into()).await,
            200
        );
        let expected = [(0, Bytes::new()), (0, content.clone()), (1, content)];
        for expected in expected {
            assert_eq!(read.recv().await.unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_read_while_a_fresh_connection_opens_is_not_sent_without_its_start() {
    const AT_A_TIME: usize = 16 * 1024;
    let (sent, mut all_read) = mpsc::unbounded_channel();
    let (report, mut reports) = mpsc::unbounded_channel();
    let (connecting, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begun, gate) = (connecting.clone(), go.clone());
    let connections = Arc::new(AtomicUsize::new(0));
    let transport = tower_service(move |_: Uri| {
        let is_first = connections.fetch_add(1, SeqCst) == 0;
        let (sent, report) = (sent.clone(), report.clone());
        let (begun, gate) = (begun.clone(), gate.clone());
        async move {
            let (near, mut far) = tokio::io::duplex(1024);
            if !is_first {
                begun.notify_one();
                gate.notified().await;
            }
            tokio::spawn(async move {
                if !is_first {
                    return report.send(read_to_end(&mut far).await).unwrap();
                }
                read_head(&mut far).await;
                write_text(&mut far, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                read_head(&mut far).await;
                let early = "HTTP/1.1 421 Misdirected Request\r\ncontent-length: 1\r\n\r\n";
                write_text(&mut far, early).await;
                far.read_exact(&mut [0; 6 * AT_A_TIME]).await.unwrap();
                sent.send(()).unwrap();
                read_to_end(&mut far).await;
            });
            Ok::<_, Infallible>(TokioIo::new(near))
        }
    });
    let connector = CdnOriginConnector::builder("http://origin.example").transport(transport);
    let proxy = OriginProxy::new(connector.build().unwrap());
    assert_eq!(send(&proxy, Method::GET, Full::default()).await, 200);

    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let posted = proxy.clone();
    let answer = tokio::spawn(async move { ask(&posted, Method::POST, body).await });
    // A first frame: without content there is nothing to lose.
    sender.send_data(content(1)).await.unwrap();
    connecting.notified().await;
    for _ in 0..6 {
        sender.send_data(content(AT_A_TIME)).await.unwrap();
    }
    all_read.recv().await.unwrap();
    go.notify_one();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(proxy.snapshot().pool.retried, 0);
    drop((answer, proxy));
    assert_eq!(reports.recv().await.unwrap(), 0);
}

/// An HTTP/2 origin that refuses the first stream after it has read the start of its body, and
/// reports the bodies of the others.
async fn refuses_first(
    authority: &Authority,
    report: mpsc::UnboundedSender<Vec<u8>>,
) -> std::net::SocketAddr {
    let acceptor = TlsAcceptor::from(server_config(authority, b"h2"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut is_first = true;
        while let Ok((stream, _)) = listener.accept().await {
            let tls = acceptor.accept(stream).await.unwrap();
            let mut connection = h2::server::handshake(tls).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let mut body = request.into_body();
                let (refuse, report) = (std::mem::take(&mut is_first), report.clone());
                tokio::spawn(async move {
                    let mut content = Vec::new();
                    while let Some(Ok(data)) = body.data().await {
                        if refuse {
                            break;
                        }
                        let _ = body.flow_control().release_capacity(data.len());
                        content.extend_from_slice(&data);
                    }
                    if refuse {
                        return respond.send_reset(h2::Reason::REFUSED_STREAM);
                    }
                    report.send(content).unwrap();
                    let _ = respond.send_response(Response::new(()), true);
                });
            }
        }
    });
    address
}

#[tokio::test]
async fn a_refused_stream_is_retried_with_its_body_whatever_the_method() {
    for (method, length) in [
        (Method::GET, 0),
        (Method::POST, 0),
        (Method::PUT, 40_000),
        (Method::POST, 40_000),
    ] {
        let authority = Authority::new();
        let (report, mut read) = mpsc::unbounded_channel();
        let address = refuses_first(&authority, report).await;
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(address)
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .build()
            .unwrap();
        let proxy = OriginProxy::new(connector);
        let content = content(length);
        assert_eq!(send(&proxy, method, content.clone().into()).await, 200);
        assert_eq!(read.recv().await.unwrap(), content);
        assert_eq!(proxy.snapshot().pool.retried, 1);
    }
}
