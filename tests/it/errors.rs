//! The texts of errors, whole.

use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    connector::CdnOriginBuilder,
    diagnosis::Diagnosis,
    tls::{Roots, VerifyPolicy, danger},
};

use crate::{
    failing::error,
    memory,
    support::{Authority, Behaviour, Edge, SniRefusal, refused_address},
    transports::to,
};

const DISTRIBUTION: &str = "https://d1234567890.cloudfront.net";

/// Dials through a transport, so that no port of the day is in the text.
fn builder(edge: &Edge, authority: &Authority) -> CdnOriginBuilder {
    CdnOriginConnector::builder(DISTRIBUTION)
        .transport(to(edge.address()))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
}

fn report(error: &Error) -> String {
    error.report().to_string()
}

#[tokio::test]
async fn the_documentation_shows_the_exact_report_of_the_nginx_failure() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.com")
        .start()
        .await;
    let error = error(builder(&edge, &authority).host("www.example.com")).await;
    let report = report(&error);
    let documented = [
        include_str!("../../README.md").to_owned(),
        include_str!("../../src/guide/reading-errors.md").to_owned(),
        include_str!("../../src/lib.rs")
            .lines()
            .map(|line| line.strip_prefix("//!").unwrap_or(line))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n"),
    ];
    for text in documented {
        assert!(text.contains(&report), "the documentation lacks:\n{report}");
    }
    assert_eq!(
        error.to_string(),
        "TLS handshake with d1234567890.cloudfront.net:443 failed: \
         origin sent alert 40 (handshake_failure); SNI sent: d1234567890.cloudfront.net"
    );
}

#[tokio::test]
async fn the_report_of_the_haproxy_failure() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .without_sni(SniRefusal::Close)
        .start()
        .await;
    let builder = builder(&edge, &authority)
        .omit_sni()
        .verify(danger::accept_any_certificate());
    let text = report(&error(builder).await);
    let guide = include_str!("../../src/guide/reading-errors.md");
    assert!(guide.contains(&text), "the guide lacks:\n{text}");
    assert_eq!(
        text,
        "\
TLS handshake with d1234567890.cloudfront.net:443 failed: peer closed the
connection; SNI sent: none (omitted on request)

  dialled    d1234567890.cloudfront.net:443
  SNI        none (omitted on request)
  expected   d1234567890.cloudfront.net
  Host       d1234567890.cloudfront.net (configured)
  offered    TLS 1.2 to TLS 1.3; ALPN h2, http/1.1
  caused by  tls handshake eof

likely: the edge requires SNI to select the site, and none was sent: omitted on
request
  seen: no SNI was sent, how the connection ended
  fix: .sni(\"d1234567890.cloudfront.net\"), or another name that the edge serves
  to confirm: cdn_origin::probe(&connector).await? tries the other names

possible: the port does not support TLS, or a firewall cut the connection
  seen: how the connection ended
  to confirm: try the same from another network

possible: a device on the path drops or cuts off the ClientHello, which a
post-quantum key share makes larger than a packet
  seen: how the connection ended, what was offered
  fix: .tls_parameters(
           TlsParameters::default()
               .key_exchange_groups([\"x25519\", \"secp256r1\", \"secp384r1\"]),
       )
  to confirm: cdn_origin::probe(&connector).await? tries other versions and
              protocols, and plain http
"
    );
}

/// What an edge's answer to a request in plain http is called.
async fn in_plain_http(edge: &Edge, url: &str) -> String {
    let connector = CdnOriginConnector::builder(url).transport(to(edge.address()));
    let proxy = OriginProxy::new(connector.build().unwrap());
    let response = memory::send(&proxy, memory::get(&[])).await;
    let diagnosis: &Diagnosis = response.extensions().get().unwrap();
    diagnosis.to_string()
}

#[tokio::test]
async fn the_guide_shows_the_diagnosis_of_each_failure_from_the_field() {
    let authority = Authority::new();
    let tls = Edge::builder(&authority).start().await;
    let redirecting = Edge::builder(&authority).redirects_to_https().start().await;
    let closing = Edge::builder(&authority)
        .without_sni(SniRefusal::Close)
        .start()
        .await;
    let haproxy = builder(&closing, &authority)
        .omit_sni()
        .verify(danger::accept_any_certificate());
    let nginx = builder(&tls, &authority).host("www.example.com");
    let lines = [
        in_plain_http(&tls, "http://d1234567890.cloudfront.net:443").await,
        in_plain_http(&redirecting, "http://d1234567890.cloudfront.net").await,
        error(haproxy).await.diagnosis().to_string(),
        error(nginx.clone().omit_sni())
            .await
            .diagnosis()
            .to_string(),
        error(nginx).await.diagnosis().to_string(),
    ];
    let guide = include_str!("../../src/guide/reading-errors.md");
    for line in lines {
        assert!(
            guide.contains(&format!("\n{line}\n")),
            "the guide lacks:\n{line}"
        );
    }
}

#[tokio::test]
async fn the_report_of_an_expired_certificate() {
    let authority = Authority::new();
    let certified = authority.issue_expired(&["d1234567890.cloudfront.net"]);
    let edge = Edge::builder(&authority)
        .serves_with("d1234567890.cloudfront.net", certified)
        .start()
        .await;
    let text = report(&error(builder(&edge, &authority)).await);
    // The key, and how long ago rustls says that it was, differ from run to run.
    let (before, after) = text.split_once("  key ").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    assert_eq!(
        format!("{before}\n{after}"),
        "\
TLS handshake with d1234567890.cloudfront.net:443 failed: certificate has
expired; SNI sent: d1234567890.cloudfront.net

  dialled    d1234567890.cloudfront.net:443
  SNI        d1234567890.cloudfront.net
  expected   d1234567890.cloudfront.net
  Host       d1234567890.cloudfront.net (configured)
  offered    TLS 1.2 to TLS 1.3; ALPN h2, http/1.1
  presented  d1234567890.cloudfront.net
  issued by  CN=Edge in a Box CA
  valid      2019-01-01T00:00:00Z to 2020-01-02T00:00:00Z

certain: the certificate has expired (valid 2019-01-01T00:00:00Z to
2020-01-02T00:00:00Z), or the local clock is wrong
  seen: the certificate's dates
  fix: renew the origin's certificate, or correct the local clock
"
    );
}

#[tokio::test]
async fn the_report_of_plain_http_behind_the_port() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .behaviour(Behaviour::Plaintext(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        .start()
        .await;
    let builder = CdnOriginConnector::builder("https://origin-of-ours.example.com")
        .transport(to(edge.address()))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())));
    assert_eq!(
        report(&error(builder).await),
        "\
TLS handshake with origin-of-ours.example.com:443 failed: peer does not speak
TLS; SNI sent: origin-of-ours.example.com

  dialled    origin-of-ours.example.com:443
  SNI        origin-of-ours.example.com
  expected   origin-of-ours.example.com
  Host       origin-of-ours.example.com (configured)
  offered    TLS 1.2 to TLS 1.3; ALPN h2, http/1.1
  received   \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"
  caused by  received corrupt message of type InvalidContentType

certain: the peer speaks plain HTTP on this port
  seen: the first bytes received
  fix: enable TLS on this port of the origin, or use the URL and port of its
       plain http
"
    );
}

