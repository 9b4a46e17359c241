//! The same client and the same origin, with nginx, HAProxy, Go's `ReverseProxy` and `OriginProxy`
//! between them: no answer is lost that one of the others delivers.

mod client;
mod origin;
mod proxies;
mod rows;

use std::fmt::Write;

use client::Client;
use origin::ScriptedOrigin;
use proxies::{Kind, Proxies};
use rows::{ROWS, Row};

use crate::support::Authority;

/// How often each proxy runs each row.
const RUNS: usize = 20;

/// The number of runs before the first loss, and that loss.
struct Delivered {
    count: usize,
    loss: Option<String>,
}

/// Runs a row through a proxy of this kind, until an answer is lost.
async fn run(row: &Row, proxies: &Proxies, kind: Kind, authority: &Authority) -> Delivered {
    let origin = ScriptedOrigin::start(row.origin, authority).await;
    let proxy = proxies
        .start(kind, origin.address(), row.origin, authority)
        .await;
    for count in 0..RUNS {
        let result = Client::run(proxy.address(), row.client).await;
        let result = match (result, row.uploads) {
            (Ok(()), Some(size)) => origin.received_upload_of(size).await,
            (result, _) => result,
        };
        if let Err(loss) = result {
            return Delivered {
                count,
                loss: Some(loss),
            };
        }
    }
    Delivered {
        count: RUNS,
        loss: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx, haproxy and go"]
async fn no_answer_is_lost_that_nginx_haproxy_or_go_delivers() {
    let proxies = Proxies::build();
    let authority = Authority::new();
    let mut lost = Vec::new();
    for row in ROWS {
        let ours = run(row, &proxies, Kind::Ours, &authority).await;
        let mut text = format!("{}: ours {}", row.name, ours.count);
        let mut is_delivered_by_another = false;
        for kind in Kind::peers(row.origin) {
            let other = run(row, &proxies, *kind, &authority).await;
            is_delivered_by_another |= other.loss.is_none();
            let _ = write!(text, ", {kind:?} {}", other.count);
        }
        println!("{text}");
        match ours.loss {
            Some(loss) if is_delivered_by_another && !row.is_lost_by_hyper => {
                lost.push(format!("{text}; {loss}"));
            }
            None if row.is_lost_by_hyper => lost.push(format!("{text}: hyper delivers it now")),
            _ => {}
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}
