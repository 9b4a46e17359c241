//! The guide has a row for every TLS setting of nginx and HAProxy, and for every message that nginx
//! treats otherwise. The tests that it names exist.

use std::{fs, path::Path};

use crate::hardening_index::collect;

const NGINX: &str = include_str!("../../src/guide/from-nginx.md");
const HAPROXY: &str = include_str!("../../src/guide/from-haproxy.md");

/// The TLS directives of nginx 1.29: `ngx_http_proxy_module` and `ngx_stream_proxy_module`.
const DIRECTIVES: [&str; 16] = [
    "proxy_ssl_alpn",
    "proxy_ssl_certificate",
    "proxy_ssl_certificate_cache",
    "proxy_ssl_certificate_key",
    "proxy_ssl_ciphers",
    "proxy_ssl_conf_command",
    "proxy_ssl_crl",
    "proxy_ssl_key_log",
    "proxy_ssl_name",
    "proxy_ssl_password_file",
    "proxy_ssl_protocols",
    "proxy_ssl_server_name",
    "proxy_ssl_session_reuse",
    "proxy_ssl_trusted_certificate",
    "proxy_ssl_verify",
    "proxy_ssl_verify_depth",
];

/// The TLS keywords of a `server` line in HAProxy 3.3.
const KEYWORDS: [&str; 40] = [
    "allow-0rtt",
    "alpn",
    "ca-file",
    "check-alpn",
    "check-sni",
    "check-sni-auto",
    "check-ssl",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "crt",
    "curves",
    "force-tlsv12",
    "force-tlsv13",
    "ktls",
    "no-renegotiate",
    "no-sni-auto",
    "no-ssl",
    "no-ssl-reuse",
    "no-tls-tickets",
    "no-tlsv12",
    "no-tlsv13",
    "no-verifyhost",
    "npn",
    "pool-conn-name",
    "renegotiate",
    "send-proxy-v2-ssl",
    "send-proxy-v2-ssl-cn",
    "sigalgs",
    "sni",
    "sni-auto",
    "ssl",
    "ssl-max-ver",
    "ssl-min-ver",
    "ssl-reuse",
    "tls-tickets",
    "verify none",
    "verify required",
    "verifyhost",
];

/// What nginx 1.29 has for several servers.
const SERVERS: [&str; 16] = [
    "hash",
    "health_check",
    "ip_hash",
    "least_conn",
    "proxy_next_upstream error",
    "proxy_next_upstream error timeout",
    "proxy_next_upstream http_500",
    "proxy_next_upstream invalid_header",
    "proxy_next_upstream non_idempotent",
    "proxy_next_upstream off",
    "proxy_next_upstream_timeout",
    "proxy_next_upstream_tries",
    "server .. backup",
    "server .. fail_timeout=10s",
    "server .. max_fails=3",
    "server .. weight=3",
];

/// What HAProxy 3.3 has for several servers.
const BACKENDS: [&str; 17] = [
    "balance hdr(name)",
    "balance leastconn",
    "balance roundrobin",
    "balance source",
    "check inter",
    "cookie",
    "hash-balance-factor",
    "http-check expect",
    "option httpchk",
    "option redispatch",
    "redispatch",
    "retries",
    "retry-on 500",
    "retry-on conn-failure",
    "retry-on response-timeout",
    "server .. backup",
    "server .. weight",
];

/// Whether the first column of a table contains this name, with or without a value.
fn has_row(page: &str, name: &str) -> bool {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let mut settings = rows.filter_map(|row| row.split(" | ").next());
    settings.any(|setting| {
        let mut code = setting.split('`').skip(1).step_by(2);
        code.any(|code| code == name || code.starts_with(&format!("{name} ")))
    })
}

#[test]
fn the_guide_has_a_row_for_every_tls_setting_of_nginx_and_haproxy() {
    for name in DIRECTIVES {
        assert!(has_row(NGINX, name), "{name}");
    }
    for name in KEYWORDS {
        assert!(has_row(HAPROXY, name), "{name}");
    }
    assert!(!has_row(HAPROXY, "no-such-keyword"));
}

#[test]
fn the_guide_has_a_row_for_every_setting_of_several_servers() {
    for name in SERVERS {
        assert!(has_row(NGINX, name), "{name}");
    }
    for name in BACKENDS {
        assert!(has_row(HAPROXY, name), "{name}");
    }
}

/// Malformed messages that nginx 1.22 serves and the proxy refuses, or the other way around.
const MESSAGES: [&str; 15] = [
    "no status line (HTTP/0.9)",
    "two spaces after the version",
    "both `Content-Length` and `Transfer-Encoding`",
    "a `Content-Length` that is no number, or two that differ",
    "a `Transfer-Encoding` other than `chunked`, or any in HTTP/1.0",
    "a field name that is no token, or a field without a colon",
    "a control character in a field value",
    "a line of a chunk that ends in a bare LF",
    "a space before the colon of a field",
    "a folded field",
    "a head of more than 4 or 8 KiB",
    "a field name that is no token",
    "more than 100 fields over HTTP/1",
    "an `Expect` other than `100-continue`",
    "TRACE",
];

#[test]
fn the_guide_has_a_row_for_every_message_that_nginx_treats_otherwise() {
    for message in MESSAGES {
        let row = format!("| {message}");
        assert!(
            NGINX.lines().any(|line| line.starts_with(&row)),
            "{message}"
        );
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Claims of the guide have their test beside them.
#[test]
fn the_tests_that_the_guide_names_exist() {
    let pages = fs::read_dir(root().join("src/guide")).expect("the guide is a folder");
    let mut missing = Vec::new();
    for page in pages {
        let page = page.expect("the folder can be read").path();
        let text = fs::read_to_string(&page).expect("pages are text");
        let named = text.split('`').skip(1).step_by(2);
        for path in named.filter(|name| name.starts_with("tests/")) {
            if !root().join(path).exists() && !root().join(format!("{path}.rs")).exists() {
                missing.push(format!("{path} in {}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// A row ends its first cell with the number of its source, such as `(3)`. Sources are numbered
/// lists below the tables, and begin with a test of this crate if they name one.
#[test]
fn every_row_of_the_comparison_has_a_source() {
    let page = include_str!("../../src/guide/comparison.md");
    let mut tests = String::new();
    collect(&root().join("tests/it"), &mut tests);
    for section in page
        .split("\n# ")
        .filter(|section| section.contains("\nSources"))
    {
        let (table, sources) = section.split_once("\nSources").expect("sources");
        let rows = table
            .lines()
            .filter(|line| line.starts_with("| ") && line.contains(" ("));
        let rows: Vec<_> = rows.filter_map(|row| row.split(") |").next()).collect();
        assert!(rows.len() > 10, "{table}");
        for (row, number) in rows.iter().zip(1..) {
            assert!(row.ends_with(&format!("({number}")), "{row}");
            assert!(sources.contains(&format!("\n{number}. ")), "{row}");
        }
        let named = sources.lines().filter_map(|line| line.split_once(". `"));
        for (_, name) in named {
            let name = name.split('`').next().expect("the name of a test");
            assert!(tests.contains(&format!("fn {name}(")), "{name}");
        }
    }
}
