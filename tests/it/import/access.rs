//! Lines that let only some clients in. Nothing checks access after the import, so that each of
//! them has a note that an operator reads.

use cdn_origin::import::{self, Imported, NoteKind};

/// The kinds of the notes on lines of this name.
fn kinds(imported: &Imported, directive: &str) -> Vec<NoteKind> {
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive == directive);
    notes.map(|note| note.kind).collect()
}

#[test]
fn nginx() {
    use NoteKind::{ByHand, NoEffect, Refused};
    let rows = [
        ("allow 10.0.0.0/8;", "allow", Refused),
        ("deny all;", "deny", Refused),
        ("internal;", "internal", Refused),
        ("satisfy any;", "satisfy", Refused),
        ("limit_except GET { deny all; }", "limit_except", Refused),
        ("auth_basic realm;", "auth_basic", Refused),
        ("auth_request /auth;", "auth_request", Refused),
        ("auth_jwt realm;", "auth_jwt", Refused),
        ("secure_link $arg_a;", "secure_link", Refused),
        ("valid_referers none;", "valid_referers", Refused),
        ("modsecurity on;", "modsecurity", Refused),
        ("ssl_verify_client on;", "ssl_verify_client", Refused),
        ("ssl_verify_client optional;", "ssl_verify_client", Refused),
        ("ssl_verify_client off;", "ssl_verify_client", NoEffect),
        ("ssl_reject_handshake on;", "ssl_reject_handshake", Refused),
        ("if ($http_x_key != a) { return 403; }", "if", ByHand),
        ("if ($http_x_key != a) { return 403; }", "return", ByHand),
        ("return 444;", "return", ByHand),
    ];
    for (line, directive, kind) in rows {
        for text in [
            format!("server {{ {line} location / {{ proxy_pass http://10.0.0.1; }} }}"),
            format!("server {{ location / {{ {line} proxy_pass http://10.0.0.1; }} }}"),
            format!("server {{ {line} }}"),
        ] {
            let imported = import::nginx(&text).unwrap();
            let found = kinds(&imported, directive);
            let is_answered = imported.code().contains("pub fn answer_");
            match is_answered && ["deny all;", "internal;", "return 444;"].contains(&line) {
                true => assert_eq!(found, [NoteKind::Mapped], "{text}"),
                false => assert_eq!(found, [kind], "{text}"),
            }
        }
    }
}

#[test]
fn haproxy() {
    use NoteKind::{NoEffect, Refused};
    let rows = [
        (
            "bind :443 ssl ca-file c.pem verify required",
            "bind",
            Refused,
        ),
        (
            "bind :443 ssl ca-file c.pem verify optional",
            "bind",
            Refused,
        ),
        ("bind :443 ssl crt a.pem verify none", "bind", NoEffect),
        ("bind :443 ssl crt a.pem", "bind", NoEffect),
        (
            "http-request deny unless { src 10.0.0.1 }",
            "http-request deny",
            Refused,
        ),
        ("http-request auth", "http-request auth", Refused),
        (
            "tcp-request connection reject",
            "tcp-request connection",
            Refused,
        ),
        ("filter spoe engine waf config waf.cfg", "filter", Refused),
        ("option checkcache", "option checkcache", Refused),
    ];
    for (line, directive, kind) in rows {
        for text in [
            format!(
                "frontend f\n  {line}\n  default_backend b\nbackend b\n  server a 10.0.0.1:80\n"
            ),
            format!("listen f\n  {line}\n  server a 10.0.0.1:80\n"),
            // Servers that are not imported.
            format!("frontend f\n  {line}\n  default_backend elsewhere\n"),
            format!("listen f\n  {line}\n  server-template a 3 a.example:80\n"),
            format!("listen f\n  {line}\n"),
        ] {
            let imported = import::haproxy(&text).unwrap();
            assert_eq!(kinds(&imported, directive), [kind], "{text}");
        }
    }
}

