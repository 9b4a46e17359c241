//! Lines of nginx: their notes and their calls.

use cdn_origin::{
    OriginProxy,
    import::{self, Imported, NoteKind},
};

use super::notes_of;

/// The kinds of the notes on lines of this name.
pub(super) fn kinds(imported: &Imported, directive: &str) -> Vec<NoteKind> {
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive == directive);
    notes.map(|note| note.kind).collect()
}

#[test]
fn a_local_address_is_set_without_its_port() {
    let rows = [
        ("192.0.2.9", "192.0.2.9"),
        ("192.0.2.9:8080", "192.0.2.9"),
        ("[2001:db8::9]:8080", "2001:db8::9"),
    ];
    for (word, address) in rows {
        let text = format!("location / {{ proxy_pass http://10.0.0.1; proxy_bind {word}; }}");
        let imported = import::nginx(&text).unwrap();
        let call = format!(".local_address({address:?}.parse::<std::net::IpAddr>()?)");
        assert!(imported.code().contains(&call), "{}", imported.code());
    }
}

/// `=` is one path, which another replaces.
#[test]
fn an_exact_location_maps_its_path() {
    let rows = [
        ("/a", None),
        ("/b", Some(r#".map_path("/a".parse()?, "/b".parse()?)"#)),
    ];
    for (path, call) in rows {
        let text = format!("location = /a {{ proxy_pass http://10.0.0.1{path}; }}");
        let imported = import::nginx(&text).unwrap();
        let code = imported.code();
        assert_eq!(code.contains("map_path"), call.is_some(), "{code}");
        assert!(call.is_none_or(|call| code.contains(call)), "{code}");
        assert_eq!(notes_of(&imported, NoteKind::ByHand).count(), 0, "{path}");
    }
}

#[test]
fn a_redirect_with_two_urls_maps_name_and_path() {
    let text = "location /one/ { proxy_pass http://10.0.0.1;\n\
                proxy_redirect http://old.example/two/ $scheme://$http_host/one/; }";
    let imported = import::nginx(text).unwrap();
    for call in [
        r#".name("old.example".parse()?)"#,
        r#".map_path("/one".parse()?, "/two".parse()?)"#,
    ] {
        assert!(imported.code().contains(call), "{}", imported.code());
    }
}

/// nginx drops the fields of the server if the location has one of its own.
#[test]
fn fields_of_the_server_are_lost_if_the_location_has_any() {
    let text = "server { proxy_set_header Host a.example;\n\
                location / { proxy_set_header X-A 1;\nproxy_pass http://10.0.0.1; } }";
    let imported = import::nginx(text).unwrap();
    let note = &imported.notes()[0];
    assert_eq!((note.line, note.kind), (1, NoteKind::NoEffect));
    assert_eq!(note.text, "no `proxy_pass` inherits it");
    assert!(
        !imported.code().contains("a.example"),
        "{}",
        imported.code()
    );
}

#[test]
fn lines_that_block_upgrades_and_http2_become_calls() {
    let text = "location / { proxy_pass https://origin.example; proxy_http_version 1.1;\n\
                proxy_set_header Connection ''; proxy_read_timeout 5s; }";
    let imported = import::nginx(text).unwrap();
    for call in [
        ".alpn(Alpn::Http1)",
        ".upgrades(Upgrades::none().idle_timeout(Duration::from_secs(5)))",
    ] {
        assert!(imported.code().contains(call), "{}", imported.code());
    }
    drop(OriginProxy::try_from(&imported.origins()[0].config).unwrap());
}

#[test]
fn a_location_for_some_requests_has_routes_or_a_warning() {
    let rows = [
        ("location /", None, 0),
        (
            "location /a/",
            Some(r#".route_service("/a/{*rest}", service)"#),
            0,
        ),
        (
            "location ^~ /a",
            Some(r#".route_service("/a", service.clone())"#),
            1,
        ),
        ("location '/{a}/'", None, 1),
        ("location = /a", None, 1),
        (r"location ~ \.js$", None, 1),
        ("server", None, 0),
    ];
    for (section, route, warnings) in rows {
        let text = format!("{section} {{ proxy_pass http://origin.example; }}");
        let imported = import::nginx(&text).unwrap();
        let code = imported.code();
        let expected = route.unwrap_or("pub fn ");
        assert!(code.contains(expected), "{section}: {code}");
        assert_eq!(code.contains("Router"), route.is_some(), "{section}");
        let found = kinds(&imported, "location");
        assert_eq!(
            found
                .iter()
                .filter(|kind| **kind == NoteKind::Warning)
                .count(),
            warnings,
            "{section}"
        );
    }
}

#[test]
fn cookies_are_rewritten_where_redirects_are_not() {
    let rows = [
        ("", "ResponseRewriteLayer::off()"),
        (
            "proxy_cookie_domain origin.example $host;",
            "ResponseRewriteLayer::cookies_only()",
        ),
        (
            "proxy_cookie_domain .cdn.example $host;",
            r#"ResponseRewriteLayer::cookies_only().name("cdn.example".parse()?)"#,
        ),
        (
            "proxy_cookie_path /b/ /a/;",
            r#"ResponseRewriteLayer::cookies_only().map_path("/a".parse()?, "/b".parse()?)"#,
        ),
        (
            "proxy_cookie_flags ~ nosecure;",
            "ResponseRewriteLayer::cookies_only().dangerously_drop_secure_over_http()",
        ),
    ];
    for (line, call) in rows {
        let text = format!(
            "location / {{ proxy_pass http://origin.example; proxy_redirect off; {line} }}"
        );
        let imported = import::nginx(&text).unwrap();
        let expected = format!(".response_rewrite({call})");
        assert!(imported.code().contains(&expected), "{}", imported.code());
        drop(OriginProxy::try_from(&imported.origins()[0].config).unwrap());
    }
}

/// Other peers than those that write X-Forwarded-For pass on what their clients wrote.
#[test]
fn networks_are_trusted_only_for_x_forwarded_for() {
    use NoteKind::{ByHand, Mapped, Warning};
    let rows = [
        ("", Warning),
        ("real_ip_header X-Real-IP;", ByHand),
        ("real_ip_header CF-Connecting-IP;", ByHand),
        ("real_ip_header proxy_protocol;", ByHand),
        ("real_ip_header X-Forwarded-For;", Mapped),
    ];
    for (line, kind) in rows {
        let text = format!(
            "server {{ set_real_ip_from 10.0.0.0/8; {line}\n\
             location / {{ proxy_pass http://10.0.0.1; }} }}"
        );
        let imported = import::nginx(&text).unwrap();
        assert_eq!(kinds(&imported, "set_real_ip_from"), [kind], "{line}");
        let is_trusted = imported.code().contains(".trust(");
        assert_eq!(is_trusted, kind == Mapped, "{}", imported.code());
    }
}

/// nginx adds a line: two policies of a page are both enforced.
#[test]
fn a_field_is_added_to_those_of_the_origin() {
    let text = "location / { proxy_pass http://10.0.0.1;\n\
                add_header Content-Security-Policy \"default-src 'self'\" always;\n\
                add_header Vary Origin always; add_header Vary Accept always;\n\
                add_header ETag x always; }";
    let imported = import::nginx(text).unwrap();
    let config = serde_json::to_value(&imported.origins()[0].config).unwrap();
    let fields = &config["response_fields"];
    assert_eq!(
        fields["add"]["content-security-policy"],
        "default-src 'self'"
    );
    assert_eq!(fields["add"]["vary"], "Origin");
    assert_eq!(fields["set"].to_string(), r#"{"etag":"x"}"#);
    let expected = [NoteKind::Mapped, NoteKind::ByHand];
    assert_eq!(kinds(&imported, "add_header Vary"), expected);
    let calls = imported.code().matches("headers_mut().append(").count();
    assert_eq!(calls, 2, "{}", imported.code());
    drop(OriginProxy::try_from(&imported.origins()[0].config).unwrap());
}

#[test]
fn lines_of_add_header_are_inherited_as_a_line_says() {
    let rows = [
        ("", "", &["c"][..]),
        ("add_header_inherit merge;", "", &["a", "b", "c"]),
        (
            "add_header_inherit merge;",
            "add_header_inherit on;",
            &["c"],
        ),
        ("", "add_header_inherit merge;", &["b", "c"]),
        ("add_header_inherit off;", "", &["c"]),
    ];
    for (outer, inner, expected) in rows {
        let text = format!(
            "http {{ {outer} add_header A 1 always; server {{ add_header B 1 always;\n\
             location / {{ {inner} add_header C 1 always; proxy_pass http://10.0.0.1; }} }} }}"
        );
        let imported = import::nginx(&text).unwrap();
        let config = serde_json::to_value(&imported.origins()[0].config).unwrap();
        let added = config["response_fields"]["add"].as_object().unwrap();
        let names: Vec<_> = added.keys().map(String::as_str).collect();
        assert_eq!(names, expected, "{text}");
    }
}

/// nginx chooses the server by the Host, and answers some requests itself.
#[test]
fn what_selects_requests_is_by_hand() {
    use NoteKind::{ByHand, NoEffect};
    let server =
        |lines: &str| format!("server {{ {lines} location / {{ proxy_pass http://a; }} }}\n");
    let rows = [
        (
            server("server_name a.example;"),
            "server_name",
            &[NoEffect][..],
        ),
        (
            server("server_name a.example;") + &server("server_name b.example;"),
            "server_name",
            &[ByHand, ByHand],
        ),
        (
            server("server_name a.example;") + &server("server_name a.example;"),
            "server_name",
            &[NoEffect, NoEffect],
        ),
        (
            server("server_name a.example;") + &server(""),
            "server_name",
            &[ByHand],
        ),
        (server("try_files $uri @app;"), "try_files", &[ByHand]),
        (server(""), "location", &[]),
        (
            server("location /files/ { root /var/www; }"),
            "location",
            &[ByHand],
        ),
        (
            server("location /b/ { location /b/c { proxy_pass http://b; } }"),
            "location",
            &[],
        ),
    ];
    for (text, directive, expected) in rows {
        let imported = import::nginx(&text).unwrap();
        let mut found = kinds(&imported, directive);
        found.retain(|kind| *kind != NoteKind::Warning);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn an_upstream_that_no_url_names_has_notes() {
    use NoteKind::{ByHand, Mapped, NoEffect, Unmapped};
    let text = "map $host $up { default app; }\n\
                upstream app { keepalive 16; least_conn; frob 1; server 10.0.0.1; }\n\
                upstream used { keepalive 16; server 10.0.0.2; }\n\
                server { location / { proxy_pass http://$up; }\n\
                location /a/ { proxy_pass http://used; } }";
    let imported = import::nginx(text).unwrap();
    let of_line = |line: usize| {
        let notes = imported
            .notes()
            .iter()
            .filter(move |note| note.line == line);
        notes
            .map(|note| (note.directive.as_str(), note.kind))
            .collect::<Vec<_>>()
    };
    let expected = [
        ("keepalive", NoEffect),
        ("least_conn", NoEffect),
        ("frob", Unmapped),
        ("server", NoEffect),
        ("upstream", ByHand),
    ];
    let mut found = of_line(2);
    found.sort_unstable_by_key(|(name, _)| expected.iter().position(|(other, _)| other == name));
    assert_eq!(found, expected);
    assert_eq!(of_line(3), [("keepalive", Mapped), ("server", Mapped)]);
}

#[test]
fn a_client_that_leaves_cancels_its_request_whatever_the_line_says() {
    for (value, kind) in [("off", NoteKind::NoEffect), ("on", NoteKind::Refused)] {
        let text = format!(
            "location / {{ proxy_pass http://10.0.0.1; proxy_ignore_client_abort {value}; }}"
        );
        let imported = import::nginx(&text).unwrap();
        assert_eq!(kinds(&imported, "proxy_ignore_client_abort"), [kind]);
    }
}

/// The braces in strings and comments of Lua do not end its block.
#[test]
fn a_program_ends_at_its_own_brace() {
    let programs = [
        "ngx.say(\"}\")",
        "ngx.say('it\\'s }')",
        "-- don't }",
        "--[[ } \n ' ]] x = 1",
        "--[==[ ]] } ]==]",
        "x = [[ } \\]]",
        "x = [=[ ]] } ]=]",
        "x = { a = { 1 } }",
        "x = a[b[1]] - -c",
    ];
    for program in programs {
        let text = format!(
            "location / {{ access_by_lua_block {{\n{program}\n}}\nproxy_pass http://10.0.0.1; }}"
        );
        let imported = import::nginx(&text).unwrap_or_else(|error| panic!("{program}: {error}"));
        assert_eq!(imported.origins().len(), 1, "{program}");
        let notes = imported.notes().iter();
        let notes = notes.filter(|note| note.kind != NoteKind::Warning);
        assert_eq!(notes.count(), 2, "{imported:?}");
    }
}
