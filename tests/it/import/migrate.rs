//! The example `migrate`, as its `main` runs it.

#[path = "../../../examples/migrate/report.rs"]
pub(super) mod report;

fn printed(text: &str, is_all: bool) -> String {
    let imported = report::import(text).unwrap();
    let mut out = Vec::new();
    report::write(&mut out, &imported, is_all).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_file_of_nginx_becomes_code_and_notes() {
    let text = "location / {\n    proxy_pass https://d1234567890.cloudfront.net;\n    \
                proxy_ssl_server_name on;\n    proxy_ssl_verify on;\n    proxy_frob on;\n}\n";
    let expected = "\
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder(\"https://d1234567890.cloudfront.net\")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await?;
    Ok(axum::serve(listener, app).await?)
}

// warning:
// line 1: defaults: without lines about them, these differ from nginx: the origin gets `Via`, and \
forwarded fields in place of the client's own; it may choose HTTP/2; a connection has to be open \
after 15 s; request fields with `_` in their names reach the origin; its `Server` reaches clients; \
redirects and cookies of its name get the client's host. `guide::from_nginx` has the calls
// line 1: client_max_body_size: the import has nginx's default, 1 MiB. If another file sets it, \
change `Limits::max_request_body`

// unmapped:
// line 5: proxy_frob: not known to the importer
";
    assert_eq!(printed(text, false), expected);
    assert!(printed(text, true).contains("// line 2: proxy_pass: `CdnOriginConnector::builder`"));
}

#[test]
fn each_section_is_in_the_app_or_named_in_a_comment() {
    let text = "server {
        location = /one { proxy_pass http://one.example; }
        location /shop/ { proxy_pass http://shop.example; }
        location / { proxy_pass http://all.example; }
    }
    server {
        location /shop/ { proxy_pass http://other.example; }
    }";
    let out = printed(text, false);
    let (_, app) = out.split_once("pub fn app()").unwrap();
    let (app, _) = app.split_once("    Ok(app)").unwrap();
    let lines: Vec<_> = app.lines().skip(1).map(str::trim).collect();
    let expected = [
        "let app = axum::Router::new();",
        "// `location = /one`: route its requests to `location_1()?` by host or path.",
        "let app = route_location_2(app)?;",
        "let app = app.fallback_service(location_3()?);",
        "// `location /shop/`: route its requests to `location_4()?` by host or path.",
    ];
    assert_eq!(lines, expected, "{out}");
    // A file without an origin makes no program.
    assert_eq!(printed("http { }", false), "");
}

/// Nothing tells which of several backends gets the requests that no rule selects.
#[test]
fn of_several_backends_none_gets_all_requests() {
    let text = "frontend www
        use_backend admin if { path_beg /admin }
        default_backend app
    backend admin
        server a admin.example:80
    backend app
        server a app.example:80
    ";
    let out = printed(text, false);
    assert!(!out.contains("fallback_service("), "{out}");
    for (title, name) in [("backend admin", "backend_1"), ("backend app", "backend_2")] {
        let comment = format!("// `{title}`: route its requests to `{name}()?`");
        assert!(out.contains(&comment), "{out}");
    }
}

#[test]
fn a_file_with_a_backend_is_one_of_haproxy() {
    let text = "backend app\n    server a origin.example:443 ssl verify none\n";
    let out = printed(text, false);
    assert!(out.contains("pub fn backend_1()"), "{out}");
    assert!(
        out.contains("// warning:\n// line 2: server verify: "),
        "{out}"
    );
}

#[test]
fn a_file_of_json_is_one_of_envoy() {
    for text in [
        "\u{feff} {\n \"clusters\": []\n}",
        "[ {\"name\": \"a\"} ]",
        "{}",
    ] {
        let imported = report::import(text).unwrap();
        assert!(imported.origins().is_empty(), "{text}");
    }
}

#[test]
fn a_file_with_a_reverse_proxy_is_one_of_caddy() {
    let text = "{\n    debug\n}\n\nexample.test {\n    reverse_proxy localhost:8080\n}\n";
    let out = printed(text, true);
    assert!(out.contains("pub fn site_1()"), "{out}");
    assert!(
        out.contains("// line 2: debug: it concerns the process of Caddy"),
        "{out}"
    );
}

#[test]
fn a_text_that_is_no_configuration_is_an_error() {
    let error = report::import("location / {").expect_err("the block is not closed");
    assert_eq!(
        error.to_string(),
        "line 1, column 12: a block is not closed"
    );
}
