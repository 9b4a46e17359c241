//! A missing or unknown SNI in all the forms in which edges refuse it.

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::{Cause, CauseId, Certainty},
    error::{CertificateProblem, ErrorKind, Fault, Stage},
};

use crate::{
    failing::{check, error, to},
    support::{Authority, Edge, SniRefusal},
    transports,
};

async fn edge(authority: &Authority, refusal: SniRefusal) -> Edge {
    Edge::builder(authority)
        .serves("www.example.test")
        .default_certificate(authority.issue(&["default.example.test"]))
        .without_sni(refusal)
        .unknown_sni(refusal)
        .start()
        .await
}

#[tokio::test]
async fn no_sni_answered_by_alert_40_is_likely_the_missing_sni() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let error = error(to(&edge, &authority, "www.example.test").omit_sni()).await;

    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.fault(), Fault::Config);
    assert_eq!(error.facts().alert().map(|alert| alert.code()), Some(40));
    check(
        &error,
        CauseId::SniMissing,
        Certainty::Likely,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    assert_eq!(edge.hellos()[0].sni, None);
}

#[tokio::test]
async fn alert_40_from_an_ip_address_suggests_the_host_as_sni() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let builder = to(&edge, &authority, "127.0.0.1").host("www.example.test");
    let error = error(builder).await;
    check(
        &error,
        CauseId::SniMissing,
        Certainty::Likely,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    assert!(
        error
            .to_string()
            .ends_with("SNI sent: none (the URL's host is an IP address)")
    );
}

#[tokio::test]
async fn alert_40_of_a_known_edge_without_sni_is_certain() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let transport = transports::to(edge.address());
    let builder = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .omit_sni()
        .transport(transport);
    let error = error(builder).await;
    check(
        &error,
        CauseId::SniMissing,
        Certainty::Certain,
        ".sni(\"d1234567890.cloudfront.net\"), or another name that the edge serves",
    );
}

#[tokio::test]
async fn no_sni_answered_by_alert_112_is_certainly_the_missing_sni() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(112)).await;
    let error = error(to(&edge, &authority, "www.example.test").omit_sni()).await;
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Certain, fix);
}

#[tokio::test]
async fn no_sni_answered_by_alert_80_is_likely_the_missing_sni() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(80)).await;
    let error = error(to(&edge, &authority, "www.example.test").omit_sni()).await;
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Likely, fix);
}

#[tokio::test]
async fn no_sni_answered_by_a_bare_close_is_likely_the_missing_sni() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Close).await;
    let error = error(to(&edge, &authority, "www.example.test").omit_sni()).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Likely, fix);
}

#[tokio::test]
async fn no_sni_answered_by_a_reset_is_likely_the_missing_sni() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Reset).await;
    let error = error(to(&edge, &authority, "www.example.test").omit_sni()).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Likely, fix);
}

#[tokio::test]
async fn no_sni_answered_by_the_default_certificate_names_both_names() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::DefaultCertificate).await;
    let error = error(to(&edge, &authority, "www.example.test").omit_sni()).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    let certificate = error.facts().certificates().first().unwrap();
    assert_eq!(certificate.names(), ["default.example.test"]);
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Likely, fix);
    let report = error.report().to_string();
    assert!(report.contains("default.example.test"), "{report}");
}

#[tokio::test]
async fn default_certificate_for_an_ip_address_names_hosts_only() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::DefaultCertificate).await;
    let builder = to(&edge, &authority, "127.0.0.1").host("www.example.test");
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(
        &error(builder).await,
        CauseId::AddressExpected,
        Certainty::Certain,
        fix,
    );
}

#[tokio::test]
async fn unknown_sni_answered_by_alert_40_names_what_was_sent() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let builder = to(&edge, &authority, "d1234567890.cloudfront.test").host("www.example.test");
    let error = error(builder).await;
    assert!(
        error
            .to_string()
            .ends_with("SNI sent: d1234567890.cloudfront.test")
    );
    check(
        &error,
        CauseId::SniNotServed,
        Certainty::Likely,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    let others = error.diagnosis().causes()[1..].to_vec();
    assert!(
        others
            .iter()
            .all(|cause| cause.certainty() == Certainty::Possible)
    );
}

#[tokio::test]
async fn a_wrong_sni_is_replaced_by_any_other_configured_name() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let builder = to(&edge, &authority, "edge.cdn.test").sni("wrong.test");
    let one = ".sni(\"edge.cdn.test\"), or another name that the edge serves";
    let two =
        ".sni(\"shop.test\") or .sni(\"edge.cdn.test\"), or another name that the edge serves";
    let three = ".sni(\"shop.test\") or .sni(\"cert.test\") or .sni(\"edge.cdn.test\"), or another \
                 name that the edge serves";
    for (builder, fix) in [
        (builder.clone(), one),
        (builder.clone().host("shop.test"), two),
        (
            builder
                .clone()
                .expected_name("edge.cdn.test")
                .host("shop.test"),
            two,
        ),
        (builder.expected_name("cert.test").host("shop.test"), three),
    ] {
        let error = error(builder).await;
        check(&error, CauseId::SniNotServed, Certainty::Likely, fix);
        let line = error.diagnosis().to_string();
        assert!(line.ends_with(&format!("fix: {fix}")), "{line}");
    }
}

