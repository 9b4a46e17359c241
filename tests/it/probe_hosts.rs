//! What a probe concludes from a certificate for another name, and from a site that answers any
//! Host.

use cdn_origin::{
    CdnOriginConnector, ErrorKind, VerifyPolicy,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::RequestProblem,
    probe::{Findings, Probe, ProbeAttempt},
    tls::Roots,
};
use http::{Response, Uri};
use std::time::Duration;
use tower::ServiceExt;

use crate::{
    failing::to,
    probe_peers::probe,
    support::{Authority, Edge, HostMismatch, SniRefusal},
};

const SITE: &str = "www.site.example";

/// A connector for a name that the edge refuses, with the site as Host.
fn with_refused_sni(edge: &Edge, authority: &Authority) -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://d1.cloudfront.example")
        .dial(edge.address().to_string())
        .host(SITE)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
}

fn line_of_best(findings: &Findings) -> String {
    let text = findings.to_string();
    let mut lines = text.lines();
    lines
        .find(|line| line.starts_with('*'))
        .unwrap_or_else(|| panic!("{text}"))
        .to_owned()
}

#[tokio::test]
async fn a_certificate_for_another_name_is_further_than_an_alert_and_names_what_to_expect() {
    let authority = Authority::new();
    for refusal in [SniRefusal::Alert(40), SniRefusal::Alert(112)] {
        let edge = Edge::builder(&authority)
            .serves_with(SITE, authority.issue(&["origin.site.example"]))
            .unknown_sni(refusal)
            .without_sni(refusal)
            .start()
            .await;
        let findings = probe(with_refused_sni(&edge, &authority)).await;
        let text = findings.to_string();
        assert!(!findings.is_proved(), "{text}");
        assert!(findings.working().is_none(), "{text}");
        assert!(
            line_of_best(&findings).contains("SNI www.site.example: "),
            "{text}"
        );
        let best = findings.best().unwrap();
        let facts = best.error().unwrap().facts();
        assert!(!facts.certificates().is_empty());
        let causes = findings.diagnosis().causes();
        let found = causes
            .iter()
            .find(|cause| cause.id() == CauseId::CertificateForAnotherName)
            .unwrap_or_else(|| panic!("{text}"));
        let fixes: Vec<_> = found.fixes().iter().map(ToString::to_string).collect();
        assert_eq!(
            fixes,
            [
                ".sni(\"www.site.example\").expected_name(\"origin.site.example\") only if that is \
                 your origin"
            ]
        );
        // A certificate means that cipher suites were agreed on.
        assert!(!text.contains("cipher suites"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_for_the_sni_leads_on_although_another_name_is_expected() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .unknown_sni(SniRefusal::Alert(40))
        .start()
        .await;
    let builder = with_refused_sni(&edge, &authority).expected_name("d1.cloudfront.example");
    let findings = probe(builder).await;
    let text = findings.to_string();
    let working = findings.working().unwrap_or_else(|| panic!("{text}"));
    assert_eq!(working.origin().expected_name().to_string(), SITE, "{text}");
    assert!(findings.is_proved(), "{text}");
}

/// The site sends one name, and the certificate that it gets is for another one.
async fn with_its_own_certificate(authority: &Authority) -> Edge {
    Edge::builder(authority)
        .serves_with("edge.cdn.test", authority.issue(&["cert.cdn.test"]))
        .unknown_sni(SniRefusal::Alert(40))
        .start()
        .await
}

async fn probe_with(builder: CdnOriginBuilder, name: &str) -> Findings {
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    probe.try_name(name).await.unwrap()
}

#[tokio::test]
async fn a_certificate_for_another_sni_disproves_causes_in_the_client_hello() {
    let authority = Authority::new();
    let edge = with_its_own_certificate(&authority).await;
    let findings = probe_with(to(&edge, &authority, "www.shop.test"), "edge.cdn.test").await;
    let text = findings.to_string();
    assert!(
        line_of_best(&findings).contains("SNI edge.cdn.test: "),
        "{text}"
    );
    assert!(!text.contains("cipher suites"), "{text}");
    let changes: Vec<_> = findings
        .attempts()
        .iter()
        .map(ProbeAttempt::change)
        .collect();
    let expected = [None, Some("SNI edge.cdn.test"), Some("no SNI")];
    assert_eq!(changes, expected.map(|it| it.map(String::from)), "{text}");
}

#[tokio::test]
async fn an_added_name_is_expected_if_the_certificate_contains_it() {
    let authority = Authority::new();
    let edge = with_its_own_certificate(&authority).await;
    let builder = || to(&edge, &authority, "www.shop.test").sni("edge.cdn.test");
    let findings = probe_with(builder(), "cert.cdn.test").await;
    let text = findings.to_string();
    let working = findings
        .working()
        .unwrap_or_else(|| panic!("{text}"))
        .origin();
    assert_eq!(working.sni().to_string(), "edge.cdn.test", "{text}");
    assert_eq!(
        working.expected_name().to_string(),
        "cert.cdn.test",
        "{text}"
    );
    assert!(
        text.contains("  fix: .expected_name(\"cert.cdn.test\")"),
        "{text}"
    );
    // Another name proves nothing, and the certificate alone is not believed.
    let findings = probe_with(builder(), "www.shop.test").await;
    assert!(findings.working().is_none(), "{findings}");
}

#[tokio::test]
async fn two_wrong_names_are_found_together_if_both_are_added() {
    let authority = Authority::new();
    let edge = with_its_own_certificate(&authority).await;
    // Neither name gets further alone. The certificate of the SNI names the other one.
    let builder = || to(&edge, &authority, "www.shop.test");
    for builder in [builder(), builder().expected_name("wrong.shop.test")] {
        let connector = builder.build().unwrap();
        let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
        let names = ["other.cdn.test", "cert.cdn.test", "edge.cdn.test"];
        let findings = names.into_iter().fold(probe, Probe::try_name);
        let findings = findings.await.unwrap();
        let text = findings.to_string();
        let working = findings.working().unwrap_or_else(|| panic!("{text}"));
        let code = working.builder_code();
        assert!(code.contains("\n    .sni(\"edge.cdn.test\")"), "{text}");
        assert!(
            code.contains("\n    .expected_name(\"cert.cdn.test\")"),
            "{text}"
        );
        let causes = findings.diagnosis().causes();
        assert_eq!(causes[0].id(), CauseId::CertificateForAnotherName, "{text}");
        assert_eq!(causes[0].certainty(), Certainty::Certain, "{text}");
        let fix = "  fix: .sni(\"edge.cdn.test\").expected_name(\"cert.cdn.test\")\n";
        assert!(text.contains(fix), "{text}");
        let built = findings.builder().unwrap().build().unwrap();
        assert!(built.oneshot(Uri::default()).await.is_ok(), "{text}");
    }
}

/// The URL has the name of the certificate, SNI is that of the edge, and Host that of the site.
#[tokio::test]
async fn the_name_of_the_url_is_expected_with_an_added_sni_and_an_added_host() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with("edge.cdn.test", authority.issue(&["cert.cdn.test"]))
        .knows_hosts(&["www.shop.test"])
        .start()
        .await;
    let connector = to(&edge, &authority, "cert.cdn.test").build().unwrap();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    let probe = probe.try_name("www.shop.test").try_name("edge.cdn.test");
    let findings = probe.await.unwrap();
    let text = findings.to_string();
    let working = findings.working().unwrap_or_else(|| panic!("{text}"));
    let origin = working.origin();
    let names = [
        origin.sni().to_string(),
        origin.expected_name().to_string(),
        origin.host().to_string(),
    ];
    let expected = ["edge.cdn.test", "cert.cdn.test", "www.shop.test"];
    assert_eq!(names, expected, "{text}");
    assert!(findings.attempts().len() <= 19, "{text}");
}

#[tokio::test]
async fn the_same_name_in_sni_and_host_is_found_if_it_works_in_both_alone() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with("www.shop.test", authority.issue(&["www.shop.test"]))
        .serves_with("old.shop.test", authority.issue(&["www.shop.test"]))
        .host_mismatch(HostMismatch::Misdirected421)
        .knows_hosts(&["www.shop.test"])
        .start()
        .await;
    let builder = to(&edge, &authority, "old.shop.test").expected_name("www.shop.test");
    let findings = probe_with(builder.host("other.shop.test"), "www.shop.test").await;
    let text = findings.to_string();
    let working = findings.working().unwrap_or_else(|| panic!("{text}"));
    assert_eq!(
        working.origin().sni().to_string(),
        "www.shop.test",
        "{text}"
    );
    assert_eq!(working.origin().host().as_str(), "www.shop.test", "{text}");
    let fix = "  fix: .sni(\"www.shop.test\").host(\"www.shop.test\")\n";
    assert!(text.contains(fix), "{text}");
}

#[tokio::test]
async fn a_host_without_its_port_is_tried() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.shop.test")
        .respond(|request| {
            let is_known = request.headers()["host"] == "www.shop.test";
            let status = if is_known { 200 } else { 404 };
            Response::builder().status(status).body("".into()).unwrap()
        })
        .alpn(&["http/1.1"])
        .start()
        .await;
    let builder = to(&edge, &authority, "www.shop.test").host("www.shop.test:8443");
    let findings = probe(builder).await;
    let text = findings.to_string();
    let working = findings.working().unwrap_or_else(|| panic!("{text}"));
    assert_eq!(working.origin().host().as_str(), "www.shop.test", "{text}");
}

