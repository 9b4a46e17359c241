//! How HTTP/2 connections end, one or several at once, and what bounds hostile peers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    Error, OriginProxy,
    error::ErrorKind,
    pool::PoolSettings,
    proxy::{Limits, ProxyBody},
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use crate::{
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, OK, PING, Peer, RST_STREAM, SETTINGS,
        frame, to_peers, to_peers_with,
    },
    memory::{get, send, text},
    origin::Origin,
};

fn post() -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method(Method::POST)
        .header("host", "client.test");
    request.body(Full::default()).unwrap()
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

fn kind(response: &Response<ProxyBody>) -> ErrorKind {
    let error: &Error = response.extensions().get().expect("a failure");
    error.kind()
}

#[tokio::test]
async fn a_stream_that_is_reset_without_an_error_is_complete_only_if_it_had_ended() {
    for (flags, complete) in [(0, false), (END_STREAM, true)] {
        let (proxy, _) = to_peers(move |_, mut peer: Peer| async move {
            let stream = peer.request().await.unwrap();
            peer.answer(stream).await;
            peer.send_frame(DATA, flags, stream, b"some").await;
            peer.reset(stream, h2::Reason::NO_ERROR).await;
            peer.end().await;
        });
        let response = send(&proxy, get(&[])).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await;
        match complete {
            true => assert_eq!(body.unwrap().to_bytes(), "some"),
            false => assert_eq!(body.unwrap_err().kind(), ErrorKind::StreamReset),
        }
    }
}

#[tokio::test]
async fn a_stream_that_the_origin_resets_is_reported_as_reset_unless_it_found_an_error() {
    for (reason, expected) in [
        (h2::Reason::INTERNAL_ERROR, ErrorKind::StreamReset),
        (h2::Reason::CANCEL, ErrorKind::StreamReset),
        (h2::Reason::PROTOCOL_ERROR, ErrorKind::HttpProtocol),
    ] {
        let (proxy, _) = to_peers(move |_, mut peer: Peer| async move {
            let stream = peer.request().await.unwrap();
            peer.reset(stream, reason).await;
            let stream = peer.request().await.unwrap();
            peer.answer(stream).await;
            peer.send_frame(DATA, 0, stream, b"some").await;
            peer.reset(stream, reason).await;
            peer.end().await;
        });
        let response = send(&proxy, post()).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(kind(&response), expected);
        let response = send(&proxy, post()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let error = response.into_body().collect().await.unwrap_err();
        assert_eq!(error.kind(), expected);
    }
}

/// `SETTINGS_MAX_CONCURRENT_STREAMS` is 1.
const ONE_AT_A_TIME: &[u8] = &[0, 3, 0, 0, 0, 1];

#[tokio::test]
async fn connections_that_all_go_away_at_once_fail_no_request() {
    const MANY: usize = 6;
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let (proxy, connections) = to_peers_with(ONE_AT_A_TIME, move |number, mut peer: Peer| {
        let gate = held.clone();
        async move {
            let first = peer.request().await.unwrap();
            gate.acquire().await.unwrap().forget();
            peer.answer_whole(first).await;
            while let Some(stream) = peer.request().await {
                if number < MANY {
                    // The request and this cross each other.
                    peer.go_away(first).await;
                    return peer.end().await;
                }
                peer.answer_whole(stream).await;
            }
        }
    });
    let open = |proxy: &OriginProxy| {
        let proxy = proxy.clone();
        tokio::spawn(async move {
            let response = send(&proxy, post()).await;
            let status = response.status();
            response.into_body().collect().await.unwrap();
            status
        })
    };
    let clients: Vec<_> = (0..MANY).map(|_| open(&proxy)).collect();
    until(|| connections.load(SeqCst) == MANY).await;
    gate.add_permits(1000);
    for client in clients {
        assert_eq!(client.await.unwrap(), StatusCode::OK);
    }
    until(|| proxy.snapshot().pool.idle == MANY).await;
    assert_eq!(open(&proxy).await.unwrap(), StatusCode::OK);
    let clients: Vec<_> = (0..3).map(|_| open(&proxy)).collect();
    for client in clients {
        assert_eq!(client.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_connection_that_has_sent_goaway_counts_until_its_last_stream_has_ended() {
    let end = Arc::new(Notify::new());
    let signal = end.clone();
    let (proxy, connections) = to_peers(move |number, mut peer: Peer| {
        let end = signal.clone();
        async move {
            let stream = peer.request().await.unwrap();
            if number > 0 {
                peer.answer_whole(stream).await;
                return peer.end().await;
            }
            peer.answer(stream).await;
            peer.go_away(stream).await;
            peer.send_frame(DATA, 0, stream, b"on").await;
            end.notified().await;
            peer.send_frame(DATA, END_STREAM, stream, b"off").await;
            peer.end().await;
        }
    });
    let proxy = proxy.pool(PoolSettings::default().max_connections(1));
    let mut first = send(&proxy, get(&[])).await.into_body();
    // What comes after the GOAWAY has arrived, and so has that.
    let frame = first.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "on");

    let second = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, post()).await.status() }
    });
    until(|| proxy.snapshot().pool.waiting == 1).await;
    let snapshot = proxy.snapshot().pool;
    assert_eq!((snapshot.open, connections.load(SeqCst)), (1, 1));

    end.notify_one();
    assert_eq!(first.collect().await.unwrap().to_bytes(), "off");
    assert_eq!(second.await.unwrap(), StatusCode::OK);
    assert_eq!(connections.load(SeqCst), 2);
}

