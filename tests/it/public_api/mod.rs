//! The public API as a text file, so that each change of it shows in a diff.
//!
//! `tests/public-api.txt` lists every public item of the crate with all features. After an intended
//! change, `BLESS=1 cargo test --all-features --test it public_api` writes it anew.

mod listing;
mod text;

use std::{collections::BTreeSet, env, fs, path::Path};

/// Crates whose types may appear in public signatures. A breaking release of one of them is a
/// breaking change here too. So is one of tonic, whose body an implementation has.
const FOREIGN_CRATES: [&str; 10] = [
    "bytes",
    "http",
    "hyper",
    "ipnet",
    "reqwest",
    "rustls",
    "tokio",
    "tokio_tungstenite",
    "tower",
    "tower_service",
];

#[test]
fn the_public_api_is_as_listed() {
    let listed = listing::Listing::new().text();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/public-api.txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &listed).expect("a writable list");
        return;
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let (before, now): (BTreeSet<_>, BTreeSet<_>) =
        (committed.lines().collect(), listed.lines().collect());
    let gone = before.difference(&now).map(|line| format!("- {line}\n"));
    let new = now.difference(&before).map(|line| format!("+ {line}\n"));
    let diff: String = gone.chain(new).collect();
    assert!(
        committed == listed,
        "the public API differs from tests/public-api.txt:\n{diff}\
         If that is intended: BLESS=1 cargo test --all-features --test it public_api"
    );
}

/// Callers reach them by `Layer::Service`, `Service::Future` and `Service::Response`. A name of
/// their own would be a page of rustdoc without a call.
#[test]
fn services_of_layers_their_futures_and_their_bodies_have_no_public_name() {
    let listed = listing::Listing::new();
    assert_eq!(listed.implementers(" Future for "), [""; 0]);
    assert_eq!(
        listed.implementers(" Service<"),
        [
            "OriginChannel",
            "CdnOriginConnector",
            "OriginGroup",
            "OriginProxy",
            "VirtualHosts"
        ]
    );
    // `OriginProxy::map_response` and `replace_content` take and return it.
    let bodies = listed.implementers(" Body for ");
    assert_eq!(bodies, ["ProxyBody"]);
}

#[test]
fn only_listed_crates_appear_in_public_signatures() {
    let found = listing::Listing::new().foreign_crates();
    let allowed: BTreeSet<_> = FOREIGN_CRATES.into_iter().map(str::to_owned).collect();
    assert_eq!(found, allowed, "the crates in public signatures");
}
