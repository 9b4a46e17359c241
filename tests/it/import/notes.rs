//! Single directives: what their notes say, and where errors are.

use cdn_origin::import::{self, NoteKind};

use super::notes_of;

/// The kinds of notes about a directive in this location.
fn nginx_kind(lines: &str, directive: &str) -> Vec<NoteKind> {
    let text = format!("location /a/ {{ proxy_pass http://origin.example;\n{lines} }}");
    let imported = import::nginx(&text).unwrap();
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive == directive);
    notes.map(|note| note.kind).collect()
}

#[test]
fn each_value_of_a_directive_has_its_kind() {
    use NoteKind::{ByHand, Mapped, NoEffect, Refused, Warning};
    let rows = [
        ("proxy_read_timeout 5s;", "proxy_read_timeout", Mapped),
        ("proxy_read_timeout 0;", "proxy_read_timeout", Refused),
        ("proxy_read_timeout soon;", "proxy_read_timeout", Refused),
        (
            "proxy_connect_timeout 99999999999999999999;",
            "proxy_connect_timeout",
            Refused,
        ),
        ("client_max_body_size 0;", "client_max_body_size", Mapped),
        ("client_max_body_size -1;", "client_max_body_size", Refused),
        ("proxy_bind 127.0.0.1;", "proxy_bind", Mapped),
        (
            "proxy_bind $remote_addr transparent;",
            "proxy_bind",
            Refused,
        ),
        ("proxy_bind localhost;", "proxy_bind", Refused),
        ("proxy_bind 127.0.0.1:8080;", "proxy_bind", Warning),
        ("proxy_bind [::1]:8080;", "proxy_bind", Warning),
        ("proxy_bind ::1;", "proxy_bind", Mapped),
        ("proxy_bind [::1];", "proxy_bind", Mapped),
        ("proxy_bind 127.0.0.1:0;", "proxy_bind", Refused),
        ("proxy_bind localhost:8080;", "proxy_bind", Refused),
        ("proxy_bind $remote_addr:8080;", "proxy_bind", Refused),
        (
            "proxy_set_header Host $host;",
            "proxy_set_header Host",
            Mapped,
        ),
        (
            "proxy_set_header Host '';",
            "proxy_set_header Host",
            Refused,
        ),
        (
            "proxy_set_header Host $arg_h;",
            "proxy_set_header Host",
            ByHand,
        ),
        (
            "proxy_set_header Host 'a b';",
            "proxy_set_header Host",
            Refused,
        ),
        ("proxy_set_header X-A 1;", "proxy_set_header X-A", Mapped),
        (
            "proxy_set_header Connection '';",
            "proxy_set_header Connection",
            Mapped,
        ),
        (
            "proxy_set_header Connection $upgrade;",
            "proxy_set_header Connection",
            NoEffect,
        ),
        ("proxy_buffer_size 128k;", "proxy_buffer_size", NoEffect),
        ("proxy_buffer_size 256k;", "proxy_buffer_size", Mapped),
        (
            "proxy_ssl_trusted_certificate ca.pem;",
            "proxy_ssl_trusted_certificate",
            Warning,
        ),
        (
            "proxy_set_header TE trailers;",
            "proxy_set_header TE",
            Refused,
        ),
        (
            "proxy_pass_header Authorization;",
            "proxy_pass_header Authorization",
            NoEffect,
        ),
        (
            "proxy_cookie_flags ~ nosecure;",
            "proxy_cookie_flags",
            Warning,
        ),
        ("proxy_redirect ~^/(.*) /a/$1;", "proxy_redirect", Refused),
        ("proxy_redirect /b/ /a/;", "proxy_redirect", Mapped),
        ("proxy_redirect http:// https://;", "proxy_redirect", ByHand),
        ("proxy_cookie_domain off;", "proxy_cookie_domain", NoEffect),
        (
            "proxy_cookie_domain a.example $host;",
            "proxy_cookie_domain",
            Mapped,
        ),
        (
            "proxy_cookie_domain a.example .b.example;",
            "proxy_cookie_domain",
            Warning,
        ),
        (
            "proxy_cookie_domain ~a.example $host;",
            "proxy_cookie_domain",
            Refused,
        ),
        (
            "proxy_redirect http://other.example/ /;",
            "proxy_redirect",
            Mapped,
        ),
        (
            "proxy_redirect http://10.0.0.1/ https://other.example/;",
            "proxy_redirect",
            ByHand,
        ),
        (
            "proxy_redirect http://10.0.0.1/$a/ /;",
            "proxy_redirect",
            ByHand,
        ),
        ("add_header X-A 1 always;", "add_header X-A", Mapped),
        ("add_header X-A 1;", "add_header X-A", ByHand),
        ("add_header X-A $host always;", "add_header X-A", ByHand),
        ("add_header Vary Origin always;", "add_header Vary", Mapped),
        ("rewrite ^/a/(.*)$ /b/$1 break;", "rewrite", Mapped),
        ("rewrite ^/a/(.*)$ /b/$1 last;", "rewrite", ByHand),
        ("rewrite ^/a/(.*)$ /b?c=$1 break;", "rewrite", ByHand),
        ("rewrite ^/a.b/(.*) /$1 break;", "rewrite", ByHand),
        ("expires 30d;", "expires", ByHand),
        ("charset utf-8;", "charset", ByHand),
        ("proxy_ssl_verify maybe;", "proxy_ssl_verify", Refused),
        ("proxy_ssl_name $http_x;", "proxy_ssl_name", Refused),
        (
            "proxy_ssl_certificate_key engine:a:b;",
            "proxy_ssl_certificate_key",
            ByHand,
        ),
        (
            "real_ip_header X-Forwarded-For; set_real_ip_from nowhere;",
            "set_real_ip_from",
            Refused,
        ),
    ];
    for (line, directive, kind) in rows {
        assert_eq!(nginx_kind(line, directive), [kind], "{line}");
    }
}

