//! Lines of nginx: their notes and their calls.

use cdn_origin::{
    OriginProxy,
    import::{self, NoteKind},
};

use super::notes_of;

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
        r#".path("/two".parse()?, "/one".parse()?)"#,
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
            1,
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
        let found = notes_of(&imported, NoteKind::Warning).count();
        assert_eq!(found, warnings, "{section}");
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
            r#"ResponseRewriteLayer::cookies_only().path("/b".parse()?, "/a".parse()?)"#,
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
