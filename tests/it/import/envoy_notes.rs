//! Single fields of Envoy: what their notes say, and where errors are.

use cdn_origin::import::{self, Imported, NoteKind};

use super::notes_of;

/// A cluster with one endpoint and these fields.
pub(super) fn cluster(fields: &str) -> Imported {
    let text = format!(
        r#"{{ "name": "a", {fields} "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [
        {{ "endpoint": {{ "address": {{ "socket_address": {{
        "address": "origin.example", "port_value": 80 }} }} }} }}] }}] }} }}"#
    );
    import::envoy(&text).unwrap_or_else(|error| panic!("{fields}: {error}"))
}

/// The kinds of the notes about a field.
pub(super) fn kinds(imported: &Imported, field: &str) -> Vec<NoteKind> {
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive == field);
    notes.map(|note| note.kind).collect()
}

#[test]
fn each_value_of_a_field_has_its_kind() {
    use NoteKind::{ByHand, Mapped, NoEffect, Refused, Unmapped};
    let rows = [
        (r#""connect_timeout": "0.25s","#, "connect_timeout", Mapped),
        (r#""connectTimeout": "5s","#, "connect_timeout", Mapped),
        (r#""connect_timeout": "0s","#, "connect_timeout", Refused),
        (r#""connect_timeout": "250ms","#, "connect_timeout", Refused),
        (r#""connect_timeout": 5,"#, "connect_timeout", Refused),
        (r#""connect_timeout": {},"#, "connect_timeout", Refused),
        (r#""connect_timeout": null,"#, "connect_timeout", NoEffect),
        (r#""type": "STRICT_DNS","#, "type", Mapped),
        (r#""type": "EDS","#, "type", Refused),
        (r#""type": "frob","#, "type", Refused),
        (r#""type": 2,"#, "type", Refused),
        (r#""lb_policy": "LEAST_REQUEST","#, "lb_policy", Mapped),
        (r#""lb_policy": "ROUND_ROBIN","#, "lb_policy", NoEffect),
        (r#""lb_policy": "MAGLEV","#, "lb_policy", ByHand),
        (
            r#""dns_lookup_family": "V6_ONLY","#,
            "dns_lookup_family",
            Mapped,
        ),
        (
            r#""dns_lookup_family": "V5","#,
            "dns_lookup_family",
            Refused,
        ),
        (r#""circuit_breakers": 1,"#, "circuit_breakers", Refused),
        (
            r#""circuit_breakers": { "thresholds": {} },"#,
            "circuit_breakers.thresholds",
            Refused,
        ),
        (
            r#""circuit_breakers": { "thresholds": [{ "max_connections": "7" }] },"#,
            "thresholds.max_connections",
            Mapped,
        ),
        (
            r#""circuit_breakers": { "thresholds": [{ "max_connections": -7 }] },"#,
            "thresholds.max_connections",
            Refused,
        ),
        (r#""common_lb_config": {},"#, "common_lb_config", NoEffect),
        (r#""common_lb_config": "x","#, "common_lb_config", Refused),
        (
            r#""common_lb_config": { "x": 1 },"#,
            "common_lb_config.x",
            Unmapped,
        ),
        (
            r#""outlier_detection": { "consecutive5xx": 5 },"#,
            "outlier_detection.consecutive_5xx",
            NoEffect,
        ),
        (r#""frobnicate": { "a": [1, 2] },"#, "frobnicate", Unmapped),
        (r#""frobnicate": null,"#, "frobnicate", Unmapped),
        (r#""transport_socket": {},"#, "transport_socket", Refused),
        (
            r#""transport_socket": { "name": "envoy.transport_sockets.raw_buffer" },"#,
            "transport_socket",
            Mapped,
        ),
        (
            r#""transport_socket": { "typed_config": { "@type": "a.b.Tap" } },"#,
            "transport_socket",
            Refused,
        ),
        (r#""tls_context": { "sni": "" },"#, "tls_context", Mapped),
        (r#""tls_context": { "sni": "a b" },"#, "sni", Refused),
        (
            r#""tls_context": { "common_tls_context": { "tls_params": {
            "tls_maximum_protocol_version": "TLSv1_1" } } },"#,
            "common_tls_context.tls_params.tls_maximum_protocol_version",
            Refused,
        ),
        (
            r#""tls_context": { "common_tls_context": { "validation_context": {
            "verify_certificate_spki": ["short"] } } },"#,
            "validation_context.verify_certificate_spki",
            Refused,
        ),
        (
            r#""tls_context": { "common_tls_context": { "validation_context": {
            "match_subject_alt_names": [{ "safe_regex": {} }] } } },"#,
            "validation_context.match_subject_alt_names",
            Refused,
        ),
        (
            r#""tls_context": { "common_tls_context": { "validation_context": {
            "trusted_ca": { "inline_string": "PEM" } } } },"#,
            "validation_context.trusted_ca",
            ByHand,
        ),
        (
            r#""http2_protocol_options": { "max_concurrent_streams": 1 },"#,
            "http2_protocol_options.max_concurrent_streams",
            NoEffect,
        ),
    ];
    for (fields, field, kind) in rows {
        let kinds = kinds(&cluster(fields), field);
        assert_eq!(kinds.first(), Some(&kind), "{fields}");
    }
}

#[test]
fn each_field_of_a_route_has_its_kind() {
    use NoteKind::{ByHand, Mapped, NoEffect, Refused, Unmapped};
    let rows = [
        (r#""timeout": "0s""#, "route.timeout", Mapped),
        (r#""timeout": "x""#, "route.timeout", Refused),
        (r#""prefix_rewrite": "/b/""#, "route.prefix_rewrite", Mapped),
        (r#""prefix_rewrite": "b""#, "route.prefix_rewrite", Refused),
        (
            r#""host_rewrite_literal": "a b""#,
            "route.host_rewrite_literal",
            Refused,
        ),
        (
            r#""auto_host_rewrite": false"#,
            "route.auto_host_rewrite",
            NoEffect,
        ),
        (
            r#""host_rewrite_header": "x""#,
            "route.host_rewrite_header",
            ByHand,
        ),
        (r#""hash_policy": []"#, "route.hash_policy", NoEffect),
        (
            r#""retry_policy": { "num_retries": 3 }"#,
            "retry_policy.num_retries",
            NoEffect,
        ),
        (
            r#""retry_policy": { "retry_on": "retriable-status-codes",
            "retriable_status_codes": [7] }"#,
            "route.retry_policy",
            Refused,
        ),
        (r#""frobnicate": 1"#, "route.frobnicate", Unmapped),
    ];
    for (action, field, kind) in rows {
        let text = format!(
            r#"[{{ "match": {{ "prefix": "/a/" }}, "route": {{ "cluster": "a", {action} }} }},
            {{ "name": "a", "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [
            {{ "endpoint": {{ "address": {{ "socket_address": {{
            "address": "10.0.0.1", "port_value": 80 }} }} }} }}] }}] }} }}]"#
        );
        let imported = import::envoy(&text).unwrap();
        assert_eq!(kinds(&imported, field), [kind], "{action}");
        assert_eq!(imported.origins()[0].section, "cluster a at /a/");
    }
}

#[test]
fn the_first_of_two_fields_counts_whatever_their_case() {
    let imported = cluster(r#""connect_timeout": "1s", "connectTimeout": "2s","#);
    let note = notes_of(&imported, NoteKind::Refused).next().unwrap();
    assert_eq!(note.directive, "connectTimeout");
    assert_eq!(note.text, "the field occurs twice: the first one counts");
    assert!(
        imported.code().contains(".connect(Duration::from_secs(1))"),
        "{}",
        imported.code()
    );
}

#[test]
fn a_text_without_endpoints_has_no_origin_and_says_why() {
    let rows = [
        ("{}", "load_assignment"),
        ("[{}, {}]", "name"),
        (r#"{ "clusters": [{}] }"#, "load_assignment"),
        (r#"{ "load_assignment": {} }"#, "load_assignment"),
        (
            r#"{ "load_assignment": { "endpoints": [] } }"#,
            "load_assignment.endpoints",
        ),
        (
            r#"{ "load_assignment": { "endpoints": [1] } }"#,
            "endpoints",
        ),
        (
            r#"{ "load_assignment": { "endpoints": [{ "lb_endpoints": [{}] }] } }"#,
            "lb_endpoints",
        ),
        (
            r#"{ "load_assignment": { "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address":
            { "socket_address": { "address": "a.example" } } } }] }] } }"#,
            "lb_endpoints",
        ),
        (
            r#"{ "match": {}, "route": { "cluster": "a" } }"#,
            "route.cluster",
        ),
    ];
    for (text, field) in rows {
        let imported = import::envoy(text).unwrap();
        assert!(imported.origins().is_empty(), "{text}");
        assert!(
            kinds(&imported, field).contains(&NoteKind::Refused),
            "{text}: {imported:?}"
        );
    }
    for text in [
        "[]",
        r#"{ "clusters": [] }"#,
        r#"{ "static_resources": {} }"#,
    ] {
        assert!(import::envoy(text).unwrap().origins().is_empty(), "{text}");
    }
}

/// Each route repeats the endpoints of its cluster.
#[test]
fn the_number_of_origins_is_bounded() {
    let endpoint = r#"{ "endpoint": { "address": { "socket_address": {
        "address": "10.0.0.1", "port_value": 80 } } } }"#;
    let route = r#"{ "match": { "prefix": "/" }, "route": { "cluster": "a" } }"#;
    let endpoints = [endpoint; 40].join(",");
    let routes = [route; 1000].join(",");
    let text = format!(
        r#"[{routes}, {{ "name": "a", "load_assignment": {{ "endpoints": [
        {{ "lb_endpoints": [{endpoints}] }}] }} }}]"#
    );
    let imported = import::envoy(&text).unwrap();
    assert_eq!(imported.origins().len(), 1000);
    let mut notes = notes_of(&imported, NoteKind::Refused);
    assert!(notes.any(|note| note.text.starts_with("more than 1000 origins")));
}

