//! Connections that die in silence: a path drops their packets, and nobody says so.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{OriginProxy, observe::CloseReason, pool::PoolSettings, proxy::Limits};
use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, channel::Channel};
use tokio::{
    io::DuplexStream,
    sync::oneshot,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    frames::{HEADERS, PING, Peer, to_peers, to_peers_with},
    memory::{get, quiet, read_head, send, to_connections, write_text},
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

fn limits() -> Limits {
    Limits::default().response_timeout(Duration::from_millis(1500))
}

/// Answers each request without a body. A connection that was open before `dies_at` is dead after
/// that.
async fn answer_until(mut peer: Peer, dies_at: Instant) {
    let is_old = Instant::now() < dies_at;
    while let Some(frame) = peer.next().await {
        if is_old && Instant::now() >= dies_at {
            pending::<()>().await;
        }
        if frame.kind == HEADERS && frame.ends_stream() {
            peer.answer_whole(frame.stream).await;
        }
    }
}

/// Answers each request, except on the first connection of an origin, which is dead.
async fn answer_unless_first(number: usize, mut peer: Peer) {
    if number == 0 {
        pending::<()>().await;
    }
    while let Some(stream) = peer.request().await {
        peer.answer_whole(stream).await;
    }
}

/// Like [`answer_until`], over HTTP/1.
async fn answer_http1_until(mut stream: DuplexStream, dies_at: Instant) {
    let is_old = Instant::now() < dies_at;
    loop {
        let head = read_head(&mut stream).await;
        if !head.starts_with("GET") || (is_old && Instant::now() >= dies_at) {
            pending::<()>().await;
        }
        write_text(&mut stream, OK).await;
    }
}

async fn status(proxy: OriginProxy) -> StatusCode {
    let response = send(&proxy, get(&[])).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// Sends 20 requests a second, and returns how many failed, and when the last of these began.
async fn failures(proxy: &OriginProxy, count: u32) -> (usize, Duration) {
    let started = Instant::now();
    let mut requests: FuturesUnordered<_> = (0..count)
        .map(|number| async move {
            let begins = Duration::from_millis(50) * number;
            sleep_until(started + begins).await;
            (status(proxy.clone()).await, begins)
        })
        .collect();
    let (mut failed, mut last) = (0, Duration::ZERO);
    while let Some((status, begins)) = requests.next().await {
        if status != StatusCode::OK {
            failed += 1;
            last = last.max(begins);
        }
    }
    (failed, last)
}

#[tokio::test(start_paused = true)]
async fn after_the_first_timeout_on_a_silent_http2_connection_requests_use_another() {
    let dies_at = Instant::now() + Duration::from_secs(2);
    let (proxy, connections) = to_peers(move |_, peer| answer_until(peer, dies_at));
    let proxy = proxy.limits(limits());
    let (failed, last) = failures(&proxy, 749).await;
    // Those that began in the 1.5 seconds before the first timeout.
    assert!(failed <= 31, "{failed}");
    assert!(last <= Duration::from_millis(3500), "{last:?}");
    assert_eq!(connections.load(SeqCst), 2);
    let snapshot = proxy.snapshot().pool;
    assert_eq!(
        (snapshot.open, snapshot.closed(CloseReason::Error)),
        (1, 1),
        "{snapshot:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_gets_a_ping_at_once_and_closes_without_an_answer() {
    let started = Instant::now();
    let (pinged, ping) = oneshot::channel();
    let pinged = Arc::new(std::sync::Mutex::new(Some(pinged)));
    let (proxy, _) = to_peers(move |_, mut peer: Peer| {
        let pinged = pinged.lock().unwrap().take();
        async move {
            while let Some(frame) = peer.next().await {
                if frame.kind == PING {
                    let _ = pinged.unwrap().send(started.elapsed());
                    return pending().await;
                }
            }
        }
    });
    let proxy = proxy.limits(limits());
    assert_eq!(status(proxy.clone()).await, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(ping.await.unwrap().as_millis(), 1500);
    let open = || proxy.snapshot().pool.open;
    assert_eq!(open(), 1);
    sleep(Duration::from_secs(11)).await;
    assert_eq!(open(), 0);
}

/// An origin that answers nothing but PING on the first stream of each connection, and how many
/// PINGs there were.
fn slow_at_first() -> (OriginProxy, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let pings = Arc::new(AtomicUsize::new(0));
    let counted = pings.clone();
    let (proxy, connections) = to_peers(move |_, mut peer: Peer| {
        let pings = counted.clone();
        async move {
            let mut first = None;
            while let Some(frame) = peer.next().await {
                match frame.kind {
                    PING if !frame.is_ack() => {
                        pings.fetch_add(1, SeqCst);
                        peer.acknowledge_ping().await;
                    }
                    HEADERS if *first.get_or_insert(frame.stream) != frame.stream => {
                        peer.answer_whole(frame.stream).await;
                    }
                    _ => {}
                }
            }
        }
    });
    (proxy, connections, pings)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_answers_the_ping_gets_requests_again() {
    let (proxy, connections, pings) = slow_at_first();
    let proxy = proxy.limits(limits());
    assert_eq!(status(proxy.clone()).await, StatusCode::GATEWAY_TIMEOUT);
    quiet().await;
    assert_eq!(status(proxy).await, StatusCode::OK);
    assert_eq!((connections.load(SeqCst), pings.load(SeqCst)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_at_once_casts_no_doubt_on_a_connection() {
    let (proxy, connections, pings) = slow_at_first();
    let wait = Duration::from_millis(900);
    assert!(timeout(wait, status(proxy.clone())).await.is_err());
    quiet().await;
    assert_eq!(status(proxy).await, StatusCode::OK);
    assert_eq!((connections.load(SeqCst), pings.load(SeqCst)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn every_way_to_give_up_an_unanswered_request_casts_doubt_on_its_connection() {
    let long = Duration::from_secs(2);
    for limits in [
        Limits::default().request_timeout(long),
        Limits::default().response_timeout(Duration::from_millis(10)),
        // The client leaves.
        Limits::default(),
    ] {
        let (proxy, connections) = to_peers(answer_unless_first);
        let proxy = proxy.limits(limits);
        let first = timeout(2 * long, status(proxy.clone())).await;
        assert_ne!(first, Ok(StatusCode::OK));
        quiet().await;
        assert_eq!(status(proxy).await, StatusCode::OK);
        assert_eq!(connections.load(SeqCst), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_with_its_connection_casts_doubt_on_it() {
    let (proxy, connections) = to_peers(|number, mut peer: Peer| async move {
        while let Some(stream) = peer.request().await {
            match number {
                0 => {
                    peer.answer(stream).await;
                    pending().await
                }
                _ => peer.answer_whole(stream).await,
            }
        }
    });
    let limits = Limits::default().body_idle_timeout(Duration::from_secs(2));
    let proxy = proxy.limits(limits);
    let response = send(&proxy, get(&[])).await;
    assert!(response.into_body().collect().await.is_err());
    quiet().await;
    assert_eq!(status(proxy).await, StatusCode::OK);
    assert_eq!(connections.load(SeqCst), 2);
}

/// `SETTINGS_MAX_CONCURRENT_STREAMS` is 1.
const ONE_AT_A_TIME: &[u8] = &[0, 3, 0, 0, 0, 1];

#[tokio::test(start_paused = true)]
async fn all_connections_that_died_together_are_found_out_by_one_timeout() {
    for is_http2 in [true, false] {
        let dies_at = Instant::now() + Duration::from_secs(2);
        let proxy = match is_http2 {
            true => to_peers_with(ONE_AT_A_TIME, move |_, peer| answer_until(peer, dies_at)).0,
            false => to_connections(move |stream| answer_http1_until(stream, dies_at)),
        };
        let proxy = proxy.limits(limits());
        let burst = futures_util::future::join_all((0..5).map(|_| status(proxy.clone())));
        assert_eq!(burst.await, [StatusCode::OK; 5]);
        let idle = proxy.snapshot().pool.idle;
        assert!(idle > 1);
        sleep_until(dies_at).await;
        assert_eq!(status(proxy.clone()).await, StatusCode::GATEWAY_TIMEOUT);
        for _ in 0..5 {
            assert_eq!(status(proxy.clone()).await, StatusCode::OK);
        }
        sleep(Duration::from_secs(11)).await;
        let snapshot = proxy.snapshot().pool;
        assert_eq!(
            (snapshot.opened, snapshot.open),
            (idle as u64 + 1, 1),
            "{snapshot:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_http1_origin_that_is_slow_on_a_new_connection_loses_no_idle_one() {
    let proxy = to_connections(|mut stream| async move {
        let mut is_first = true;
        loop {
            let head = read_head(&mut stream).await;
            if head.contains("x-slow") && std::mem::take(&mut is_first) {
                pending::<()>().await;
            }
            is_first = false;
            sleep(Duration::from_millis(10)).await;
            write_text(&mut stream, OK).await;
        }
    });
    let proxy = proxy.limits(limits());
    let (idle, slow) = tokio::join!(status(proxy.clone()), send(&proxy, get(&[("x-slow", "")])));
    assert_eq!(
        (idle, slow.status()),
        (StatusCode::OK, StatusCode::GATEWAY_TIMEOUT)
    );
    assert_eq!(proxy.snapshot().pool.idle, 1);
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_full_pool_wait_until_the_silent_connection_closes() {
    let dies_at = Instant::now() + Duration::from_secs(1);
    let (proxy, connections) = to_peers(move |_, peer| answer_until(peer, dies_at));
    let settings = PoolSettings::default()
        .max_connections(1)
        .queue_timeout(Duration::from_secs(20));
    let proxy = proxy.limits(limits()).pool(settings);
    assert_eq!(status(proxy.clone()).await, StatusCode::OK);
    sleep_until(dies_at).await;
    assert_eq!(status(proxy.clone()).await, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(status(proxy).await, StatusCode::OK);
    assert_eq!(connections.load(SeqCst), 2);
}

fn post(path: &str, body: Channel<Bytes>) -> Request<Channel<Bytes>> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "client.test");
    request.body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stalls_on_a_silent_connection_casts_doubt_on_it() {
    let (proxy, connections) = to_peers(answer_unless_first);
    let proxy = proxy.limits(limits());
    // More than the window of a stream (RFC 9113 section 6.9.2).
    let (mut sender, body) = Channel::new(8);
    for _ in 0..8 {
        sender
            .try_send(http_body::Frame::data(Bytes::from_static(&[0; 16 * 1024])))
            .unwrap();
    }
    let response = send(&proxy, post("/", body)).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    quiet().await;
    assert_eq!(status(proxy).await, StatusCode::OK);
    assert_eq!(connections.load(SeqCst), 2);
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_client_stops_casts_no_doubt_on_connections() {
    let far = Instant::now() + Duration::from_secs(3600);
    let (http2, _) = to_peers(move |_, peer| answer_until(peer, far));
    let http1 = to_connections(move |stream| answer_http1_until(stream, far));
    for proxy in [http2, http1] {
        let proxy = proxy.limits(limits());
        let burst = futures_util::future::join_all((0..2).map(|_| status(proxy.clone())));
        assert_eq!(burst.await, [StatusCode::OK; 2]);
        let idle = proxy.snapshot().pool.idle;
        let (sender, body) = Channel::new(8);
        let upload = post("/upload", body);
        let response = send(&proxy, upload).await;
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
        drop(sender);
        assert_eq!(status(proxy.clone()).await, StatusCode::OK);
        assert_eq!(proxy.snapshot().pool.opened as usize, idle);
    }
}

#[tokio::test(start_paused = true)]
async fn an_http2_connection_that_may_be_dead_is_not_warm() {
    let dies_at = Instant::now() + Duration::from_secs(2);
    let (proxy, connections) = to_peers(move |_, peer| answer_until(peer, dies_at));
    let settings = PoolSettings::default().min_idle(1);
    let proxy = proxy.limits(limits()).pool(settings);
    proxy.prewarm().await.unwrap();
    sleep_until(dies_at).await;
    assert_eq!(status(proxy.clone()).await, StatusCode::GATEWAY_TIMEOUT);
    proxy.prewarm().await.unwrap();
    assert_eq!(connections.load(SeqCst), 2);
    assert_eq!(status(proxy).await, StatusCode::OK);
}
