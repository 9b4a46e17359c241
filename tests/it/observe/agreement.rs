//! Metrics, access log, observers and the origin's own log agree on every request.

use std::{
    collections::BTreeMap,
    future::pending,
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy, access_log::AccessLogLayer,
    metrics::MetricsObserver, tls::Roots,
};
use futures_util::{StreamExt, stream};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    sync::Notify,
    time::{Duration, sleep},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Layer, ServiceExt};

use super::{Seen, layers::Lines, metrics::recorder, prometheus::Scrape};
use crate::{
    origin::{NAME, server_config},
    support::Authority,
};

/// Requests to each of two origins.
const REQUESTS: usize = 500;

/// What happens to a request, by the first part of its path.
const MODES: [&str; 10] = [
    "ok", "upload", "cut", "ok", "broken", "late", "gone", "half", "moved", "refused",
];

/// An origin that is wrong in many ways, and logs what it receives.
#[derive(Clone, Default)]
struct FaultyOrigin(Arc<State>);

#[derive(Default)]
struct State {
    /// How often each path has arrived.
    log: Mutex<BTreeMap<String, usize>>,
    /// The last status that each path has got.
    statuses: Mutex<BTreeMap<String, StatusCode>>,
    connections: Mutex<usize>,
    /// Notified when a request has arrived whose client leaves.
    arrived: Notify,
}

impl FaultyOrigin {
    fn connector(&self, protocol: Option<&'static [u8]>) -> CdnOriginConnector {
        let authority = Authority::new();
        let acceptor =
            protocol.map(|protocol| TlsAcceptor::from(server_config(&authority, protocol)));
        let origin = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let (near, far) = tokio::io::duplex(64 * 1024);
            *origin.0.connections.lock().unwrap() += 1;
            tokio::spawn(origin.clone().accept(far, acceptor.clone()));
            async move { Ok::<_, io::Error>(TokioIo::new(near)) }
        });
        let builder = match protocol {
            None => CdnOriginConnector::builder(format!("http://{NAME}")),
            Some(_) => CdnOriginConnector::builder(format!("https://{NAME}"))
                .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
        };
        builder.transport(transport).build().unwrap()
    }

    async fn accept(self, stream: DuplexStream, acceptor: Option<TlsAcceptor>) {
        match acceptor {
            None => self.serve(stream).await,
            Some(acceptor) => {
                let stream = acceptor.accept(stream).await.unwrap();
                self.serve(stream).await;
            }
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(self, stream: S) {
        let cut = CancellationToken::new();
        let cut_off = cut.clone();
        let service = service_fn(move |request| {
            let (origin, cut) = (self.clone(), cut.clone());
            async move { Ok::<_, io::Error>(origin.respond(request, &cut).await) }
        });
        let builder = auto::Builder::new(TokioExecutor::new());
        let serving = builder.serve_connection(TokioIo::new(stream), service);
        let _ = cut_off.run_until_cancelled(serving).await;
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        cut: &CancellationToken,
    ) -> Response<BoxBody<Bytes, io::Error>> {
        let path = request.uri().path().to_owned();
        let seen = {
            let mut log = self.0.log.lock().unwrap();
            let seen = log.entry(path.clone()).or_default();
            *seen += 1;
            *seen
        };
        let mode = path.split('/').nth(1).unwrap().to_owned();
        request.into_body().collect().await.unwrap();
        let mut status = StatusCode::OK;
        match &*mode {
            "cut" if seen == 1 => {
                cut.cancel();
                pending::<()>().await;
            }
            "late" => pending().await,
            "gone" => {
                self.0.arrived.notify_one();
                pending::<()>().await;
            }
            "broken" => status = StatusCode::SERVICE_UNAVAILABLE,
            "moved" if seen == 1 => status = StatusCode::MISDIRECTED_REQUEST,
            _ => {}
        }
        self.0.statuses.lock().unwrap().insert(path, status);
        let body = match &*mode {
            "half" => {
                let half = Ok(Frame::data(Bytes::from_static(b"half")));
                // The server sends the first frame meanwhile.
                let broken = async {
                    sleep(Duration::from_secs(1)).await;
                    Err(io::Error::other("the rest is missing"))
                };
                let frames = stream::iter([half]).chain(stream::once(broken));
                BodyExt::boxed(StreamBody::new(frames))
            }
            _ => {
                let full = Full::<Bytes>::from("content");
                full.map_err(|never| match never {}).boxed()
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response
    }
}

type Logged = <AccessLogLayer as Layer<OriginProxy>>::Service;

/// Sends a request of this mode, and does what its client does.
async fn send(service: &Logged, origin: &FaultyOrigin, mode: &str, id: usize) {
    let method = match mode {
        "upload" => Method::POST,
        "refused" => Method::TRACE,
        _ => Method::GET,
    };
    let body = match mode {
        "upload" => "12345",
        _ => "",
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("/{mode}/{id}"))
        .header("host", "client.test")
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let call = service.clone().oneshot(request);
    match mode {
        "gone" => tokio::select! {
            _ = call => panic!("the origin does not answer"),
            () = origin.0.arrived.notified() => {}
        },
        _ => {
            let Ok(response) = call.await;
            // Some clients leave within the response.
            if !(mode == "ok" && id.is_multiple_of(30)) {
                let _ = response.into_body().collect().await;
            }
        }
    }
}

fn count<'a>(values: impl Iterator<Item = &'a str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value.to_owned()).or_default() += 1;
    }
    counts
}