#[test]
fn names_in_rules_of_haproxy_about_responses_belong_to_the_origin() {
    let rows = [
        r"Location ^https?://cdn\.example/(.*) /\1",
        r"Set-Cookie (.*)Domain=\.?cdn\.example(.*) \1\2",
        r"Set-Cookie (.*)domain=.cdn.example(.*) \1\2",
    ];
    for rule in rows {
        let text =
            format!("backend a\n http-response replace-header {rule}\n server a 10.0.0.1:80\n");
        let imported = import::haproxy(&text).unwrap();
        let expected = r#".name("cdn.example".parse()?)"#;
        assert!(imported.code().contains(expected), "{}", imported.code());
    }
}

#[test]
fn rules_of_haproxy_become_calls_only_if_the_calls_do_the_same() {
    use NoteKind::{ByHand, Mapped};
    let rows = [
        ("http-request set-path /a%[path]", Mapped),
        ("http-request set-path /a%[path] if x", ByHand),
        ("http-request set-path /a", ByHand),
        ("http-request set-path %[path]", ByHand),
        (r"http-request replace-path /a/(.*) /\1", Mapped),
        (r"http-request replace-path ^/a/(.*)$ /b/\1", Mapped),
        (r"http-request replace-path /a/(.*) /\1 if x", ByHand),
        (r"http-request replace-path (.*)\.html \1", ByHand),
        (r"http-request replace-path /a(/)?(.*) /\2", Mapped),
        (r"http-request replace-path /a(/)?(.*) /b/\2", ByHand),
        (r"http-request replace-path /a(/)?(.*) /\1", ByHand),
        (
            r"http-response replace-header Location ^http://(.*) https://\1",
            ByHand,
        ),
        (
            r"http-response replace-header Location ^http://a.example/(.*) /\1",
            Mapped,
        ),
        (
            r"http-response replace-header Set-Cookie (.*) \1;\ Secure",
            ByHand,
        ),
        (
            r"http-response replace-header Set-Cookie (.*)Domain=a.example(.*) \1\2",
            Mapped,
        ),
    ];
    for (line, kind) in rows {
        let text = format!("backend a\n {line}\n server a 10.0.0.1:80\n");
        let imported = import::haproxy(&text).unwrap();
        let note = imported.notes().iter().find(|note| note.line == 2);
        assert_eq!(note.map(|note| note.kind), Some(kind), "{line}");
    }
}