#[test]
fn a_text_that_is_no_object_is_refused_with_its_place() {
    let deep = "[".repeat(1000);
    let large = " ".repeat((1 << 20) + 1);
    let rows = [
        ("", "line 1, column 1: a value is missing"),
        ("7", "line 1, column 1: neither an object nor a list"),
        (
            "clusters:\n- name: a\n",
            "line 1, column 1: not JSON: convert YAML to JSON first",
        ),
        (
            "{\"a\": [1",
            "line 1, column 7: an object or list is not closed",
        ),
        (&deep, "line 1, column 102: more than 100 values are nested"),
        (&large, "line 1, column 1: the text has more than 1 MiB"),
    ];
    for (text, expected) in rows {
        let error = import::envoy(text).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_sni_follows_a_host_that_is_rewritten_to_a_name() {
    let sni = r#""upstream_http_protocol_options": { "auto_sni": true },
        "tls_context": { "auto_sni_san_validation": true },"#;
    let rows = [
        (r#", "host_rewrite_literal": "www.example:8443""#, true),
        (r#", "auto_host_rewrite": true"#, false),
        ("", false),
    ];
    for (action, is_fixed) in rows {
        let text = format!(
            r#"[{{ "match": {{ "prefix": "/" }}, "route": {{ "cluster": "a" {action} }} }},
            {{ "name": "a", {sni} "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [
            {{ "endpoint": {{ "address": {{ "socket_address": {{
            "address": "origin.example", "port_value": 443 }} }} }} }}] }}] }} }}]"#
        );
        let imported = import::envoy(&text).unwrap();
        let code = imported.code();
        assert_eq!(code.contains(r#".sni("www.example")"#), is_fixed, "{code}");
        let is_warned = kinds(&imported, "auto_sni").contains(&NoteKind::Warning);
        assert_eq!(is_warned, !is_fixed, "{action}");
    }
}

#[test]
fn an_address_in_the_host_is_not_sent_in_sni() {
    for host in [
        "192.0.2.1",
        "192.0.2.1:8443",
        "[2001:db8::1]",
        "[2001:db8::1]:8443",
    ] {
        let text = format!(
            r#"[{{ "match": {{ "prefix": "/" }},
            "route": {{ "cluster": "a", "host_rewrite_literal": "{host}" }} }},
            {{ "name": "a", "upstream_http_protocol_options": {{ "auto_sni": true }},
            "tls_context": {{}}, "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [
            {{ "endpoint": {{ "address": {{ "socket_address": {{
            "address": "origin.example", "port_value": 443 }} }} }} }}] }}] }} }}]"#
        );
        let imported = import::envoy(&text).unwrap();
        assert_eq!(imported.origins().len(), 1, "{host}: {imported:?}");
        let code = imported.code();
        assert!(!code.contains(".sni("), "{host}: {code}");
    }
}
