//! Imported Caddyfiles in front of the test edge.

use cdn_origin::import::{self, Imported};
use http::StatusCode;

use super::edges::{edge, through, warned};
use crate::support::Edge;

fn caddy(edge: &Edge, lines: &str, transport: &str) -> Imported {
    let text = format!(
        "www.test {{\n reverse_proxy https://{} {{\n {lines}\n transport http {{\n {transport}\n \
         }}\n }}\n}}\n",
        edge.address()
    );
    import::caddy(&text).unwrap()
}

#[tokio::test]
async fn a_server_name_and_a_host_arrive_as_they_are_written() {
    let (edge, _folder, roots) = edge(&["site.test"]).await;
    let trust = format!("tls_trust_pool file {roots}");
    let transport = format!("tls_server_name site.test\n{trust}");
    let lines = "header_up Host site.test\nheader_up X-Tier edge";
    let imported = caddy(&edge, lines, &transport);
    assert!(warned(&imported).is_empty(), "{imported:?}");
    assert_eq!(
        through(&imported, "client.test").await.status(),
        StatusCode::OK
    );
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("site.test"));
    assert_eq!(seen.authority.as_deref(), Some("site.test"));
    assert_eq!(seen.header("x-tier"), Some("edge"));
    assert_eq!(seen.header("x-forwarded-host"), Some("client.test"));

    // An address has no name for the SNI: the import cannot repair it.
    let imported = caddy(&edge, "header_up Host {host}", &trust);
    assert_eq!(warned(&imported), ["tls_server_name"]);
    let status = through(&imported, "site.test").await.status();
    assert_eq!(status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn a_certificate_is_verified_unless_a_line_says_otherwise() {
    let (edge, _folder, _) = edge(&["site.test"]).await;
    let rows = [
        ("", StatusCode::BAD_GATEWAY, 0),
        ("tls_insecure_skip_verify", StatusCode::OK, 1),
    ];
    for (line, status, warnings) in rows {
        let transport = format!("tls_server_name site.test\n{line}");
        let imported = caddy(&edge, "header_up Host {hostport}", &transport);
        assert_eq!(warned(&imported).len(), warnings, "{imported:?}");
        assert_eq!(
            through(&imported, "site.test").await.status(),
            status,
            "{line}"
        );
    }
}