/// An edge whose default site answers any Host, with or without SNI.
async fn default_site(authority: &Authority) -> Edge {
    let ok = |_| Response::new("the default site".into());
    Edge::builder(authority)
        .serves(SITE)
        .default_certificate(authority.issue(&[SITE]))
        .without_sni(SniRefusal::DefaultCertificate)
        .respond(ok)
        .start()
        .await
}

#[tokio::test]
async fn an_answer_to_any_host_works_only_possibly() {
    let authority = Authority::new();
    let edge = default_site(&authority).await;
    let findings = probe(to(&edge, &authority, SITE)).await;
    let text = findings.to_string();
    assert_eq!(findings.working_certainty(), Some(Certainty::Possible));
    assert!(text.contains("  a made-up Host: 200\n"), "{text}");
    assert!(text.contains("this possibly works"), "{text}");
    assert!(!text.contains("certain"), "{text}");
    assert_eq!(findings.best().unwrap().change(), None);

    // Without SNI and with any Host, nothing has named the site.
    let builder = with_refused_sni(&edge, &authority).expected_name(SITE);
    let findings = probe(builder.sni("d1.cloudfront.example")).await;
    for cause in findings.diagnosis().causes() {
        let is_named = !cause
            .fixes()
            .iter()
            .any(|fix| fix.to_string() == ".omit_sni()");
        assert!(
            is_named || cause.certainty() == Certainty::Possible,
            "{findings}"
        );
    }
}

