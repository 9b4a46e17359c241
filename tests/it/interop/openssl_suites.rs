//! `openssl s_server` with cipher suites, groups and keys that rustls does not have: alert 40.

use std::time::Duration;

use cdn_origin::{
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{CertificateProblem, ErrorKind},
    probe::Findings,
};

use crate::{
    interop::{
        client::{NAME, connector, refusal},
        server::{Folder, Server},
    },
    support::{Authority, Certified},
};

fn serving(
    certified: impl FnOnce(&Authority) -> Certified,
    arguments: &str,
) -> (Server, CdnOriginBuilder) {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &certified(&authority));
    let arguments = format!("-cert site.pem -key site.pem {arguments}");
    let server = Server::openssl(folder, &arguments);
    let connector = connector(&server, &authority);
    (server, connector)
}

async fn probe(builder: CdnOriginBuilder) -> Findings {
    let connector = builder.build().unwrap();
    cdn_origin::probe(&connector)
        .pause(Duration::ZERO)
        .await
        .unwrap()
}

fn causes(diagnosis: &Diagnosis) -> Vec<(CauseId, Certainty)> {
    let causes = diagnosis.causes().iter();
    causes.map(|it| (it.id(), it.certainty())).collect()
}

/// Arguments, and what the probe says that the origin supports.
const ECDSA: &[(&str, &str)] = &[
    (
        "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA",
        "supports TLS 1.2, and none",
    ),
    (
        "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA384",
        "supports TLS 1.2, and none",
    ),
    (
        "-tls1_2 -cipher ECDHE-ECDSA-AES128-CCM",
        "supports TLS 1.2, and none",
    ),
    (
        "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256",
        "supports TLS 1.3, and none",
    ),
    (
        "-cipher ECDHE-ECDSA-AES128-CCM -ciphersuites TLS_AES_128_CCM_SHA256",
        "supports none of the offered",
    ),
    ("-groups P-521", "supports none of the offered"),
    ("-tls1_3 -groups P-521", "supports TLS 1.3, and none"),
];

const RSA: &[(&str, &str)] = &[
    (
        "-tls1_2 -cipher AES128-GCM-SHA256",
        "supports TLS 1.2, and none",
    ),
    (
        "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256",
        "supports TLS 1.2, and none",
    ),
];

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_without_a_suite_or_group_of_ours_is_not_blamed_on_sni_alone_by_a_probe() {
    use CauseId::{NoCommonCipher, SniNotServed};
    let ecdsa = ECDSA.iter().map(|row| (row, false));
    for ((arguments, supports), is_rsa) in ecdsa.chain(RSA.iter().map(|row| (row, true))) {
        let certified = |authority: &Authority| match is_rsa {
            true => authority.issue_rsa(&[NAME]),
            false => authority.issue(&[NAME]),
        };
        let (_openssl, connector) = serving(certified, arguments);
        let error = refusal(connector.clone()).await;
        assert_eq!(error.facts().alert().unwrap().code(), 40, "{arguments}");
        let expected = [
            (SniNotServed, Certainty::Possible),
            (NoCommonCipher, Certainty::Possible),
        ];
        assert_eq!(causes(&error.diagnosis()), expected, "{arguments}");

        let findings = probe(connector).await;
        let text = format!("{arguments}\n{findings}");
        let mut found = findings.diagnosis().causes().iter();
        let suites = found.find(|cause| cause.id() == NoCommonCipher);
        let suites = suites.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(suites.certainty(), Certainty::Likely, "{text}");
        assert!(suites.text().contains(supports), "{text}");
        assert!(findings.working().is_none(), "{text}");
    }
}

/// TLS 1.2 has groups for keys, too, so that OpenSSL has no suite for this one. TLS 1.3 has not.
#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_with_a_key_on_p_521_is_understood_in_tls_1_3_alone() {
    for version in ["-tls1_2", "-tls1_3"] {
        let folder = Folder::new().on_curve("site", NAME, "P-521");
        let server = Server::openssl(folder, &format!("-cert site.pem -key site.key {version}"));
        let connector = connector(&server, &Authority::new());
        let error = refusal(connector.clone()).await;
        let report = error.report();
        if version == "-tls1_3" {
            let expected = ErrorKind::Certificate(CertificateProblem::UnknownIssuer);
            assert_eq!(error.kind(), expected, "{report}");
            continue;
        }
        assert_eq!(error.facts().alert().unwrap().code(), 40, "{report}");
        let found = causes(&error.diagnosis());
        let expected = (CauseId::NoCommonCipher, Certainty::Possible);
        assert!(found.contains(&expected), "{report}");
        let findings = probe(connector).await;
        let likeliest = findings.diagnosis().likeliest().unwrap();
        let found = (likeliest.id(), likeliest.certainty());
        assert_eq!(found, (CauseId::NoCommonCipher, Certainty::Likely));
        assert!(likeliest.text().contains("a key on P-521"), "{findings}");
    }
}
