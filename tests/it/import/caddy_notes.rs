//! Single lines of Caddyfiles: what their notes say, and where errors are.

use cdn_origin::import::{self, Imported, NoteKind};

use super::notes_of;

/// A `reverse_proxy` to one origin with these lines.
fn proxy(lines: &str) -> Imported {
    let text = format!("a.example {{\nreverse_proxy https://origin.example {{\n{lines}\n}}\n}}\n");
    import::caddy(&text).unwrap_or_else(|error| panic!("{lines}: {error}"))
}

fn transport(lines: &str) -> Imported {
    proxy(&format!("transport http {{\n{lines}\n}}"))
}

fn kinds(imported: &Imported, directive: &str) -> Vec<NoteKind> {
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive == directive);
    notes.map(|note| note.kind).collect()
}

#[test]
fn each_value_of_a_line_has_its_kind() {
    use NoteKind::{ByHand, Mapped, NoEffect, Refused, Unmapped, Warning};
    let rows = [
        ("lb_policy round_robin", "lb_policy", NoEffect),
        ("lb_policy least_conn", "lb_policy", Mapped),
        ("lb_policy cookie lb", "lb_policy", ByHand),
        ("lb_policy header \"a b\"", "lb_policy", Refused),
        ("lb_policy frob", "lb_policy", Refused),
        (
            "lb_policy header X-A {\nfallback first\n}",
            "lb_policy fallback",
            Refused,
        ),
        ("health_uri /a {\nfrob\n}", "health_uri frob", Unmapped),
        ("lb_retries x", "lb_retries", Refused),
        ("lb_try_duration 5", "lb_try_duration", Refused),
        ("health_uri /healthz", "health_uri", ByHand),
        ("health_uri {path}", "health_uri", Refused),
        ("health_status 2xx", "health_status", ByHand),
        ("header_up Host {hostport}", "header_up Host", Mapped),
        ("header_up Host {labels.1}", "header_up Host", ByHand),
        ("header_up Host \"a b\"", "header_up Host", Refused),
        ("header_up -Host", "header_up -Host", Refused),
        ("header_up Connection x", "header_up Connection", NoEffect),
        ("header_up TE x", "header_up TE", Refused),
        ("header_up X-A one", "header_up X-A", Mapped),
        ("header_up X-A {header.B}", "header_up X-A", ByHand),
        ("header_up X-A one two", "header_up X-A", ByHand),
        ("header_up -X-A", "header_up -X-A", Mapped),
        ("header_up -X-*", "header_up -X-*", ByHand),
        ("header_up +X-A one", "header_up +X-A", ByHand),
        (
            "header_up X-Forwarded-For {client_ip}",
            "header_up X-Forwarded-For",
            Mapped,
        ),
        (
            "header_up X-Forwarded-For {header.X-Real-IP}",
            "header_up X-Forwarded-For",
            Warning,
        ),
        ("header_up X-Real-IP 1", "header_up X-Real-IP", Refused),
        ("header_down >Server edge", "header_down >Server", Mapped),
        ("header_down ?Server edge", "header_down ?Server", ByHand),
        ("trusted_proxies nowhere", "trusted_proxies", Refused),
        ("trusted_proxies private_ranges", "trusted_proxies", Mapped),
        ("request_buffers unlimited", "request_buffers", Refused),
        ("rewrite /a{uri}", "rewrite", Mapped),
        ("rewrite /a?b={path}", "rewrite", ByHand),
        ("transport fastcgi", "transport", Refused),
        ("@error status 5xx", "@error", ByHand),
        ("frobnicate 1", "frobnicate", Unmapped),
    ];
    for (line, directive, kind) in rows {
        let kinds = kinds(&proxy(line), directive);
        assert!(kinds.contains(&kind), "{line}: {kinds:?}");
    }
}

#[test]
fn each_line_of_a_transport_has_its_kind() {
    use NoteKind::{ByHand, Mapped, NoEffect, Refused, Unmapped, Warning};
    let rows = [
        ("tls_server_name {host}", "tls_server_name", Refused),
        ("tls_server_name \"a b\"", "tls_server_name", Refused),
        ("tls_trust_pool file ca.pem", "tls_trust_pool", Warning),
        ("tls_trust_pool inline x", "tls_trust_pool", ByHand),
        (
            "tls_trust_pool file {\nfrob a\n}",
            "tls_trust_pool frob",
            Unmapped,
        ),
        ("tls_client_auth auto.example", "tls_client_auth", Refused),
        ("tls_renegotiation freely", "tls_renegotiation", Refused),
        ("versions 1.1 2", "versions", Mapped),
        ("versions 3", "versions", Refused),
        ("keepalive 0s", "keepalive", Refused),
        ("max_conns_per_host 0", "max_conns_per_host", NoEffect),
        ("max_response_header 4KB", "max_response_header", NoEffect),
        ("local_address localhost", "local_address", Refused),
        ("local_address 192.0.2.9", "local_address", Mapped),
        ("local_address 192.0.2.9:0", "local_address", Mapped),
        ("local_address 192.0.2.9:8080", "local_address", Warning),
        ("local_address [2001:db8::9]:8080", "local_address", Warning),
        ("frobnicate", "frobnicate", Unmapped),
        ("versions 2 {\nfrob\n}", "versions frob", Unmapped),
    ];
    for (line, directive, kind) in rows {
        assert_eq!(kinds(&transport(line), directive), [kind], "{line}");
    }
}

