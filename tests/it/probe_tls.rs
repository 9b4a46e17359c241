//! The probe against devices and stacks that refuse a ClientHello for its size, its versions, its
//! groups or its name.

use cdn_origin::{
    CdnOriginConnector, TlsVersion,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    probe::{Findings, ProbeAttempt},
    tls::TlsParameters,
};

use crate::{
    failing::error,
    probe::searched,
    probe_peers::{Peer, Refusal, offers_tls12, offers_tls13, probe, trusting},
    support::{Authority, Edge},
};

const SITE: &str = "www.site.example";
const URL: &str = "https://www.site.example";

const REFUSALS: [Refusal; 3] = [Refusal::Close, Refusal::Reset, Refusal::Drop];

async fn site(authority: &Authority) -> Edge {
    Edge::builder(authority).serves(SITE).start().await
}

fn first(findings: &Findings) -> (CauseId, Certainty) {
    let likeliest = findings.diagnosis().likeliest();
    let cause = likeliest.unwrap_or_else(|| panic!("no cause in\n{findings}"));
    (cause.id(), cause.certainty())
}

/// Asserts that the fix has this text, and that the connector with it works.
async fn assert_fixed(findings: &Findings, fix: &str, builder: CdnOriginBuilder) {
    let cause = findings.diagnosis().likeliest().unwrap();
    assert_eq!(cause.fixes()[0].to_string(), fix, "{findings}");
    let code = findings
        .working()
        .map(ProbeAttempt::builder_code)
        .unwrap_or_default();
    assert!(code.contains(fix), "{findings}");
    let again = probe(builder).await;
    assert_eq!(searched(&again), 1, "{again}");
    assert!(again.working().is_some(), "{again}");
}

#[tokio::test]
async fn a_path_that_refuses_large_client_hellos_is_found_and_tls_1_3_stays() {
    let authority = Authority::new();
    let edge = site(&authority).await;
    let groups = ["x25519", "secp256r1", "secp384r1"];
    let fix = format!(".tls_parameters(TlsParameters::default().key_exchange_groups({groups:?}))");
    // One segment over Ethernet, an older device's buffer, and what a small hello just fits in.
    for limit in [1400, 1024, 512] {
        for refusal in REFUSALS {
            let is_large = move |_, hello: &[u8]| hello.len() > limit;
            let peer = Peer::before(&edge, is_large, refusal).await;
            let findings = probe(peer.trusted_by(URL, &authority)).await;
            let expected = (CauseId::ClientHelloDropped, Certainty::Certain);
            assert_eq!(first(&findings), expected, "{findings}");
            assert!(!findings.to_string().contains("tls_versions"), "{findings}");
            let parameters = TlsParameters::default().key_exchange_groups(groups);
            let fixed = peer.trusted_by(URL, &authority).tls_parameters(parameters);
            assert_fixed(&findings, &fix, fixed).await;
        }
    }
    let versions = edge
        .hellos()
        .into_iter()
        .filter_map(|hello| hello.tls_version);
    let mut versions = versions.map(|version| format!("{version:?}"));
    assert!(versions.all(|version| version == "TLSv1_3"));
}

#[tokio::test]
async fn a_peer_that_rejects_post_quantum_groups_by_an_alert_is_found() {
    let authority = Authority::new();
    let edge = site(&authority).await;
    for alert in [47, 50, 22, 80] {
        let is_large = |_, hello: &[u8]| hello.len() > 1000;
        let peer = Peer::before(&edge, is_large, Refusal::Alert(alert)).await;
        let findings = probe(peer.trusted_by(URL, &authority)).await;
        assert_eq!(
            first(&findings),
            (CauseId::StrictPeer, Certainty::Certain),
            "{findings}"
        );
        assert!(
            findings
                .working()
                .unwrap()
                .builder_code()
                .contains("x25519"),
            "{findings}"
        );
    }
}

#[tokio::test]
async fn a_report_names_the_large_client_hello_however_the_connection_ends() {
    let authority = Authority::new();
    for refusal in REFUSALS {
        let peer = Peer::refusing(refusal).await;
        let named = |builder: CdnOriginBuilder| async move {
            let diagnosis = error(builder).await.diagnosis();
            let mut causes = diagnosis.causes().iter();
            causes.any(|cause| cause.id() == CauseId::ClientHelloDropped)
        };
        assert!(named(peer.trusted_by(URL, &authority)).await, "{refusal:?}");
        // A hello for TLS 1.2 has no key share, and a curve has a small one.
        let old = peer
            .trusted_by(URL, &authority)
            .tls_versions(..=TlsVersion::V1_2);
        assert!(!named(old).await, "{refusal:?}");
        let parameters = TlsParameters::default().key_exchange_groups(["x25519"]);
        let small = peer.trusted_by(URL, &authority).tls_parameters(parameters);
        assert!(!named(small).await, "{refusal:?}");
    }
}

