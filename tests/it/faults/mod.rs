//! The fault matrix: each fault at each point of an exchange, over each protocol.
//!
//! [`rows`] is the matrix. The test stages each cell, compares the outcome, and checks that the
//! pool balances afterwards. A cell is changed there, and then
//! `BLESS=1 cargo test --all-features --test it faults` writes the page of the guide.

mod cell;
mod mutations;
mod page;
mod rows;
mod run;
mod scene;
mod tunnel;

use std::{panic::catch_unwind, time::Duration};

use cdn_origin::{Error, ErrorKind, OriginProxy, proxy::Limits};
use http::{Method, StatusCode};
use http_body_util::Empty;
use tokio::{runtime::Builder, time::Instant};
use tower::ServiceExt;

use self::{
    cell::{Fault, Outcome, Point},
    rows::MATRIX,
    run::run,
    scene::{MAIN, Scene},
};
use crate::relay::Protocol;

/// Stages all cells of a protocol, each on a runtime of its own, and compares the outcomes.
fn check(index: usize) {
    let protocol = Protocol::ALL[index];
    let mut wrong = Vec::new();
    for (point, rows) in MATRIX {
        for (fault, outcomes) in rows {
            let expected = outcomes[index];
            if matches!(expected, Outcome::NotApplicable(_)) {
                continue;
            }
            let found = catch_unwind(|| {
                let mut runtime = Builder::new_current_thread();
                let runtime = runtime.enable_time().start_paused(true).build();
                runtime.unwrap().block_on(run(protocol, point, fault))
            });
            let found = found.map(|found| found.to_string());
            let found = found.unwrap_or_else(|_| String::from("the panic above"));
            if found != expected.to_string() {
                wrong.push(format!(
                    "{point:?}, {fault:?}: expected {expected}, found {found}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{protocol}:\n{}", wrong.join("\n"));
}

#[test]
fn each_fault_over_http_has_its_outcome_and_leaves_nothing_behind() {
    check(0);
}

#[test]
fn each_fault_over_https_and_http1_has_its_outcome_and_leaves_nothing_behind() {
    check(1);
}

#[test]
fn each_fault_over_https_and_http2_has_its_outcome_and_leaves_nothing_behind() {
    check(2);
}

#[test]
fn each_point_has_each_fault_and_no_two_rows_are_the_same() {
    for (index, (point, rows)) in MATRIX.iter().enumerate() {
        let others = &MATRIX[index + 1..];
        assert!(others.iter().all(|(other, _)| other != point), "{point:?}");
        let mut faults: Vec<_> = rows.iter().map(|(fault, _)| fault.to_string()).collect();
        faults.sort_unstable();
        faults.dedup();
        assert_eq!(faults.len(), rows.len(), "{point:?}");
    }
}

#[test]
fn the_guide_lists_the_matrix_and_the_mutations() {
    page::check();
}

/// The guide promises `ConnectionReset` for the requests of a connection that does not answer a
/// PING.
#[tokio::test(start_paused = true)]
async fn requests_on_a_silent_http2_connection_end_with_a_reset_after_its_ping() {
    let mut scene = Scene::new(Protocol::Https2, Point::ReusedPost, Fault::Drop);
    scene.proxy = OriginProxy::clone(&scene.proxy).limits(Limits::default());
    scene.other("/").await;
    let started = Instant::now();
    let request = scene::request(Method::POST, MAIN, Empty::<bytes::Bytes>::new());
    let Ok(response) = scene.proxy.clone().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let error = response.extensions().get::<Error>().unwrap().clone();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error:?}");
    assert_eq!(started.elapsed().as_secs(), 25);
    drop(response);
    scene.balances().await;
    assert!(started.elapsed() < Duration::from_secs(60));
}