#[test]
fn envoy() {
    use NoteKind::{ByHand, NoEffect, Refused};
    let listener = |chain: &str| {
        format!(r#"{{"static_resources":{{"listeners":[{{"filter_chains":[{{{chain}}}]}}]}}}}"#)
    };
    let filters = |names: &[&str]| {
        let filters: Vec<_> = names
            .iter()
            .map(|name| format!(r#"{{"name":"envoy.filters.http.{name}"}}"#))
            .collect();
        listener(&format!(
            r#""filters":[{{"name":"envoy.filters.network.http_connection_manager","typed_config":{{
            "@type":"type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "http_filters":[{}]}}}}]"#,
            filters.join(",\n")
        ))
    };
    let typed = |name: &str, kind: &str| {
        let filters = filters(&[name]);
        let config =
            format!(r#","typed_config":{{"@type":"type.googleapis.com/envoy.{kind}"}}}}]"#);
        filters.replacen("}]", &config, 1)
    };
    let router = "extensions.filters.http.router.v3.Router";
    let tls = |requires: bool| {
        listener(&format!(
            r#""transport_socket":{{"typed_config":{{"require_client_certificate":{requires}}}}}"#
        ))
    };
    let requires = r#"{"require_client_certificate":true}"#;
    let around_tls = |field: &str, inner: &str| {
        let config = format!(r#""typed_config":{{"{field}":{inner}}}"#);
        listener(&format!(r#""transport_socket":{{{config}}}"#))
    };
    let rows: [(String, &str, &[NoteKind]); 12] = [
        (filters(&["router"]), "http_filters", &[NoEffect]),
        (filters(&["cors", "router"]), "http_filters", &[ByHand]),
        (typed("any", router), "http_filters", &[NoEffect]),
        (
            typed("router", "extensions.filters.http.lua.v3.Lua"),
            "http_filters",
            &[ByHand],
        ),
        (
            typed("authz", "extensions.filters.http.ext_authz.v3.ExtAuthz"),
            "http_filters",
            &[Refused, ByHand],
        ),
        (
            filters(&["rbac", "router"]),
            "http_filters",
            &[Refused, ByHand],
        ),
        (
            filters(&["jwt_authn", "ext_authz"]),
            "http_filters",
            &[Refused, ByHand, Refused],
        ),
        (
            listener(r#""filters":[{"name":"envoy.filters.network.rbac"}]"#),
            "filters",
            &[Refused],
        ),
        (
            tls(true),
            "listeners.filter_chains.transport_socket",
            &[Refused],
        ),
        (
            around_tls(
                "transport_socket",
                &format!(r#"{{"typed_config":{requires}}}"#),
            ),
            "listeners.filter_chains.transport_socket",
            &[Refused],
        ),
        (
            around_tls("downstream_tls_context", requires),
            "listeners.filter_chains.transport_socket",
            &[Refused],
        ),
        (
            tls(false),
            "listeners.filter_chains.transport_socket",
            &[NoEffect],
        ),
    ];
    for (text, directive, expected) in rows {
        let imported = import::envoy(&text).unwrap();
        assert_eq!(kinds(&imported, directive), expected, "{text}");
    }
}

#[test]
fn caddy() {
    use NoteKind::{ByHand, NoEffect, Refused};
    let rows = [
        (
            "tls {\nclient_auth {\nmode require_and_verify\n}\n}",
            "tls",
            Refused,
        ),
        ("tls internal", "tls", NoEffect),
        ("basic_auth {\nbob hash\n}", "basic_auth", Refused),
        (
            "forward_auth auth:9091 {\nuri /verify\n}",
            "forward_auth",
            Refused,
        ),
        ("@blocked not remote_ip 10.0.0.0/8", "@blocked", ByHand),
        ("respond @blocked 403", "respond", ByHand),
        ("abort @blocked", "abort", ByHand),
    ];
    for (lines, directive, kind) in rows {
        let text = format!("a.example {{\n{lines}\nreverse_proxy 10.0.0.1:80\n}}\n");
        let imported = import::caddy(&text).unwrap();
        assert_eq!(kinds(&imported, directive), [kind], "{text}");
    }
}
