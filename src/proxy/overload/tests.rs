//! Simulated origins on paused time: each case is exact, and takes no time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, interval, sleep, timeout},
};

use crate::error::{Deadline, ErrorKind, ExchangeTimeout, Fault, Stage};

use super::{AdaptiveConcurrency, RequestQueue};

const MS: Duration = Duration::from_millis(1);

/// An origin that works on some requests at a time. The others wait, even those of clients that
/// left.
#[derive(Clone)]
struct Origin {
    workers: Arc<Semaphore>,
}

impl Origin {
    fn new(workers: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    async fn answer(&self, time: Duration) {
        let workers = self.workers.clone();
        let work = async move {
            let _worker = workers.acquire_owned().await.unwrap();
            sleep(time).await;
        };
        tokio::spawn(work).await.unwrap();
    }
}

#[derive(Debug, Default)]
struct Counts {
    served: AtomicUsize,
    refused: AtomicUsize,
    left: AtomicUsize,
    most_awaiting: AtomicUsize,
}

impl Counts {
    fn all(&self) -> (usize, usize, usize) {
        let Self {
            served,
            refused,
            left,
            ..
        } = self;
        (
            served.load(Relaxed),
            refused.load(Relaxed),
            left.load(Relaxed),
        )
    }
}

/// Requests in front of an origin.
struct Scene {
    queue: RequestQueue,
    origin: Origin,
    requests: JoinSet<()>,
}

impl Scene {
    fn new(workers: usize) -> Self {
        let adaptive = AdaptiveConcurrency::default();
        Self {
            queue: RequestQueue::new(None, &adaptive, 64, Duration::from_secs(10)),
            origin: Origin::new(workers),
            requests: JoinSet::new(),
        }
    }

    fn send(&mut self, work: Duration, patience: Duration, counts: &Arc<Counts>) {
        let (queue, origin, counts) = (self.queue.clone(), self.origin.clone(), counts.clone());
        self.requests.spawn(async move {
            let exchange = async {
                let Ok(mut permit) = queue.enter(None).await else {
                    return false;
                };
                let awaiting = queue.snapshot().awaiting;
                counts.most_awaiting.fetch_max(awaiting, Relaxed);
                origin.answer(work).await;
                permit.response_started();
                true
            };
            let counter = match timeout(patience, exchange).await {
                Ok(true) => &counts.served,
                Ok(false) => &counts.refused,
                Err(_) => &counts.left,
            };
            counter.fetch_add(1, Relaxed);
        });
    }

    /// Sends this number of requests a second, for some seconds. The work of each is by its number.
    async fn load(
        &mut self,
        rate: u32,
        seconds: u32,
        patience: Duration,
        work: impl Fn(u32) -> Duration,
    ) -> Arc<Counts> {
        let counts = Arc::<Counts>::default();
        let mut pace = interval(Duration::from_secs(1) / rate);
        for number in 0..rate * seconds {
            pace.tick().await;
            self.send(work(number), patience, &counts);
            while self.requests.try_join_next().is_some() {}
        }
        counts
    }

