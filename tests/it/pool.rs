//! The pool: reuse, limits, the queue, and connections that must not leak.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, error::ErrorKind, pool::PoolSettings, proxy::ProxyBody,
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Channel, Full};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    task::JoinSet,
};
use tower::ServiceExt;

use crate::{
    failing::{serving, to},
    origin::Origin,
    support::{Authority, Behaviour, Edge},
};

fn request(method: Method) -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header("host", "client.test");
    request.body(Full::default()).unwrap()
}

async fn send(proxy: &OriginProxy, request: Request<Full<Bytes>>) -> Response<ProxyBody> {
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

/// A GET to its end; the connection is free again when this returns.
async fn get(proxy: &OriginProxy) -> (StatusCode, String) {
    let response = send(proxy, request(Method::GET)).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Answers with the number of the connection.
async fn number(id: usize) -> Response<Full<Bytes>> {
    Response::new(Full::from(id.to_string()))
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let http1 = Origin::http1(|id, _| number(id)).await;
    let http2 = Origin::http2(100, |id, _| number(id)).await;
    for origin in [http1, http2] {
        let proxy = OriginProxy::new(origin.connector());
        for _ in 0..20 {
            assert_eq!(get(&proxy).await, (StatusCode::OK, "0".into()));
        }
        assert_eq!(origin.counts().connections.load(SeqCst), 1);
    }
}

#[tokio::test]
async fn a_connection_retires_after_its_uses_or_its_age() {
    for (settings, opened) in [
        (PoolSettings::default().max_uses(5), 4),
        (PoolSettings::default().max_age(Duration::ZERO), 20),
        (PoolSettings::default().max_idle(0), 20),
    ] {
        let origin = Origin::http1(|id, _| number(id)).await;
        let proxy = OriginProxy::new(origin.connector()).pool(settings.clone());
        for _ in 0..20 {
            assert_eq!(get(&proxy).await.0, StatusCode::OK);
        }
        assert_eq!(
            origin.counts().connections.load(SeqCst),
            opened,
            "{settings:?}"
        );
    }
    let origin = Origin::http2(100, |id, _| number(id)).await;
    let settings = PoolSettings::default().max_uses(5);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    for _ in 0..20 {
        assert_eq!(get(&proxy).await.0, StatusCode::OK);
    }
    assert_eq!(origin.counts().connections.load(SeqCst), 4);
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let http1 = Origin::http1(|id, _| number(id)).await;
    let http2 = Origin::http2(100, |id, _| number(id)).await;
    for origin in [http1, http2] {
        let settings = PoolSettings::default().idle_timeout(Duration::from_millis(20));
        let proxy = OriginProxy::new(origin.connector()).pool(settings);
        get(&proxy).await;
        origin.until(|counts| counts.open.load(SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_pool_that_is_dropped_closes_its_connections() {
    let http1 = Origin::http1(|id, _| number(id)).await;
    let http2 = Origin::http2(100, |id, _| number(id)).await;
    for origin in [http1, http2] {
        let proxy = OriginProxy::new(origin.connector());
        get(&proxy).await;
        drop(proxy);
        origin.until(|counts| counts.open.load(SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn the_maximum_of_connections_holds_and_every_request_is_served() {
    let origin = Origin::http1(|id, _| number(id)).await;
    let settings = PoolSettings::default()
        .max_connections(64)
        .queue_timeout(Duration::from_secs(60));
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let mut clients = JoinSet::new();
    for _ in 0..2000 {
        let proxy = proxy.clone();
        clients.spawn(async move { get(&proxy).await.0 });
    }
    while let Some(status) = clients.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert!(origin.counts().most_open.load(SeqCst) <= 64);
    assert_eq!(origin.counts().requests.load(SeqCst), 2000);
    let snapshot = proxy.snapshot().pool;
    assert_eq!(snapshot.waiting, 0);
    assert!(snapshot.open <= 64);
}

#[tokio::test]
async fn a_request_that_waits_too_long_is_answered_503() {
    let origin = Origin::http1(|_, _| pending()).await;
    let settings = PoolSettings::default()
        .max_connections(1)
        .queue_timeout(Duration::from_millis(20));
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let holder = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    origin
        .until(|counts| counts.requests.load(SeqCst) == 1)
        .await;

    let response = send(&proxy, request(Method::GET)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(
        response.headers()["proxy-status"],
        "cdn-origin;error=connection_limit_reached"
    );
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    assert!(error.diagnosis().likeliest().is_some());
    holder.abort();
}

#[tokio::test]
async fn a_cancelled_request_frees_its_connection() {
    let first = Arc::new(Semaphore::new(0));
    let held = first.clone();
    let origin = Origin::http1(move |id, _| {
        let held = held.clone();
        async move {
            if id == 0 {
                let _ = held.acquire().await;
            }
            number(id).await
        }
    })
    .await;
    let proxy =
        OriginProxy::new(origin.connector()).pool(PoolSettings::default().max_connections(1));
    let holder = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    origin
        .until(|counts| counts.requests.load(SeqCst) == 1)
        .await;
    // One who waits and leaves, and one who stays.
    let leaving = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    let staying = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    while proxy.snapshot().pool.waiting < 2 {
        tokio::task::yield_now().await;
    }
    leaving.abort();
    holder.abort();
    assert_eq!(staying.await.unwrap(), (StatusCode::OK, "1".into()));
}

#[tokio::test]
async fn a_client_that_disconnects_in_the_middle_of_a_body_frees_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let closed = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].ends_with(b"\r\n\r\n"));
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nstart";
        stream.write_all(head).await.unwrap();
        // The end of the stream, or a reset: gone either way.
        let _ = stream.read(&mut buffer).await;
    });
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    let proxy = OriginProxy::new(connector);
    let response = send(&proxy, request(Method::GET)).await;
    assert_eq!(response.status(), StatusCode::OK);
    drop(response);
    closed.await.unwrap();
}

#[tokio::test]
async fn a_failed_connect_fails_one_request_and_is_not_remembered() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let address = edge.address();
    let attempts = Arc::new(Mutex::new(0));
    let transport = tower::service_fn(move |_: Uri| {
        let mut attempts = attempts.lock().unwrap();
        *attempts += 1;
        let refused = *attempts == 1;
        async move {
            match refused {
                true => Err(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)),
                false => {
                    let stream = TcpStream::connect(address).await?;
                    Ok(TokioIo::new(stream))
                }
            }
        }
    });
    let connector = to(&edge, &authority, "www.example.test")
        .transport(transport)
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector).pool(PoolSettings::default().max_connections(1));
    assert_eq!(get(&proxy).await.0, StatusCode::BAD_GATEWAY);
    assert_eq!(get(&proxy).await.0, StatusCode::OK);
    assert_eq!(proxy.snapshot().pool.open, 1);
}

#[tokio::test]
async fn streams_fill_one_connection_before_another_is_opened() {
    let gate = Arc::new(Semaphore::new(0));
    let closed = gate.clone();
    let origin = Origin::http2(10, move |id, _| {
        let gate = closed.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            number(id).await
        }
    })
    .await;
    let proxy = OriginProxy::new(origin.connector());
    // The peer's limit is known once it has answered.
    gate.add_permits(1);
    get(&proxy).await;

    let mut clients = JoinSet::new();
    for _ in 0..40 {
        let proxy = proxy.clone();
        clients.spawn(async move { get(&proxy).await });
    }
    origin
        .until(|counts| counts.requests.load(SeqCst) == 41)
        .await;
    assert_eq!(origin.counts().connections.load(SeqCst), 4);
    gate.add_permits(1000);
    let mut on_each: HashMap<String, usize> = HashMap::new();
    while let Some(answer) = clients.join_next().await {
        let (status, id) = answer.unwrap();
        assert_eq!(status, StatusCode::OK);
        *on_each.entry(id).or_default() += 1;
    }
    assert!(
        on_each.values().all(|streams| *streams == 10),
        "{on_each:?}"
    );
}

#[tokio::test]
async fn a_burst_on_a_cold_pool_opens_one_http2_connection() {
    let origin = Origin::http2(200, |id, _| number(id)).await;
    let proxy = OriginProxy::new(origin.connector());
    let mut clients = JoinSet::new();
    for _ in 0..80 {
        let proxy = proxy.clone();
        clients.spawn(async move { get(&proxy).await.0 });
    }
    while let Some(status) = clients.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(origin.counts().connections.load(SeqCst), 1);
}

#[tokio::test]
async fn goaway_fails_no_request() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .behaviour(Behaviour::GoAway)
        .start()
        .await;
    let proxy = OriginProxy::new(to(&edge, &authority, "www.example.test").build().unwrap());
    for method in [Method::GET, Method::POST].iter().cycle().take(20) {
        let response = send(&proxy, request(method.clone())).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(edge.requests().len(), 20);
}

#[tokio::test]
async fn an_upload_that_was_answered_early_and_never_ends_holds_nothing() {
    let http1 = Origin::http1(|id, _| number(id)).await;
    let http2 = Origin::http2(1, |id, _| number(id)).await;
    for origin in [http1, http2] {
        let settings = PoolSettings::default()
            .max_connections(1)
            .queue_timeout(Duration::from_secs(60));
        let proxy = OriginProxy::new(origin.connector()).pool(settings);
        let mut stalled = Vec::new();
        for _ in 0..3 {
            let (sender, body) = Channel::<Bytes, Infallible>::new(1);
            let upload = Request::post("/").header("host", "client.test");
            let Ok(response) = proxy.clone().oneshot(upload.body(body).unwrap()).await;
            assert_eq!(response.status(), StatusCode::OK);
            response.into_body().collect().await.unwrap();
            stalled.push(sender);
        }
        assert_eq!(get(&proxy).await.0, StatusCode::OK);
    }
}

/// A plain HTTP/1 origin that answers each request with these bytes, and counts its connections.
async fn answering(answer: &'static [u8]) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(Mutex::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            *counted.lock().unwrap() += 1;
            tokio::spawn(async move {
                while head(&mut stream).await.is_some() && stream.write_all(answer).await.is_ok() {}
            });
        }
    });
    (format!("http://{address}"), connections)
}

