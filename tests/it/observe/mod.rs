//! What happened to a request: its record, and the events of connections.

#[cfg(feature = "metrics")]
mod agreement;
#[cfg(all(feature = "axum", feature = "metrics"))]
mod dashboard;
mod events;
mod guide;
mod layers;
mod logged_names;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "metrics")]
mod prometheus;
mod refusals;
mod spans;
mod timings;
mod tunnels;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    error::{Facts, Stage},
    observe::{ClosedConnection, ExchangeInfo, Observer},
    origin::Origin,
    proxy::ProxyBody,
};
use http::{Method, Request, Response};
use http_body_util::Full;
use tokio::sync::Notify;
use tower::ServiceExt;

/// Notes everything that it is called with.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Notes>);

#[derive(Default)]
struct Notes {
    exchanges: Mutex<Vec<ExchangeInfo>>,
    events: Mutex<Vec<String>>,
    connected: Notify,
}

impl Seen {
    /// A proxy that this watches.
    pub(crate) fn proxy(&self, connector: &CdnOriginConnector) -> OriginProxy {
        OriginProxy::new(connector.with_observer(self.clone()))
    }

    pub(crate) fn exchanges(&self) -> Vec<ExchangeInfo> {
        self.0.exchanges.lock().unwrap().clone()
    }

    /// The only exchange since the last call.
    pub(crate) fn take_only(&self) -> ExchangeInfo {
        let exchanges = std::mem::take(&mut *self.0.exchanges.lock().unwrap());
        assert_eq!(exchanges.len(), 1, "{exchanges:?}");
        exchanges.into_iter().next().unwrap()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.0.events.lock().unwrap().clone()
    }

    /// Waits until a connection is open.
    pub(crate) async fn connected(&self) {
        self.0.connected.notified().await;
    }

    /// How often this event was reported.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.events().iter().filter(|it| *it == event).count()
    }

    fn note(&self, event: impl Into<String>) {
        self.0.events.lock().unwrap().push(event.into());
    }
}

impl Observer for Seen {
    fn request_completed(&self, exchange: &ExchangeInfo) {
        self.0.exchanges.lock().unwrap().push(exchange.clone());
    }

    fn connecting(&self, _: &Origin) {
        self.note("connecting");
    }

    fn connected(&self, facts: &Facts) {
        assert!(facts.origin().is_some());
        self.note("connected");
        self.0.connected.notify_one();
    }

    fn connect_failed(&self, error: &Error) {
        self.note(match error.stage() {
            Stage::Handshake => format!("handshake failed: {}", error.kind().as_str()),
            stage => format!("connect failed: {stage}"),
        });
    }

    fn closed(&self, connection: &ClosedConnection) {
        let (reason, requests) = (connection.reason, connection.requests);
        self.note(format!("closed: {reason} after {requests}"));
    }

    fn certificate_expiring(&self, facts: &Facts, days_left: i64) {
        assert!(!facts.certificates().is_empty());
        self.note(format!("certificate expires in {days_left} days"));
    }

    fn ejected(&self, _: &Origin) {
        self.note("ejected");
    }

    fn returned(&self, _: &Origin) {
        self.note("returned");
    }

    fn reloaded(&self, origin: Option<&Origin>) {
        assert!(origin.is_some());
        self.note("reloaded");
    }
}

pub(crate) fn request(method: Method) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri("/page?secret=1")
        .header("host", "client.test")
        .body(Full::default())
        .unwrap()
}

pub(crate) async fn send(
    proxy: &OriginProxy,
    request: Request<Full<Bytes>>,
) -> Response<ProxyBody> {
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}
