//! Origins that answer early and read on.

use cdn_origin::{CdnOriginConnector, OriginProxy};
use http::StatusCode;
use tokio::time::timeout;

use crate::{
    groups::failover,
    support::{Refused, refused_address},
};

use super::{
    DOWNSTREAMS, LARGE, PATIENCE, Upstream, client::Client, origin::reading_on, pairs, proxy, serve,
};

#[tokio::test]
async fn an_origin_that_answers_at_once_and_reads_on_gets_the_whole_upload() {
    for (down, up) in pairs() {
        for status in [StatusCode::ACCEPTED, StatusCode::UNAUTHORIZED] {
            for size in [200_000, LARGE] {
                let case = format!("{down:?} to {up:?}, {status}, {size}");
                let (connector, mut received) = reading_on(up, status).await;
                let proxy = proxy(connector);
                let mut client = Client::connect(down, serve(proxy.clone()).await).await;
                for _ in 0..3 {
                    let answer = client.upload(size).await.expect(&case);
                    assert_eq!((answer.status, &*answer.text), (status, "answer"), "{case}");
                    let whole = timeout(PATIENCE, received.recv()).await;
                    assert_eq!(whole.expect(&case), Some(size), "{case}");
                    let answer = client.get().await.expect(&case);
                    assert_eq!(answer.status, StatusCode::OK, "{case}");
                }
                let pool = proxy.snapshot().pool;
                assert_eq!((pool.opened, pool.open), (1, 1), "{case}");
            }
        }
    }
}

/// A proxy to an origin that refuses connections.
fn to(refused: &Refused) -> OriginProxy {
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    OriginProxy::new(connector.build().unwrap())
}

#[tokio::test]
async fn the_upload_goes_to_the_next_origin_of_a_group_and_on_after_its_early_answer() {
    for down in DOWNSTREAMS {
        let (connector, mut received) = reading_on(Upstream::Http, StatusCode::ACCEPTED).await;
        let refused = refused_address();
        let group = failover(to(&refused), proxy(connector)).build().unwrap();
        let mut client = Client::connect(down, serve(group).await).await;
        for _ in 0..3 {
            let answer = client.upload(LARGE).await.expect("an answer");
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{down:?}");
            let whole = timeout(PATIENCE, received.recv()).await;
            assert_eq!(whole.expect("an upload"), Some(LARGE), "{down:?}");
        }
    }
}

#[tokio::test]
async fn the_answer_of_a_group_without_an_origin_is_never_lost() {
    for down in DOWNSTREAMS {
        let refused = [refused_address(), refused_address()];
        let group = failover(to(&refused[0]), to(&refused[1])).build().unwrap();
        let mut client = Client::connect(down, serve(group).await).await;
        for _ in 0..3 {
            let answer = client.upload(LARGE).await.expect("an answer");
            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{down:?}");
        }
    }
}