/// A request's head, or nothing at the end of the stream.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    String::from_utf8(head).ok()
}

#[tokio::test]
async fn a_connection_is_used_again_however_the_response_was_framed() {
    let answers: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nend: 1\r\n\r\n",
        b"HTTP/1.1 400 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ];
    for answer in answers {
        let (origin, connections) = answering(answer).await;
        let proxy = OriginProxy::new(CdnOriginConnector::builder(origin).build().unwrap());
        for _ in 0..5 {
            get(&proxy).await;
            // The other half of the connection may notice the end a moment later.
            while proxy.snapshot().pool.idle == 0 {
                tokio::task::yield_now().await;
            }
        }
        let text = String::from_utf8_lossy(answer);
        assert_eq!(*connections.lock().unwrap(), 1, "{text}");
    }
}

#[tokio::test]
async fn clients_that_do_not_read_do_not_block_those_that_do() {
    let origin = Origin::http2(100, |_, request| async move {
        let size = match request.uri().path() {
            "/large" => 8 << 20,
            _ => 100_000,
        };
        Response::new(Full::from(vec![b'x'; size]))
    })
    .await;
    let proxy = OriginProxy::new(origin.connector());
    let mut unread = Vec::new();
    for _ in 0..20 {
        let mut request = request(Method::GET);
        *request.uri_mut() = "/large".parse().unwrap();
        unread.push(send(&proxy, request).await);
    }
    let (status, body) = get(&proxy).await;
    assert_eq!((status, body.len()), (StatusCode::OK, 100_000));
    assert_eq!(origin.counts().connections.load(SeqCst), 1);
}