#[tokio::test]
async fn a_large_head_passes_and_one_beyond_the_limit_is_refused() {
    for (size, limit, status) in [
        (100_000, PoolSettings::default(), StatusCode::OK),
        (
            200_000,
            PoolSettings::default().max_response_head(300_000),
            StatusCode::OK,
        ),
        (200_000, PoolSettings::default(), StatusCode::BAD_GATEWAY),
        (2_000_000, PoolSettings::default(), StatusCode::BAD_GATEWAY),
    ] {
        let origin = Origin::http2(100, move |_, _| async move {
            let mut response = Response::new(Full::default());
            for number in 0..size / 1000 {
                let name: http::HeaderName = format!("x-{number}").parse().unwrap();
                let value = "x".repeat(1000 - 40).parse().unwrap();
                response.headers_mut().insert(name, value);
            }
            response
        })
        .await;
        let proxy = OriginProxy::new(origin.connector()).pool(limit);
        let response = send(&proxy, get(&[])).await;
        assert_eq!(response.status(), status, "{size}");
        if status != StatusCode::OK {
            assert_eq!(kind(&response), ErrorKind::HttpProtocol, "{size}");
        }
    }
}

/// Notified when a flood has ended.
type Floods = mpsc::UnboundedReceiver<()>;

/// A proxy to an origin that floods its first request until the connection ends, and the signal
/// of that.
fn flooding(beginning: Vec<u8>, flood: Vec<u8>) -> (OriginProxy, Arc<AtomicU64>, Floods) {
    let sent = Arc::new(AtomicU64::new(0));
    let counted = sent.clone();
    let (ended, ends) = mpsc::unbounded_channel();
    let (proxy, _) = to_peers(move |_, mut peer: Peer| {
        let (beginning, flood) = (beginning.clone(), flood.repeat(64));
        let (sent, ended) = (counted.clone(), ended.clone());
        async move {
            peer.request().await.unwrap();
            let mut goes_on = peer.send_bytes(&beginning).await;
            while goes_on {
                goes_on = peer.send_bytes(&flood).await;
                sent.fetch_add(flood.len() as u64, SeqCst);
            }
            let _ = ended.send(());
        }
    });
    let proxy = proxy.limits(Limits::default().response_timeout(Duration::from_millis(500)));
    (proxy, sent, ends)
}

#[tokio::test]
async fn an_endless_head_ends_the_connection() {
    let beginning = frame(HEADERS, 0, 1, OK);
    // `x-a: b`, again and again, and nothing at all.
    let field = b"\x00\x03x-a\x01b";
    for flood in [&field[..], b""] {
        let flood = frame(CONTINUATION, 0, 1, flood);
        let (proxy, _, mut floods) = flooding(beginning.clone(), flood);
        let response = send(&proxy, get(&[])).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(kind(&response), ErrorKind::HttpProtocol);
        floods.recv().await.unwrap();
    }
}

#[tokio::test]
async fn an_endless_flood_of_empty_data_frames_ends_the_connection() {
    let beginning = frame(HEADERS, END_HEADERS, 1, OK);
    let (proxy, _, mut floods) = flooding(beginning, frame(DATA, 0, 1, b""));
    let response = send(&proxy, get(&[])).await;
    // The body is not read: what is buffered of it is bounded too.
    floods.recv().await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HttpProtocol);
}