#[tokio::test]
async fn a_default_site_without_sni_is_no_certain_fix() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .default_certificate(authority.issue(&["d1.cloudfront.example"]))
        .without_sni(SniRefusal::DefaultCertificate)
        .respond(|_| Response::new("the default site".into()))
        .start()
        .await;
    let builder = with_refused_sni(&edge, &authority).host("d1.cloudfront.example");
    let findings = probe(builder).await;
    let causes = findings.diagnosis().causes();
    assert!(findings.is_proved(), "{findings}");
    assert_eq!(causes[0].certainty(), Certainty::Possible, "{findings}");
    assert_eq!(findings.working_certainty(), Some(Certainty::Possible));
}

#[tokio::test]
async fn another_status_for_a_made_up_host_makes_a_success_certain() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .knows_hosts(&[SITE])
        .start()
        .await;
    let findings = probe(to(&edge, &authority, SITE)).await;
    assert_eq!(findings.working_certainty(), Some(Certainty::Certain));
    assert_eq!(findings.attempts().len(), 2, "{findings}");
    let made_up = &findings.attempts()[1];
    assert_eq!(made_up.change().as_deref(), Some("a made-up Host"));
    assert!(findings.diagnosis().causes().is_empty(), "{findings}");
    assert!(findings.to_string().contains("this works"), "{findings}");

    // Another Host was refused before: no further attempt is needed.
    let findings = probe(to(&edge, &authority, SITE).host("wrong.example")).await;
    assert_eq!(findings.working_certainty(), Some(Certainty::Certain));
    assert_eq!(findings.attempts().len(), 2, "{findings}");
}

