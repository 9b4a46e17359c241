//! Variables, paths and redirects of nginx.

use cdn_origin::{
    OriginProxy,
    import::{self, NoteKind},
};

use super::nginx_notes::kinds;

/// An `if` and other modules set variables for some requests, or later than `set`.
#[test]
fn a_variable_that_is_set_elsewhere_too_has_no_fixed_value() {
    let rows = [
        ("set $b a.example;", 1),
        ("set $b a.example; if ($cookie_x) { set $c b.example; }", 1),
        ("set $b a.example; if ($cookie_x) { set $b b.example; }", 0),
        ("if ($cookie_x) { set $b b.example; } set $b a.example;", 1),
        ("set $b a.example; auth_request_set $b $upstream_http_x;", 0),
        ("set $b a.example; set_by_lua $b 'return 1';", 0),
    ];
    for (lines, origins) in rows {
        for text in [
            format!("location / {{ {lines} proxy_pass https://$b; }}"),
            format!("server {{ {lines} location / {{ proxy_pass https://$b; }} }}"),
        ] {
            let imported = import::nginx(&text).unwrap();
            assert_eq!(imported.origins().len(), origins, "{text}");
            let refused = kinds(&imported, "proxy_pass") == [NoteKind::Refused];
            assert_eq!(refused, origins == 0, "{text}");
        }
    }
}

#[test]
fn lines_of_an_if_and_rewrites_are_not_without_effect() {
    let text = "server { set $a 1; rewrite ^/x /y; \n\
                location / { set $b 2; if ($c) { add_header X-A 1; set $d 3; }\n\
                rewrite ^/z /y; proxy_pass http://10.0.0.1; } }";
    let imported = import::nginx(text).unwrap();
    for (directive, expected) in [
        ("set $a", NoteKind::Mapped),
        ("set $b", NoteKind::Mapped),
        ("set $d", NoteKind::ByHand),
        ("add_header X-A", NoteKind::ByHand),
    ] {
        assert_eq!(kinds(&imported, directive), [expected], "{directive}");
    }
    assert_eq!(kinds(&imported, "rewrite"), [NoteKind::ByHand; 2]);
}

/// With variables, nginx sends the path of the URL in place of the whole path.
#[test]
fn the_path_of_a_url_with_variables_replaces_no_prefix() {
    let rows = [
        ("http://10.0.0.1/b/", NoteKind::Mapped, true),
        ("http://$host_of_b/b/", NoteKind::ByHand, false),
        ("http://$host_of_b/a/", NoteKind::ByHand, false),
        ("http://$host_of_b", NoteKind::Mapped, false),
        ("http://$host_of_b$request_uri", NoteKind::Mapped, false),
        ("http://$host_of_b$uri", NoteKind::ByHand, false),
        ("http://10.0.0.1/b$request_uri", NoteKind::ByHand, false),
    ];
    for (url, kind, is_mapped) in rows {
        let text = format!("location /a/ {{ set $host_of_b 10.0.0.1; proxy_pass {url}; }}");
        let imported = import::nginx(&text).unwrap();
        assert_eq!(kinds(&imported, "proxy_pass"), [kind], "{url}");
        assert_eq!(imported.origins().len(), 1, "{url}");
        assert_eq!(imported.code().contains("map_path"), is_mapped, "{url}");
    }
}

/// With `break`, nginx ignores the path of `proxy_pass`.
#[test]
fn a_rewrite_comes_before_the_path_of_the_url() {
    let of_pass = r#".map_path("/a/".parse()?, "/".parse()?)"#;
    let rows = [
        (
            "rewrite ^/a/(.*)$ /b/$1 break;",
            NoteKind::Mapped,
            r#".map_path("/a/".parse()?, "/b/".parse()?)"#.to_owned(),
        ),
        (
            "rewrite ^/a/v1/(.*)$ /b/$1 break;",
            NoteKind::Mapped,
            format!(r#".map_path("/a/v1/".parse()?, "/b/".parse()?){of_pass}"#),
        ),
        (
            r"rewrite ^/a/(\d+)$ /b?c=$1 break;",
            NoteKind::ByHand,
            of_pass.to_owned(),
        ),
    ];
    for (line, kind, calls) in rows {
        let text = format!("location /a/ {{ {line} proxy_pass http://10.0.0.1/; }}");
        let imported = import::nginx(&text).unwrap();
        assert_eq!(kinds(&imported, "rewrite"), [kind], "{line}");
        let code: String = imported.code().split_whitespace().collect();
        let calls: String = calls.split_whitespace().collect();
        assert!(code.contains(&calls), "{line}: {code}");
        assert_eq!(
            code.matches("map_path").count(),
            calls.matches("map_path").count()
        );
        drop(OriginProxy::try_from(&imported.origins()[0].config).unwrap());
    }
}

/// The layer changes neither scheme nor port of the client's own host.
#[test]
fn redirects_to_the_own_host_of_the_client_stay_as_they_are() {
    use NoteKind::{ByHand, Mapped};
    let rows = [
        ("http:// https://", ByHand),
        ("http:// $scheme://", ByHand),
        ("http://$host/ https://$host/", ByHand),
        ("http://$http_host/ $scheme://$http_host/", ByHand),
        ("http://$host:8080/ https://$host/", ByHand),
        ("http://www.example/ https://$host/", ByHand),
        ("http://www.example/ /", ByHand),
        ("$scheme://$host/b/ $scheme://$host/a/", Mapped),
        ("http://$proxy_host/ https://$host/", Mapped),
        ("http://10.0.0.1/ https://$host/", Mapped),
    ];
    for (urls, kind) in rows {
        let text = format!(
            "server {{ server_name www.example;\n\
             location / {{ proxy_pass http://10.0.0.1; proxy_redirect {urls}; }} }}"
        );
        let imported = import::nginx(&text).unwrap();
        assert_eq!(kinds(&imported, "proxy_redirect"), [kind], "{urls}");
    }
}

/// No note asks for what the proxy does itself.
#[test]
fn a_map_for_upgrades_has_no_effect() {
    use NoteKind::{ByHand, NoEffect};
    let map = "map $http_upgrade $upgrades { default upgrade; '' close; }\n";
    let rows = [
        ("proxy_set_header Connection $upgrades;", NoEffect),
        ("proxy_set_header connection $upgrades;", NoEffect),
        ("proxy_set_header X-A $upgrades;", ByHand),
        ("", ByHand),
    ];
    for (line, kind) in rows {
        let text = format!("{map} server {{ location / {{ proxy_pass http://a; {line} }} }}");
        let imported = import::nginx(&text).unwrap();
        assert_eq!(kinds(&imported, "map"), [kind], "{line}");
    }
}
