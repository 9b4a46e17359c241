//! Origins that answer early and read on.

use http::StatusCode;
use tokio::time::timeout;

use super::{LARGE, PATIENCE, client::Client, origin::reading_on, pairs, proxy, serve};

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
                let pool = proxy.pool_snapshot();
                assert_eq!((pool.opened(), pool.open()), (1, 1), "{case}");
            }
        }
    }
}
