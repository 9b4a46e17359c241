//! What only one module, or one file, may use.

use super::{
    Source, assert_exceptions, assert_none,
    exceptions::SPAWNERS,
    paths::{Form, Place},
    sources,
};

/// Every place that offends outside the files in which it is allowed.
fn offences(allowed_in: impl Fn(&Source) -> bool, offends: impl Fn(&Place) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !allowed_in(source)) {
        let places = source.places.iter().filter(|place| offends(place));
        found.extend(places.map(|place| source.at(place.line, &place.text())));
    }
    found
}

fn is_in(source: &Source, module: &str) -> bool {
    source.top() == Some(module)
}

#[test]
fn rustls_is_named_in_tls_only() {
    let found = offences(
        |source| is_in(source, "tls"),
        |place| place.contains("rustls") && !place.starts_with(&["crate", "tls", "rustls"]),
    );
    assert_none(
        &found,
        "`rustls` is named in tls/, elsewhere as crate::tls::rustls",
    );
    let found = offences(
        |source| is_in(source, "tls") || is_in(source, "connector"),
        |place| {
            let crates = ["rustls", "rustls_pki_types", "tokio_rustls"];
            crates.iter().any(|name| place.contains(name))
        },
    );
    assert_none(&found, "only tls/ and connector/ use rustls");
}

#[test]
fn sockets_are_opened_in_dial_only() {
    let found = offences(
        |source| is_in(source, "dial"),
        |place| {
            let sockets: [&[&str]; 3] = [
                &["tokio", "net"],
                &["std", "net", "TcpStream"],
                &["socket2"],
            ];
            sockets.iter().any(|socket| place.starts_with(socket))
        },
    );
    assert_none(&found, "`tokio::net` is used in dial/");
}

#[test]
fn the_http_client_is_used_in_the_pool_only() {
    const TRAITS: [&str; 2] = ["Connected", "Connection"];
    let connect = ["hyper_util", "client", "legacy", "connect"];
    let found = offences(
        |source| is_in(source, "pool") || source.is_test,
        |place| {
            let is_client = place.starts_with(&["hyper", "client"])
                || place.starts_with(&["hyper_util", "client"]);
            let is_trait = place.starts_with(&connect)
                && place
                    .path
                    .get(4)
                    .is_some_and(|item| TRAITS.contains(&item.as_str()));
            is_client && !is_trait
        },
    );
    assert_none(&found, "`hyper::client` is used in pool/");
    let found = offences(
        |source| is_in(source, "pool") || source.file == "connector/origin_stream.rs",
        |place| place.starts_with(&["hyper_util", "client"]),
    );
    assert_none(
        &found,
        "only the connector's stream implements `Connection`",
    );
}

#[test]
fn http1_is_parsed_in_http1_only() {
    let found = offences(
        |source| is_in(source, "http1"),
        |place| place.starts_with(&["httparse"]),
    );
    assert_none(&found, "`httparse` is used in http1/");
}

#[test]
fn http2_frames_are_handled_in_http2_only() {
    const READERS: [&str; 2] = [
        "pool/send/failure.rs",
        "diagnosis/error_rules/diagnose_error.rs",
    ];
    let found = offences(
        |source| is_in(source, "http2") || READERS.contains(&source.file.as_str()),
        |place| place.starts_with(&["h2"]),
    );
    assert_none(
        &found,
        "`h2` is used in http2/, and its errors are read in two files",
    );
}

#[test]
fn sources_of_errors_are_walked_in_one_file_only() {
    let found = offences(
        |source| source.file == "error/source_chain.rs",
        |place| place.form == Form::MethodCall && place.ends_with("source"),
    );
    assert_none(&found, "only error/source_chain.rs walks along `source()`");
    // A report prints one level and does not walk.
    let found = offences(
        |source| ["error/source_chain.rs", "diagnosis/report.rs"].contains(&source.file.as_str()),
        |place| place.path.len() > 1 && place.form == Form::Code && place.ends_with("source"),
    );
    assert_none(&found, "only error/source_chain.rs walks along `source()`");
}

#[test]
fn no_module_below_the_connector_spawns_a_task() {
    let below = [
        "name",
        "edge",
        "origin",
        "error",
        "downstream",
        "tls",
        "dial",
    ];
    // Calls `getaddrinfo` on a blocking thread.
    let resolver = "dial/resolve/system_resolver.rs";
    let is_below = |source: &Source| below.iter().any(|module| is_in(source, module));
    let found = offences(
        |source| source.is_test || source.file == resolver || !is_below(source),
        spawns,
    );
    assert_none(&found, "no module below connector/ spawns a task");
}

#[test]
fn tasks_are_spawned_in_listed_files_only() {
    let sources = sources();
    let spawning = sources.iter().filter(|source| !source.is_test);
    let spawning = spawning.filter(|source| source.places.iter().any(spawns));
    let found: Vec<_> = spawning.map(|source| source.file.clone()).collect();
    assert_exceptions(
        &found,
        &SPAWNERS,
        "tasks are spawned by the types that own them",
    );
}

fn spawns(place: &Place) -> bool {
    ["spawn", "spawn_blocking", "spawn_local", "JoinSet"]
        .iter()
        .any(|name| place.ends_with(name))
}

#[test]
fn only_the_danger_module_makes_an_unverified_connection() {
    let makes_proof = |place: &Place| place.path == ["Unverified", "proof"];
    let is_danger = |source: &Source| source.file.starts_with("tls/verify/danger/");
    let found = offences(is_danger, makes_proof);
    assert_none(&found, "only tls/verify/danger/ makes an `Unverified`");
    let mut danger = sources().iter().filter(|source| is_danger(source));
    let makes_it = danger.any(|source| source.places.iter().any(makes_proof));
    assert!(makes_it, "the danger module makes an `Unverified`");
}