#[tokio::test]
async fn a_success_that_is_not_compared_is_likely() {
    let authority = Authority::new();
    let edge = default_site(&authority).await;
    let connector = to(&edge, &authority, SITE).build().unwrap();
    let probe_once = cdn_origin::probe(&connector).max_attempts(1);
    let findings = probe_once.await.unwrap();
    assert_eq!(findings.working_certainty(), Some(Certainty::Likely));
}

fn in_one_line(findings: &Findings) -> String {
    let text = findings.to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An edge that answers the site with this status, and other Hosts with another one.
async fn answering(authority: &Authority, status: u16, other: u16) -> Edge {
    let builder = Edge::builder(authority)
        .serves(SITE)
        .alpn(&["http/1.1"])
        .respond(move |request| {
            let status = match request.headers()["host"] == SITE {
                true => status,
                false => other,
            };
            let response = Response::builder().status(status);
            response.body("".into()).unwrap()
        });
    builder.start().await
}

#[tokio::test]
async fn an_error_works_possibly_only_if_a_site_sends_it_for_a_request_that_reached_it() {
    let authority = Authority::new();
    for status in [401, 404, 405] {
        let edge = answering(&authority, status, status).await;
        let findings = probe(to(&edge, &authority, SITE)).await;
        assert_eq!(findings.working_certainty(), Some(Certainty::Possible));
        let text = in_one_line(&findings);
        assert!(
            text.contains(&format!(" a made-up Host: {status} ")),
            "{text}"
        );
        assert!(text.contains("or it does not serve"), "{text}");

        let edge = answering(&authority, status, 403).await;
        let findings = probe(to(&edge, &authority, SITE)).await;
        assert_eq!(findings.working_certainty(), Some(Certainty::Likely));
        let text = in_one_line(&findings);
        assert!(
            text.contains("this likely works: the origin answers"),
            "{text}"
        );
    }
    for status in [400, 403, 409, 421, 429, 500, 502, 503, 530] {
        let edge = answering(&authority, status, status).await;
        let findings = probe(to(&edge, &authority, SITE)).await;
        let text = in_one_line(&findings);
        assert!(findings.working().is_none(), "{text}");
        assert_eq!(findings.working_certainty(), None);
        assert!(findings.builder().is_none());
        assert!(text.contains("no attempt works"), "{text}");
    }
}

#[tokio::test]
async fn the_causes_of_the_attempt_that_got_furthest_are_among_those_printed() {
    let authority = Authority::new();
    let edge = with_its_own_certificate(&authority).await;
    // Another authority is trusted.
    let builder = to(&edge, &Authority::new(), "www.shop.test");
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
    let probe = probe.try_name("edge.cdn.test").try_name("cert.cdn.test");
    let findings = probe.await.unwrap();
    let best = findings.best().unwrap();
    let change = "SNI edge.cdn.test, expected name cert.cdn.test";
    assert_eq!(best.change().as_deref(), Some(change), "{findings}");
    let cause = best.diagnosis().likeliest().unwrap().clone();
    let fix = cause.fixes()[0].to_string();
    assert!(fix.starts_with(".verify("), "{fix}");
    let ids = findings.diagnosis().causes().iter().map(|it| it.id());
    let ids: Vec<_> = ids.collect();
    assert!(ids.contains(&cause.id()), "{findings}");
    let shown = in_one_line(&findings);
    assert!(shown.contains(cause.text()), "{findings}");
}

#[tokio::test]
async fn a_name_to_try_that_is_none_fails_the_run_before_any_attempt() {
    let authority = Authority::new();
    let edge = with_its_own_certificate(&authority).await;
    let connector = to(&edge, &authority, "edge.cdn.test").build().unwrap();
    let probe = cdn_origin::probe(&connector)
        .try_name("not a name")
        .try_name("www.example.com");
    let error = probe.await.unwrap_err();
    let invalid = ErrorKind::Request(RequestProblem::HostInvalid);
    assert_eq!(error.kind(), invalid);
    let report = error.report().to_string();
    assert!(report.contains("DNS name \"not a name\""), "{report}");
    assert_eq!(edge.connections(), 0);
}
