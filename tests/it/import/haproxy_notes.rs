//! Single lines of HAProxy: what their notes say.

use cdn_origin::import::{self, ImportNote, Imported, NoteKind};
use serde_json::{Value as Json, json};

/// The kinds of notes about `source`, in the section or on the line of its server.
fn kinds(section: &str, server: &str) -> Vec<NoteKind> {
    let text = format!("backend a\n {section}\n server s origin.example:80 {server}\n");
    let imported = import::haproxy(&text).unwrap();
    assert_eq!(imported.origins().len(), 1, "{text}");
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive.ends_with("source"));
    notes.map(|note| note.kind).collect()
}

#[test]
fn a_source_is_an_address_of_either_family_with_or_without_a_port() {
    let rows = [
        ("192.0.2.9", NoteKind::Mapped),
        ("192.0.2.9:0", NoteKind::Mapped),
        ("192.0.2.9:1024", NoteKind::Warning),
        ("192.0.2.9:1024-65535", NoteKind::Warning),
        ("[2001:db8::9]", NoteKind::Mapped),
        ("[2001:db8::9]:1024", NoteKind::Warning),
        ("2001:db8::9:0", NoteKind::Mapped),
        ("0.0.0.0", NoteKind::Mapped),
        ("0.0.0.0:1024", NoteKind::Warning),
        ("*", NoteKind::Mapped),
        ("*:0", NoteKind::Mapped),
        ("*:1024-65535", NoteKind::Warning),
        (":::1024", NoteKind::Warning),
        ("localhost", NoteKind::Refused),
        ("localhost:1024", NoteKind::Refused),
    ];
    for (address, expected) in rows {
        let line = format!("source {address}");
        assert_eq!(kinds(&line, ""), [expected], "{line}");
        assert_eq!(kinds("", &line), [expected], "server .. {line}");
    }
    assert_eq!(
        kinds("source 0.0.0.0 usesrc clientip", ""),
        [NoteKind::Refused]
    );
}

#[test]
fn the_interface_after_a_source_is_set() {
    let line = "source 192.0.2.9 interface eth1";
    for (section, server) in [(line, ""), ("", line)] {
        let text = format!("backend a\n {section}\n server s origin.example:80 {server}\n");
        let imported = import::haproxy(&text).unwrap();
        let code = imported.code();
        let calls = [".interface(\"eth1\")", ".local_address(\"192.0.2.9\""];
        assert!(calls.iter().all(|call| code.contains(call)), "{code}");
    }
}

fn on_line(imported: &Imported, line: usize) -> impl Iterator<Item = &ImportNote> {
    let notes = imported.notes().iter();
    notes.filter(move |note| note.line == line)
}

