//! The example `serve`: its output, from the first request to the end of the service.

#[path = "../../examples/serve/access_log.rs"]
mod access_log;
#[path = "../../examples/serve/admin.rs"]
mod admin;
#[path = "../../examples/serve/service.rs"]
mod service;
#[path = "../../examples/serve/serving.rs"]
mod serving;
#[path = "../../examples/serve/show.rs"]
mod show;

use std::{fs, io, time::Duration};

use axum::body::Body;
use cdn_origin::access_log::AccessLogLayer;
use http::{Request, StatusCode};
use service::Service;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tower::ServiceExt;

use crate::tls_facts::Log;

/// On one thread, as the recorder is that of this thread.
#[tokio::test]
async fn the_service_reloads_its_file_counts_a_mistake_and_stops() {
    let recorder = admin::prometheus().unwrap().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let (log, guard) = Log::down_to(tracing::Level::INFO);
    let mut out = Vec::new();
    show::show(&mut out, recorder.handle()).await.unwrap();
    drop(guard);
    let log = log.text();
    for event in [
        "serving address=127.0.0.1:",
        "the hosts stay as they are: /",
        "not ready",
        "draining in_flight=0",
        "stopped",
    ] {
        assert!(log.contains(event), "no {event} in {log}");
    }
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let expected = [
        "shop.example: 200 OK: the first origin",
        "other.example: 404 Not Found: ",
        "after a new origin in the file: 200 OK: the second origin",
        "after a mistake in the file: 200 OK: the second origin",
        "cdn_origin_causes_total{server_address=\"other\",server_port=\"0\",\
         cdn_origin_cause=\"unknown_host\"} 1",
        "cdn_origin_reload_failures_total{server_address=\"other\",server_port=\"0\"} 1",
        "access log: {",
        "access log: {",
        "access log: {",
        "access log: {",
        "the service has stopped",
    ];
    for host in ["shop.example", "other.example"] {
        let is_logged = |line: &&&str| line.contains(&format!("\"{host}\""));
        let logged = lines.iter().filter(|line| line.starts_with("access log"));
        assert!(logged.filter(is_logged).count() > 0, "{text}");
    }
    assert_eq!(lines.len(), expected.len(), "{text}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line} is not {start}");
    }
}

/// The error of a file with this text.
fn error_of(text: &str) -> (String, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let access_log = AccessLogLayer::json(|_| {});
    let error = Service::read(file.path().to_owned(), access_log).err();
    let error = error.expect("the file is invalid").to_string();
    (file.path().display().to_string(), error)
}

#[tokio::test]
async fn an_error_of_the_file_names_the_file_and_the_line_or_the_key() {
    for (text, expected) in [
        ("unknown = \"not_found\"\nhost", "line 2"),
        (
            "hosts.\"a.example\".origin = { url = \"https://a.example\", \
             verify.roots.pem_files = [\"/nonexistent.pem\"] }",
            "hosts.\"a.example\".origin.verify.roots.pem_files: /nonexistent.pem cannot be read",
        ),
    ] {
        let (file, error) = error_of(text);
        assert!(error.starts_with(&format!("{file}: ")), "{error}");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let missing = Service::read("/nonexistent.toml".into(), AccessLogLayer::json(|_| {}));
    let error = missing.err().expect("there is no file").to_string();
    let expected = io::Error::from_raw_os_error(2).to_string();
    assert_eq!(error, format!("/nonexistent.toml: {expected}"));
}

#[tokio::test]
async fn the_writer_of_the_access_log_ends_with_the_last_layer() {
    let (layer, writer) = access_log::to_stdout();
    drop(layer);
    access_log::finish(writer).await;
}

#[tokio::test]
async fn the_check_at_the_start_reaches_each_host_and_the_one_for_all_others() {
    let access_log = AccessLogLayer::json(|_| {});
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = crate::support::refused_address();
    let origin = format!("origin.url = \"http://{}\"", refused.address());
    let text = format!("hosts.\"a.example\".{origin}\nhosts.\"*\".{origin}");
    fs::write(file.path(), text).unwrap();
    let service = Service::read(file.path().to_owned(), access_log).unwrap();
    admin::check(service.hosts.clone()).await;
    let built = service.hosts.proxies().into_iter().map(|it| it.0);
    let built: std::collections::BTreeSet<_> = built.collect();
    assert!(built.iter().eq(["*", "a.example"]), "{built:?}");
    assert_eq!(admin::in_flight(&service.hosts), 0);
}

/// Nothing is refused between the failing readiness and the end of the notice.
#[tokio::test]
async fn the_service_is_not_ready_before_it_listens_and_after_it_was_told_to_stop() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = crate::support::refused_address();
    let text = format!("hosts.\"*\".origin.url = \"http://{}\"", refused.address());
    fs::write(file.path(), text).unwrap();
    let access_log = AccessLogLayer::json(|_| {});
    let service = Service::read(file.path().to_owned(), access_log).unwrap();
    let recorder = admin::prometheus().unwrap().build_recorder();
    let pages = admin::pages(&service, recorder.handle());
    let readiness = async || {
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        let Ok(response) = pages.clone().oneshot(request).await;
        response.status()
    };
    assert_eq!(readiness().await, StatusCode::SERVICE_UNAVAILABLE);

    let mut changes = service.readiness.subscribe();
    let hosts = service.hosts.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_reload, reloads) = mpsc::channel(1);
    let (stop, stopping) = oneshot::channel::<()>();
    let notice = Duration::from_secs(3600);
    let serving = tokio::spawn(service.serve(listener, reloads, stopping, notice));
    changes.wait_for(|it| *it == StatusCode::OK).await.unwrap();
    assert_eq!(readiness().await, StatusCode::OK);
    drop(stop);
    let is_down = |it: &StatusCode| *it == StatusCode::SERVICE_UNAVAILABLE;
    changes.wait_for(is_down).await.unwrap();
    assert_eq!(readiness().await, StatusCode::SERVICE_UNAVAILABLE);
    let request = Request::get("/").header("host", "client.test");
    let Ok(response) = hosts.oneshot(request.body(Body::empty()).unwrap()).await;
    // The origin refuses connections. A draining service would answer 503.
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    serving.abort();
}
