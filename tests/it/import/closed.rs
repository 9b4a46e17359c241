//! Requests that nginx answers itself, or serves only to some clients: no origin gets them.

use axum::{Router, body::Body};
use cdn_origin::import::{self, NoteKind};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{migrate::report::program, printed};

async fn status(app: &Router, path: &str) -> StatusCode {
    let request = Request::get(path).header("host", "www.example.test");
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap().status()
}

/// Nothing listens at the origin.
#[tokio::test]
async fn paths_that_nginx_closes_are_closed() {
    let app = printed::nginx_closed::app().unwrap();
    let rows = [
        ("/admin/", 403),
        ("/admin/x", 403),
        ("/status", 204),
        ("/status/x", 502),
        ("/healthz", 200),
        ("/healthz/deep", 200),
        ("/moved/x", 301),
        ("/files/x", 501),
        ("/api/x", 403),
        ("/parts/x", 404),
        ("/team/x", 403),
        ("/open/x", 502),
        ("/", 502),
    ];
    for (path, expected) in rows {
        assert_eq!(status(&app, path).await.as_u16(), expected, "{path}");
    }
    let request = Request::get("/healthz").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "ok");
}

/// The lines of `app` about sections, and the kinds of the notes on locations.
fn app(text: &str) -> (String, Vec<NoteKind>) {
    let imported = import::nginx(text).unwrap();
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive == "location");
    let kinds = notes.map(|note| note.kind).collect();
    let code = program(imported.code());
    let (_, app) = code.split_once("Router::new();\n").unwrap();
    let (app, _) = app.split_once("    Ok(app)").unwrap();
    let lines: Vec<_> = app.lines().map(str::trim).collect();
    (lines.join("\n"), kinds)
}

#[test]
fn what_closes_a_location_closes_its_routes() {
    use NoteKind::{Mapped, Warning};
    let rows = [
        ("", false, &[][..]),
        ("allow all;", false, &[]),
        ("auth_basic off;", false, &[]),
        ("ssl_verify_client optional;", false, &[]),
        ("satisfy any;", false, &[]),
        ("deny all;", true, &[Mapped]),
        ("return 403;", true, &[Mapped]),
        ("deny 10.0.0.1;", true, &[Warning]),
        ("allow 10.0.0.0/8; deny all;", true, &[Warning]),
        ("satisfy any; deny all;", true, &[Warning]),
        ("auth_basic x;", true, &[Warning]),
        ("auth_request /x;", true, &[Warning]),
        ("auth_jwt x;", true, &[Warning]),
        ("ssl_verify_client on;", true, &[Warning]),
        ("access_by_lua 'x';", true, &[Warning]),
    ];
    for (line, is_closed, kinds) in rows {
        for section in ["/", "@app"] {
            let text = format!(
                "http {{ server {{ {line} location {section} {{ proxy_pass http://a; }} }} }}"
            );
            let (app, mut found) = app(&text);
            found.sort_unstable();
            let calls = app.contains("fallback_service(location_1()?)");
            assert_eq!(calls, !is_closed, "{text}: {app}");
            assert_eq!(app.contains("answer_location_1(app)"), is_closed, "{text}");
            if section == "/" {
                assert_eq!(found, kinds, "{text}");
            }
        }
    }
}

/// A request of the section could otherwise reach the origin of another.
#[test]
fn a_closed_path_is_open_in_no_other_section() {
    let text = "http {
        server { location /a/ { proxy_pass http://a; } location = /b { return 403; } }
        server { location /a/ { deny all; } location /b { proxy_pass http://a; } }
    }";
    let (app, _) = app(text);
    let expected = "\
// `location /a/`: route its requests to `location_1()?` by host or path.
let app = answer_location_2(app);
let app = answer_location_3(app);
// `location /b`: route its requests to `location_4()?` by host or path.";
    assert_eq!(app, expected);
}

/// No route can have the requests of a regular expression.
#[test]
fn a_section_without_a_route_is_not_the_fallback() {
    for section in [r"location ~ \.js$", "location = /a", "location '/{a}/'"] {
        let (app, kinds) = app(&format!("{section} {{ proxy_pass http://a; }}"));
        assert!(app.starts_with("// `location"), "{app}");
        assert_eq!(kinds, [NoteKind::Warning], "{section}");
    }
    let text = r"server { location / { proxy_pass http://a; } location ~ \.bak$ { return 404; } }";
    let imported = import::nginx(text).unwrap();
    let mut notes = imported.notes().iter();
    assert!(
        notes.any(|note| note.kind == NoteKind::Warning
            && note.text.starts_with("the program sends these requests")),
        "{imported:?}"
    );
}

/// nginx ejects for a fixed time, and repeats no request by its status.
#[test]
fn absent_lines_have_the_values_of_nginx() {
    let group = |server: &str, lines: &str| {
        let text = format!(
            "http {{ upstream u {{ server a.example{server}; server b.example; }}
             server {{ location / {{ proxy_pass http://u; {lines} }} }} }}"
        );
        import::nginx(&text).unwrap().code().to_owned()
    };
    let code = group("", "");
    for call in [
        ".failover(Failover::default().statuses([]))",
        ".ejection(Ejection::default().failures(1).time(Duration::from_secs(10))\
         .longest(Duration::from_secs(10)).trials(1).slow_start(Duration::ZERO))",
        ".limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))",
    ] {
        assert!(code.contains(call), "{call}: {code}");
    }
    let code = group(" max_fails=3 fail_timeout=30s", "proxy_next_upstream off;");
    assert!(code.contains(".failures(3).time(Duration::from_secs(30))"));
    assert!(code.contains("Failover::off()"), "{code}");
    assert!(group(" max_fails=0", "").contains(".max_share(0)"));
    let code = group("", "proxy_request_buffering off; client_max_body_size 5m;");
    assert!(code.contains(".limits(Limits::default().max_request_body(5242880))"));
}
