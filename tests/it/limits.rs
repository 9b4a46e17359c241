//! How large, how slow and how many requests may be.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    Error, ForwardedLayer, OriginProxy,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, RequestProblem, Stage},
    origin::Scheme,
    pool::PoolSettings,
    proxy::{Limits, ProxyBody},
};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Channel, Empty, Full};
use tokio::{sync::watch, time::Instant};

use crate::{
    failing::check,
    memory::{
        get, quiet, read_head, read_to_end, seeing, send, text, to, to_connections, write_text,
    },
    tls_facts::Log,
};

const LONG: Duration = Duration::from_secs(30);

#[track_caller]
fn assert_refused(response: &Response<ProxyBody>, kind: ErrorKind, status: u16, error_type: &str) {
    assert_eq!(response.status().as_u16(), status);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), kind);
    let expected = format!("cdn-origin;error={error_type}");
    assert_eq!(response.headers()["proxy-status"], expected);
}

/// Answers each request with so many parts, one after each pause.
pub(crate) fn dripping(parts: usize, pause: Duration) -> OriginProxy {
    to(move |_| async move {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        tokio::spawn(async move {
            for _ in 0..parts {
                tokio::time::sleep(pause).await;
                if sender
                    .send_data(Bytes::from_static(b"part "))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        Response::new(body)
    })
}

#[tokio::test(start_paused = true)]
async fn a_body_of_the_origin_may_take_its_time_as_long_as_it_moves() {
    let proxy = dripping(10, LONG - Duration::from_secs(1))
        .limits(Limits::default().body_idle_timeout(LONG));
    let response = send(&proxy, get(&[])).await;
    assert_eq!(text(response).await, "part ".repeat(10));
}

#[tokio::test(start_paused = true)]
async fn a_body_of_the_origin_that_stalls_is_given_up_with_its_connection() {
    let (gone, mut is_gone) = watch::channel(false);
    let proxy = to_connections(move |mut stream| {
        let gone = gone.clone();
        async move {
            read_head(&mut stream).await;
            write_text(
                &mut stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart",
            )
            .await;
            read_to_end(&mut stream).await;
            gone.send_replace(true);
        }
    });
    let proxy = proxy.limits(Limits::default().body_idle_timeout(LONG));
    let response = send(&proxy, get(&[])).await;
    let mut body = response.into_body();
    let part = body.frame().await.unwrap().unwrap();
    assert_eq!(part.into_data().unwrap(), "part");
    let start = Instant::now();
    let error = body.frame().await.unwrap().unwrap_err();
    // The clock of a timer counts whole milliseconds.
    assert_eq!(start.elapsed().as_secs(), LONG.as_secs());
    assert_eq!(
        (error.kind(), error.stage()),
        (ErrorKind::TimedOut, Stage::Receive)
    );
    assert_eq!(error.facts().deadline(), Some(LONG));
    let fix = "check the origin, or allow more with Limits::body_idle_timeout(..)";
    check(&error, CauseId::TooSlow, Certainty::Certain, fix);
    // Some data has come, and the Host was sent.
    assert!(error.to_string().contains("no data for "), "{error}");
    let report = error.report().to_string();
    assert!(report.contains("no further data was received"), "{report}");
    assert!(!report.contains("(configured)"), "{report}");
    // The body is still held: the connection goes nevertheless.
    is_gone.wait_for(|gone| *gone).await.unwrap();
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test(start_paused = true)]
async fn time_in_which_the_client_does_not_read_is_not_the_origins() {
    let proxy = dripping(3, Duration::ZERO).limits(Limits::default().body_idle_timeout(LONG));
    let mut body = send(&proxy, get(&[])).await.into_body();
    for _ in 0..3 {
        tokio::time::sleep(LONG * 3).await;
        let part = body.frame().await.unwrap().unwrap();
        assert!(part.is_data());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stalls_in_its_body_is_408() {
    let proxy = to(|request| async {
        let body = request.into_body().collect().await;
        assert!(body.is_err(), "the origin must not take it for whole");
        Response::new(Full::<Bytes>::default())
    });
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    let request = Request::post("/").header("host", "client.test").body(body);
    let start = Instant::now();
    let response = send(
        &proxy.limits(Limits::default().body_idle_timeout(LONG)),
        request.unwrap(),
    )
    .await;
    assert_eq!(start.elapsed().as_secs(), LONG.as_secs());
    assert_refused(&response, ErrorKind::TimedOut, 408, "http_request_error");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.facts().deadline(), Some(LONG));
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_while_the_origin_speaks() {
    let proxy = dripping(10, LONG - Duration::from_secs(1))
        .limits(Limits::default().body_idle_timeout(LONG));
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    let request = Request::post("/").header("host", "client.test").body(body);
    let response = send(&proxy, request.unwrap()).await;
    assert_eq!(text(response).await, "part ".repeat(10));
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn the_request_timeout_ends_the_exchange_of_a_slow_reader() {
    let proxy = dripping(3, Duration::ZERO).limits(Limits::default().request_timeout(LONG));
    let mut body = send(&proxy, get(&[])).await.into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    tokio::time::sleep(LONG).await;
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.facts().deadline()),
        (ErrorKind::TimedOut, Some(LONG))
    );
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test]
async fn a_refusal_of_head_has_no_content_and_says_its_length() {
    let proxy = to_connections(|_| async { panic!("no connection is expected") });
    let request = Request::head("/").body(Full::<Bytes>::default()).unwrap();
    let response = send(&proxy, request).await;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::HostMissing),
        400,
        "http_request_error",
    );
    assert_eq!(response.headers()["content-length"], "16");
    assert_eq!(text(response).await, "");
}

#[tokio::test(start_paused = true)]
async fn the_whole_exchange_has_an_end_before_before_the_head_and_after_it() {
    let silent = to_connections(|mut stream| async move {
        read_to_end(&mut stream).await;
    });
    let start = Instant::now();
    let response = send(
        &silent.limits(Limits::default().request_timeout(LONG)),
        get(&[]),
    )
    .await;
    assert_eq!(start.elapsed().as_secs(), LONG.as_secs());
    assert_refused(&response, ErrorKind::TimedOut, 504, "http_response_timeout");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.facts().deadline(), Some(LONG));
    let fix = "check the origin, or allow more with Limits::request_timeout(..)";
    check(error, CauseId::TooSlow, Certainty::Certain, fix);
    let report = error.report().to_string();
    assert!(
        report.contains("seen: the deadline that passed"),
        "{report}"
    );

    let start = Instant::now();
    let endless =
        dripping(1000, Duration::from_secs(1)).limits(Limits::default().request_timeout(LONG));
    let response = send(&endless, get(&[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    check(&error, CauseId::TooSlow, Certainty::Certain, fix);
    assert_eq!(start.elapsed().as_secs(), LONG.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_duration_of_zero_is_a_moment() {
    let silent = || {
        to_connections(|mut stream| async move {
            read_to_end(&mut stream).await;
        })
    };
    for proxy in [
        silent().limits(Limits::default().request_timeout(Duration::ZERO)),
        silent().limits(Limits::default().response_timeout(Duration::ZERO)),
    ] {
        let response = send(&proxy, get(&[])).await;
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(error.facts().deadline(), Some(Duration::from_millis(1)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_duration_that_no_clock_can_reach_is_no_bound() {
    let proxy = dripping(2, LONG).limits(
        Limits::default()
            .request_timeout(Duration::MAX)
            .body_idle_timeout(Duration::MAX)
            .unread_timeout(Duration::MAX)
            .response_timeout(Duration::MAX)
            .queue_timeout(Duration::MAX),
    );
    assert_eq!(text(send(&proxy, get(&[])).await).await, "part part ");
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_413_before_the_origin_hears_of_it() {
    let proxy = to_connections(|_| async { panic!("no connection is expected") });
    let request = Request::post("/").header("host", "client.test");
    let request = request
        .body(Full::new(Bytes::from_static(b"12345")))
        .unwrap();
    let response = send(
        &proxy.limits(Limits::default().max_request_body(4)),
        request,
    )
    .await;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::BodyTooLarge),
        413,
        "http_request_error",
    );
    let fix = "allow more with Limits::max_request_body(..)";
    let error: &Error = response.extensions().get().unwrap();
    check(error, CauseId::BodyTooLarge, Certainty::Certain, fix);
    let size = "5 bytes, and the limit is 4 by Limits::max_request_body(..)";
    assert!(error.to_string().contains(size), "{error}");
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_413_and_never_whole_to_the_origin() {
    let proxy = to(|request| async {
        assert!(request.into_body().collect().await.is_err());
        Response::new(Full::<Bytes>::default())
    });
    let proxy = proxy.limits(Limits::default().max_request_body(9));
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(2);
    for _ in 0..2 {
        sender
            .send_data(Bytes::from_static(b"12345"))
            .await
            .unwrap();
    }
    let request = Request::post("/").header("host", "client.test").body(body);
    let response = send(&proxy, request.unwrap()).await;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::BodyTooLarge),
        413,
        "http_request_error",
    );
    let fix = "allow more with Limits::max_request_body(..)";
    let error = response.extensions().get().unwrap();
    check(error, CauseId::BodyTooLarge, Certainty::Certain, fix);
}

#[tokio::test]
async fn a_response_that_breaks_off_is_a_warning() {
    let (log, _guard) = Log::start();
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        let part = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
        write_text(&mut stream, part).await;
    });
    let response = send(&proxy, get(&[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.into_body().collect().await.is_err());
    let text = log.text();
    let is_abort = |line: &&str| line.contains("response aborted");
    let lines: Vec<_> = text.lines().filter(is_abort).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(lines[0].contains(" WARN "), "{text}");
    // A port that has answered plain http is none of TLS.
    assert!(
        lines[0].contains("diagnosis=possible: the origin failed"),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_of_exactly_the_largest_size_passes() {
    let proxy = to(|request| async {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Response::new(Full::new(body))
    });
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(2);
    for _ in 0..2 {
        sender
            .send_data(Bytes::from_static(b"12345"))
            .await
            .unwrap();
    }
    drop(sender);
    let request = Request::post("/").header("host", "client.test").body(body);
    let response = send(
        &proxy.limits(Limits::default().max_request_body(10)),
        request.unwrap(),
    )
    .await;
    assert_eq!(text(response).await, "1234512345");
}

#[tokio::test]
async fn fields_that_are_too_many_or_too_large_are_431() {
    let proxy = seeing(|_| {});
    // With Host: 2 fields, 25 bytes.
    let request = || get(&[("a", "b")]);
    let few = proxy
        .clone()
        .limits(Limits::default().max_request_fields(1));
    let small = proxy.clone().limits(Limits::default().max_request_head(24));
    for (proxy, size, call) in [
        (few, "2 fields, and the limit is 1", "max_request_fields"),
        (small, "25 bytes, and the limit is 24", "max_request_head"),
    ] {
        let response = send(&proxy, request()).await;
        assert_refused(
            &response,
            ErrorKind::Request(RequestProblem::HeadTooLarge),
            431,
            "http_request_error",
        );
        let error: &Error = response.extensions().get().unwrap();
        assert!(error.to_string().contains(size), "{error}");
        let fix = format!("allow more with Limits::{call}(..)");
        check(error, CauseId::HeadTooLarge, Certainty::Certain, &fix);
    }
    let proxy = proxy.limits(Limits::default().max_request_fields(2).max_request_head(26));
    assert_eq!(send(&proxy, request()).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_response_with_too_large_a_head_is_502() {
    let proxy = to(|_| async {
        let response = Response::builder().header("x-large", "x".repeat(9000));
        response.body(Full::<Bytes>::default()).unwrap()
    });
    assert_eq!(send(&proxy, get(&[])).await.status(), StatusCode::OK);
    let proxy = proxy.pool(PoolSettings::default().max_response_head(1));
    let response = send(&proxy, get(&[])).await;
    let error_type = "http_response_header_section_size";
    assert_refused(&response, ErrorKind::ResponseHeadTooLarge, 502, error_type);
}

#[tokio::test(start_paused = true)]
async fn beyond_the_places_requests_wait_and_beyond_the_queue_they_are_503_at_once() {
    let proxy = dripping(1, LONG).limits(Limits::default().max_concurrency(1).max_queued(1));
    let first = send(&proxy, get(&[])).await;
    let waiting = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, get(&[])).await }
    });
    quiet().await;
    let start = Instant::now();
    let refused = send(&proxy, get(&[])).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_refused(
        &refused,
        ErrorKind::Overloaded,
        503,
        "connection_limit_reached",
    );
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(!waiting.is_finished());
    // A place is free when the response that held it has ended, or is dropped.
    drop(first);
    assert_eq!(waiting.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_has_an_end_and_a_client_that_leaves_takes_none() {
    let proxy = dripping(1, LONG * 100).limits(
        Limits::default()
            .max_concurrency(1)
            .max_queued(1)
            .queue_timeout(LONG),
    );
    let first = send(&proxy, get(&[])).await;
    for _ in 0..2 {
        let left = tokio::time::timeout(Duration::from_secs(1), send(&proxy, get(&[]))).await;
        assert!(left.is_err());
    }
    let start = Instant::now();
    let response = send(&proxy, get(&[])).await;
    assert_eq!(start.elapsed().as_secs(), LONG.as_secs());
    assert_refused(
        &response,
        ErrorKind::Overloaded,
        503,
        "connection_limit_reached",
    );
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.facts().deadline(), Some(LONG));
    drop(first);
    assert_eq!(send(&proxy, get(&[])).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unconfirmed_scheme_is_warned_of_once() {
    let (log, _guard) = Log::start();
    let warnings = || log.text().matches("came by https").count();
    let request = || {
        let request = Request::get("https://client.test/").version(Version::HTTP_2);
        request.body(Empty::<Bytes>::new()).unwrap()
    };
    let http = ForwardedLayer::new().client_scheme(Scheme::Http);
    let configured = seeing(|_| {}).forwarded(http);
    assert_eq!(send(&configured, request()).await.status(), StatusCode::OK);
    assert_eq!(warnings(), 0);
    let unconfigured = seeing(|request| assert_eq!(request.headers()["x-forwarded-proto"], "http"));
    for _ in 0..2 {
        assert_eq!(
            send(&unconfigured, request()).await.status(),
            StatusCode::OK
        );
    }
    assert_eq!(warnings(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_a_full_proxy_are_one_warning_a_second_with_their_number() {
    let (log, _guard) = Log::start();
    let limits = Limits::default().max_concurrency(1).max_queued(0);
    let proxy = dripping(1, LONG).limits(limits);
    let running = send(&proxy, get(&[])).await;
    let refuse = async |count: usize| {
        for _ in 0..count {
            let response = send(&proxy, get(&[])).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    refuse(500).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    refuse(500).await;
    let text = log.text();
    let refusals = text
        .lines()
        .filter(|line| line.contains("requests refused"));
    let lines: Vec<_> = refusals.collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("count=1"), "{text}");
    assert!(lines[1].contains("count=500"), "{text}");
    drop(running);
}