fn number(line: &Value, field: &str) -> u64 {
    line[field].as_u64().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_are_the_same_in_metrics_log_and_origin() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let (seen, lines, origin) = (Seen::default(), Lines::default(), FaultyOrigin::default());
    for protocol in [None, Some(&b"h2"[..])] {
        let connector = origin.connector(protocol).with_observer(observer.clone());
        let logged = AccessLogLayer::json(lines.sink()).layer(seen.proxy(&connector));
        for id in 0..REQUESTS {
            let id = id + REQUESTS * usize::from(protocol.is_some());
            send(&logged, &origin, MODES[id % MODES.len()], id).await;
        }
    }
    // Connections and tasks come to their end.
    sleep(Duration::from_secs(60)).await;
    let lines = lines.take_json();
    let scrape = Scrape::parse(&handle.render());
    let exchanges = seen.exchanges();
    assert_eq!((lines.len(), exchanges.len()), (2 * REQUESTS, 2 * REQUESTS));

    // How the requests ended.
    const TOTAL: &str = "cdn_origin_requests_total";
    let outcomes = count(lines.iter().map(|line| line["outcome"].as_str().unwrap()));
    assert_eq!(scrape.by(TOTAL, "cdn_origin_outcome"), outcomes);
    assert_eq!(outcomes.values().sum::<u64>(), 2 * REQUESTS as u64);
    for outcome in [
        "complete",
        "client_left",
        "deadline",
        "origin_broke_off",
        "refused",
    ] {
        assert!(outcomes.get(outcome) > Some(&20), "{outcomes:?}");
    }
    let duration = "http_client_request_duration_seconds_count";
    assert_eq!(scrape.sum(duration, &[]), lines.len() as f64);
    let errors = count(exchanges.iter().filter_map(|it| it.error_type()));
    assert_eq!(scrape.by(TOTAL, "error_type"), errors);
    let logged = lines.iter().filter_map(|line| line["error"].as_str());
    for (error, requests) in count(logged) {
        assert_eq!(errors.get(&error), Some(&requests), "{error}");
    }

    // What the origin answered, by its own log.
    let statuses = origin.0.statuses.lock().unwrap().clone();
    let sent = count(statuses.values().map(|status| status.as_str()));
    let counted = scrape.by(duration, "http_response_status_code");
    assert_eq!(counted, sent);
    for line in &lines {
        let path = line["path"].as_str().unwrap();
        if let Some(status) = statuses.get(path) {
            assert_eq!(number(line, "status"), u64::from(status.as_u16()), "{line}");
        }
    }

    // Which connection they got.
    let connection = |line: &Value| line["connection"].as_str().unwrap_or("none").to_owned();
    let connections: Vec<_> = lines.iter().map(connection).collect();
    let connections = count(connections.iter().map(|it| &**it));
    assert_eq!(scrape.by(TOTAL, "cdn_origin_connection"), connections);

    // A connection that was open before costs no look-up, no TCP and no TLS. The clock stands still
    // here, so that it is the steps that are compared.
    for exchange in &exchanges {
        for made in exchange.tries() {
            let elapsed = made.elapsed;
            let stages = [elapsed.resolve, elapsed.dial, elapsed.handshake];
            let steps = stages.iter().flatten().count();
            assert_eq!(steps == 0, made.reused, "{elapsed:?}");
        }
    }

    // How often each was tried, and why.
    let log = origin.0.log.lock().unwrap().clone();
    for line in &lines {
        let path = line["path"].as_str().unwrap();
        let received = log.get(path).copied().unwrap_or_default() as u64;
        let tries = line["tries"].as_u64().unwrap_or_default();
        assert_eq!(tries, received, "{line}");
    }
    let retries = lines.iter().filter_map(|line| line["retries"].as_array());
    let retries = count(retries.flatten().map(|reason| reason.as_str().unwrap()));
    let counted = scrape.by("cdn_origin_request_retries_total", "cdn_origin_reason");
    assert_eq!(counted, retries);
    assert!(retries.contains_key("idle_closed"), "{retries:?}");
    assert!(retries.contains_key("connection_ended"), "{retries:?}");
    assert!(retries.contains_key("misdirected"), "{retries:?}");
    let received: usize = log.values().sum();
    let sent = connections["fresh"] + connections["reused"] + retries.values().sum::<u64>();
    assert_eq!(sent, received as u64);

    // What they carried.
    let answered = lines.iter().filter(|line| !line["first_byte"].is_null());
    let bytes: u64 = answered.map(|line| number(line, "bytes")).sum();
    let sizes = scrape.sum("cdn_origin_response_bytes_total", &[]);
    assert_eq!(sizes, bytes as f64);
    let uploaded: u64 = lines.iter().map(|line| number(line, "request_bytes")).sum();
    let sizes = scrape.sum("cdn_origin_request_bytes_total", &[]);
    assert_eq!(sizes, uploaded as f64);
    assert_eq!(uploaded, 5 * 2 * REQUESTS as u64 / MODES.len() as u64);

    // The connections that they needed. All are closed by now.
    let opened = *origin.0.connections.lock().unwrap() as f64;
    let connected = [("cdn_origin_stage", "connected")];
    assert_eq!(scrape.sum("cdn_origin_connects_total", &connected), opened);
    assert_eq!(
        scrape.sum("cdn_origin_closed_connections_total", &[]),
        opened
    );
    let closed = scrape.sum("http_client_connection_duration_seconds_count", &[]);
    assert_eq!(closed, opened);
}