/// Requests for files that Caddy serves would reach the origin.
#[test]
fn files_are_served_by_a_layer_in_front_of_the_proxy() {
    for line in ["file_server", "try_files {path} /index.html"] {
        let text = format!("a.example {{\n{line}\nreverse_proxy 10.0.0.1:80\n}}\n");
        let imported = import::caddy(&text).unwrap();
        let directive = line.split(' ').next().unwrap();
        assert_eq!(kinds(&imported, directive), [NoteKind::ByHand], "{line}");
    }
}

#[test]
fn the_host_chooses_among_several_sites() {
    let site = "a.example {\nreverse_proxy 10.0.0.1:80\n}\n";
    for (sites, expected) in [(1, 0), (2, 2)] {
        let imported = import::caddy(&site.repeat(sites)).unwrap();
        assert_eq!(kinds(&imported, "site"), vec![NoteKind::ByHand; expected]);
    }
}

#[test]
fn longer_parts_of_a_connect_have_a_longer_whole() {
    let rows = [
        ("dial_timeout 2s", None),
        ("dial_timeout 5s", None),
        (
            "dial_timeout 30s",
            Some(".connect(Duration::from_secs(40))"),
        ),
        (
            "dial_timeout 30s\ntls_timeout 20s",
            Some(".connect(Duration::from_secs(50))"),
        ),
    ];
    for (lines, call) in rows {
        let imported = transport(lines);
        let code = imported.code();
        assert_eq!(code.contains(".connect("), call.is_some(), "{code}");
        assert!(call.is_none_or(|call| code.contains(call)), "{code}");
    }
}

#[test]
fn a_handle_with_a_path_has_routes_or_a_warning() {
    let rows = [
        ("handle {\nX\n}", None, 0),
        (
            "handle_path /a/* {\nX\n}",
            Some(r#".route_service("/a/{*rest}", service)"#),
            0,
        ),
        (
            "route /a* {\nX\n}",
            Some(r#".route_service("/a", service.clone())"#),
            0,
        ),
        ("handle @named {\nX\n}", None, 1),
        ("handle /a/* {\nhandle /b/* {\nX\n}\n}", None, 1),
        ("X", None, 0),
    ];
    for (block, route, warnings) in rows {
        let block = block.replace('X', "reverse_proxy localhost:8080");
        let imported = import::caddy(&format!("a.example {{\n{block}\n}}\n")).unwrap();
        let code = imported.code();
        assert_eq!(code.contains("Router"), route.is_some(), "{code}");
        assert!(route.is_none_or(|route| code.contains(route)), "{code}");
        let found = notes_of(&imported, NoteKind::Warning).count();
        assert_eq!(found, warnings, "{block}: {imported:?}");
    }
}

#[test]
fn a_text_without_an_address_has_no_origin_and_says_why() {
    let rows = [
        ("", 0),
        ("a.example {\n}\n", 0),
        ("reverse_proxy\n", 1),
        ("reverse_proxy {\n to\n}\n", 2),
        ("reverse_proxy h2c://a.example\n", 1),
        ("reverse_proxy {$ORIGIN}\n", 1),
        ("reverse_proxy @x\n", 1),
    ];
    for (text, refused) in rows {
        let imported = import::caddy(text).unwrap();
        assert!(imported.origins().is_empty(), "{text}");
        assert_eq!(
            notes_of(&imported, NoteKind::Refused).count(),
            refused,
            "{text}"
        );
    }
}

#[test]
fn a_text_that_is_no_caddyfile_is_refused_with_its_place() {
    let deep = "a {\n".repeat(1000);
    let large = " ".repeat((1 << 20) + 1);
    let rows = [
        ("a.example {\n", "line 1, column 11: a block is not closed"),
        ("}\n", "line 1, column 1: `}` closes nothing"),
        (&deep, "line 33, column 3: more than 32 blocks are nested"),
        (&large, "line 1, column 1: the text has more than 1 MiB"),
    ];
    for (text, expected) in rows {
        let error = import::caddy(text).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}