#[tokio::test]
async fn with_one_name_alert_40_is_about_sni_before_it_is_about_suites_and_nothing_is_likely() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let error = error(to(&edge, &authority, "other.example.test")).await;
    let diagnosis = error.diagnosis();
    let ids: Vec<_> = diagnosis.causes().iter().map(Cause::id).collect();
    assert_eq!(ids, [CauseId::SniNotServed, CauseId::NoCommonCipher]);
    let line = diagnosis.to_string();
    assert!(
        line.starts_with("possible: the edge does not serve"),
        "{line}"
    );
}

#[tokio::test]
async fn unknown_sni_answered_by_alert_112_is_certain() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(112)).await;
    let builder = to(&edge, &authority, "other.example.test");
    let fix = ".sni(\"..\") with a name that the edge serves";
    check(
        &error(builder).await,
        CauseId::SniNotServed,
        Certainty::Certain,
        fix,
    );
}

#[tokio::test]
async fn unknown_sni_answered_by_alert_80_is_likely() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(80)).await;
    let builder = to(&edge, &authority, "other.example.test");
    let fix = ".sni(\"..\") with a name that the edge serves";
    check(
        &error(builder).await,
        CauseId::SniNotServed,
        Certainty::Likely,
        fix,
    );
}

#[tokio::test]
async fn unknown_sni_answered_by_a_close_or_a_reset_is_possible() {
    for refusal in [SniRefusal::Close, SniRefusal::Reset] {
        let authority = Authority::new();
        let edge = edge(&authority, refusal).await;
        let builder = to(&edge, &authority, "other.example.test");
        let fix = ".sni(\"..\") with a name that the edge serves";
        check(
            &error(builder).await,
            CauseId::SniNotServed,
            Certainty::Possible,
            fix,
        );
    }
}

#[tokio::test]
async fn sni_goes_out_in_lower_case_and_without_trailing_dot() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(40)).await;
    let connector = to(&edge, &authority, "WWW.Example.TEST.").build().unwrap();
    tower::ServiceExt::oneshot(connector, http::Uri::default())
        .await
        .unwrap();
    assert_eq!(edge.hellos()[0].sni.as_deref(), Some("www.example.test"));
}

#[tokio::test]
async fn a_rejected_sni_is_certain_and_the_right_name_is_not() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(112)).await;
    for (dialled, fix) in [
        // The name of a server: it is no site.
        ("server.test", ".sni(\"shop.test\")"),
        // Cloudflare answers 1001 to its own names.
        ("shop.test.cdn.cloudflare.net", ".sni(\"shop.test\")"),
        // A distribution has its name as well as those of its customer.
        (
            "d1234567890.cloudfront.net",
            ".sni(\"shop.test\") or .sni(\"d1234567890.cloudfront.net\")",
        ),
    ] {
        let builder = CdnOriginConnector::builder(format!("https://{dialled}"))
            .transport(transports::to(edge.address()))
            .sni("wrong.test")
            .host("shop.test");
        let error = error(builder).await;
        let fix = format!("{fix}, or another name that the edge serves");
        check(&error, CauseId::SniNotServed, Certainty::Certain, &fix);
        let diagnosis = error.diagnosis();
        let cause = &diagnosis.causes()[0];
        assert!(cause.text().contains("wrong.test"), "{cause}");
        assert_eq!(
            cause.confirm(),
            Some("cdn_origin::probe(&connector).await? tries the other names")
        );
        let report = error.report().to_string();
        assert!(
            report.contains("  to confirm: cdn_origin::probe"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_dialled_name_is_offered_as_sni_if_no_other_is_known() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(112)).await;
    let builder = CdnOriginConnector::builder("https://server.test")
        .transport(transports::to(edge.address()))
        .sni("wrong.test");
    let fix = ".sni(\"server.test\"), or another name that the edge serves";
    check(
        &error(builder).await,
        CauseId::SniNotServed,
        Certainty::Certain,
        fix,
    );
}

#[tokio::test]
async fn a_call_in_a_report_is_not_broken_within() {
    let authority = Authority::new();
    let edge = edge(&authority, SniRefusal::Alert(112)).await;
    // A label of 63 letters, so that no call fits into a line.
    let long = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
    for host in [
        long.as_str(),
        "a-name-of-some-length.for-a-tenant.of-the-shop.test",
    ] {
        let builder = CdnOriginConnector::builder(format!("https://{host}"))
            .dial("d1234567890.cloudfront.net:443")
            .transport(transports::to(edge.address()))
            .sni("wrong.test")
            .host("shop.test");
        let report = error(builder).await.report().to_string();
        let whole = format!("  fix: .sni(\"shop.test\") or .sni(\"{host}\")");
        let broken = format!("\") or\n       .sni(\n           \"{host}\",\n       )");
        let next = format!("\") or\n       .sni(\"{host}\")");
        let is_printed = [whole, broken, next].map(|call| report.contains(&call));
        assert!(is_printed.contains(&true), "{report}");
    }
}