/// A keyword that undoes another one is in a configuration to undo what `default-server` has.
#[test]
fn keywords_of_a_server_undo_those_of_default_server() {
    let rows = [
        ("send-proxy", "no-send-proxy", "/proxy_protocol", Json::Null),
        (
            "send-proxy-v2",
            "no-send-proxy-v2",
            "/proxy_protocol",
            Json::Null,
        ),
        (
            "send-proxy-v2",
            "no-send-proxy-v2-ssl",
            "/proxy_protocol",
            Json::Null,
        ),
        (
            "send-proxy-v2",
            "no-send-proxy-v2-ssl-cn",
            "/proxy_protocol",
            Json::Null,
        ),
        (
            "send-proxy-v2",
            "no-send-proxy",
            "/proxy_protocol",
            json!("v2"),
        ),
        (
            "send-proxy-v2",
            "send-proxy",
            "/proxy_protocol",
            json!("v2"),
        ),
        (
            "send-proxy send-proxy-v2",
            "no-send-proxy-v2",
            "/proxy_protocol",
            json!("v1"),
        ),
        (
            "verifyhost a.example",
            "no-verifyhost",
            "/expected_name",
            Json::Null,
        ),
        ("no-ssl-reuse", "ssl-reuse", "/sessions", Json::Null),
        ("no-tls-tickets", "tls-tickets", "/sessions", Json::Null),
        ("no-ssl-reuse", "tls-tickets", "/sessions/off", json!(true)),
        ("maxconn 9", "maxconn 0", "/pool", Json::Null),
        ("maxqueue 9", "maxqueue 0", "/pool", Json::Null),
        ("max-reuse 9", "max-reuse -1", "/pool", Json::Null),
        ("pool-max-conn 9", "pool-max-conn -1", "/pool", Json::Null),
        (
            "source 192.0.2.1",
            "source 0.0.0.0",
            "/socket_options",
            Json::Null,
        ),
        ("alpn h2", "alpn h2,http/1.1", "/alpn", Json::Null),
        (
            "ssl-min-ver TLSv1.3",
            "ssl-min-ver TLSv1.1",
            "/tls",
            Json::Null,
        ),
        (
            "ssl-max-ver TLSv1.2",
            "force-tlsv13",
            "/tls/max_version",
            Json::Null,
        ),
        (
            "sni str(a.example)",
            "sni req.hdr(host)",
            "/sni",
            Json::Null,
        ),
        ("sni str(a.example)", "sni-auto", "/sni", Json::Null),
        (
            "ca-file /ca.pem",
            "ca-file @system-ca",
            "/verify",
            Json::Null,
        ),
        ("ssl", "no-ssl", "/url", json!("http://o.example:8443")),
        (
            "disabled",
            "enabled",
            "/url",
            json!("https://o.example:8443"),
        ),
    ];
    for (default, own, path, expected) in rows {
        let text =
            format!("backend a\n default-server ssl {default}\n server s o.example:8443 {own}\n");
        let imported = import::haproxy(&text).unwrap();
        let config = serde_json::to_value(&imported.origins()[0].config).unwrap();
        let value = config.pointer(path).unwrap_or(&Json::Null);
        assert_eq!(*value, expected, "{text}");
    }
    let text = "backend a\n option httpchk GET /\n default-server backup check\n \
                server a a.example:80 no-backup no-check\n server b b.example:80 no-check\n";
    let imported = import::haproxy(text).unwrap();
    let code = imported.code();
    assert!(
        code.contains("let backups") && code.contains("let members"),
        "{code}"
    );
    assert!(!code.contains("health_check"), "{code}");
}

/// The code of two servers that are checked, and the notes on the line of the second one.
fn checked(section: &str, servers: [&str; 2]) -> (String, Vec<NoteKind>) {
    let [one, two] = servers;
    let text = format!(
        "defaults\n mode http\n http-check expect status 200\nbackend a\n {section}\n \
         server a a.example:80 {one}\n server b b.example:80 {two}\n"
    );
    let imported = import::haproxy(&text).unwrap();
    let line = text.lines().count();
    let kinds = on_line(&imported, line).map(|note| note.kind).collect();
    (imported.code().to_owned(), kinds)
}

#[test]
fn an_inner_value_of_a_check_replaces_an_outer_one_and_the_group_has_one() {
    let section = "option httpchk GET /\n http-check expect status 204\n \
                   default-server check inter 3s fall 3 slowstart 1s";
    let (code, kinds) = checked(
        section,
        ["inter 10s slowstart 2s", "inter 10s slowstart 2s"],
    );
    let calls = [
        ".statuses([StatusCode::from_u16(204)?])",
        ".interval(Duration::from_secs(10))",
        ".fall(3)",
        ".slow_start(Duration::from_secs(2))",
    ];
    assert!(calls.iter().all(|call| code.contains(call)), "{code}");
    assert!(!kinds.contains(&NoteKind::Refused), "{kinds:?}");

    let (code, kinds) = checked(section, ["inter 10s", "inter 20s"]);
    assert!(
        code.contains(".interval(Duration::from_secs(10))"),
        "{code}"
    );
    assert!(kinds.contains(&NoteKind::Refused), "{kinds:?}");

    // A group has one check for all its members.
    let text = "backend a\n option httpchk GET /\n server a a.example:80 check\n \
                server b b.example:80\n";
    let imported = import::haproxy(text).unwrap();
    let mut notes = on_line(&imported, 4);
    assert!(notes.any(|note| note.text.starts_with("no `check`")));

    let twice = "option httpchk GET /\n http-check expect status 200\n \
                 http-check expect status 204";
    let text = format!("backend a\n {twice}\n server a a.example:80\n server b b.example:80\n");
    let imported = import::haproxy(&text).unwrap();
    assert_eq!(
        on_line(&imported, 4).next().unwrap().kind,
        NoteKind::Refused
    );
}

