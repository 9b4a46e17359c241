//! Setups of nginx and HAProxy and what the importers make of them, before the same origin and the
//! same client: the origin receives the same requests, and the client the same responses.
//!
//! The setups are those of `tests/it/import`. Addresses, ports and paths of files are replaced, and
//! what Debian's packages do not know is left out. nginx gets the test's authority, because the
//! import verifies certificates.

mod haproxy_rows;
mod nginx_rows;
mod observed;
mod rows;
mod setup;

use std::collections::BTreeSet;

use axum::Router;
use cdn_origin::{OriginProxy, import::Imported};

use observed::{Observed, Origin};
use rows::Row;
use setup::Setup;

use crate::support::{Authority, Site};

/// Compares one row, and returns what is wrong.
async fn compare(row: &Row, authority: &Authority) -> Vec<String> {
    let origin = Origin::start(row, authority).await;
    let setup = Setup::prepare(row, &origin, authority);

    let server = setup.server();
    let theirs = origin.observe(row, server.address()).await;
    drop(server);
    let site = Site::serve(Router::new().fallback_service(imported(row, &setup.imported))).await;
    let ours = origin.observe(row, site.address()).await;
    differences(row, &setup.text, &theirs, &ours)
}

/// The proxy of the row's section. If it has several servers, all of them are the same origin.
fn imported(row: &Row, imported: &Imported) -> OriginProxy {
    let mut origins = imported.origins().iter();
    let origin = origins.find(|origin| row.section.is_none_or(|name| origin.section == name));
    let origin = origin.unwrap_or_else(|| panic!("{}: no origin: {imported:?}", row.setup));
    OriginProxy::try_from(&origin.config).unwrap_or_else(|error| panic!("{}: {error}", row.setup))
}

/// The differences that the row does not list, and those that it lists in vain.
fn differences(row: &Row, text: &str, theirs: &Observed, ours: &Observed) -> Vec<String> {
    let keys: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
    let mut unused: BTreeSet<_> = row.differs.iter().map(|(key, _)| *key).collect();
    let mut wrong = Vec::new();
    for key in keys {
        let (theirs, ours) = (theirs.get(key), ours.get(key));
        if theirs == ours || rows::differs_always(key, text) {
            continue;
        }
        unused.remove(key.as_str());
        unused.remove("*");
        let mut listed = row.differs.iter();
        if !listed.any(|(listed, _)| *listed == "*" || listed == key) {
            wrong.push(format!("{}: {key}: {theirs:?} became {ours:?}", row.setup));
        }
    }
    let same = unused
        .iter()
        .map(|key| format!("{}: {key} is the same", row.setup));
    wrong.extend(same);
    wrong
}

async fn compare_all(rows: &[Row]) {
    let authority = Authority::new();
    let mut wrong = Vec::new();
    for row in rows {
        wrong.extend(compare(row, &authority).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx"]
async fn imported_setups_of_nginx_do_what_nginx_does() {
    compare_all(nginx_rows::ROWS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs haproxy"]
async fn imported_setups_of_haproxy_do_what_haproxy_does() {
    compare_all(haproxy_rows::ROWS).await;
}
