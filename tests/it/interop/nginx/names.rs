//! Scheme, SNI and Host as nginx checks them.

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, ErrorKind, Stage},
};
use http::StatusCode;

use crate::{
    interop::{
        client::{NAME, answer, assert_likeliest, by_address, connector, diagnosis, refusal},
        server::{Folder, Server},
    },
    support::Authority,
};

/// One site, and a default server that rejects handshakes with other names.
const STRICT: &str = "
    server { listen LISTEN ssl default_server; ssl_reject_handshake on; }
    server {
        listen LISTEN ssl;
        server_name www.example.test;
        ssl_certificate site.pem;
        ssl_certificate_key site.pem;
        location / { return 200 'welcome'; }
    }";

fn strict(authority: &Authority) -> Server {
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    Server::nginx(folder, STRICT)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_reports_plain_http_on_its_tls_port_and_so_does_the_diagnosis() {
    let authority = Authority::new();
    let nginx = strict(&authority);
    let address = nginx.address();

    let response = answer(CdnOriginConnector::builder(
        format!("http://{address}").as_str(),
    ))
    .await;

    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let page = response.body();
    assert!(page.contains("The plain HTTP request was sent to HTTPS port"));
    assert!(page.trim_end().ends_with("</html>"), "{page}");
    assert_likeliest(
        diagnosis(&response),
        CauseId::HttpToTlsPort,
        Certainty::Likely,
        format!("CdnOriginConnector::builder(\"https://{address}\")"),
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_responds_in_http_to_a_client_hello_and_the_report_quotes_it() {
    let nginx = Server::nginx(
        Folder::new(),
        "server { listen LISTEN; return 200 'plain'; }",
    );

    let error = refusal(by_address(&nginx)).await;

    assert_eq!(error.kind(), ErrorKind::NotTls);
    assert_eq!(error.stage(), Stage::Handshake);
    let first_bytes = error.facts().first_bytes();
    assert!(first_bytes.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    assert_likeliest(
        &error.diagnosis(),
        CauseId::PlainHttpPeer,
        Certainty::Certain,
        "dial the port on which the origin supports https",
    );
    assert!(
        error
            .report()
            .to_string()
            .contains("received   \"HTTP/1.1 400")
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_with_ssl_reject_handshake_sends_alert_112_when_no_sni_is_sent() {
    let authority = Authority::new();
    let nginx = strict(&authority);

    let error = refusal(connector(&nginx, &authority).omit_sni()).await;

    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().alert().unwrap().code(), 112);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SniMissing,
        Certainty::Certain,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    let fixed = answer(connector(&nginx, &authority).sni(NAME)).await;
    assert_eq!(fixed.body(), "welcome");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_with_ssl_reject_handshake_sends_alert_112_for_an_unknown_sni() {
    let authority = Authority::new();
    let nginx = strict(&authority);

    let error = refusal(connector(&nginx, &authority).sni("other.example.test")).await;

    assert_eq!(error.facts().alert().unwrap().code(), 112);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SniNotServed,
        Certainty::Certain,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_presents_its_default_certificate_when_no_sni_is_sent() {
    let authority = Authority::new();
    let folder = Folder::new()
        .certified("default", &authority.issue(&["default.example.test"]))
        .certified("site", &authority.issue(&[NAME]));
    let nginx = Server::nginx(
        folder,
        "
        server {
            listen LISTEN ssl default_server;
            ssl_certificate default.pem;
            ssl_certificate_key default.pem;
            return 200 'default';
        }
        server {
            listen LISTEN ssl;
            server_name www.example.test;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            return 200 'welcome';
        }",
    );

    let error = refusal(connector(&nginx, &authority).omit_sni()).await;

    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    let presented = error.facts().certificates().first().unwrap();
    assert_eq!(presented.names(), ["default.example.test"]);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SniMissing,
        Certainty::Likely,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    let fixed = answer(connector(&nginx, &authority)).await;
    assert_eq!(fixed.body(), "welcome");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_responds_421_if_only_host_names_a_site_that_requires_client_certificates() {
    let authority = Authority::new();
    let folder = Folder::new()
        .certified("site", &authority.issue(&[NAME, "members.example.test"]))
        .file("root.pem", &authority.root_pem());
    let nginx = Server::nginx(
        folder,
        "
        ssl_certificate site.pem;
        ssl_certificate_key site.pem;
        server { listen LISTEN ssl; server_name www.example.test; return 200 'welcome'; }
        server {
            listen LISTEN ssl;
            server_name members.example.test;
            ssl_client_certificate root.pem;
            ssl_verify_client optional;
            return 200 'members';
        }",
    );
    let connector = connector(&nginx, &authority);

    let response = answer(connector.clone().host("members.example.test")).await;

    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_likeliest(
        diagnosis(&response),
        CauseId::SniAndHostDisagree,
        Certainty::Likely,
        ".sni(\"members.example.test\"), or another name that the edge serves",
    );
    let fixes = diagnosis(&response).likeliest().unwrap().fixes();
    assert!(
        fixes[1]
            .to_string()
            .starts_with(".host(\"www.example.test\")")
    );
    assert_eq!(answer(connector.host(NAME)).await.body(), "welcome");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_that_compares_sni_and_host_responds_403_and_the_diagnosis_names_both() {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let nginx = Server::nginx(
        folder,
        "
        server {
            listen LISTEN ssl;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            if ($ssl_server_name != $host) { return 403; }
            return 200 'welcome';
        }",
    );
    let connector = connector(&nginx, &authority);

    let response = answer(connector.clone().host("other.example.test")).await;

    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_likeliest(
        diagnosis(&response),
        CauseId::SniAndHostDisagree,
        Certainty::Possible,
        ".host(\"www.example.test\"), or another name that the edge serves",
    );
    let fixes = diagnosis(&response).likeliest().unwrap().fixes();
    assert!(
        fixes[1]
            .to_string()
            .starts_with(".sni(\"other.example.test\")")
    );
    assert_eq!(answer(connector).await.body(), "welcome");
}
