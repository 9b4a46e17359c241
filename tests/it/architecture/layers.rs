//! Which module may import which.

use super::{Source, assert_none, paths::Place, sources};

/// What each module may import. The order is that of the layers: nothing imports upwards.
const MAY_IMPORT: [(&str, &[&str]); 32] = [
    ("guide", &[]),
    ("field_lines", &[]),
    ("invalid_value", &[]),
    ("name", &["invalid_value"]),
    ("edge", &["name"]),
    ("origin", &["invalid_value", "name"]),
    ("error", &["invalid_value", "name", "origin"]),
    ("downstream", &["invalid_value", "name", "origin"]),
    ("tls", &["error", "name"]),
    ("dial", &["error", "name", "downstream"]),
    ("upload", &["error"]),
    ("diagnosis", &["edge", "error", "name", "origin"]),
    ("trace_context", &["invalid_value"]),
    (
        "observe",
        &[
            "name",
            "origin",
            "error",
            "diagnosis",
            "upload",
            "trace_context",
        ],
    ),
    (
        "connector",
        &[
            "name",
            "edge",
            "origin",
            "error",
            "downstream",
            "tls",
            "dial",
            "observe",
        ],
    ),
    ("http1", &["field_lines", "error", "upload"]),
    ("http2", &["error", "upload"]),
    ("host_rewrite", &["error", "name"]),
    (
        "forwarded",
        &["field_lines", "name", "origin", "downstream"],
    ),
    (
        "response_rewrite",
        &["invalid_value", "name", "origin", "downstream"],
    ),
    (
        "response_diagnosis",
        &["diagnosis", "error", "name", "origin"],
    ),
    (
        "pool",
        &[
            "field_lines",
            "name",
            "error",
            "origin",
            "downstream",
            "connector",
            "observe",
            "upload",
            "http1",
            "http2",
        ],
    ),
    (
        "probe",
        &[
            "name",
            "edge",
            "origin",
            "error",
            "tls",
            "dial",
            "connector",
            "diagnosis",
            "observe",
            "response_diagnosis",
            "upload",
            "pool",
        ],
    ),
    (
        "proxy",
        &[
            "field_lines",
            "name",
            "origin",
            "error",
            "downstream",
            "connector",
            "host_rewrite",
            "forwarded",
            "response_diagnosis",
            "response_rewrite",
            "diagnosis",
            "observe",
            "upload",
            "http1",
            "pool",
        ],
    ),
    (
        "group",
        &[
            "name",
            "origin",
            "error",
            "downstream",
            "diagnosis",
            "connector",
            "observe",
            "pool",
            "proxy",
        ],
    ),
    (
        "tenants",
        &[
            "name",
            "origin",
            "error",
            "downstream",
            "connector",
            "upload",
            "pool",
            "proxy",
            "group",
        ],
    ),
    (
        "adapt",
        &[
            "name",
            "origin",
            "error",
            "tls",
            "dial",
            "diagnosis",
            "connector",
            "pool",
            "response_diagnosis",
        ],
    ),
    (
        "config",
        &[
            "name",
            "origin",
            "error",
            "tls",
            "dial",
            "connector",
            "diagnosis",
            "host_rewrite",
            "forwarded",
            "response_rewrite",
            "observe",
            "pool",
            "proxy",
            "group",
            "tenants",
        ],
    ),
    ("import", &["config", "error"]),
    ("access_log", &["downstream", "observe", "trace_context"]),
    (
        "metrics",
        &[
            "name", "origin", "error", "observe", "pool", "proxy", "group", "tenants",
        ],
    ),
    ("server_timing", &["observe"]),
];

/// What lib.rs re-exports, and the module that it comes from.
const RE_EXPORTS: [(&str, &str); 10] = [
    ("BuildError", "error"),
    ("CdnOriginConnector", "connector"),
    ("Error", "error"),
    ("ForwardedLayer", "forwarded"),
    ("HostRewriteLayer", "host_rewrite"),
    ("OriginProxy", "proxy"),
    ("ResponseRewriteLayer", "response_rewrite"),
    ("probe", "probe"),
    ("TlsVersion", "error"),
    ("VerifyPolicy", "tls"),
];

fn allowed(of: &str) -> &'static [&'static str] {
    let entry = MAY_IMPORT.iter().find(|(module, _)| *module == of);
    entry.map_or(&[], |(_, allowed)| allowed)
}

/// The module that this path leads to, if the file may not import it. An item that lib.rs
/// re-exports counts as one of its module.
fn forbidden<'a>(source: &Source, place: &'a Place) -> Option<&'a str> {
    let (of, to) = (source.top()?, place.top()?);
    let re_export = RE_EXPORTS.iter().find(|(item, _)| *item == to);
    let to = re_export.map_or(to, |(_, module)| module);
    let is_allowed = to == of || allowed(of).contains(&to);
    (!is_allowed).then_some(to)
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut found = Vec::new();
    for source in sources() {
        for place in &source.places {
            let Some(to) = forbidden(source, place) else {
                continue;
            };
            let of = source.top().unwrap_or_default();
            let may = allowed(of);
            let text = place.text();
            let what = format!("`{text}` is of {to}, and {of} may import {may:?}");
            found.push(source.at(place.line, &what));
        }
    }
    assert_none(&found, "layers import downward only");
}

#[test]
fn no_path_climbs_two_modules() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        let climbing = |place: &&Place| place.starts_with(&["super", "super"]);
        let places = source.places.iter().filter(climbing);
        found.extend(places.map(|place| source.at(place.line, &place.text())));
    }
    assert_none(
        &found,
        "instead of `super::super` it is `crate::module::Item`",
    );
}

#[test]
fn the_table_has_every_module() {
    let sources = sources();
    let mut modules: Vec<_> = sources.iter().filter_map(Source::top).collect();
    modules.dedup();
    let mut table: Vec<_> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    table.sort_unstable();
    assert_eq!(modules, table);
}

#[test]
fn the_table_leads_downward_only() {
    for (layer, (module, allowed)) in MAY_IMPORT.iter().enumerate() {
        for other in *allowed {
            let mut below = MAY_IMPORT[..layer].iter();
            let is_below = below.any(|(module, _)| module == other);
            assert!(is_below, "{module} imports {other}, which is not below it");
        }
    }
}

#[test]
fn lib_rs_re_exports_what_the_table_says() {
    let sources = sources();
    let root = sources.iter().find(|source| source.top().is_none());
    let root = root.expect("lib.rs");
    for (item, module) in RE_EXPORTS {
        let mut places = root.places.iter();
        let found = places.any(|place| place.starts_with(&[module]) && place.ends_with(item));
        assert!(found, "lib.rs re-exports {item} of {module}");
    }
}

#[test]
fn a_forbidden_import_is_found() {
    let text = "use super::x;\nuse crate::{dial::DialFailure, error::Error};\n\
                use crate::OriginProxy;\n";
    let source = Source::parse("tls/handshake.rs", text);
    let places = source.places.iter();
    let found: Vec<_> = places
        .filter_map(|place| forbidden(&source, place))
        .collect();
    assert_eq!(found, ["dial", "proxy"]);
}
