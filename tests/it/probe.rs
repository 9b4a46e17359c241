//! The probe against the test edge: it finds names that work in few attempts, and prints their
//! code.

use std::time::Duration;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, ErrorKind, OriginProxy, TlsVersion, VerifyPolicy,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    probe::{Findings, ProbeAttempt},
    tls::{Alpn, Roots, rustls::version},
};
use http::{Method, Request, Uri};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::{ServiceExt, service_fn};

use crate::{
    failing::to,
    support::{Authority, Behaviour, Edge, EdgeBuilder, HostMismatch, SniRefusal, refused_address},
};

const SITE: &str = "www.site.example";

fn serving(authority: &Authority) -> EdgeBuilder {
    Edge::builder(authority).serves(SITE)
}

async fn probe(builder: CdnOriginBuilder) -> Findings {
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    let findings = probe.await.unwrap();
    assert!(findings.attempts().len() < 20, "{findings}");
    findings
}

/// How many attempts were made, apart from the one with a made-up Host.
pub(crate) fn searched(findings: &Findings) -> usize {
    let changes = findings.attempts().iter().map(|it| it.change());
    changes
        .filter(|it| it.as_deref() != Some("a made-up Host"))
        .count()
}

/// Parses the printed code into a builder. Only what a comment stands for is taken from the probed
/// connector.
fn pasted(code: &str, authority: &Authority) -> CdnOriginBuilder {
    let quoted = |line: &str| line.split('"').nth(1).unwrap().to_owned();
    let mut lines = code.lines();
    let mut builder = CdnOriginConnector::builder(quoted(lines.next().unwrap()));
    for line in lines.map(str::trim) {
        builder = match line.split('(').next().unwrap() {
            ".dial" => builder.dial(quoted(line)),
            ".sni" => builder.sni(quoted(line)),
            ".omit_sni" => builder.omit_sni(),
            ".expected_name" => builder.expected_name(quoted(line)),
            ".host" => builder.host(quoted(line)),
            ".alpn" if line == ".alpn(Alpn::Http1)" => builder.alpn(Alpn::Http1),
            ".alpn" if line == ".alpn(Alpn::Http2)" => builder.alpn(Alpn::Http2),
            ".tls_versions" if line.contains("..=") => builder.tls_versions(..=TlsVersion::V1_2),
            ".tls_versions" => builder.tls_versions(TlsVersion::V1_3..),
            "// .verify" => builder.verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
            other => panic!("{other} in\n{code}"),
        };
    }
    builder
}

/// Asserts that the probe proves this cause, and that the code it prints works.
async fn assert_finds(builder: CdnOriginBuilder, authority: &Authority, id: CauseId) -> Findings {
    let findings = probe(builder).await;
    let code = findings.working().map(ProbeAttempt::builder_code);
    let code = code.unwrap_or_else(|| panic!("{findings}"));
    assert!(findings.is_proved(), "{findings}");
    let causes = findings.diagnosis().causes();
    let found = causes.iter().find(|cause| cause.id() == id);
    let found = found.unwrap_or_else(|| panic!("no {id:?} in\n{findings}"));
    assert_eq!(found.certainty(), Certainty::Certain, "{findings}");

    let built = findings.builder().unwrap();
    for builder in [built, pasted(&code, authority)] {
        let proxy = OriginProxy::new(builder.build().unwrap());
        let request = Request::get("/").header("host", "client.example");
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let Ok(response) = proxy.oneshot(request).await;
        assert_eq!(response.status(), 200, "{findings}");
    }
    findings
}

#[tokio::test]
async fn a_configuration_that_works_takes_one_attempt_and_another_with_a_made_up_host() {
    let authority = Authority::new();
    let edge = serving(&authority).start().await;
    let findings = probe(to(&edge, &authority, SITE)).await;
    assert_eq!((searched(&findings), findings.attempts().len()), (1, 2));
    assert!(findings.diagnosis().causes().is_empty());
    assert!(findings.working().is_some());
    assert_eq!(edge.wait_for_requests(2).await.method, Method::GET);
    let hosts = edge.requests().into_iter().map(|request| request.authority);
    let made_up = "cdn-origin-probe.invalid".to_owned();
    assert_eq!(
        hosts.collect::<Vec<_>>(),
        [Some(SITE.to_owned()), Some(made_up)]
    );
}

#[tokio::test]
async fn a_missing_sni_is_found_however_the_edge_refuses_it() {
    let authority = Authority::new();
    for refusal in [
        SniRefusal::Alert(40),
        SniRefusal::Alert(112),
        SniRefusal::Alert(80),
        SniRefusal::Close,
        SniRefusal::Reset,
        SniRefusal::DefaultCertificate,
    ] {
        let edge = serving(&authority).without_sni(refusal).start().await;
        let builder = to(&edge, &authority, SITE).omit_sni();
        let findings = assert_finds(builder, &authority, CauseId::SniMissing).await;
        assert!(searched(&findings) <= 3, "{findings}");
    }
}

