//! A name whose addresses change under load: to other origins, to dead addresses, to none.
//!
//! Addresses need sockets, so these are real, and so is the clock. A seed replays the answers of the
//! name and the requests, and not the order of events.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, VerifyPolicy,
    dial::{Dns, DnsCache, ResolveError, Resolved},
    error::Stage,
    observe::CloseReason,
    pool::PoolSettings,
    tls::Roots,
};
use futures_util::future::join_all;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use tokio::{sync::watch, time::timeout};
use tower::ServiceExt;

use crate::{
    origin::{NAME, Origin},
    resolve::ScriptedResolver,
    support::{Blackhole, Refused, refused_address},
};

use super::world::{REQUEST, RESPONSE, World, content};

const ORIGINS: usize = 3;
const CLIENTS: usize = 8;
/// Answers of a run, one after the other.
const STEPS: usize = 24;
/// Requests that end within each step, at least.
const REQUESTS: usize = 16;
/// No wait is longer.
const BOUND: Duration = Duration::from_secs(60);

/// What the name resolves to within a step.
#[derive(Clone, Debug)]
struct Step {
    /// The origins that are among the addresses.
    origins: Vec<usize>,
    answer: Result<Resolved, ResolveError>,
}

/// What there was in a run.
#[derive(Default)]
pub(super) struct Summary {
    pub(super) requests: usize,
    pub(super) failed: usize,
    pub(super) connections: u64,
    pub(super) vanished: u64,
    /// Steps without an origin among the addresses.
    pub(super) hopeless: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            failed,
            connections,
            vanished,
            hopeless,
        } = self;
        write!(
            f,
            "{requests} requests, {failed} failed in {hopeless} of {STEPS} steps; {connections} \
             connections, of which {vanished} to addresses that had vanished"
        )
    }
}

/// A name, the origins that it may lead to, and the clients.
struct Scene {
    world: Arc<World>,
    origins: Vec<Origin>,
    refused: Refused,
    silent: Blackhole,
    reported: ScriptedResolver,
    proxy: OriginProxy,
    steps: Mutex<Vec<Step>>,
    /// The requests that have ended.
    ended: watch::Sender<usize>,
    is_over: AtomicBool,
}

/// Runs a seed, over HTTP/2 or HTTP/1.
pub(super) async fn run(seed: u64, is_http2: bool) -> Summary {
    let mut rng = fastrand::Rng::with_seed(seed);
    let scene = Scene::new(is_http2).await;
    // The first answer is there before the first request.
    scene.begin(scene.some(&mut rng, Vec::new()));
    let clients = (0..CLIENTS).map(|_| scene.client(rng.fork()));
    let clients = join_all(clients);
    let changes = async {
        let settled = scene.change(rng.fork()).await;
        scene.is_over.store(true, SeqCst);
        settled
    };
    let (failed, hopeless) = tokio::join!(clients, changes);
    let summary = Summary {
        requests: *scene.ended.borrow(),
        failed: failed.iter().sum(),
        hopeless,
        ..Summary::default()
    };
    scene.end(summary).await
}

