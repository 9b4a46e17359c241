//! A primary that dies and comes back all the time.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use cdn_origin::group::{Ejection, OriginGroup};
use futures_util::future::join_all;
use http::{Method, StatusCode};

use super::{Site, ask, failover};

/// What came of the requests: good and failed GETs, and POSTs.
#[derive(Debug, Default)]
struct Outcomes {
    gets: usize,
    failed: usize,
    /// The statuses of the failed ones.
    statuses: BTreeMap<u16, usize>,
    posts: usize,
    /// POSTs that an origin received more than once.
    repeated: usize,
}

/// Sends requests to a group, every fifth of them a POST, and counts what came of them.
struct Load {
    group: OriginGroup,
    sites: [Site; 2],
    sent: Vec<tokio::task::JoinHandle<(Method, StatusCode)>>,
    count: usize,
}

impl Load {
    async fn new() -> Self {
        let sites = [Site::new("primary"), Site::new("backup")];
        let [primary, backup] = &sites;
        let moment = Duration::from_millis(50);
        let (primary, backup) = (
            primary.connector_by_tcp().await,
            backup.connector_by_tcp().await,
        );
        // It returns as fast as it goes, so that most requests meet a change.
        let ejection = Ejection::default().time(moment).longest(moment).trials(1);
        let group = failover(primary, backup)
            .ejection(ejection)
            .build()
            .unwrap();
        Self {
            group,
            sites,
            sent: Vec::new(),
            count: 0,
        }
    }

    fn send(&mut self) {
        self.count += 1;
        let (group, number) = (self.group.clone(), self.count);
        self.sent.push(tokio::spawn(async move {
            match number % 5 {
                0 => {
                    let content = format!("|{number}|").leak();
                    (Method::POST, ask(&group, Method::POST, content).await.0)
                }
                _ => (Method::GET, ask(&group, Method::GET, "").await.0),
            }
        }));
    }

    async fn outcomes(self) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for sent in join_all(self.sent).await {
            match sent.unwrap() {
                (Method::POST, _) => outcomes.posts += 1,
                (_, StatusCode::OK) => outcomes.gets += 1,
                (_, status) => {
                    outcomes.gets += 1;
                    outcomes.failed += 1;
                    *outcomes.statuses.entry(status.as_u16()).or_default() += 1;
                }
            }
        }
        let mut seen = HashMap::<Vec<u8>, usize>::new();
        for site in &self.sites {
            for content in site.0.contents.lock().unwrap().iter() {
                *seen.entry(content.clone()).or_default() += 1;
            }
        }
        outcomes.repeated = seen.values().filter(|count| **count > 1).count();
        outcomes
    }
}

#[tokio::test]
async fn a_primary_that_flaps_costs_no_get_and_repeats_no_post() {
    let mut load = Load::new().await;
    for _ in 0..5 {
        let primary = load.sites[0].clone();
        let before = primary.requests();
        while primary.requests() < before + 30 {
            load.send();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        primary.kill();
        for _ in 0..20 {
            load.send();
            tokio::task::yield_now().await;
        }
        primary.revive();
    }
    let outcomes = load.outcomes().await;
    assert_eq!((outcomes.failed, outcomes.repeated), (0, 0), "{outcomes:?}");
}

/// The long form, with the figures of the guide: `cargo test flaps_for_a_minute -- --ignored`.
#[tokio::test]
#[ignore = "takes a minute"]
async fn a_primary_that_flaps_for_a_minute_costs_hardly_a_get_and_repeats_no_post() {
    let mut load = Load::new().await;
    let primary = load.sites[0].clone();
    let flapping = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            primary.kill();
            tokio::time::sleep(Duration::from_millis(200)).await;
            primary.revive();
        }
    });
    let mut rate = tokio::time::interval(Duration::from_secs(1) / 300);
    for _ in 0..300 * 60 {
        rate.tick().await;
        load.send();
    }
    flapping.abort();
    let outcomes = load.outcomes().await;
    println!("{outcomes:?}");
    assert_eq!(outcomes.repeated, 0, "{outcomes:?}");
    assert!(outcomes.failed * 1000 <= outcomes.gets, "{outcomes:?}");
}
