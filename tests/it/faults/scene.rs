//! The proxy under test, its origin, and the checks that nothing is left behind.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use cdn_origin::{OriginProxy, connector::Timeouts, pool::PoolSettings, proxy::Upgrades};
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::{
    sync::{Barrier, Semaphore},
    time::timeout,
};
use tower::{BoxError, ServiceExt};

use crate::relay::{
    Arrival, LONG, Network, OriginBody, Protocol, Towards, Trigger, alive_tasks, becomes_quiet,
    echo, leaves_nothing, switch,
};

use super::cell::{Deadline, Fault, Point};

/// Half of each body.
pub(super) const HALF: &[u8] = &[b'h'; 2_000];

/// The request in which the fault happens.
pub(super) const MAIN: &str = "/main";
/// Responds when two of them have arrived.
const PAIR: &str = "/pair";

/// What the origin and the client of one cell share.
pub(super) struct Script {
    point: Point,
    fault: Fault,
    /// How often the request of the cell arrived.
    pub(super) arrivals: AtomicUsize,
    /// The first half of the request's body has arrived.
    pub(super) half_arrived: Semaphore,
    /// The second half of the response may leave.
    pub(super) half_read: Semaphore,
    pair: Barrier,
}

/// A proxy with its network.
pub(super) struct Scene {
    pub(super) network: Network,
    pub(super) proxy: OriginProxy,
    pub(super) script: Arc<Script>,
    tasks: usize,
}

impl Scene {
    pub(super) fn new(protocol: Protocol, point: Point, fault: Fault) -> Self {
        let script = Arc::new(Script {
            point,
            fault,
            arrivals: AtomicUsize::new(0),
            half_arrived: Semaphore::new(0),
            half_read: Semaphore::new(0),
            pair: Barrier::new(2),
        });
        let tasks = alive_tasks();
        let shared = script.clone();
        let network = Network::new(protocol, move |arrival| respond(shared.clone(), arrival));
        let timeouts = Timeouts::default()
            .dial(Deadline::Dial.time())
            .tls_handshake(Deadline::Handshake.time());
        let connector = network.connector().timeouts(timeouts).build().unwrap();
        let proxy = OriginProxy::new(connector)
            .limits(Deadline::limits())
            .upgrades(Upgrades::default().idle_timeout(Deadline::Tunnel.time()))
            .pool(PoolSettings::default().max_connections(2));
        Self {
            network,
            proxy,
            script,
            tasks,
        }
    }

    /// A request that is not the cell's own, and must succeed.
    pub(super) async fn other(&self, path: &'static str) {
        let request = request(Method::GET, path, Full::<Bytes>::default());
        let exchange = async {
            let Ok(response) = self.proxy.clone().oneshot(request).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            response.into_body().collect().await.unwrap();
        };
        let exchanged = timeout(LONG, exchange).await;
        exchanged.expect("a request after the fault is answered");
    }

    /// Checks that the pool has all of its permits, that requests succeed, and that nothing is left
    /// when the proxy is dropped.
    pub(super) async fn balances(self) {
        becomes_quiet(&self.proxy, &self.network).await;
        // Both permits of the pool.
        tokio::join!(self.other(PAIR), self.other(PAIR));
        becomes_quiet(&self.proxy, &self.network).await;
        leaves_nothing(self.proxy, self.network, self.tasks).await;
    }
}

pub(super) fn request<B>(method: Method, path: &str, body: B) -> Request<B> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("host", "client.test");
    request.body(body).unwrap()
}

/// The origin.
async fn respond(script: Arc<Script>, arrival: Arrival) -> Response<OriginBody> {
    let Arrival {
        mut request,
        wire,
        tasks,
    } = arrival;
    let is_main = request.uri().path() == MAIN;
    if is_main {
        script.arrivals.fetch_add(1, SeqCst);
        let is_due = match script.point {
            Point::ResponseHead | Point::UpgradeResponse => true,
            Point::ReusedGet | Point::ReusedPost => script.arrivals.load(SeqCst) == 1,
            _ => false,
        };
        if is_due && wire.faults() == 0 {
            let fault = script.fault.of_wire();
            wire.plan(Towards::Proxy, Trigger::Bytes(10), fault);
        }
    }
    if request.uri().path() == PAIR {
        script.pair.wait().await;
    }
    if request.headers().contains_key("upgrade") {
        tasks.spawn(echo(hyper::upgrade::on(&mut request)));
        return switch();
    }
    let mut body = request.into_body();
    let mut content = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return status(StatusCode::BAD_REQUEST);
        };
        content.extend_from_slice(&frame.into_data().unwrap_or_default());
        if content.len() >= HALF.len() {
            script.half_arrived.add_permits(1);
        }
    }
    let changed = content.iter().any(|byte| *byte != HALF[0]);
    let body = match is_main && script.point == Point::ResponseBody {
        true => halves(script),
        false => Full::from([HALF, HALF].concat())
            .map_err(BoxError::from)
            .boxed_unsync(),
    };
    let response = Response::builder().header("x-changed", changed.to_string());
    response.body(body).unwrap()
}

/// A body of two halves. The second one leaves when the client has read the first.
fn halves(script: Arc<Script>) -> OriginBody {
    let halves = stream::unfold(0, move |index| {
        let script = script.clone();
        async move {
            if index == 1 {
                script.half_read.acquire().await.unwrap().forget();
            }
            let frame = Frame::data(Bytes::from_static(HALF));
            (index < 2).then_some((Ok::<_, BoxError>(frame), index + 1))
        }
    });
    UnsyncBoxBody::new(StreamBody::new(halves))
}

fn status(status: StatusCode) -> Response<OriginBody> {
    let body = Full::default().map_err(BoxError::from).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