/// More than all buffers between two ends.
const BUFFERED: u64 = 1024 * 1024;

// Paused: when no task can go on, the deadlines of the response and of the close pass.
#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_read_the_answers_to_its_flood_is_not_read() {
    for flood in [frame(SETTINGS, 0, 0, b""), frame(PING, 0, 0, &[0; 8])] {
        let (proxy, sent, mut floods) = flooding(Vec::new(), flood);
        let response = send(&proxy, get(&[])).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(kind(&response), ErrorKind::TimedOut);
        assert!(sent.load(SeqCst) < BUFFERED, "{sent:?}");
        drop((response, proxy));
        floods.recv().await.unwrap();
    }
}

#[tokio::test]
async fn a_flood_of_resets_fails_one_request_and_buffers_nothing() {
    let reason = u32::from(h2::Reason::CANCEL).to_be_bytes();
    let (proxy, _, mut floods) = flooding(Vec::new(), frame(RST_STREAM, 0, 1, &reason));
    let response = send(&proxy, get(&[])).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(kind(&response), ErrorKind::StreamReset);
    drop((response, proxy));
    floods.recv().await.unwrap();
}

#[tokio::test]
async fn a_reset_of_a_stream_that_was_never_opened_ends_the_connection() {
    let (done, ended) = oneshot::channel();
    let done = Arc::new(std::sync::Mutex::new(Some(done)));
    let (proxy, _) = to_peers(move |_, mut peer: Peer| {
        let done = done.lock().unwrap().take();
        async move {
            peer.request().await.unwrap();
            peer.reset(4001, h2::Reason::CANCEL).await;
            peer.end().await;
            let _ = done.map(|done| done.send(()));
        }
    });
    let response = send(&proxy, get(&[])).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(kind(&response), ErrorKind::HttpProtocol);
    ended.await.unwrap();
}

#[tokio::test]
async fn endless_interim_responses_are_bounded_by_the_deadline() {
    // `:status: 103`, a literal for the static table's name 8.
    let hints = frame(HEADERS, END_HEADERS, 1, b"\x08\x03103");
    let (proxy, _, mut floods) = flooding(Vec::new(), hints);
    let response = send(&proxy, get(&[])).await;
    assert!(response.status().is_server_error());
    drop((response, proxy));
    floods.recv().await.unwrap();
}

#[tokio::test]
async fn a_request_that_every_stream_refuses_is_sent_three_times() {
    let attempts = Arc::new(AtomicU64::new(0));
    let counted = attempts.clone();
    let (proxy, _) = to_peers(move |_, mut peer: Peer| {
        let attempts = counted.clone();
        async move {
            while let Some(stream) = peer.request().await {
                attempts.fetch_add(1, SeqCst);
                peer.reset(stream, h2::Reason::REFUSED_STREAM).await;
            }
        }
    });
    let response = send(&proxy, get(&[])).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(attempts.load(SeqCst), 3);
}

/// More clients than h2 remembers the cancelled streams of by default.
const LEAVING: usize = 100;

#[tokio::test]
async fn clients_that_leave_at_once_do_not_end_the_connection_of_another() {
    let left = Arc::new(Notify::new());
    let signal = left.clone();
    let (proxy, connections) = to_peers(move |_, mut peer: Peer| {
        let left = signal.clone();
        async move {
            let mut streams = Vec::new();
            for _ in 0..=LEAVING {
                let stream = peer.request().await.unwrap();
                peer.answer(stream).await;
                streams.push(stream);
            }
            left.notified().await;
            // What was on its way when the clients left, and arrives piece by piece.
            for _ in 0..50 {
                for stream in &streams[1..] {
                    peer.send_frame(DATA, 0, *stream, &[b'x'; 256]).await;
                }
                peer.send_frame(PING, 0, 0, &[0; 8]).await;
                while let Some(head) = peer.next().await
                    && !(head.kind == PING && head.is_ack())
                {}
            }
            peer.send_frame(DATA, END_STREAM, streams[0], b"whole")
                .await;
            peer.end().await;
        }
    });
    let stays = send(&proxy, get(&[])).await;
    let mut leave = Vec::new();
    for _ in 0..LEAVING {
        leave.push(send(&proxy, get(&[])).await);
    }
    drop(leave);
    until(|| proxy.snapshot().pool.streams == 1).await;
    left.notify_one();
    assert_eq!(text(stays).await, "whole");
    assert_eq!(connections.load(SeqCst), 1);
}
