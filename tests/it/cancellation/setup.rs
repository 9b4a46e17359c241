//! The proxy whose futures are dropped, and its origin.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use cdn_origin::{OriginProxy, pool::PoolSettings, proxy::ProxyBody};
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::{sync::Semaphore, time::timeout};
use tower::{BoxError, Service, ServiceExt};

use crate::relay::{
    Arrival, LONG, Network, OriginBody, Protocol, alive_tasks, becomes_quiet, echo, leaves_nothing,
    switch,
};

/// A part of a body.
const PART: &[u8] = &[b'x'; 1_500];

/// The number of parts.
const PARTS: usize = 3;

/// A proxy with its network.
pub(super) struct Setup {
    pub(super) proxy: OriginProxy,
    pub(super) network: Network,
    /// Requests for `/held` wait for a permit.
    pub(super) release: Arc<Semaphore>,
    tasks: usize,
}

impl Setup {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self::with(protocol, PoolSettings::default().max_connections(2))
    }

    pub(super) fn with(protocol: Protocol, pool: PoolSettings) -> Self {
        let tasks = alive_tasks();
        let release = Arc::new(Semaphore::new(0));
        let held = release.clone();
        let network = Network::new(protocol, move |arrival| respond(arrival, held.clone()));
        let connector = network.connector().build().unwrap();
        Self {
            proxy: OriginProxy::new(connector).pool(pool),
            network,
            release,
            tasks,
        }
    }

    /// Checks that the pool balances, and that it serves a request.
    pub(super) async fn works(&self) {
        becomes_quiet(&self.proxy, &self.network).await;
        let worked = timeout(LONG, upload(self.proxy.clone())).await;
        worked.expect("the next request is answered");
        becomes_quiet(&self.proxy, &self.network).await;
    }

    /// Checks that nothing is left once the proxy is dropped.
    pub(super) async fn ends(self) {
        leaves_nothing(self.proxy, self.network, self.tasks).await;
    }
}

async fn respond(arrival: Arrival, held: Arc<Semaphore>) -> Response<OriginBody> {
    let Arrival {
        mut request, tasks, ..
    } = arrival;
    if request.uri().path() == "/held" {
        held.acquire().await.unwrap().forget();
    }
    if request.headers().contains_key("upgrade") {
        tasks.spawn(echo(hyper::upgrade::on(&mut request)));
        return switch();
    }
    // A cancelled request ends it with an error.
    let content = request.into_body().collect().await;
    let content = content.map_or_else(|_| Bytes::new(), |content| content.to_bytes());
    let parts = content
        .chunks(PART.len().max(1))
        .map(Bytes::copy_from_slice);
    let parts: Vec<_> = parts
        .map(|part| Ok::<_, BoxError>(Frame::data(part)))
        .collect();
    Response::new(StreamBody::new(stream::iter(parts)).boxed_unsync())
}

/// An upload that arrives in parts.
pub(super) fn post() -> Request<UnsyncBoxBody<Bytes, Infallible>> {
    let parts = stream::unfold(0, |count| async move {
        tokio::task::yield_now().await;
        let frame = Frame::data(Bytes::from_static(PART));
        (count < PARTS).then_some((Ok::<_, Infallible>(frame), count + 1))
    });
    let request = Request::post("/").header("host", "client.test");
    request.body(StreamBody::new(parts).boxed_unsync()).unwrap()
}

/// Sends an upload, and expects it back.
pub(super) async fn upload<S>(service: S)
where
    S: Service<
            Request<UnsyncBoxBody<Bytes, Infallible>>,
            Response = Response<ProxyBody>,
            Error = Infallible,
        >,
{
    let Ok(response) = service.oneshot(post()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let content = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(content.len(), PARTS * PART.len());
}

/// Sends a GET, and reads its response.
pub(super) async fn get(proxy: OriginProxy, path: &str) -> StatusCode {
    let request = Request::get(path).header("host", "client.test");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}