#[test]
fn unknown_directives_are_unmapped() {
    let imported = import::nginx("frobnicate on;").unwrap();
    assert_eq!(
        imported.notes()[0].to_string(),
        "line 1: frobnicate: unmapped: not known to the importer"
    );
    let imported =
        import::haproxy("backend a\n frobnicate\n server a 10.0.0.1:80 frob 1\n").unwrap();
    let unmapped: Vec<_> = notes_of(&imported, NoteKind::Unmapped)
        .map(|it| it.directive.as_str())
        .collect();
    assert_eq!(unmapped, ["frobnicate", "server frob", "server 1"]);
}

#[test]
fn a_text_that_is_no_configuration_is_refused_with_its_place() {
    let deep = "a {".repeat(40);
    let large = "a b;\n".repeat(300_000);
    let rows = [
        ("location / {", "line 1, column 12: a block is not closed"),
        ("a\n  b", "line 1, column 1: a directive has no `;`"),
        ("a {\n b }", "line 2, column 2: a directive has no `;`"),
        ("a;\n}", "line 2, column 1: `}` closes nothing"),
        (";", "line 1, column 1: `;` ends nothing"),
        ("{}", "line 1, column 1: a block has no name"),
        ("a 'b;", "line 1, column 3: a quote is not closed"),
        (
            "x_by_lua_block { if {",
            "line 1, column 16: a block is not closed",
        ),
        (&deep, "line 1, column 99: more than 32 blocks are nested"),
        (&large, "line 1, column 1: the text has more than 1 MiB"),
    ];
    for (text, expected) in rows {
        let error = import::nginx(text).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
    let error = import::haproxy("backend a\n  server 'a").expect_err("a quote");
    assert_eq!(
        error.to_string(),
        "line 2, column 10: a quote is not closed"
    );
}

#[test]
fn quotes_escapes_and_variables_are_those_of_nginx() {
    let text = "location / { # } ;\n set $a \"o\\\"r\" ; set $b 'origin.example';\n\
                proxy_pass \"http://${b}:8080\"; }";
    let imported = import::nginx(text).unwrap();
    assert!(
        imported
            .code()
            .contains("builder(\"http://origin.example:8080\")")
    );
}

#[test]
fn quotes_and_escapes_are_those_of_haproxy() {
    let text = "backend a # comment\n http-request set-header Host 'a.example' # \"\n \
                server a\\ b \"10.0.0.1\":80 # ssl\n";
    let imported = import::haproxy(text).unwrap();
    assert_eq!(imported.origins()[0].server, "a b");
    assert!(
        imported.code().contains("builder(\"http://10.0.0.1\")"),
        "{}",
        imported.code()
    );
}

/// Each location repeats the servers of its upstream, and a backend may have any number.
#[test]
fn the_number_of_origins_is_bounded() {
    let servers = "server 10.0.0.1:80;\n".repeat(40);
    let locations = "location /a { proxy_pass http://a; }\n".repeat(1000);
    let nginx = import::nginx(&format!("upstream a {{ {servers} }}\n{locations}")).unwrap();
    let servers = "server a 10.0.0.1:80\n".repeat(400);
    let backends = format!("backend a\n{servers}").repeat(10);
    let haproxy = import::haproxy(&backends).unwrap();
    for (imported, origins) in [(nginx, 1000), (haproxy, 800)] {
        assert_eq!(imported.origins().len(), origins);
        let mut notes = notes_of(&imported, NoteKind::Refused);
        assert!(notes.any(|note| note.text.starts_with("more than 1000 origins")));
    }
}
