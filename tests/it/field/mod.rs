//! Public reports, staged on the wire: what the edge does, how the proxy is set up, and the causes
//! and fixes that must be named.
//!
//! A report is added as one [`Case`](case::Case) in a file of `cases/`:
//!
//! ```text
//! Case::of("Rails with `force_ssl` redirects a request over http")
//!     .url("http://app.example.test")
//!     .responds(301, &[("location", "https://app.example.test/page")], "")
//!     .causes(&[(HttpsRequired, Likely, "client_scheme(Scheme::Https)")])
//!     .works_if_sent("x-forwarded-proto: https")
//!     .fixed_by(Fix::Proxy(https)),
//! ```
//!
//! Afterwards, `BLESS=1 cargo test --all-features --test it field` writes the table of the guide.
//!
//! | file | holds |
//! |---|---|
//! | `case` | a case and its parts |
//! | `cases/` | the cases, one file per part of a connection's life |
//! | `edge` | the edge, which does what the case says |
//! | `run` | one exchange with that edge, and its diagnosis |
//! | `table` | the table of the guide |

mod case;
mod cases;
mod edge;
mod run;
mod table;

use cdn_origin::diagnosis::CauseId;
use futures_util::future::join_all;

use self::{
    case::{Case, Fix},
    cases::SECTIONS,
    run::{Client, Run},
};

fn all() -> impl Iterator<Item = &'static Case> {
    SECTIONS.iter().flat_map(|(_, cases)| *cases)
}

/// The causes that a case stages.
pub(crate) fn causes() -> impl Iterator<Item = CauseId> {
    all().flat_map(|case| case.expected.iter().map(|(id, ..)| *id))
}

/// Runs the cases some at a time, and collects what is wrong.
async fn check<F: Future<Output = Vec<String>>>(
    cases: impl Iterator<Item = &'static Case>,
    run: impl Fn(&'static Case) -> F,
) {
    let cases: Vec<_> = cases.collect();
    let mut wrong = Vec::new();
    for some in cases.chunks(8) {
        let found = join_all(some.iter().map(|case| run(case))).await;
        wrong.extend(found.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn every_case_has_the_causes_and_fixes_that_it_names() {
    check(all(), |case| async move {
        let mut wrong = Vec::new();
        for run in Run::all_of(case) {
            wrong.extend(run.diagnose().await.differences(case, &run));
        }
        wrong
    })
    .await;
}

#[tokio::test]
async fn every_fix_works_once_it_is_applied() {
    let fixable = all().filter(|case| !matches!(case.fix, Fix::None));
    check(fixable, |case| async move {
        let mut wrong = Vec::new();
        for run in Run::all_of(case) {
            let fixed = run.fixed().diagnose().await;
            if !fixed.is_success() {
                wrong.push(format!("{}: the fix fails: {fixed}", case.symptom));
            }
        }
        wrong
    })
    .await;
}

#[tokio::test]
async fn the_guide_lists_every_case() {
    let mut rows = Vec::new();
    for case in all() {
        let outcome = Run::first_of(case, Client::Http1).diagnose().await;
        rows.push((case.symptom, outcome.diagnosis));
    }
    table::check(&rows);
}

#[test]
fn no_two_cases_share_their_words() {
    let mut symptoms: Vec<_> = all().map(|case| case.symptom).collect();
    symptoms.sort_unstable();
    let twice: Vec<_> = symptoms.windows(2).filter(|it| it[0] == it[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
