//! Clients that do not read.

use std::time::Duration;

use bytes::Bytes;
use cdn_origin::{
    Error, ErrorKind, OriginProxy,
    error::Fault,
    proxy::{Limits, ProxyBody},
};
use futures_util::poll;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};

use crate::{
    limits::dripping,
    memory::{get, quiet, send, text, to, write_text},
};

const LONG: Duration = Duration::from_secs(30);

/// The body of an answer of which so many frames have been read.
async fn read(proxy: &OriginProxy, frames: usize) -> ProxyBody {
    let mut body = send(proxy, get(&[])).await.into_body();
    for _ in 0..frames {
        assert!(body.frame().await.unwrap().unwrap().is_data());
    }
    body
}

fn get_over_http2() -> Request<Empty<Bytes>> {
    let mut request = get(&[]);
    *request.version_mut() = Version::HTTP_2;
    request
}

async fn assert_left_unread(proxy: &OriginProxy, body: ProxyBody) {
    let call = "Limits::unread_timeout(..)";
    assert_taken_away(proxy, body, Fault::Client, call).await;
}

/// Asserts that the origin's connection is free, that the body says why, and that this call moves the deadline.
async fn assert_taken_away(proxy: &OriginProxy, mut body: ProxyBody, fault: Fault, call: &str) {
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 0);
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind() == ErrorKind::TimedOut, error.fault()),
        (true, fault)
    );
    assert_eq!(error.facts().deadline(), Some(LONG));
    let diagnosis = error.diagnosis();
    let fix = diagnosis
        .likeliest()
        .unwrap()
        .fixes()
        .first()
        .unwrap()
        .to_string();
    assert!(fix.contains(call), "{fix}");
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_a_body_unread_loses_its_connection() {
    let proxy = dripping(1000, Duration::ZERO).limits(Limits::default().unread_timeout(LONG));
    for frames in [2, 5, 100] {
        let body = read(&proxy, frames).await;
        tokio::time::sleep(LONG - Duration::from_millis(10)).await;
        assert_eq!(proxy.snapshot().pool.open, 1);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_left_unread(&proxy, body).await;
    }
}