#[tokio::test]
async fn an_expired_connection_still_serves_in_a_full_pool() {
    let gate = Arc::new(Semaphore::new(0));
    let closed = gate.clone();
    let origin = Origin::http2(100, move |id, request| {
        let gate = closed.clone();
        async move {
            if request.method() == Method::POST {
                gate.acquire().await.unwrap().forget();
            }
            number(id).await
        }
    })
    .await;
    let settings = PoolSettings::default().max_connections(1).max_uses(3);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let long = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, request(Method::POST)).await.status() }
    });
    origin
        .until(|counts| counts.requests.load(SeqCst) == 1)
        .await;
    for _ in 0..10 {
        assert_eq!(get(&proxy).await, (StatusCode::OK, "0".into()));
    }
    gate.add_permits(1);
    assert_eq!(long.await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn an_origin_that_cannot_be_reached_is_not_called_a_full_pool() {
    let transport = tower::service_fn(|_: Uri| {
        pending::<Result<TokioIo<tokio::io::DuplexStream>, Infallible>>()
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let settings = PoolSettings::default().queue_timeout(Duration::from_millis(20));
    let proxy = OriginProxy::new(connector).pool(settings);
    let first = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    while proxy.snapshot().pool.open == 0 {
        tokio::task::yield_now().await;
    }
    let response = send(&proxy, request(Method::GET)).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    first.abort();
}

#[tokio::test]
async fn a_duration_that_would_overflow_is_no_limit() {
    let origin = Origin::http1(|id, _| number(id)).await;
    let settings = PoolSettings::default().max_age(Duration::MAX);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    assert_eq!(get(&proxy).await.0, StatusCode::OK);
}

/// An origin that answers with the number of times that it has seen the request's `id`, and closes
/// connections at random.
async fn fickle(seen: Arc<Mutex<HashMap<String, usize>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        while let Ok((mut stream, _)) = listener.accept().await {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let (seen, answers) = (seen.clone(), random % 8);
            tokio::spawn(async move {
                for answered in 0..=answers {
                    let Some(head) = head(&mut stream).await else {
                        return;
                    };
                    let id = head
                        .split("id: ")
                        .nth(1)
                        .unwrap()
                        .split("\r\n")
                        .next()
                        .unwrap();
                    *seen.lock().unwrap().entry(id.to_owned()).or_default() += 1;
                    // Seen, and not answered: it must not come again.
                    if head.starts_with("POST") && answered == 3 {
                        return;
                    }
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
                // Without notice, while the client may be writing the next request.
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_that_close_at_random_fail_no_get_and_repeat_no_post() {
    let seen = Arc::new(Mutex::new(HashMap::new()));
    let origin = fickle(seen.clone()).await;
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    let proxy = OriginProxy::new(connector).pool(PoolSettings::default().max_connections(16));
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let proxy = proxy.clone();
        clients.spawn(async move {
            for count in 0..625 {
                let method = if count % 5 == 0 {
                    Method::POST
                } else {
                    Method::GET
                };
                let mut request = request(method.clone());
                let id = format!("{method}-{client}-{count}");
                request.headers_mut().insert("id", id.parse().unwrap());
                let response = send(&proxy, request).await;
                if method == Method::GET {
                    assert_eq!(response.status(), StatusCode::OK, "{id}");
                    response.into_body().collect().await.unwrap();
                }
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let seen = seen.lock().unwrap();
    let repeated: Vec<_> = seen
        .iter()
        .filter(|(id, count)| id.starts_with("POST") && **count > 1)
        .collect();
    assert!(repeated.is_empty(), "{repeated:?}");
}

#[tokio::test]
async fn a_waiter_gets_the_connection_that_comes_free() {
    let signal = Arc::new(Notify::new());
    let waiting = signal.clone();
    let origin = Origin::http1(move |id, _| {
        let waiting = waiting.clone();
        async move {
            waiting.notified().await;
            number(id).await
        }
    })
    .await;
    let proxy =
        OriginProxy::new(origin.connector()).pool(PoolSettings::default().max_connections(1));
    let mut clients = JoinSet::new();
    for _ in 0..3 {
        let proxy = proxy.clone();
        clients.spawn(async move { get(&proxy).await });
    }
    for served in 1..=3 {
        origin
            .until(|counts| counts.requests.load(SeqCst) == served)
            .await;
        signal.notify_one();
        let answer = clients.join_next().await.unwrap().unwrap();
        assert_eq!(answer, (StatusCode::OK, "0".into()));
    }
}
