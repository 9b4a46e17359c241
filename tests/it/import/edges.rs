//! Imported setups in front of the test edge.

use std::fs;

use axum::{Router, body::Body};
use bytes::Bytes;
use cdn_origin::{
    OriginProxy,
    import::{self, Imported, NoteKind},
};
use http::{Request, Response, StatusCode};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::{notes_of, printed};
use crate::support::{Authority, Edge, Requests, Site, SniRefusal};

/// Sends a request through the imported proxy.
pub(super) async fn through(imported: &Imported, host: &str) -> Response<String> {
    let [origin] = imported.origins() else {
        panic!("one origin: {imported:?}");
    };
    let proxy = OriginProxy::try_from(&origin.config).unwrap();
    let site = Site::serve(Router::new().fallback_service(proxy)).await;
    let stream = TcpStream::connect(site.address()).await.unwrap();
    let mut client = Requests::http1(stream).await.unwrap();
    let request = Request::get("/page?query=1")
        .header("host", host)
        .header("authorization", "Basic c2VjcmV0")
        .header("x-forwarded-for", "203.0.113.7");
    client
        .send(request.body(Bytes::new()).unwrap())
        .await
        .unwrap()
}

pub(super) fn warned(imported: &Imported) -> Vec<&str> {
    notes_of(imported, NoteKind::Warning)
        .map(|note| note.directive.as_str())
        .collect()
}

/// The location of the migration, with the edge behind the name of the distribution.
fn nginx(edge: &Edge, roots: &str, lines: &str) -> Imported {
    let text = format!(
        "upstream d1234567890.cloudfront.test {{ server {}; }}
        location / {{
            proxy_pass https://d1234567890.cloudfront.test;
            proxy_ssl_trusted_certificate {roots};
            {lines}
        }}",
        edge.address()
    );
    import::nginx(&text).unwrap()
}

/// An edge that serves these names, and the file with its root.
pub(super) async fn edge(names: &[&str]) -> (Edge, tempfile::TempDir, String) {
    let authority = Authority::new();
    let mut edge = Edge::builder(&authority).without_sni(SniRefusal::Close);
    for name in names {
        edge = edge.serves(name);
    }
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    fs::write(&roots, authority.root_pem()).unwrap();
    let roots = roots.display().to_string();
    (edge.start().await, folder, roots)
}

#[tokio::test]
async fn the_nginx_migration_arrives_with_every_field_that_it_sets() {
    let (edge, _folder, roots) = edge(&["example.test"]).await;
    let lines = "proxy_ssl_protocols TLSv1.2;
        proxy_ssl_server_name on;
        proxy_ssl_name example.test;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_pass_header Authorization;";
    let imported = nginx(&edge, &roots, lines);
    let expected = [
        "defaults",
        "client_max_body_size",
        "proxy_ssl_verify",
        "proxy_set_header X-Forwarded-For",
    ];
    assert_eq!(warned(&imported), expected);
    assert_eq!(
        through(&imported, "example.test").await.status(),
        StatusCode::OK
    );
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("example.test"));
    assert_eq!(seen.authority.as_deref(), Some("example.test"));
    assert_eq!(seen.header("x-real-ip"), Some("127.0.0.1"));
    assert_eq!(
        seen.header("x-forwarded-for"),
        Some("203.0.113.7, 127.0.0.1")
    );
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.header("authorization"), Some("Basic c2VjcmV0"));
}

/// A line of the migration is left out: the import repairs it or not, and a note names the line.
#[tokio::test]
async fn each_broken_form_of_the_nginx_migration_is_named() {
    let (edge, _folder, roots) = edge(&["example.test"]).await;
    let name = "proxy_ssl_name example.test;";
    let host = "proxy_set_header Host $host;";
    let server_name = "proxy_ssl_server_name on;";
    let rows = [
        (
            format!("{name}{host}"),
            "proxy_ssl_server_name",
            StatusCode::OK,
        ),
        (
            format!("{server_name}{host}"),
            "proxy_ssl_name",
            StatusCode::BAD_GATEWAY,
        ),
        (
            host.to_owned(),
            "proxy_ssl_server_name",
            StatusCode::BAD_GATEWAY,
        ),
        (
            format!("{name}{host}proxy_ssl_server_name off;"),
            "proxy_ssl_server_name",
            StatusCode::BAD_GATEWAY,
        ),
    ];
    for (lines, named, status) in rows {
        let imported = nginx(&edge, &roots, &lines);
        assert!(warned(&imported).contains(&named), "{lines}: {imported:?}");
        assert_eq!(
            through(&imported, "example.test").await.status(),
            status,
            "{lines}"
        );
    }
}

#[tokio::test]
async fn other_paths_do_not_reach_the_origin_of_a_location() {
    let router = printed::nginx_sub_path::route_location_1(Router::new()).unwrap();
    let request = Request::get("/other").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

fn haproxy(edge: &Edge, server: &str) -> Imported {
    let text = format!(
        "backend cdn
            mode http
            http-request set-header Host cloudfront-site.test
            server cdn {} {server}",
        edge.address()
    );
    import::haproxy(&text).unwrap()
}

#[tokio::test]
async fn the_haproxy_backend_works_once_it_has_tls_and_sni() {
    let (edge, _folder, _) = edge(&["cloudfront-site.test"]).await;
    let working = haproxy(&edge, "ssl verify none sni str(cloudfront-site.test)");
    assert_eq!(warned(&working), ["server verify"]);
    assert_eq!(
        through(&working, "old-site.test").await.status(),
        StatusCode::OK
    );
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.authority.as_deref(), Some("cloudfront-site.test"));
    // An address has no name for the SNI: the import cannot repair it.
    let still_broken = haproxy(&edge, "ssl verify none");
    assert_eq!(
        through(&still_broken, "old-site.test").await.status(),
        StatusCode::BAD_GATEWAY
    );
    let broken = haproxy(&edge, "");
    assert_eq!(
        through(&broken, "old-site.test").await.status(),
        StatusCode::BAD_REQUEST
    );
}

/// By name, the import has the SNI that HAProxy does not send, and says so.
#[test]
fn each_broken_form_of_the_haproxy_backend_is_named() {
    let rows = [
        ("cdn.example", "no port"),
        ("cdn.example:443", "no `ssl`"),
        ("cdn.example:443 ssl verify none", "no `sni`"),
        (
            "cdn.example:443 ssl verify none sni req.hdr(host)",
            "the SNI of a connector is fixed",
        ),
        (
            "cdn.example:443 ssl verify none sni str(cdn.example)",
            "no `http-request set-header",
        ),
        ("192.0.2.1:443 ssl", "no `verifyhost`"),
    ];
    for (server, warning) in rows {
        let text = format!("backend cdn\n server cdn {server}");
        let imported = import::haproxy(&text).unwrap();
        let mut notes = imported.notes().iter();
        assert!(
            notes.any(|note| note.text.starts_with(warning)),
            "{server}: {imported:?}"
        );
    }
}