    fn is_limited(&self) -> bool {
        self.queue.snapshot().limit.is_some()
    }
}

/// Eight workers of 26 ms each: about 300 requests a second.
fn usual(_: u32) -> Duration {
    26 * MS
}

#[tokio::test(start_paused = true)]
async fn at_multiples_of_the_capacity_an_origin_answers_as_many_as_at_its_capacity() {
    for patience in [Duration::from_secs(1), Duration::from_secs(60)] {
        for rate in [600, 1200] {
            let mut scene = Scene::new(8);
            scene.load(150, 5, patience, usual).await;
            // The time until the overload is seen counts too.
            let counts = scene.load(rate, 20, patience, usual).await;
            let (served, refused, left) = counts.all();
            assert!(served >= 20 * 270, "{rate}, {patience:?}: {counts:?}");
            assert!(left < rate as usize, "{rate}, {patience:?}: {counts:?}");
            assert!(refused > 20 * 200, "{rate}, {patience:?}: {counts:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_is_overloaded_from_the_first_request_on_is_protected_too() {
    let patience = Duration::from_secs(1);
    let mut scene = Scene::new(8);
    let counts = scene.load(600, 20, patience, usual).await;
    let (served, _, _) = counts.all();
    assert!(served >= 20 * 270, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_origin_that_is_overloaded_is_protected_too() {
    let patience = Duration::from_secs(3);
    // Ten requests a second.
    let work = |_| 200 * MS;
    let mut scene = Scene::new(2);
    scene.load(5, 20, patience, work).await;
    scene.load(20, 15, patience, work).await;
    let counts = scene.load(20, 60, patience, work).await;
    let (served, _, _) = counts.all();
    assert!(served >= 60 * 9, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn after_the_overload_there_is_no_limit() {
    let patience = Duration::from_secs(1);
    let mut scene = Scene::new(8);
    scene.load(150, 5, patience, usual).await;
    scene.load(600, 10, patience, usual).await;
    assert!(scene.is_limited());
    let counts = scene.load(150, 30, patience, usual).await;
    assert!(!scene.is_limited());
    let (served, _, _) = counts.all();
    assert!(served >= 30 * 150 - 100, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn more_load_at_an_equal_latency_is_never_limited() {
    let patience = Duration::from_secs(60);
    let mut scene = Scene::new(10_000);
    for rate in [50, 500, 5000, 50] {
        let counts = scene.load(rate, 5, patience, usual).await;
        let (_, refused, left) = counts.all();
        assert_eq!((refused, left), (0, 0));
        assert!(!scene.is_limited());
    }
}

#[tokio::test(start_paused = true)]
async fn any_share_of_long_polls_is_never_limited() {
    let patience = Duration::from_secs(60);
    let mut scene = Scene::new(100_000);
    for share in [0, 1, 5, 9, 10] {
        // A fixed sequence that looks random.
        let work = move |number: u32| match number.wrapping_mul(2_654_435_761) >> 16 & 15 {
            it if it < share => Duration::from_secs(20),
            _ => 5 * MS,
        };
        let counts = scene.load(200, 60, patience, work).await;
        let (_, refused, left) = counts.all();
        assert_eq!((refused, left), (0, 0), "{share} of 16 are long polls");
        assert!(!scene.is_limited());
    }
}

#[tokio::test(start_paused = true)]
async fn long_polls_pass_an_origin_that_only_serves_them() {
    let patience = Duration::from_secs(60);
    let mut scene = Scene::new(100_000);
    let work = |number: u32| Duration::from_secs(u64::from(number * 7 % 30));
    // At first, only short ones have ended, which makes the others look delayed.
    let counts = scene.load(50, 60, patience, work).await;
    let (_, refused, left) = counts.all();
    assert!(refused < 60 && left == 0, "{counts:?}");
    let counts = scene.load(50, 120, patience, work).await;
    let (_, refused, left) = counts.all();
    assert_eq!((refused, left), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_becomes_slower_gets_all_requests_after_some_seconds() {
    let patience = Duration::from_secs(60);
    let mut scene = Scene::new(100_000);
    scene.load(200, 10, patience, |_| 20 * MS).await;
    let slower = |_| 800 * MS;
    let counts = scene.load(200, 20, patience, slower).await;
    let (_, refused, _) = counts.all();
    assert!(refused < 200 * 6, "{counts:?}");
    assert!(!scene.is_limited());
    let counts = scene.load(200, 20, patience, slower).await;
    let (_, refused, left) = counts.all();
    assert_eq!((refused, left), (0, 0));
    assert!(!scene.is_limited());
}

#[tokio::test(start_paused = true)]
async fn a_standing_queue_serves_the_newest_and_refuses_the_oldest() {
    let off = AdaptiveConcurrency::off();
    let queue = RequestQueue::new(Some(1), &off, 2, Duration::from_secs(10));
    let running = queue.enter(None).await.unwrap();
    let enter = || {
        let queue = queue.clone();
        tokio::spawn(async move { queue.enter(None).await })
    };
    let oldest = enter();
    tokio::task::yield_now().await;
    let second = enter();
    tokio::task::yield_now().await;
    assert!(
        enter().await.unwrap().is_err(),
        "a burst is served in order"
    );
    let start = Instant::now();
    sleep(100 * MS).await;
    let newest = enter();
    assert!(oldest.await.unwrap().is_err());
    drop(running);
    drop(newest.await.unwrap().unwrap());
    assert!(second.await.unwrap().is_ok());
    assert_eq!(start.elapsed(), 100 * MS);
    assert_eq!(queue.snapshot().refused, 2);
    assert_eq!(queue.snapshot().awaiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_would_wait_beyond_its_deadline_is_refused_at_once() {
    let patience = Duration::from_secs(1);
    let mut scene = Scene::new(8);
    scene.load(150, 5, patience, usual).await;
    scene.load(600, 10, patience, usual).await;
    scene.requests.join_all().await;
    let queue = &scene.queue;
    let mut admitted = Vec::new();
    while queue.snapshot().awaiting < queue.snapshot().limit.unwrap() {
        admitted.push(queue.enter(None).await.unwrap());
    }
    let waiting: Vec<_> = (0..30)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.enter(None).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(queue.snapshot().queued, 30);
    let within = |time| Deadline::new(Instant::now(), time, ExchangeTimeout::Client);

    // Thirty requests take 100 ms.
    let refused = queue.enter(Some(within(50 * MS))).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.stage()),
        (ErrorKind::TimedOut, Stage::Prepare)
    );
    assert_eq!(refused.fault(), Fault::Client);
    let expected = "request cannot be sent: client's deadline of 50ms cannot be met";
    assert_eq!(refused.to_string(), expected);

    let in_time = tokio::spawn({
        let (queue, deadline) = (queue.clone(), within(500 * MS));
        async move { queue.enter(Some(deadline)).await }
    });
    tokio::task::yield_now().await;
    drop(admitted);
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_ok());
    }
    assert!(in_time.await.unwrap().is_ok());
}