#[tokio::test]
async fn a_report_breaks_long_calls_where_code_may_be_broken() {
    let authority = Authority::new();
    let greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f";
    let edge = Edge::builder(&authority)
        .behaviour(Behaviour::Plaintext(greeting))
        .start()
        .await;
    let name = "assets-of-a-customer.s3-website.eu-central-1.example";
    let text = report(&error(crate::failing::to(&edge, &authority, name)).await);
    let broken = "\
  received   \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\\x80\\x81\\x82\\x83\\x84\\x85\\x86\\x87
             \\x88\\x89\\x8a\\x8b\\x8c\\x8d\\x8e\\x8f\"
";
    assert!(text.contains(broken), "{text}");
    let name = "images-and-assets-of-a-customer.s3-website.eu-central-1.example";
    let edge = Edge::builder(&authority).serves(name).start().await;
    let builder = crate::failing::to(&edge, &authority, name).expected_name("other.example");
    let other = report(&error(builder).await);
    let broken = format!("\n  fix: .expected_name(\n           \"{name}\",\n       )\n");
    assert!(other.contains(&broken), "{other}");
    for line in text.lines().chain(other.lines()) {
        assert!(line.chars().count() <= 80, "too wide: {line}");
    }
}

#[tokio::test]
async fn an_error_is_one_line_at_each_level_and_repeats_nothing() {
    let refused = refused_address();
    let builder = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let error = error(builder).await;
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut lines: Vec<String> = Vec::new();
    while let Some(level) = next {
        let line = level.to_string();
        assert!(!line.contains('\n'), "{line}");
        assert!(!lines.contains(&line), "twice: {line}");
        lines.push(line);
        next = level.source();
    }
    assert_eq!(lines.len(), 2, "{lines:?}");
}