impl Scene {
    async fn new(is_http2: bool) -> Self {
        let world = Arc::new(World::default());
        let origins: Vec<_> = (0..ORIGINS).collect();
        let origins = join_all(origins.iter().map(|origin| {
            let (world, origin) = (world.clone(), *origin);
            let respond = move |_, request| respond(world.clone(), origin, request);
            async move {
                match is_http2 {
                    true => Origin::http2(100, respond).await,
                    false => Origin::http1(respond).await,
                }
            }
        }))
        .await;
        let roots: String = origins.iter().map(Origin::root_pem).collect();
        let reported = ScriptedResolver::default();
        let dns = Dns::default().resolver(reported.clone());
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dns(dns.cache(DnsCache::off()))
            .verify(VerifyPolicy::roots(Roots::pem(roots)))
            .build()
            .unwrap();
        let pool = PoolSettings::default().follow_dns(Duration::ZERO);
        Self {
            world,
            origins,
            refused: refused_address(),
            silent: Blackhole::new().await,
            reported,
            proxy: OriginProxy::new(connector).pool(pool),
            steps: Mutex::default(),
            ended: watch::Sender::default(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Changes the answer, some requests after the last change. Returns how many of the answers led
    /// to no origin.
    async fn change(&self, mut rng: fastrand::Rng) -> usize {
        for step in 0..STEPS {
            // The last answer, and some before, stays until the pool has followed it.
            let settles = step + 1 == STEPS || rng.u8(..16) == 0;
            let next = match rng.u8(..8) {
                _ if settles => self.another(),
                0 => Step::hopeless(Err(ResolveError::failed("SERVFAIL"))),
                1 => Step::hopeless(Err(ResolveError::not_found("NXDOMAIN"))),
                2 => Step::hopeless(Ok(Resolved::new([self.refused.address()]))),
                3 => self.some(&mut rng, vec![self.refused.address()]),
                4 => self.some(&mut rng, vec![self.silent.address()]),
                _ => self.some(&mut rng, Vec::new()),
            };
            self.begin(next.clone());
            if !settles && rng.bool() {
                self.proxy.retire_connections();
            }
            let target = *self.ended.borrow() + REQUESTS;
            let mut ended = self.ended.subscribe();
            let enough = ended.wait_for(|ended| *ended >= target);
            if timeout(BOUND, enough).await.is_err() {
                self.world.breaks(format!("requests stand still: {next:?}"));
            }
            if settles {
                self.settle(&next).await;
            }
        }
        let steps = self.steps.lock().unwrap();
        steps.iter().filter(|step| step.origins.is_empty()).count()
    }

    /// An answer with some of the origins, in any order, and these dead addresses among them.
    fn some(&self, rng: &mut fastrand::Rng, mut addresses: Vec<SocketAddr>) -> Step {
        let mut origins: Vec<_> = (0..ORIGINS).collect();
        rng.shuffle(&mut origins);
        origins.truncate(rng.usize(1..=ORIGINS));
        addresses.extend(origins.iter().map(|origin| self.origins[*origin].address()));
        rng.shuffle(&mut addresses);
        let answer = Ok(Resolved::new(addresses));
        Step { origins, answer }
    }

    /// An answer with one origin, to which no connection leads if there is such a one.
    fn another(&self) -> Step {
        let is_unused = |origin: &Origin| origin.counts().open.load(SeqCst) == 0;
        let unused = self.origins.iter().position(is_unused).unwrap_or(0);
        Step {
            origins: vec![unused],
            answer: Ok(Resolved::new([self.origins[unused].address()])),
        }
    }

    fn begin(&self, step: Step) {
        let mut steps = self.steps.lock().unwrap();
        self.reported.now(step.answer.clone());
        steps.push(step);
    }

    /// Waits until no connection leads to an origin that the name has no longer.
    async fn settle(&self, step: &Step) {
        for (index, origin) in self.origins.iter().enumerate() {
            let closed = origin.until(|counts| counts.open.load(SeqCst) == 0);
            if !step.origins.contains(&index) && timeout(BOUND, closed).await.is_err() {
                self.world.breaks(format!(
                    "connections to origin {index} outlive its address: {step:?}"
                ));
            }
        }
    }

    /// Sends one request after the other. Returns how many failed.
    async fn client(&self, mut rng: fastrand::Rng) -> usize {
        let mut failed = 0;
        while !self.is_over.load(SeqCst) {
            let id = self.world.next_id();
            let began = self.steps.lock().unwrap().len();
            let Ok(served) = timeout(BOUND, self.send(id, &mut rng)).await else {
                self.world.breaks(format!("request {id} waits forever"));
                return failed;
            };
            let steps = self.steps.lock().unwrap().clone();
            match served {
                Ok(origin) => {
                    if !steps.iter().any(|step| step.origins.contains(&origin)) {
                        self.world.breaks(format!(
                            "request {id} went to origin {origin}, which the name never had"
                        ));
                    }
                }
                Err(error) => {
                    failed += 1;
                    // A connect may have begun a step before the request that gets its error.
                    let known = &steps[began.saturating_sub(2)..];
                    if known.iter().all(|step| !step.origins.is_empty()) {
                        self.world.breaks(format!(
                            "request {id} failed where origins were known: {error}"
                        ));
                    }
                }
            }
            self.ended.send_modify(|ended| *ended += 1);
        }
        failed
    }

    /// The origin that has served the request, or why none has.
    async fn send(&self, id: u64, rng: &mut fastrand::Rng) -> Result<usize, String> {
        let method = match rng.u8(..4) {
            0 => Method::POST,
            1 => Method::PUT,
            _ => Method::GET,
        };
        let sent = match method {
            Method::GET => 0,
            _ => rng.usize(1..3000),
        };
        let length = rng.usize(..3000);
        let request = Request::builder()
            .method(method)
            .uri(format!("/{id}/{sent}/{length}"))
            .header("host", "client.test")
            .body(Full::new(content(id, REQUEST, sent)))
            .unwrap();
        let Ok(response) = self.proxy.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        if let Some(error) = head.extensions.get::<Error>() {
            let is_connect = matches!(error.stage(), Stage::Resolve | Stage::Dial);
            if !is_connect {
                self.world.breaks(format!("request {id}: {error:?}"));
            }
            return Err(error.to_string());
        }
        let origin = head.headers["x-origin"].to_str().unwrap().parse().unwrap();
        match body.collect().await.map(Collected::to_bytes) {
            Ok(body) if body == content(id, RESPONSE, length) => {}
            other => self
                .world
                .breaks(format!("response {id} is short or changed: {other:?}")),
        }
        Ok(origin)
    }

    /// Checks that nothing is broken and nothing is left.
    async fn end(self, mut summary: Summary) -> Summary {
        let Self {
            world,
            origins,
            proxy,
            ..
        } = self;
        proxy.retire_connections();
        let closed = async {
            while proxy.snapshot().pool.open > 0 {
                tokio::task::yield_now().await;
            }
        };
        if timeout(BOUND, closed).await.is_err() {
            world.breaks(format!("left open: {:?}", proxy.snapshot().pool));
        }
        let pool = proxy.snapshot().pool;
        if pool.opened != pool.closed_total() || pool.in_flight + pool.waiting > 0 {
            world.breaks(format!("out of balance: {pool:?}"));
        }
        summary.connections = pool.opened;
        summary.vanished = pool.closed(CloseReason::Vanished);
        drop(proxy);
        for origin in &origins {
            let closed = origin.until(|counts| counts.open.load(SeqCst) == 0);
            if timeout(BOUND, closed).await.is_err() {
                world.breaks("a socket is left".into());
            }
        }
        let broken = world.broken();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        summary
    }
}

impl Step {
    /// An answer without an origin.
    fn hopeless(answer: Result<Resolved, ResolveError>) -> Self {
        Self {
            origins: Vec::new(),
            answer,
        }
    }
}

/// The response of an origin: its number, and content that follows from the request.
async fn respond(
    world: Arc<World>,
    origin: usize,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let mut numbers = path.split('/').skip(1).map(|it| it.parse::<u64>().unwrap());
    let mut next = || numbers.next().unwrap();
    let (id, sent, length) = (next(), next() as usize, next() as usize);
    world.arrives(id, request.method().is_idempotent());
    match request.into_body().collect().await.map(Collected::to_bytes) {
        Ok(body) if body == content(id, REQUEST, sent) => {}
        other => world.breaks(format!("upload {id} is short or changed: {other:?}")),
    }
    let mut response = Response::new(Full::new(content(id, RESPONSE, length)));
    let origin = HeaderValue::from(origin);
    response.headers_mut().insert("x-origin", origin);
    response
}
