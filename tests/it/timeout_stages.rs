//! Which stage a timeout is reported at, and which side it blames.

use std::{convert::Infallible, future::pending, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy,
    connector::{CdnOriginBuilder, Timeouts},
    diagnosis::{CauseId, Certainty},
    dial::{Dns, Lookup, Resolve, Resolving},
    error::{Fault, Stage},
    group::{Member, OriginGroup},
    pool::PoolSettings,
    proxy::{ClientDeadline, Limits, ProxyBody},
};
use http::{Request, Response, Uri, Version};
use http_body_util::{Channel, Empty, channel::Sender};
use hyper_util::rt::TokioIo;
use tower::{ServiceExt, service_fn};

use crate::{
    frames::{PING, Peer, SETTINGS, connector_to_peers, to_peers, to_peers_with},
    memory::{get, quiet, read_head, read_to_end, send, to_connections},
};

const SECOND: Duration = Duration::from_secs(1);

/// A resolver that never answers.
struct SilentResolver;

impl Resolve for SilentResolver {
    fn resolve(&self, _: &Lookup) -> Resolving {
        Box::pin(pending())
    }
}

/// Connections whose opening hangs, from the first stage to the last.
fn hanging() -> [(Stage, &'static str, CdnOriginBuilder); 3] {
    let builder = || {
        let connector = CdnOriginConnector::builder("https://www.example.test");
        connector.timeouts(Timeouts::default().connect(Duration::from_secs(600)))
    };
    let never =
        service_fn(|_: Uri| pending::<Result<TokioIo<tokio::io::DuplexStream>, Infallible>>());
    let silent = service_fn(|_: Uri| async {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move {
            let _far = far;
            pending::<()>().await
        });
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let resolver = Dns::default().resolver(SilentResolver);
    [
        (Stage::Resolve, "dns_timeout", builder().dns(resolver)),
        (
            Stage::Dial,
            "connection_timeout",
            builder().transport(never),
        ),
        (
            Stage::Handshake,
            "connection_timeout",
            builder().transport(silent),
        ),
    ]
}

fn error_of(response: &Response<ProxyBody>) -> Error {
    let error: &Error = response.extensions().get().unwrap();
    error.clone()
}

fn causes(error: &Error) -> Vec<(CauseId, Certainty)> {
    let diagnosis = error.diagnosis();
    let causes = diagnosis.causes().iter();
    causes
        .map(|cause| (cause.id(), cause.certainty()))
        .collect()
}

/// A request with this deadline of its client.
fn get_within(time: Duration) -> Request<Empty<Bytes>> {
    let mut request = get(&[]);
    request.extensions_mut().insert(ClientDeadline::after(time));
    request
}

fn upgrade() -> Request<Empty<Bytes>> {
    get(&[
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_while_a_connection_is_opened_is_reported_at_that_stage() {
    for (stage, error_type, builder) in hanging() {
        let proxy = OriginProxy::new(builder.build().unwrap());
        let bounded = proxy.limits(Limits::default().request_timeout(SECOND));
        for request in [get(&[]), upgrade(), get_within(SECOND / 2)] {
            let is_clients = request.extensions().get::<ClientDeadline>().is_some();
            let response = send(&bounded, request).await;
            assert_eq!(response.status(), 504, "{stage}");
            let status = response.headers()["proxy-status"].to_str().unwrap();
            assert!(status.contains(error_type), "{stage}: {status}");
            let error = error_of(&response);
            assert_eq!((error.kind(), error.stage()), (ErrorKind::TimedOut, stage));
            let fault = match is_clients {
                true => Fault::Client,
                false => Fault::Network,
            };
            assert_eq!(error.fault(), fault, "{error}");
            let diagnosis = error.diagnosis();
            let slow = diagnosis
                .causes()
                .iter()
                .find(|it| it.id() == CauseId::TooSlow);
            assert_ne!(slow.unwrap().certainty(), Certainty::Certain, "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_connect_of_another_request_is_reported_at_its_stage() {
    for (stage, _, builder) in hanging() {
        let settings = PoolSettings::default()
            .max_connections(1)
            .queue_timeout(SECOND);
        let proxy = OriginProxy::new(builder.build().unwrap()).pool(settings);
        let first = tokio::spawn({
            let proxy = proxy.clone();
            async move { send(&proxy, get(&[])).await }
        });
        quiet().await;
        let error = error_of(&send(&proxy, get(&[])).await);
        assert_eq!((error.kind(), error.stage()), (ErrorKind::TimedOut, stage));
        first.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_while_a_request_waits_at_a_limit_names_the_limit() {
    let silent = || {
        to_connections(|mut stream| async move {
            read_to_end(&mut stream).await;
        })
    };
    let limits = Limits::default()
        .response_timeout(60 * SECOND)
        .queue_timeout(60 * SECOND);
    let one = PoolSettings::default()
        .max_connections(1)
        .queue_timeout(60 * SECOND);
    let full_pool = silent().pool(one).limits(limits.clone());
    let full_queue = silent().limits(limits.clone().max_concurrency(1));
    for proxy in [&full_pool, &full_queue] {
        let first = tokio::spawn({
            let proxy = proxy.clone();
            async move { send(&proxy, get(&[])).await }
        });
        quiet().await;
        let error = error_of(&send(proxy, get_within(SECOND)).await);
        assert_eq!(
            (error.kind(), error.stage(), error.fault()),
            (ErrorKind::TimedOut, Stage::Prepare, Fault::Client)
        );
        first.abort();
        quiet().await;
    }
    let first = tokio::spawn({
        let proxy = full_pool.clone();
        async move { send(&proxy, get(&[])).await }
    });
    quiet().await;
    let bounded = full_pool.limits(limits.request_timeout(SECOND));
    let response = send(&bounded, get(&[])).await;
    let error = error_of(&response);
    assert_eq!(
        (error.kind(), error.stage()),
        (ErrorKind::PoolExhausted, Stage::Dial)
    );
    assert_eq!(error.facts().deadline(), Some(SECOND));
    let likeliest = error.diagnosis().likeliest().map(|it| it.id());
    assert_eq!(likeliest, Some(CauseId::PoolTooSmall));
    first.abort();
}

/// `SETTINGS_MAX_CONCURRENT_STREAMS` of this number.
const fn max_streams(number: u8) -> [u8; 6] {
    [0, 3, 0, 0, 0, number]
}

/// Answers PINGs and nothing else.
async fn keep_alive(mut peer: Peer) {
    while let Some(head) = peer.next().await {
        if head.kind == PING && !head.is_ack() {
            peer.acknowledge_ping().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_request_that_is_granted_no_stream_is_not_answered_slowly() {
    const NONE: &[u8] = &max_streams(0);
    for limits in [
        Limits::default().response_timeout(SECOND),
        Limits::default().request_timeout(SECOND),
    ] {
        let (proxy, _) = to_peers_with(NONE, |_, peer| keep_alive(peer));
        let error = error_of(&send(&proxy.limits(limits), get(&[])).await);
        let diagnosis = error.diagnosis();
        let likeliest = diagnosis.likeliest().unwrap();
        assert_ne!(
            likeliest.certainty(),
            Certainty::Certain,
            "{}",
            error.report()
        );
        let causes = diagnosis.causes();
        let down = causes.iter().find(|it| it.id() == CauseId::OriginDown);
        let down = down.unwrap_or_else(|| panic!("{}", error.report()));
        assert!(
            down.to_string().contains("MAX_CONCURRENT_STREAMS"),
            "{down}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_lowers_its_limit_to_zero_is_not_only_slow() {
    let (proxy, _) = to_peers(|_, mut peer: Peer| async move {
        peer.request().await;
        peer.send_frame(SETTINGS, 0, 0, &max_streams(0)).await;
        keep_alive(peer).await;
    });
    let proxy = proxy.limits(Limits::default().response_timeout(SECOND));
    let error = error_of(&send(&proxy, get(&[])).await);
    // The request was sent: the origin may process it.
    assert_eq!(
        (error.kind(), error.stage()),
        (ErrorKind::TimedOut, Stage::Receive)
    );
    let causes = causes(&error);
    assert!(
        causes.contains(&(CauseId::OriginDown, Certainty::Likely)),
        "{causes:?}"
    );
    assert!(
        causes.contains(&(CauseId::TooSlow, Certainty::Likely)),
        "{causes:?}"
    );
}

/// A call whose client has sent a message, and may send more.
async fn grpc_stream() -> (
    Sender<Bytes, Infallible>,
    Request<Channel<Bytes, Infallible>>,
) {
    let (mut sender, body) = Channel::new(1);
    sender
        .send_data(Bytes::from_static(b"message"))
        .await
        .unwrap();
    let call = Request::post("/test.Echo/Talk").header("host", "client.test");
    let call = call.header("content-type", "application/grpc");
    (sender, call.version(Version::HTTP_2).body(body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_stream_that_waits_for_a_silent_origin_is_not_at_fault() {
    let limits = Limits::default()
        .body_idle_timeout(SECOND)
        .response_timeout(3 * SECOND);
    let over_http1 = to_connections(|mut stream| async move {
        read_to_end(&mut stream).await;
    });
    let (over_http2, _) = to_peers(|_, peer| keep_alive(peer));
    for proxy in [over_http1, over_http2] {
        let (sender, request) = grpc_stream().await;
        let response = send(&proxy.limits(limits.clone()), request).await;
        let error = error_of(&response);
        assert_eq!(
            (error.kind(), error.stage(), error.fault()),
            (ErrorKind::TimedOut, Stage::Receive, Fault::Origin)
        );
        assert_eq!(error.facts().deadline(), Some(3 * SECOND));
        // DEADLINE_EXCEEDED.
        assert_eq!(response.headers()["grpc-status"], "4");
        let causes = causes(&error);
        assert_eq!(causes[0], (CauseId::TooSlow, Certainty::Likely));
        let waits = (CauseId::RequestIncomplete, Certainty::Possible);
        assert!(causes.contains(&waits), "{causes:?}");
        drop(sender);
    }
}

/// Either side may have kept the other waiting.
#[tokio::test(start_paused = true)]
async fn a_stream_on_which_both_sides_are_silent_is_no_failure_of_the_member() {
    let member = Member::new(connector_to_peers(|_, peer| keep_alive(peer)));
    let limits = Limits::default().response_timeout(SECOND);
    let group = OriginGroup::builder().tier([member]);
    let group = group.each(move |proxy| proxy.limits(limits.clone()));
    let group = group.build().unwrap();
    let (sender, request) = grpc_stream().await;
    let Ok(response) = group.clone().oneshot(request).await;
    assert_eq!(response.headers()["grpc-status"], "4");
    assert_eq!(group.snapshot().remove(0).failures, 0);
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_upload_the_origin_does_not_read_is_not_at_fault() {
    let limits = Limits::default()
        .body_idle_timeout(SECOND)
        .response_timeout(3 * SECOND);
    // It reads the head, and then nothing: the pipe holds 1,024 bytes.
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        pending::<()>().await;
    });
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender
        .send_data(Bytes::from_static(&[b'x'; 3000]))
        .await
        .unwrap();
    let request = Request::post("/").header("host", "client.test").body(body);
    let response = send(&proxy.limits(limits), request.unwrap()).await;
    let error = error_of(&response);
    assert_eq!(
        (error.kind(), error.stage(), error.fault()),
        (ErrorKind::TimedOut, Stage::Receive, Fault::Origin)
    );
    assert_eq!(error.facts().deadline(), Some(3 * SECOND));
    drop(sender);
}