#[tokio::test]
async fn a_stack_that_cannot_bear_tls_1_3_gets_tls_1_2_alone() {
    let authority = Authority::new();
    let edge = site(&authority).await;
    let refusals = REFUSALS.into_iter();
    for refusal in refusals.chain([40, 47, 70].map(Refusal::Alert)) {
        let peer = Peer::before(&edge, |_, hello| offers_tls13(hello), refusal).await;
        let findings = probe(peer.trusted_by(URL, &authority)).await;
        assert_eq!(
            first(&findings),
            (CauseId::StrictPeer, Certainty::Certain),
            "{findings}"
        );
        let fixed = peer
            .trusted_by(URL, &authority)
            .tls_versions(..=TlsVersion::V1_2);
        assert_fixed(&findings, ".tls_versions(..=TlsVersion::V1_2)", fixed).await;
    }
}

#[tokio::test]
async fn a_device_that_cuts_off_some_names_is_passed_without_them() {
    let authority = Authority::new();
    let blocked = "blocked.site.example";
    let contains = |hello: &[u8], name: &str| {
        hello
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    for refusal in REFUSALS {
        let edge = Edge::builder(&authority)
            .serves_with(SITE, authority.issue(&[SITE, blocked]))
            .start()
            .await;
        let peer = Peer::before(&edge, move |_, hello| contains(hello, blocked), refusal).await;
        let builder = peer.trusted_by(URL, &authority).sni(blocked).host(SITE);
        let findings = probe(builder).await;
        let expected = (CauseId::SniNotServed, Certainty::Certain);
        assert_eq!(first(&findings), expected, "{findings}");
        let fixed = peer.trusted_by(URL, &authority).host(SITE);
        assert_fixed(&findings, &format!(".sni(\"{SITE}\")"), fixed.sni(SITE)).await;
    }
}

#[tokio::test]
async fn alert_40_to_every_name_is_about_another_name_or_cipher_suites_and_groups() {
    let authority = Authority::new();
    let peer = Peer::refusing(Refusal::Alert(40)).await;
    let builder = peer.trusted_by(URL, &authority).host("www.other.example");
    let findings = probe(builder).await;
    let causes = findings.diagnosis().causes().iter();
    let causes: Vec<_> = causes
        .map(|cause| (cause.id(), cause.certainty()))
        .collect();
    let ranked = [
        (CauseId::SniNotServed, Certainty::Likely),
        (CauseId::NoCommonCipher, Certainty::Possible),
    ];
    assert_eq!(causes[..2], ranked, "{findings}");
    let fix = findings.diagnosis().causes()[0].fixes()[0].to_string();
    assert!(fix.contains("--name"), "{fix}");
    assert_eq!(
        findings.to_string().matches("--name").count(),
        1,
        "{findings}"
    );

    // A name is dialled that is not the one in SNI, and no further one is known.
    let url = "https://www.site.example";
    let builder = CdnOriginConnector::builder(url).dial(format!("localhost:{}", peer.port()));
    let findings = probe(builder).await;
    let causes = findings.diagnosis().causes();
    let likeliest = &causes[0];
    let found = (likeliest.id(), likeliest.certainty());
    assert_eq!(
        found,
        (CauseId::SniNotServed, Certainty::Likely),
        "{findings}"
    );
    let likely = causes
        .iter()
        .filter(|it| it.certainty() > Certainty::Possible);
    assert_eq!(likely.count(), 1, "{findings}");

    // Edges of CDNs support the suites that are offered.
    let findings = probe(
        peer.reached_as("https://d1234567890.cloudfront.net")
            .host("www.other.example")
            .verify(trusting(&authority)),
    )
    .await;
    assert_eq!(first(&findings).0, CauseId::SniNotServed, "{findings}");
}

#[tokio::test]
async fn another_alert_to_tls_1_3_alone_shows_that_cipher_suites_are_missing() {
    let authority = Authority::new();
    // A server for TLS 1.2 that has suites with CBC alone.
    let peer = Peer::after_first_bytes(|_, hello, stream| async move {
        let alert = match offers_tls12(&hello) {
            true => 40,
            false => 70,
        };
        crate::probe_peers::refuse(stream, Refusal::Alert(alert)).await;
    })
    .await;
    let findings = probe(peer.trusted_by(URL, &authority)).await;
    let expected = (CauseId::NoCommonCipher, Certainty::Likely);
    assert_eq!(first(&findings), expected, "{findings}");
    assert!(
        findings.to_string().contains("supports TLS 1.2"),
        "{findings}"
    );
}

#[tokio::test]
async fn a_version_alert_to_every_offer_stays_what_it_says() {
    let authority = Authority::new();
    let peer = Peer::refusing(Refusal::Alert(70)).await;
    let findings = probe(peer.trusted_by(URL, &authority)).await;
    assert_eq!(
        first(&findings).0,
        CauseId::NoCommonTlsVersion,
        "{findings}"
    );
    assert!(!findings.is_proved(), "{findings}");
    assert!(
        !findings.to_string().contains(".tls_versions("),
        "{findings}"
    );
}
