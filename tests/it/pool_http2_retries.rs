//! Many streams of one HTTP/2 connection that fail at once: where they are sent again, and how the
//! error of those that are not names the cause.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use cdn_origin::{
    Error, OriginProxy,
    diagnosis::CauseId,
    error::ErrorKind,
    pool::{PoolSettings, RetryBudget},
};
use futures_util::future::join_all;
use h2::Reason;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, channel::Channel};

use crate::{
    frames::{DATA, HEADERS, Peer, to_peers, to_some_peers},
    memory::{get, send},
};

/// How many requests are sent at once.
const MANY: usize = 100;

fn retries() -> PoolSettings {
    PoolSettings::default().retry_budget(RetryBudget::percent(0).at_least(MANY))
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Close,
    GoAway(Reason),
    RefuseAll,
}

use Ending::{Close, GoAway, RefuseAll};

/// Answers one request. Waits for many, and answers none of them.
async fn end_with_many(peer: &mut Peer, ending: Ending) {
    let first = peer.request().await.unwrap();
    peer.answer_whole(first).await;
    let mut streams = Vec::new();
    while streams.len() < MANY {
        streams.push(peer.request().await.unwrap());
    }
    match ending {
        Close => {}
        GoAway(reason) => peer.go_away_with(first, reason).await,
        RefuseAll => {
            for stream in streams {
                peer.reset(stream, Reason::REFUSED_STREAM).await;
            }
        }
    }
}

async fn answer_all(peer: &mut Peer) {
    while let Some(stream) = peer.request().await {
        peer.answer_whole(stream).await;
    }
}

/// Sends one request, and then many at once.
async fn send_many(proxy: &OriginProxy) -> Vec<Response<()>> {
    let ask = || async {
        let (head, body) = send(proxy, get(&[])).await.into_parts();
        body.collect().await.unwrap();
        Response::from_parts(head, ())
    };
    assert_eq!(ask().await.status(), StatusCode::OK);
    join_all((0..MANY).map(|_| ask())).await
}

#[tokio::test]
async fn the_streams_of_a_connection_that_ends_share_the_next_one() {
    for ending in [Close, GoAway(Reason::NO_ERROR), RefuseAll] {
        for most in [1, 2, 256] {
            let (proxy, connections) = to_peers(move |number, mut peer: Peer| async move {
                if number == 0 {
                    end_with_many(&mut peer, ending).await;
                }
                if number > 0 || matches!(ending, RefuseAll) {
                    answer_all(&mut peer).await;
                }
            });
            let proxy = proxy.pool(retries().max_connections(most));
            for response in send_many(&proxy).await {
                assert_eq!(response.status(), StatusCode::OK, "{ending:?}");
            }
            let opened = connections.load(SeqCst);
            assert!(opened <= 3, "{ending:?}, {most}: {opened}");
            assert!(proxy.snapshot().pool.idle <= 2, "{ending:?}");
        }
    }
}

#[tokio::test]
async fn the_streams_of_connections_that_end_one_after_the_other_share_each_next_one() {
    let (proxy, connections) = to_peers(move |number, mut peer: Peer| async move {
        match number {
            0 => end_with_many(&mut peer, Close).await,
            1 => drop(peer.request().await),
            _ => answer_all(&mut peer).await,
        }
    });
    let proxy = proxy.pool(retries());
    let responses = send_many(&proxy).await;
    // The first request of a new connection is not sent again when that is cut off.
    let answered = responses.iter().filter(|it| it.status() == StatusCode::OK);
    assert!(answered.count() >= MANY - 2);
    assert!(connections.load(SeqCst) <= 5);
}

#[tokio::test]
async fn the_streams_of_a_connection_that_ends_share_the_failure_of_the_next_connect() {
    for ending in [Close, GoAway(Reason::NO_ERROR)] {
        let (proxy, connects) = to_some_peers(1, move |_, mut peer: Peer| async move {
            end_with_many(&mut peer, ending).await;
        });
        let proxy = proxy.pool(retries());
        for response in send_many(&proxy).await {
            assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{ending:?}");
        }
        assert_eq!(connects.load(SeqCst), 2, "{ending:?}");
    }
}

fn post(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method(Method::POST)
        .header("host", "client.test");
    request.body(Full::new(body.into())).unwrap()
}

fn error(response: &Response<cdn_origin::proxy::ProxyBody>) -> &Error {
    response.extensions().get().expect("a failure")
}

#[tokio::test]
async fn a_post_above_the_last_stream_is_sent_again_whatever_the_goaway_says() {
    for reason in [
        Reason::NO_ERROR,
        Reason::INTERNAL_ERROR,
        Reason::ENHANCE_YOUR_CALM,
        Reason::PROTOCOL_ERROR,
    ] {
        let (proxy, connections) = to_peers(move |number, mut peer: Peer| async move {
            if number == 0 {
                let first = peer.request().await.unwrap();
                peer.answer_whole(first).await;
                peer.request().await.unwrap();
                return peer.go_away_with(first, reason).await;
            }
            answer_all(&mut peer).await;
        });
        for _ in 0..2 {
            let response = send(&proxy, post("content")).await;
            assert_eq!(response.status(), StatusCode::OK, "{reason:?}");
        }
        assert_eq!(connections.load(SeqCst), 2);
    }
}

