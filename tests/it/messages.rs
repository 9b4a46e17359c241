//! Messages through the proxy: `Via`, loops, expectations, `Max-Forwards`, missing content, trailers,
//! and the application's own changes.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    Error, OriginProxy,
    error::{ErrorKind, RequestProblem},
    proxy::{Limits, ProxyBody, Via},
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel, Empty, Full};
use tokio::{io::AsyncReadExt, time::Instant};

use crate::memory::{
    get, quiet, read_head, read_to_end, seeing, send, text, to, to_connections, write_text,
};

/// A proxy, and the fields of the last request that its origin received.
fn recording() -> (OriginProxy, Arc<Mutex<Option<HeaderMap>>>) {
    let seen = Arc::new(Mutex::new(None));
    let write = seen.clone();
    let proxy = seeing(move |request| {
        *write.lock().unwrap() = Some(request.headers().clone());
    });
    (proxy, seen)
}

fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter();
    lines
        .map(|line| line.to_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn assert_refused(response: &Response<ProxyBody>, kind: ErrorKind, status: u16, error_type: &str) {
    assert_eq!(response.status().as_u16(), status);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), kind);
    let expected = format!("cdn-origin;error={error_type}");
    assert_eq!(response.headers()["proxy-status"], expected);
}

#[tokio::test]
async fn via_records_the_version_in_which_a_request_was_received() {
    let (proxy, seen) = recording();
    let proxy = proxy.via(Via::named("edge-7.example:8443").unwrap());
    let versions = [
        (Version::HTTP_10, "1.0 edge-7.example:8443"),
        (Version::HTTP_11, "1.1 edge-7.example:8443"),
        (Version::HTTP_2, "2.0 edge-7.example:8443"),
    ];
    for (version, line) in versions {
        let mut request = get(&[
            ("via", "1.1 first, 1.0 second (a comment)"),
            ("via", "2 third"),
        ]);
        *request.version_mut() = version;
        *request.uri_mut() = "http://client.test/".parse().unwrap();
        let response = send(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(
            !response.headers().contains_key("via"),
            "a gateway need not sign responses"
        );
        let headers = seen.lock().unwrap().take().unwrap();
        let expected = ["1.1 first, 1.0 second (a comment)", "2 third", line];
        assert_eq!(lines(&headers, "via"), expected);
    }
}

#[tokio::test]
async fn a_request_with_our_own_via_is_a_loop_and_one_with_anothers_is_not() {
    let (proxy, seen) = recording();
    send(&proxy, get(&[])).await;
    let signed = seen.lock().unwrap().take().unwrap();
    let via = signed["via"].to_str().unwrap().to_owned();

    let again = send(&proxy.clone(), get(&[("via", &via), ("connection", "via")])).await;
    assert_refused(&again, ErrorKind::LoopDetected, 508, "proxy_loop_detected");
    assert!(seen.lock().unwrap().is_none());

    let (other, seen) = recording();
    let passed = send(&other, get(&[("via", &via)])).await;
    assert_eq!(passed.status(), StatusCode::OK);
    let twice = seen.lock().unwrap().take().unwrap();
    assert_eq!(lines(&twice, "via").len(), 2);
}

#[tokio::test]
async fn a_proxy_without_via_forwards_that_of_others_unchanged() {
    let (proxy, seen) = recording();
    send(&proxy.via(Via::off()), get(&[("via", "1.1 first")])).await;
    let headers = seen.lock().unwrap().take().unwrap();
    assert_eq!(lines(&headers, "via"), ["1.1 first"]);
}

#[tokio::test]
async fn cdn_loop_is_written_if_configured_and_cannot_be_removed_by_a_client() {
    let (proxy, seen) = recording();
    let foreign = [
        ("cdn-loop", "foreign; a=1, other"),
        ("connection", "cdn-loop"),
    ];
    send(&proxy, get(&foreign)).await;
    let headers = seen.lock().unwrap().take().unwrap();
    assert_eq!(lines(&headers, "cdn-loop"), ["foreign; a=1, other"]);

    let proxy = proxy.via(Via::default().cdn_loop("cdn.example").unwrap());
    send(&proxy, get(&foreign)).await;
    let headers = seen.lock().unwrap().take().unwrap();
    assert_eq!(
        lines(&headers, "cdn-loop"),
        ["foreign; a=1, other", "cdn.example"]
    );

    let own = [
        ("cdn-loop", "foreign, CDN.example; b=2"),
        ("connection", "cdn-loop"),
    ];
    let again = send(&proxy, get(&own)).await;
    assert_refused(&again, ErrorKind::LoopDetected, 508, "proxy_loop_detected");
}

#[tokio::test]
async fn max_forwards_counts_down_to_a_response_of_the_proxy_itself() {
    let (proxy, seen) = recording();
    let cases = [
        (Method::OPTIONS, "0", None),
        (Method::OPTIONS, "1", Some("0")),
        (Method::OPTIONS, "many", Some("many")),
        (Method::GET, "0", Some("0")),
    ];
    for (method, left, arrives) in cases {
        let mut request = get(&[("max-forwards", left)]);
        *request.method_mut() = method;
        let response = send(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(text(response).await, "");
        let seen = seen.lock().unwrap().take();
        let arrived = seen.map(|headers| headers["max-forwards"].clone());
        assert_eq!(arrived, arrives.map(HeaderValue::from_static), "{left}");
    }
}

#[tokio::test]
async fn an_unknown_expectation_is_417() {
    let (proxy, seen) = recording();
    for expectation in ["a-miracle", "100-continue, a-miracle"] {
        let response = send(&proxy, get(&[("expect", expectation)])).await;
        assert_refused(
            &response,
            ErrorKind::Request(RequestProblem::ExpectationUnknown),
            417,
            "http_request_error",
        );
    }
    // Without content there is nothing to delay.
    send(&proxy, get(&[("expect", "100-Continue")])).await;
    let headers = seen.lock().unwrap().take().unwrap();
    assert!(!headers.contains_key("expect"));
}

/// Content that records whether it was polled.
struct Content {
    polled: Arc<AtomicBool>,
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let again = self.polled.swap(true, Ordering::SeqCst);
        let frame = Frame::data(Bytes::from_static(b"content"));
        Poll::Ready((!again).then_some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.polled.load(Ordering::SeqCst)
    }
}

/// A request that expects 100 (Continue), and whether its content was polled.
fn hesitant() -> (Request<Content>, Arc<AtomicBool>) {
    let polled = Arc::new(AtomicBool::new(false));
    let request = Request::post("/")
        .header("host", "client.test")
        .header("expect", "100-continue")
        .header("content-length", "7");
    let content = Content {
        polled: polled.clone(),
    };
    (request.body(content).unwrap(), polled)
}

#[tokio::test(start_paused = true)]
async fn content_that_expects_100_is_sent_when_the_origin_sends_it() {
    let proxy = to_connections(|mut stream| async move {
        let head = read_head(&mut stream).await;
        assert!(head.contains("expect: 100-continue\r\n"), "{head}");
        write_text(
            &mut stream,
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        )
        .await;
        let mut content = [0; 7];
        stream.read_exact(&mut content).await.unwrap();
        write_text(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        read_to_end(&mut stream).await;
    });
    let start = Instant::now();
    let response = send(&proxy, hesitant().0).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(start.elapsed(), Duration::ZERO);
    text(response).await;
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 1, "the exchange was complete");
}

#[tokio::test(start_paused = true)]
async fn content_that_expects_100_is_sent_to_a_silent_origin_after_a_second() {
    let proxy = to(|request| async {
        let content = request.into_body().collect().await.unwrap().to_bytes();
        Response::new(Full::new(content))
    });
    // hyper's server sends 100 when the content is polled; this server never does.
    let silent = || {
        to_connections(|mut stream| async move {
            read_head(&mut stream).await;
            let mut content = [0; 7];
            stream.read_exact(&mut content).await.unwrap();
            write_text(
                &mut stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\ncontent",
            )
            .await;
            read_to_end(&mut stream).await;
        })
    };
    // The origin has not seen the content before, and so has had no time to answer.
    let impatient = Limits::default().response_timeout(Duration::from_millis(300));
    for (proxy, waited) in [(proxy, 0), (silent(), 1), (silent().limits(impatient), 1)] {
        let start = Instant::now();
        let response = send(&proxy, hesitant().0).await;
        assert_eq!(text(response).await, "content");
        assert_eq!(start.elapsed().as_secs(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_response_instead_of_100_skips_the_upload_and_retires_the_connection() {
    let (ended, end) = tokio::sync::watch::channel(0);
    let proxy = to_connections(move |mut stream| {
        let ended = ended.clone();
        async move {
            read_head(&mut stream).await;
            write_text(
                &mut stream,
                "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
            )
            .await;
            let rest = read_to_end(&mut stream).await;
            assert_eq!(rest, 0, "nothing may follow on this connection");
            ended.send_modify(|count| *count += 1);
        }
    });
    for count in 1..=2 {
        let (request, polled) = hesitant();
        let response = send(&proxy, request).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        // A server writes the head before it reads the body of the response.
        assert!(!polled.load(Ordering::SeqCst));
        assert_eq!(text(response).await, "no");
        let mut end = end.clone();
        end.wait_for(|ended| *ended == count).await.unwrap();
        assert_eq!(proxy.snapshot().pool.idle, 0);
    }
}

#[tokio::test]
async fn fields_that_the_application_adds_cannot_be_removed_by_a_client() {
    let (proxy, seen) = recording();
    let proxy = proxy
        .map_request(|parts| {
            parts
                .headers
                .insert("x-secret", HeaderValue::from_static("1"));
        })
        .map_request(|parts| {
            assert!(parts.headers.contains_key("x-secret"), "in their order");
            assert!(parts.headers.contains_key("via"), "after the proxy's own");
            for name in ["connection", "transfer-encoding", "content-length", "host"] {
                parts.headers.insert(name, HeaderValue::from_static("7"));
            }
        });
    let response = send(
        &proxy,
        get(&[("connection", "x-secret, via, x-forwarded-proto")]),
    )
    .await;
    assert_eq!(response.status(), StatusCode::OK);
    let headers = seen.lock().unwrap().take().unwrap();
    assert_eq!(headers["x-secret"], "1");
    assert_eq!(headers["host"], "origin.example");
    assert_eq!(headers["x-forwarded-proto"], "http");
    for name in ["connection", "transfer-encoding", "content-length"] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn the_application_may_change_the_path_but_not_the_authority_or_to_connect() {
    let paths = Arc::new(Mutex::new(Vec::new()));
    let write = paths.clone();
    let proxy = seeing(move |request| write.lock().unwrap().push(request.uri().to_string()));
    let elsewhere = proxy.clone().map_request(|parts| {
        parts.uri = "http://elsewhere.test/new?query".parse().unwrap();
    });
    send(&elsewhere, get(&[])).await;
    assert_eq!(*paths.lock().unwrap(), ["/new?query"]);
    let connecting = proxy.map_request(|parts| parts.method = Method::CONNECT);
    let response = send(&connecting, get(&[])).await;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::MethodRefused),
        501,
        "http_request_denied",
    );
}

/// A body with some data and these trailer fields.
fn trailing(names: &[&'static str]) -> Channel<Bytes, Infallible> {
    let (mut sender, body) = Channel::new(2);
    let fields = names
        .iter()
        .map(|name| (name.parse().unwrap(), HeaderValue::from_static("0")));
    let trailers = fields.collect();
    tokio::spawn(async move {
        sender.send_data(Bytes::from_static(b"data")).await.unwrap();
        sender.send_trailers(trailers).await.unwrap();
    });
    body
}

const TRAILERS: [&str; 4] = ["grpc-status", "content-length", "set-cookie", "x-real-ip"];

/// An origin that sends trailers, whether or not the client accepts them.
fn trailing_origin() -> OriginProxy {
    to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        let fields = TRAILERS.map(|name| format!("{name}: 0\r\n")).concat();
        write_text(
            &mut stream,
            &format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\ndata\r\n0\r\n{fields}\r\n"
            ),
        )
        .await;
        read_to_end(&mut stream).await;
    })
}

#[tokio::test]
async fn trailers_of_the_origin_are_forwarded_without_forbidden_fields() {
    let response = send(&trailing_origin(), get(&[("te", "trailers")])).await;
    let collected = response.into_body().collect().await.unwrap();
    let names = collected.trailers().unwrap().keys();
    let names: Vec<_> = names.map(|name| name.as_str()).collect();
    assert_eq!(names, ["grpc-status"]);
    assert_eq!(collected.to_bytes(), "data");
}

#[tokio::test]
async fn trailers_of_the_client_are_forwarded_without_forbidden_fields() {
    let proxy = to(|request| async {
        let collected = request.into_body().collect().await.unwrap();
        let names = collected.trailers().cloned().unwrap_or_default();
        let names: Vec<_> = names.keys().map(|name| name.as_str()).collect();
        Response::new(Full::new(Bytes::from(names.join(", "))))
    });
    let request = Request::post("/")
        .header("host", "client.test")
        .header("trailer", TRAILERS.join(", "));
    let request = request.body(trailing(&TRAILERS)).unwrap();
    assert_eq!(text(send(&proxy, request).await).await, "grpc-status");
}

#[tokio::test]
async fn an_http_1_client_without_te_trailers_gets_none_and_an_http_2_client_does() {
    for (version, gets) in [(Version::HTTP_11, false), (Version::HTTP_2, true)] {
        let proxy = trailing_origin();
        let mut request = get(&[]);
        *request.version_mut() = version;
        *request.uri_mut() = "http://client.test/".parse().unwrap();
        let response = send(&proxy, request).await;
        let collected = response.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().is_some(), gets, "{version:?}");
        assert_eq!(collected.to_bytes(), "data");
    }
}

#[tokio::test]
async fn a_response_without_content_gets_no_length_from_the_proxy() {
    let cases = [
        (Method::HEAD, "200 OK\r\ntransfer-encoding: chunked", None),
        (Method::HEAD, "200 OK\r\ncontent-length: 7", Some("7")),
        (Method::GET, "304 Not Modified", None),
        (
            Method::GET,
            "304 Not Modified\r\ncontent-length: 7",
            Some("7"),
        ),
        (Method::GET, "204 No Content\r\ncontent-length: 0", None),
    ];
    for (method, answer, length) in cases {
        let proxy = to_connections(move |mut stream| async move {
            read_head(&mut stream).await;
            write_text(&mut stream, &format!("HTTP/1.1 {answer}\r\n\r\n")).await;
            read_to_end(&mut stream).await;
        });
        let app = axum::Router::new().fallback_service(proxy.clone());
        let mut request = get(&[]);
        *request.method_mut() = method;
        let request = request.map(axum::body::Body::new);
        let Ok(response) = tower::ServiceExt::oneshot(app, request).await;
        let length_field = response.headers().get("content-length").cloned();
        assert_eq!(
            length_field,
            length.map(HeaderValue::from_static),
            "{answer}"
        );
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.is_empty());
        assert_eq!(proxy.snapshot().pool.open, 1, "{answer}");
    }
}

#[tokio::test]
async fn a_request_without_content_gets_no_framing_from_the_proxy() {
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
        let (proxy, seen) = recording();
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = method.clone();
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static("client.test"));
        send(&proxy, request).await;
        let headers = seen.lock().unwrap().take().unwrap();
        for name in ["content-length", "transfer-encoding", "trailer"] {
            assert!(!headers.contains_key(name), "{method} {name}");
        }
    }
}