#[tokio::test]
async fn an_sni_that_is_not_served_is_replaced_by_the_name_in_host() {
    let authority = Authority::new();
    for refusal in [
        SniRefusal::Alert(40),
        SniRefusal::Alert(112),
        SniRefusal::Close,
    ] {
        let edge = serving(&authority).unknown_sni(refusal).start().await;
        let builder = to(&edge, &authority, "d1234567890.cloudfront.example").host(SITE);
        assert_finds(builder, &authority, CauseId::SniNotServed).await;
    }
}

#[tokio::test]
async fn a_wrong_host_is_replaced_by_the_name_in_sni() {
    let authority = Authority::new();
    for mismatch in [HostMismatch::Misdirected421, HostMismatch::Forbidden403] {
        let edge = serving(&authority).host_mismatch(mismatch).start().await;
        let builder = to(&edge, &authority, SITE).host("wrong.example");
        let findings = assert_finds(builder, &authority, CauseId::HostNotServed).await;
        assert_eq!(findings.attempts().len(), 2, "{findings}");
    }
    let edge = serving(&authority).knows_hosts(&[SITE]).start().await;
    let builder = to(&edge, &authority, SITE).host("wrong.example");
    assert_finds(builder, &authority, CauseId::HostNotServed).await;
}

#[tokio::test]
async fn plain_http_to_the_tls_port_becomes_https_with_sni() {
    let authority = Authority::new();
    let edge = serving(&authority).start().await;
    let url = format!("http://127.0.0.1:{}", edge.port());
    let findings = probe(CdnOriginConnector::builder(url).host(SITE)).await;
    // A plain http origin takes no roots, so the certificate of the edge is not trusted.
    let ids: Vec<_> = findings
        .diagnosis()
        .causes()
        .iter()
        .map(|cause| (cause.id(), cause.certainty()))
        .collect();
    let certain = [CauseId::HttpToTlsPort, CauseId::SniMissing];
    assert_eq!(ids, certain.map(|id| (id, Certainty::Certain)));
    assert!(findings.to_string().contains("leads to no trusted root"));
}

#[tokio::test]
async fn an_origin_that_speaks_plain_http_on_the_tls_port_is_found() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    let builder = to(&edge, &authority, SITE);
    assert_finds(builder, &authority, CauseId::PlainHttpPeer).await;
}

#[tokio::test]
async fn tls_versions_without_overlap_are_widened() {
    let authority = Authority::new();
    let old = serving(&authority)
        .tls_versions(&[&version::TLS12])
        .start()
        .await;
    let builder = to(&old, &authority, SITE).tls_versions(TlsVersion::V1_3..);
    assert_finds(builder, &authority, CauseId::NoCommonTlsVersion).await;
    let new = serving(&authority)
        .tls_versions(&[&version::TLS13])
        .start()
        .await;
    let builder = to(&new, &authority, SITE).tls_versions(..=TlsVersion::V1_2);
    assert_finds(builder, &authority, CauseId::NoCommonTlsVersion).await;
}

#[tokio::test]
async fn an_h2_only_setting_is_replaced_if_the_edge_speaks_only_http_1() {
    let authority = Authority::new();
    let edge = serving(&authority).alpn(&["http/1.1"]).start().await;
    let builder = to(&edge, &authority, SITE).alpn(Alpn::Http2);
    assert_finds(builder, &authority, CauseId::AlpnNotAccepted).await;
}

#[tokio::test]
async fn a_wrong_expected_name_is_replaced_by_the_name_in_sni() {
    let authority = Authority::new();
    let edge = serving(&authority).start().await;
    let builder = to(&edge, &authority, SITE).expected_name("other.example");
    assert_finds(builder, &authority, CauseId::CertificateForAnotherName).await;
}

#[tokio::test]
async fn a_name_that_the_caller_adds_is_tried_first() {
    let authority = Authority::new();
    let edge = serving(&authority).start().await;
    let connector = to(&edge, &authority, "d1234567890.cloudfront.example")
        .build()
        .unwrap();
    let probe = cdn_origin::probe(&connector)
        .pause(Duration::ZERO)
        .try_name(SITE);
    let findings = probe.await.unwrap();
    assert_eq!(searched(&findings), 2, "{findings}");
    assert!(findings.working().is_some(), "{findings}");
}

#[tokio::test]
async fn no_attempt_works_if_the_certificate_has_no_trusted_issuer() {
    let authority = Authority::new();
    for certified in [
        Authority::self_signed(&[SITE]),
        Authority::new().issue(&[SITE]),
        authority.issue_expired(&[SITE]),
        authority.issue(&["somebody.else.example"]),
    ] {
        let edge = Edge::builder(&authority)
            .serves_with(SITE, certified)
            .start()
            .await;
        let findings = probe(to(&edge, &authority, SITE)).await;
        assert!(findings.working().is_none(), "{findings}");
        assert!(findings.builder().is_none());
        assert!(!findings.diagnosis().causes().is_empty(), "{findings}");
        let text = findings.to_string();
        assert!(text.contains("no attempt works"), "{text}");
    }
}

