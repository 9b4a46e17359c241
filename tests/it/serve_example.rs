//! The example `serve`: its output, from the first request to the end of the service.

#[path = "../../examples/local_origin/mod.rs"]
mod local_origin;
#[path = "../../examples/serve/service.rs"]
mod service;
#[path = "../../examples/serve/show.rs"]
mod show;

/// On one thread, as the recorder is that of this thread.
#[tokio::test]
async fn the_service_reloads_its_file_counts_a_mistake_and_stops() {
    let recorder = service::prometheus().unwrap().build_recorder();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let mut out = Vec::new();
    show::show(&mut out, recorder.handle()).await.unwrap();
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
        "the service has stopped",
    ];
    assert_eq!(lines.len(), expected.len(), "{text}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line} is not {start}");
    }
}
