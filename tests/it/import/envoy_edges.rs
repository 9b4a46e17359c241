//! Imported clusters of Envoy in front of the test edge.

use std::fs;

use cdn_origin::{
    SpkiPin,
    import::{self, Imported},
};
use http::StatusCode;

use super::edges::{edge, through, warned};
use crate::support::{Authority, Edge, HostMismatch};

/// A cluster with the edge as its endpoint, and a route to it.
fn envoy(edge: &Edge, route: &str, endpoint: &str, tls: &str) -> Imported {
    let port = edge.port();
    let text = format!(
        r#"[
        {{
            "match": {{ "prefix": "/" }},
            "route": {{ "cluster": "cdn", {route} "timeout": "5s" }}
        }},
        {{
            "name": "cdn",
            "type": "STATIC",
            "loadAssignment": {{ "endpoints": [{{ "lbEndpoints": [{{ "endpoint": {{
                {endpoint}
                "address": {{ "socketAddress": {{ "address": "127.0.0.1", "portValue": {port} }} }}
            }} }}] }}] }},
            "transport_socket": {{
                "name": "envoy.transport_sockets.tls",
                "typed_config": {{
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                    {tls}
                    "max_session_keys": 8
                }}
            }}
        }}
        ]"#
    );
    import::envoy(&text).unwrap()
}

fn validation(fields: &str) -> String {
    format!(r#""common_tls_context": {{ "validation_context": {{ {fields} }} }},"#)
}

/// An edge that serves a name with the certificate of another.
#[tokio::test]
async fn sni_host_and_expected_name_may_differ() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with("site.test", authority.issue(&["certificate.test"]))
        .host_mismatch(HostMismatch::Allow)
        .knows_hosts(&["www.test"])
        .start()
        .await;
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    fs::write(&roots, authority.root_pem()).unwrap();
    let roots = format!(r#""trusted_ca": {{ "filename": "{}" }}"#, roots.display());
    let matcher = r#", "match_typed_subject_alt_names": [
        { "san_type": "DNS", "matcher": { "exact": "certificate.test" } }]"#;
    let route = r#""host_rewrite_literal": "www.test","#;

    let tls = format!(
        r#""sni": "site.test", {}"#,
        validation(&(roots.clone() + matcher))
    );
    let imported = envoy(&edge, route, "", &tls);
    assert!(warned(&imported).is_empty(), "{imported:?}");
    assert_eq!(
        through(&imported, "client.test").await.status(),
        StatusCode::OK
    );
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("site.test"));
    assert_eq!(seen.authority.as_deref(), Some("www.test"));

    // Envoy accepts any name without the matcher; the import expects the SNI.
    let tls = format!(r#""sni": "site.test", {}"#, validation(&roots));
    let imported = envoy(&edge, route, "", &tls);
    assert_eq!(warned(&imported), ["match_typed_subject_alt_names"]);
    assert_eq!(
        through(&imported, "client.test").await.status(),
        StatusCode::BAD_GATEWAY
    );
}

#[tokio::test]
async fn an_endpoint_without_sni_is_repaired_if_it_has_a_name() {
    let (edge, _folder, roots) = edge(&["site.test"]).await;
    let roots = format!(r#""trusted_ca": {{ "filename": "{roots}" }}"#);
    let tls = validation(&roots);
    let route = r#""auto_host_rewrite": true,"#;
    let rows = [
        (r#""hostname": "site.test","#, StatusCode::OK),
        ("", StatusCode::BAD_GATEWAY),
    ];
    for (endpoint, status) in rows {
        let imported = envoy(&edge, route, endpoint, &tls);
        assert!(warned(&imported).contains(&"sni"), "{imported:?}");
        assert_eq!(
            through(&imported, "client.test").await.status(),
            status,
            "{endpoint}"
        );
    }
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("site.test"));
    let port = edge.port();
    assert!(
        ["site.test".to_owned(), format!("site.test:{port}")].contains(&seen.authority.unwrap())
    );
}

#[tokio::test]
async fn a_certificate_is_verified_unless_the_text_says_otherwise() {
    let (edge, _folder, _) = edge(&["site.test"]).await;
    let route = r#""host_rewrite_literal": "site.test","#;
    let rows = [
        (String::new(), "validation_context", StatusCode::BAD_GATEWAY),
        (
            validation(r#""trust_chain_verification": "ACCEPT_UNTRUSTED""#),
            "validation_context.trust_chain_verification",
            StatusCode::OK,
        ),
    ];
    for (validation, warning, status) in rows {
        let tls = format!(r#""sni": "site.test", {validation}"#);
        let imported = envoy(&edge, route, "", &tls);
        assert_eq!(warned(&imported), [warning]);
        assert_eq!(
            through(&imported, "site.test").await.status(),
            status,
            "{warning}"
        );
    }
}

#[tokio::test]
async fn pins_alone_are_trusted_without_roots() {
    let authority = Authority::new();
    let certified = authority.issue(&["other.test"]);
    let pin = SpkiPin::sha256(certified.spki_sha256()).to_string();
    let pin = pin.trim_start_matches("sha256/").to_owned();
    let edge = Edge::builder(&authority)
        .serves_with("site.test", certified)
        .start()
        .await;
    let route = r#""host_rewrite_literal": "site.test","#;
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned();
    for (pin, status) in [(pin, StatusCode::OK), (other, StatusCode::BAD_GATEWAY)] {
        let validation = validation(&format!(r#""verify_certificate_spki": ["{pin}"]"#));
        let imported = envoy(
            &edge,
            route,
            "",
            &format!(r#""sni": "site.test", {validation}"#),
        );
        assert!(warned(&imported).is_empty(), "{imported:?}");
        assert_eq!(through(&imported, "site.test").await.status(), status);
    }
}
