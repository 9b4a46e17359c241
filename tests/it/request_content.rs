//! Requests whose content is announced by no field: the first frame shows whether there is any.

use std::{convert::Infallible, io, time::Duration};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::ProxyBody};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Channel, Full, channel::Sender};
use tokio::{sync::mpsc, time::Instant};
use tower::{ServiceExt, service_fn};

use crate::groups::failover;
use crate::memory::{read_head, read_to_end, send, text, to, to_connections, write_text};

/// Methods whose content has no meaning (RFC 9110 section 9.3).
const WITHOUT_CONTENT: [Method; 4] = [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS];

/// A request of unknown length, and the sender of its content.
fn request<E>(method: Method) -> (Request<Channel<Bytes, E>>, Sender<Bytes, E>) {
    let (sender, body) = Channel::new(4);
    let request = Request::builder().method(method).uri("/");
    let request = request.header("host", "client.test").body(body);
    (request.unwrap(), sender)
}

/// A proxy to an origin that hands on each head, and answers at once.
fn recording() -> (OriginProxy, mpsc::UnboundedReceiver<String>) {
    let (heads, received) = mpsc::unbounded_channel();
    let proxy = to_connections(move |mut stream| {
        let heads = heads.clone();
        async move {
            heads.send(read_head(&mut stream).await).unwrap();
            write_text(&mut stream, "HTTP/1.1 204 No Content\r\n\r\n").await;
            read_to_end(&mut stream).await;
        }
    });
    (proxy, received)
}

fn is_framed(head: &str) -> bool {
    head.contains("content-length") || head.contains("transfer-encoding")
}

#[tokio::test(start_paused = true)]
async fn an_end_that_comes_later_is_no_content_and_delays_no_longer_than_it_takes() {
    for method in WITHOUT_CONTENT {
        let (proxy, mut heads) = recording();
        let (request, mut sender) = request::<Infallible>(method.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            sender.send_data(Bytes::new()).await.unwrap();
        });
        let start = Instant::now();
        let response = send(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(start.elapsed(), Duration::from_millis(50), "{method}");
        let head = heads.recv().await.unwrap();
        assert!(!is_framed(&head), "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_neither_content_nor_an_end_is_answered_all_the_same() {
    for (method, wait) in [
        (Method::GET, 200),
        (Method::DELETE, 200),
        (Method::POST, 0),
        (Method::PUT, 0),
    ] {
        let (proxy, mut heads) = recording();
        let (request, sender) = request::<Infallible>(method.clone());
        let start = Instant::now();
        let response = send(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(start.elapsed(), Duration::from_millis(wait), "{method}");
        let head = heads.recv().await.unwrap();
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        drop(sender);
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_comes_first_or_later_arrives_whole_and_with_its_trailers() {
    let echo = || {
        to(|request| async {
            let collected = request.into_body().collect().await.unwrap();
            let sum = collected.trailers().map(|fields| fields["x-sum"].clone());
            let mut response = Response::new(Full::new(collected.to_bytes()));
            response
                .headers_mut()
                .extend(sum.map(|sum| (http::header::ETAG, sum)));
            response
        })
    };
    for pause in [0, 50, 500] {
        let (request, mut sender) = request::<Infallible>(Method::GET);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            for piece in ["", "con", "", "tent"] {
                sender.send_data(Bytes::from(piece)).await.unwrap();
            }
            let sum = HeaderValue::from_static("7");
            let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), sum)]);
            sender.send_trailers(trailers).await.unwrap();
        });
        let response = send(&echo(), request).await;
        assert_eq!(response.headers()["etag"], "7", "{pause}");
        assert_eq!(text(response).await, "content", "{pause}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_fails_before_its_first_frame_gets_400_and_the_origin_nothing() {
    let (proxy, mut heads) = recording();
    let (request, sender) = request(Method::GET);
    sender.abort(io::Error::other("the client has gone"));
    let response = send(&proxy, request).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    drop(proxy);
    assert!(heads.try_recv().is_err());
}

/// The name of a CDN whose edge refuses a GET with content.
async fn ask_cloudfront(request: Request<Channel<Bytes, Infallible>>) -> Response<ProxyBody> {
    let transport = service_fn(|_: http::Uri| async {
        let (near, mut far) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            read_head(&mut far).await;
            write_text(&mut far, "HTTP/1.1 204 No Content\r\n\r\n").await;
            read_to_end(&mut far).await;
        });
        Ok::<_, Infallible>(hyper_util::rt::TokioIo::new(near))
    });
    let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net");
    let proxy = OriginProxy::new(connector.transport(transport).build().unwrap());
    send(&proxy, request).await
}

#[tokio::test(start_paused = true)]
async fn an_edge_that_refuses_a_get_with_content_gets_one_whose_content_is_empty() {
    for (pieces, status) in [
        (&[][..], StatusCode::NO_CONTENT),
        (&[""], StatusCode::NO_CONTENT),
        (&["", ""], StatusCode::NO_CONTENT),
        (&["content"], StatusCode::BAD_REQUEST),
        (&["", "content"], StatusCode::BAD_REQUEST),
    ] {
        let (request, mut sender) = request::<Infallible>(Method::GET);
        for piece in pieces {
            sender.send_data(Bytes::from(*piece)).await.unwrap();
        }
        drop(sender);
        assert_eq!(ask_cloudfront(request).await.status(), status, "{pieces:?}");
    }
    // Silence may become content.
    let (request, _sender) = request::<Infallible>(Method::GET);
    let response = ask_cloudfront(request).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test(start_paused = true)]
async fn a_group_still_tries_the_next_origin_with_all_of_the_content() {
    for method in [Method::GET, Method::DELETE, Method::POST] {
        for content in ["", "content"] {
            let refused = service_fn(|_: http::Uri| async {
                let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
                Err::<hyper_util::rt::TokioIo<tokio::io::DuplexStream>, _>(refused)
            });
            let connector = CdnOriginConnector::builder("http://down.example").transport(refused);
            let down = OriginProxy::new(connector.build().unwrap());
            let up = to(|request| async {
                let body = request.into_body().collect().await.unwrap();
                Response::new(Full::new(body.to_bytes()))
            });
            let group = failover(down, up).build().unwrap();
            let (request, mut sender) = request::<Infallible>(method.clone());
            if !content.is_empty() {
                sender.send_data(Bytes::from(content)).await.unwrap();
            }
            drop(sender);
            let Ok(response) = group.oneshot(request).await;
            assert_eq!(response.status(), StatusCode::OK, "{method} {content:?}");
            assert_eq!(text(response).await, content, "{method}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_waits_for_100_is_not_asked_for_before_it() {
    let proxy = to_connections(|mut stream| async move {
        let head = read_head(&mut stream).await;
        assert!(head.contains("expect: 100-continue"), "{head}");
        write_text(&mut stream, "HTTP/1.1 204 No Content\r\n\r\n").await;
        read_to_end(&mut stream).await;
    });
    let (mut request, _sender) = request::<Infallible>(Method::DELETE);
    let expectation = HeaderValue::from_static("100-continue");
    request.headers_mut().insert("expect", expectation);
    let start = Instant::now();
    let response = send(&proxy, request).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(start.elapsed(), Duration::ZERO);
}