#[test]
fn a_check_is_the_request_of_haproxy_or_by_hand() {
    use NoteKind::{ByHand, Mapped, Refused};
    let rows = [
        (
            "option httpchk",
            Mapped,
            r#"get("/").method(Method::OPTIONS)"#,
        ),
        (
            "option httpchk /a",
            Mapped,
            r#"get("/a").method(Method::OPTIONS)"#,
        ),
        ("option httpchk GET /a", Mapped, r#"get("/a"))"#),
        (
            "option httpchk HEAD /a",
            Mapped,
            r#"get("/a").method(Method::HEAD)"#,
        ),
        ("option httpchk POST /a", Refused, r#"get("/a"))"#),
        ("option httpchk GET /a HTTP/1.1", Mapped, r#"get("/a"))"#),
        (
            "option httpchk GET /a HTTP/1.1 o.example",
            Mapped,
            r#"get("/a").host("o.example")"#,
        ),
        (
            r"option httpchk GET /a HTTP/1.1\r\nHost:\ o.example",
            Mapped,
            r#"get("/a").host("o.example")"#,
        ),
        (
            r"option httpchk GET /a HTTP/1.1\r\nHost:\ o.example\r\nX-Key:\ 1",
            ByHand,
            r#"get("/a"))"#,
        ),
        (
            "http-check send meth HEAD uri /b hdr Host o.example",
            Mapped,
            r#"get("/b").method(Method::HEAD).host("o.example")"#,
        ),
        (
            "http-check send uri /b hdr Authorization secret",
            ByHand,
            r#"get("/b")"#,
        ),
        (
            "http-check send meth GET uri /b body secret",
            ByHand,
            r#"get("/b"))"#,
        ),
        ("http-check send uri-lf /%[src]", ByHand, "get("),
        (
            "http-check send uri /b hdr Host %[src]",
            ByHand,
            r#"get("/b")"#,
        ),
    ];
    for (line, kind, call) in rows {
        let servers = "server a a.example:80 check\n server b b.example:80\n";
        let option = match line.starts_with("option") {
            true => "",
            false => "option httpchk\n",
        };
        let text = format!("backend a\n {line}\n {option} {servers}");
        let imported = import::haproxy(&text).unwrap();
        let kinds: Vec<_> = on_line(&imported, 2).map(|note| note.kind).collect();
        assert_eq!(kinds, [kind], "{line}");
        let code = imported.code();
        assert!(
            code.contains(&format!("HealthCheck::{call}")),
            "{line}: {code}"
        );
    }
}

#[test]
fn http2_needs_tls_wherever_ssl_stands_on_the_line() {
    for (server, expected) in [
        ("proto h2 ssl", json!(["h2"])),
        ("ssl proto h2", json!(["h2"])),
        ("proto h2", Json::Null),
        ("ssl proto h2 no-ssl", Json::Null),
    ] {
        let text = format!("backend a\n server a a.example:8443 {server}\n");
        let imported = import::haproxy(&text).unwrap();
        let config = serde_json::to_value(&imported.origins()[0].config).unwrap();
        let alpn = config.get("alpn").unwrap_or(&Json::Null);
        assert_eq!(*alpn, expected, "{server}");
        let refused = on_line(&imported, 2).any(|note| note.kind == NoteKind::Refused);
        assert_eq!(refused, expected.is_null(), "{server}");
    }
}

#[test]
fn a_forwarded_field_from_a_field_of_the_client_has_a_warning() {
    for (rule, kind) in [
        ("%[req.hdr(X-Forwarded-Proto)]", NoteKind::Warning),
        (
            "https if { req.hdr(X-Forwarded-Proto) https }",
            NoteKind::Warning,
        ),
        ("https if { ssl_fc }", NoteKind::Mapped),
        ("https", NoteKind::Mapped),
    ] {
        let text = format!(
            "backend a\n http-request set-header X-Forwarded-Proto {rule}\n \
             server a a.example:80\n"
        );
        let imported = import::haproxy(&text).unwrap();
        let kinds: Vec<_> = on_line(&imported, 2).map(|note| note.kind).collect();
        assert_eq!(kinds, [kind], "{rule}");
    }
}

#[test]
fn a_relative_path_of_a_file_has_a_warning() {
    for keyword in ["ca-file", "crl-file", "crt"] {
        for (path, kind) in [("a.pem", NoteKind::Warning), ("/a.pem", NoteKind::Mapped)] {
            let text = format!("backend a\n server a a.example:443 ssl {keyword} {path}\n");
            let imported = import::haproxy(&text).unwrap();
            let directive = format!("server {keyword}");
            let mut notes = on_line(&imported, 2).filter(|note| note.directive == directive);
            assert_eq!(notes.next().unwrap().kind, kind, "{text}");
        }
    }
}