/// As layers do that flush what they have where the origin makes them wait.
#[tokio::test(start_paused = true)]
async fn a_client_that_turns_away_while_the_origin_is_waited_for_loses_its_connection_too() {
    let proxy = dripping(10, Duration::from_secs(1));
    let limits = Limits::default().unread_timeout(LONG - Duration::from_secs(2));
    let proxy = proxy.limits(limits.body_idle_timeout(Duration::from_secs(2)));
    let mut body = read(&proxy, 2).await;
    assert!(poll!(body.frame()).is_pending());
    tokio::time::sleep(LONG + Duration::from_secs(1)).await;
    assert_left_unread(&proxy, body).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_its_client_never_opens_a_window_for_loses_its_connection() {
    let proxy = dripping(1, Duration::ZERO).limits(Limits::default().unread_timeout(LONG));
    let body = send(&proxy, get_over_http2()).await.into_body();
    tokio::time::sleep(LONG * 2).await;
    assert_left_unread(&proxy, body).await;
}

#[tokio::test(start_paused = true)]
async fn behind_hypers_servers_too_a_client_that_does_not_read_loses_the_connection() {
    let large = || to(|_| async { Response::new(Full::from(vec![b'x'; 4 * 1024 * 1024])) });
    for is_http2 in [false, true] {
        let proxy = large().limits(Limits::default().unread_timeout(LONG));
        let (near, far) = tokio::io::duplex(16 * 1024);
        let service = TowerToHyperService::new(proxy.clone());
        let server = tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(far), service).await;
        });
        // HTTP/2 keeps reading frames, but opens no window any more.
        let client: Box<dyn Send> = match is_http2 {
            false => {
                let mut near = near;
                write_text(&mut near, "GET / HTTP/1.1\r\nhost: client.test\r\n\r\n").await;
                Box::new(near)
            }
            true => {
                let (mut client, connection) = h2::client::handshake(near).await.unwrap();
                tokio::spawn(connection);
                let request = Request::get("http://client.test/").body(()).unwrap();
                let (response, _) = client.send_request(request, true).unwrap();
                Box::new((client, response.await.unwrap()))
            }
        };
        tokio::time::sleep(LONG - Duration::from_secs(1)).await;
        assert_eq!(proxy.snapshot().pool.in_flight, 1, "HTTP/2: {is_http2}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        quiet().await;
        assert_eq!(proxy.snapshot().pool.open, 0, "HTTP/2: {is_http2}");
        drop(client);
        server.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_request_timeout_ends_the_exchange_of_a_client_that_does_not_read() {
    let proxy = dripping(1000, Duration::ZERO).limits(Limits::default().request_timeout(LONG));
    let body = read(&proxy, 10).await;
    tokio::time::sleep(LONG * 2).await;
    assert_taken_away(&proxy, body, Fault::Client, "Limits::request_timeout(..)").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_the_origin_leaves_nothing_unread() {
    let pause = LONG - Duration::from_secs(1);
    let proxy =
        dripping(10, pause).limits(Limits::default().unread_timeout(Duration::from_secs(1)));
    let response = send(&proxy, get_over_http2()).await;
    assert_eq!(text(response).await, "part ".repeat(10));
    assert_eq!(proxy.snapshot().pool.idle, 1);
}

/// Reads frames, with a pause before each. Returns how many came, and the error.
async fn read_slowly(body: &mut ProxyBody, pause: Duration) -> (usize, Option<Error>) {
    let mut frames = 0;
    loop {
        tokio::time::sleep(pause).await;
        match body.frame().await {
            Some(Ok(_)) => frames += 1,
            Some(Err(error)) => return (frames, Some(error)),
            None => return (frames, None),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_too_slowly_loses_its_connection() {
    let grace = Duration::from_secs(5);
    // A part has five bytes.
    let limits = Limits::default().min_download_rate(5, grace);
    let (slow, too_slow) = (Duration::from_secs(5), Duration::from_secs(7));
    for is_http2 in [false, true] {
        let proxy = dripping(1000, Duration::ZERO).limits(limits.clone());
        let request = || match is_http2 {
            true => get_over_http2(),
            false => get(&[]),
        };
        let mut body = send(&proxy, request()).await.into_body();
        let (frames, error) = read_slowly(&mut body, slow).await;
        assert!(error.is_none());
        assert!(frames >= 1000, "{frames}");

        let mut body = send(&proxy, request()).await.into_body();
        let (frames, error) = read_slowly(&mut body, too_slow).await;
        let error = error.unwrap();
        assert!(frames < 5, "{frames}");
        assert_eq!(
            (error.kind() == ErrorKind::TimedOut, error.fault()),
            (true, Fault::Client)
        );
        let diagnosis = error.diagnosis();
        let fixes = diagnosis.likeliest().unwrap().fixes();
        let fix = fixes.first().unwrap().to_string();
        assert!(fix.contains("Limits::min_download_rate(..)"), "{fix}");
        assert_eq!(proxy.snapshot().pool.in_flight, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_least_rate_is_none_for_the_origin_nor_for_grpc() {
    let limits = Limits::default().min_download_rate(1_000_000, Duration::from_secs(1));
    let sparse = dripping(10, LONG).limits(limits.clone());
    let response = send(&sparse, get_over_http2()).await;
    assert_eq!(text(response).await, "part ".repeat(10));

    let proxy = dripping(10, Duration::ZERO).limits(limits);
    let call = Request::post("/test.Echo/Many").header("host", "client.test");
    let call = call.header("content-type", "application/grpc");
    let call = call
        .version(Version::HTTP_2)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let mut body = send(&proxy, call).await.into_body();
    let (frames, error) = read_slowly(&mut body, LONG).await;
    assert!(frames >= 10 && error.is_none(), "{frames}, {error:?}");
}