#[tokio::test]
async fn a_graceful_shutdown_in_two_steps_loses_no_request() {
    let (proxy, connections) = to_peers(move |number, mut peer: Peer| async move {
        if number > 0 {
            return answer_all(&mut peer).await;
        }
        let (first, second) = (peer.request().await.unwrap(), peer.request().await.unwrap());
        // RFC 9113 section 6.8: no new requests, and then the last that is processed.
        peer.go_away_with(u32::MAX >> 1, Reason::NO_ERROR).await;
        peer.go_away_with(first, Reason::NO_ERROR).await;
        assert!(second > first);
        peer.answer_whole(first).await;
        peer.end().await;
    });
    let posts = join_all((0..2).map(|_| send(&proxy, post("content")))).await;
    for response in posts {
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(connections.load(SeqCst), 2);
}

#[tokio::test]
async fn an_upload_that_a_goaway_left_unprocessed_is_sent_again_if_it_is_kept() {
    for (max_replay, status) in [(64 * 1024, StatusCode::OK), (4, StatusCode::BAD_GATEWAY)] {
        let received = Arc::new(Mutex::new(Vec::<u8>::new()));
        let seen = received.clone();
        let (proxy, _) = to_peers(move |number, mut peer: Peer| {
            let seen = seen.clone();
            async move {
                let mut stream = 0;
                while let Some(frame) = peer.next().await {
                    stream = stream.max(frame.stream);
                    if number == 0 && frame.kind == DATA {
                        return peer.go_away_with(0, Reason::NO_ERROR).await;
                    }
                    if frame.kind == DATA {
                        seen.lock().unwrap().extend(peer.carried());
                    }
                    if [DATA, HEADERS].contains(&frame.kind) && frame.ends_stream() {
                        peer.answer_whole(stream).await;
                    }
                }
            }
        });
        let settings = PoolSettings::default().max_replay(max_replay);
        let proxy = proxy.pool(settings);
        let (mut sender, body) = Channel::<Bytes>::new(4);
        let request = Request::builder()
            .method(Method::POST)
            .header("host", "client.test");
        sender.try_send(Frame::data("one two".into())).unwrap();
        let response = tokio::spawn({
            let (proxy, request) = (proxy.clone(), request.body(body).unwrap());
            async move { send(&proxy, request).await }
        });
        if status == StatusCode::OK {
            while received.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            sender.send(Frame::data(" three".into())).await.unwrap();
        }
        drop(sender);
        let response = response.await.unwrap();
        assert_eq!(response.status(), status);
        match status {
            StatusCode::OK => assert_eq!(*received.lock().unwrap(), b"one two three"),
            _ => {
                let text = error(&response).to_string();
                assert!(text.contains("(GOAWAY with NO_ERROR)"), "{text}");
                assert!(text.contains("is kept for a retry"), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn an_origin_that_answers_each_connection_with_goaway_is_asked_a_few_times_only() {
    let (proxy, connections) = to_peers(move |_, mut peer: Peer| async move {
        peer.request().await.unwrap();
        peer.go_away_with(0, Reason::NO_ERROR).await;
    });
    let response = send(&proxy, post("content")).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(connections.load(SeqCst), 3);
    let error = error(&response);
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    let text = error.to_string();
    assert!(text.contains("(GOAWAY with NO_ERROR)"), "{text}");
    assert!(text.contains("none of 3 attempts"), "{text}");
    let diagnosis = error.diagnosis();
    assert_eq!(diagnosis.likeliest().unwrap().id(), CauseId::OriginDown);
}

#[tokio::test]
async fn an_error_names_the_code_and_the_budget_that_kept_the_request_from_being_sent_again() {
    let calm = Reason::ENHANCE_YOUR_CALM;
    for (reason, named) in [
        (Reason::REFUSED_STREAM, "the retry budget is used up"),
        (calm, "(RST_STREAM with ENHANCE_YOUR_CALM)"),
    ] {
        let attempts = Arc::new(AtomicUsize::new(0));
        let counted = attempts.clone();
        let (proxy, _) = to_peers(move |_, mut peer: Peer| {
            let attempts = counted.clone();
            async move {
                while let Some(stream) = peer.request().await {
                    attempts.fetch_add(1, SeqCst);
                    peer.reset(stream, reason).await;
                }
            }
        });
        let settings = PoolSettings::default().retry_budget(RetryBudget::none());
        let response = send(&proxy.pool(settings), post("content")).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(attempts.load(SeqCst), 1);
        let error = error(&response);
        let text = error.to_string();
        assert!(text.contains(named), "{text}");
        if reason == calm {
            let likeliest = error.diagnosis();
            let likeliest = likeliest.likeliest().unwrap();
            assert_eq!(likeliest.id(), CauseId::BlockedByTheEdge);
        }
    }
}