#[tokio::test]
async fn a_name_that_only_the_certificate_contains_is_listed_as_not_tried() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(SITE, authority.issue(&["somebody.else.example"]))
        .start()
        .await;
    let text = probe(to(&edge, &authority, SITE)).await.to_string();
    let words: Vec<_> = text.split_whitespace().collect();
    let fix = ".expected_name(\"somebody.else.example\") only if that is your origin";
    let expected = format!("fix, not tried: {fix}");
    assert!(words.join(" ").contains(&expected), "{text}");
    assert!(!text.contains("fix: "), "{text}");
}

#[tokio::test]
async fn a_change_is_a_fix_only_if_it_got_further() {
    let authority = Authority::new();
    let other = "www.other.example";
    // The certificate of the served name has no trusted issuer.
    let edge = Edge::builder(&authority)
        .serves_with(SITE, Authority::self_signed(&[SITE]))
        .start()
        .await;
    let findings = probe(to(&edge, &authority, SITE).omit_sni().host(other)).await;
    assert!(findings.working().is_none(), "{findings}");
    let text = findings.to_string();
    assert!(
        text.contains("  fix: .sni(\"www.site.example\")\n"),
        "{text}"
    );
    assert!(text.contains("  fix, not tried: "), "{text}");

    let unserved = Edge::builder(&authority).start().await;
    let findings = probe(to(&unserved, &authority, SITE).host(other)).await;
    let text = findings.to_string();
    assert!(text.contains(&format!("SNI {other}: ")), "{text}");
    assert!(!text.contains(&format!(".sni(\"{other}\")")), "{text}");
}

#[tokio::test]
async fn a_port_without_a_listener_ends_the_probe_early() {
    let authority = Authority::new();
    let refused = refused_address();
    let builder = CdnOriginConnector::builder(format!("https://{SITE}"))
        .dial(refused.address())
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())));
    let findings = probe(builder).await;
    assert!(findings.working().is_none());
    assert!(findings.attempts().len() <= 2, "{findings}");
}

#[tokio::test]
async fn the_limits_of_a_probe_are_kept() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .behaviour(Behaviour::ResetInHandshake)
        .start()
        .await;
    let connector = to(&edge, &authority, SITE).build().unwrap();
    let probe = cdn_origin::probe(&connector)
        .pause(Duration::ZERO)
        .max_attempts(3);
    let findings = probe.await.unwrap();
    assert_eq!(findings.attempts().len(), 3);
    assert_eq!(edge.connections(), 3);

    let stalled = Edge::builder(&authority)
        .behaviour(Behaviour::StallInHandshake)
        .start()
        .await;
    let connector = to(&stalled, &authority, SITE).build().unwrap();
    let probe = cdn_origin::probe(&connector).timeout(Duration::from_millis(50));
    let findings = probe.await.unwrap();
    assert_eq!(findings.attempts().len(), 1);
    let error = findings.attempts()[0].error().unwrap();
    assert!(error.kind() == ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_probe_reports_each_attempt_and_requires_an_origin() {
    let authority = Authority::new();
    let edge = serving(&authority).start().await;
    let connector = to(&edge, &authority, SITE).omit_sni().build().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    let probe = probe.on_attempt(move |attempt| sender.send(attempt.to_string()).unwrap());
    probe.await.unwrap();
    let lines: Vec<_> = receiver.iter().collect();
    assert_eq!(
        lines,
        [
            "as configured: handshake, alert 40 (handshake_failure)",
            "SNI www.site.example: 200",
            "a made-up Host: 200",
        ]
    );

    let anywhere = CdnOriginConnector::any_origin()
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    assert!(cdn_origin::probe(&anywhere).await.is_err());
}

#[tokio::test]
async fn a_call_whose_value_is_unknown_is_a_comment_in_the_printed_code() {
    let authority = Authority::new();
    let edge = serving(&authority).start().await;
    let address = edge.address();
    let dial = move |_: Uri| async move { TcpStream::connect(address).await.map(TokioIo::new) };
    let builder = CdnOriginConnector::builder(format!("https://{SITE}"))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .transport(service_fn(dial))
        .alpn(Alpn::Http1)
        .omit_sni();
    let findings = probe(builder).await;
    let code = [
        "CdnOriginConnector::builder(\"https://www.site.example\")",
        "    .sni(\"www.site.example\")",
        "    .alpn(Alpn::Http1)",
        "    // .verify(..) as before",
        "    // .transport(..) as before",
    ];
    let printed = findings.working().unwrap().builder_code();
    assert_eq!(printed, code.join("\n"), "{findings}");
}

#[tokio::test]
async fn root_files_are_read_once_for_all_attempts() {
    let authority = Authority::new();
    let edge = serving(&authority)
        .without_sni(SniRefusal::Close)
        .start()
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, authority.root_pem()).unwrap();
    let connector = to(&edge, &authority, SITE)
        .verify(VerifyPolicy::roots(Roots::pem_file(file.path())))
        .omit_sni()
        .build()
        .unwrap();
    let path = file.path().to_owned();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    // The file is gone after the first attempt.
    let probe = probe.on_attempt(move |_| drop(std::fs::remove_file(&path)));
    let findings = probe.await.unwrap();
    assert!(findings.working().is_some(), "{findings}");
}
