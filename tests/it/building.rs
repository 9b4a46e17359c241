//! What a builder makes of its calls: the four names, and everything that is wrong at once.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cdn_origin::error::BuildProblemKind;
use cdn_origin::origin::Scheme;
#[cfg(feature = "ring")]
use cdn_origin::tls::rustls::crypto::ring;
use cdn_origin::tls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use cdn_origin::tls::{Alpn, ClientIdentity, Crls, Ech, Roots, SpkiPin, VerifyPolicy};
use cdn_origin::{BuildError, CdnOriginConnector, TlsVersion};
use cdn_origin::{
    connector::{AdviceId, AdviceSettings, CdnOriginBuilder, Sessions, Timeouts},
    dial::Dns,
    tls::TlsParameters,
};

use crate::support::Authority;

/// A builder that needs neither a root store nor a feature.
fn builder(url: &str) -> CdnOriginBuilder {
    let builder = CdnOriginConnector::builder(url);
    match url.starts_with("http:") {
        true => builder,
        false => builder
            .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
            .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32]))),
    }
}

/// Calls on a builder, and the four names that come of them.
struct Row {
    url: &'static str,
    calls: fn(CdnOriginBuilder) -> CdnOriginBuilder,
    dial: &'static str,
    sni: &'static str,
    expected_name: &'static str,
    host: &'static str,
}

const URL: &str = "https://edge.example";

const ROWS: [Row; 22] = [
    Row {
        url: URL,
        calls: |it| it,
        dial: "edge.example:443",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: "HTTPS://Edge.Example.:443/",
        calls: |it| it,
        dial: "edge.example.:443",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: "https://edge.example:8443",
        calls: |it| it,
        dial: "edge.example:8443",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "edge.example:8443",
    },
    Row {
        url: "https://edge.example:80",
        calls: |it| it,
        dial: "edge.example:80",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "edge.example:80",
    },
    Row {
        url: "https://192.0.2.1",
        calls: |it| it,
        dial: "192.0.2.1:443",
        sni: "none (the URL's host is an IP address)",
        expected_name: "192.0.2.1",
        host: "192.0.2.1",
    },
    Row {
        url: "https://[2001:db8::1]:8443",
        calls: |it| it,
        dial: "[2001:db8::1]:8443",
        sni: "none (the URL's host is an IP address)",
        expected_name: "2001:db8::1",
        host: "[2001:db8::1]:8443",
    },
    Row {
        url: "https://Bücher.example",
        calls: |it| it,
        dial: "xn--bcher-kva.example:443",
        sni: "xn--bcher-kva.example",
        expected_name: "xn--bcher-kva.example",
        host: "xn--bcher-kva.example",
    },
    Row {
        url: URL,
        calls: |it| it.sni("Site.example"),
        dial: "edge.example:443",
        sni: "site.example",
        expected_name: "site.example",
        host: "site.example",
    },
    Row {
        url: "https://edge.example:8443",
        calls: |it| it.sni("site.example"),
        dial: "edge.example:8443",
        sni: "site.example",
        expected_name: "site.example",
        host: "site.example",
    },
    Row {
        url: "https://192.0.2.1:8443",
        calls: |it| it.sni("site.example"),
        dial: "192.0.2.1:8443",
        sni: "site.example",
        expected_name: "site.example",
        host: "site.example",
    },
    Row {
        url: URL,
        calls: |it| it.expected_name("site.example"),
        dial: "edge.example:443",
        sni: "edge.example",
        expected_name: "site.example",
        host: "edge.example",
    },
    Row {
        url: URL,
        calls: |it| it.expected_name("[2001:db8::1]"),
        dial: "edge.example:443",
        sni: "edge.example",
        expected_name: "2001:db8::1",
        host: "edge.example",
    },
    Row {
        url: URL,
        calls: |it| it.host("Site.example:8080"),
        dial: "edge.example:443",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "Site.example:8080",
    },
    Row {
        url: URL,
        calls: |it| it.dial("192.0.2.1"),
        dial: "192.0.2.1:443",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: URL,
        calls: |it| it.dial("[::1]:8443"),
        dial: "[::1]:8443",
        sni: "edge.example",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: "https://192.0.2.1",
        calls: |it| it.dial("other.example"),
        dial: "other.example:443",
        sni: "none (the URL's host is an IP address)",
        expected_name: "192.0.2.1",
        host: "192.0.2.1",
    },
    Row {
        url: URL,
        calls: |it| it.omit_sni(),
        dial: "edge.example:443",
        sni: "none (omitted on request)",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: URL,
        calls: |it| it.omit_sni().expected_name("site.example"),
        dial: "edge.example:443",
        sni: "none (omitted on request)",
        expected_name: "site.example",
        host: "edge.example",
    },
    Row {
        url: URL,
        calls: |it| it.sni("site.example").omit_sni(),
        dial: "edge.example:443",
        sni: "none (omitted on request)",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: "http://edge.example",
        calls: |it| it,
        dial: "edge.example:80",
        sni: "none (the origin is plain http)",
        expected_name: "edge.example",
        host: "edge.example",
    },
    Row {
        url: "http://edge.example:443",
        calls: |it| it.sni("site.example"),
        dial: "edge.example:443",
        sni: "none (the origin is plain http)",
        expected_name: "edge.example",
        host: "site.example",
    },
    Row {
        url: "https://edge.example:8443",
        calls: |it| {
            it.dial("192.0.2.1:4443")
                .sni("sni.example")
                .expected_name("expected.example")
                .host("host.example:80")
        },
        dial: "192.0.2.1:4443",
        sni: "sni.example",
        expected_name: "expected.example",
        host: "host.example:80",
    },
];

#[test]
fn one_url_gives_four_names_and_each_call_moves_one_of_them() {
    for (index, row) in ROWS.iter().enumerate() {
        let connector = (row.calls)(builder(row.url)).build().unwrap();
        let origin = connector.origin().unwrap();
        let names = [
            origin.dial().to_string(),
            origin.sni().to_string(),
            origin.expected_name().to_string(),
            origin.host().to_string(),
        ];
        let expected = [row.dial, row.sni, row.expected_name, row.host];
        assert_eq!(names, expected, "row {index}: {}", row.url);
        let plain = row.url.starts_with("http:");
        let scheme = if plain { Scheme::Http } else { Scheme::Https };
        assert_eq!(origin.scheme(), scheme, "row {index}");
        assert_eq!(connector.tls_config().is_none(), plain, "row {index}");
    }
}

#[test]
fn the_order_of_calls_does_not_matter() {
    let one = builder(URL)
        .sni("a.example")
        .host("b.example")
        .dial("c.example");
    let other = builder(URL)
        .dial("c.example")
        .host("b.example")
        .sni("a.example");
    let (one, other) = (one.build().unwrap(), other.build().unwrap());
    assert_eq!(one.origin(), other.origin());
}

#[test]
fn advice_names_what_looks_wrong() {
    type Calls = fn(CdnOriginBuilder) -> CdnOriginBuilder;
    let table: [(&str, Calls, &[AdviceId]); 14] = [
        (URL, |it| it, &[]),
        ("https://192.0.2.1", |it| it, &[AdviceId::NoSniForIpAddress]),
        (URL, |it| it.omit_sni(), &[]),
        (
            URL,
            |it| it.host("site.example"),
            &[AdviceId::HostDiffersFromSni],
        ),
        (URL, |it| it.host("EDGE.example:8443"), &[]),
        (URL, |it| it.sni("site.example").host("shop.example"), &[]),
        (
            URL,
            |it| it.tls_versions(..=TlsVersion::V1_2),
            &[AdviceId::NoTls13],
        ),
        (
            "http://edge.example:443",
            |it| it,
            &[AdviceId::PlainHttpOnTlsPort],
        ),
        (
            "https://shop.s3-website-eu-west-1.amazonaws.com",
            |it| it,
            &[AdviceId::HttpOnlyEndpoint],
        ),
        (
            "https://my.bucket.s3.eu-west-1.amazonaws.com",
            |it| it,
            &[AdviceId::BucketWithDots],
        ),
        ("http://shop.vercel.app", |it| it, &[AdviceId::HttpsForced]),
        (
            "https://shop.example.cdn.cloudflare.net:9443",
            |it| it,
            &[AdviceId::PortNotServed],
        ),
        (
            "https://d1234567890.cloudfront.net",
            |it| it.host("192.0.2.1"),
            &[AdviceId::HostDiffersFromSni, AdviceId::HostIsIpAddress],
        ),
        (
            "https://d1234567890.cloudfront.net",
            |it| it.host("[2001:db8::1]"),
            &[AdviceId::HostDiffersFromSni, AdviceId::HostIsIpAddress],
        ),
    ];
    for (url, calls, expected) in table {
        let connector = calls(builder(url)).build().unwrap();
        let ids: Vec<_> = connector
            .advice()
            .iter()
            .map(|advice| advice.id())
            .collect();
        assert_eq!(ids, expected, "{url}: {:?}", connector.advice());
    }
}

/// The problems as lines.
fn problems(built: Result<CdnOriginConnector, BuildError>) -> Vec<String> {
    let error = built.unwrap_err();
    let lines: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(error.to_string(), lines.join("; "));
    lines
}

#[test]
fn all_invalid_values_are_told_at_once_with_the_setters_names() {
    let built = CdnOriginConnector::builder("ftp://edge.example")
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
        .verify(VerifyPolicy::roots(Roots::pem("")))
        .dial("edge.example:0")
        .sni("192.0.2.1")
        .expected_name("a..b")
        .host("user:sekret@edge.example")
        .timeouts(
            Timeouts::default()
                .dial(Duration::ZERO)
                .tls_handshake(Duration::ZERO)
                .connect(Duration::ZERO),
        )
        .build();
    let mut found = problems(built);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "Timeouts::connect(..): a timeout must be greater than zero",
            "Timeouts::dial(..): a timeout must be greater than zero",
            "Timeouts::tls_handshake(..): a timeout must be greater than zero",
            "builder(..): origin \"ftp://edge.example\": it must start with \"https://\" or \"http://\"",
            "dial(..): dial target \"edge.example:0\": the port at byte 13 is not a number from 1 to 65535",
            "expected_name(..): expected name \"a..b\": the label at byte 2 is empty",
            "host(..): Host: a user name or password has no place here",
            "sni(..): SNI \"192.0.2.1\": an IP address is not a DNS name",
            "verify(..): there is no certificate in the PEM text; it takes the content of a file, not its name",
        ]
    );
}

#[test]
fn of_several_calls_the_last_counts_and_each_fixed_name_is_a_call_of_its_own() {
    let plain = || CdnOriginConnector::builder("http://edge.example");
    let good = [IpAddr::from([192, 0, 2, 1])];
    let built = plain()
        .dns(
            Dns::default()
                .resolve_to("origin.example:443", good)
                .resolve_to("other.example", good),
        )
        .build();
    assert!(problems(built)[0].starts_with("Dns::resolve_to(..): "));
    assert!(plain().host("a..b").host("a.b").build().is_ok());
    assert!(plain().sni("a..b").omit_sni().build().is_ok());
}

// It once hid what is wrong with the roots.
#[test]
fn an_sni_taken_from_another_origin_has_no_reason_of_that_origin() {
    for url in ["http://plain.example", "https://192.0.2.1"] {
        let other = CdnOriginConnector::builder(url).build().unwrap();
        let sni = other.origin().unwrap().sni().clone();
        let connector = builder("https://www.example.com").sni(sni).build().unwrap();
        let sni = connector.origin().unwrap().sni().to_string();
        assert_eq!(sni, "none (omitted on request)", "{url}");
    }
}

#[test]
fn an_expected_name_that_nobody_looks_at_is_advised_against() {
    let connector = builder(URL)
        .expected_name("origin.example")
        .build()
        .unwrap();
    let ids: Vec<_> = connector
        .advice()
        .iter()
        .map(|advice| advice.id())
        .collect();
    assert_eq!(ids, [AdviceId::ExpectedNameUnused]);
}

#[test]
fn an_empty_range_of_versions_does_not_hide_the_roots_problem() {
    let built = builder(URL)
        .tls_versions(TlsVersion::V1_3..TlsVersion::V1_3)
        .verify(VerifyPolicy::roots(Roots::pem("")))
        .build();
    let mut found = problems(built);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "tls_versions(..): the range holds no version; \
             `TlsVersion::V1_2..=TlsVersion::V1_3` is the widest",
            "verify(..): there is no certificate in the PEM text; it takes the content of a file, not its name",
        ]
    );
}

#[test]
fn a_range_of_tls_versions_must_hold_one() {
    use std::ops::Bound;
    const OLD: TlsVersion = TlsVersion::V1_2;
    const NEW: TlsVersion = TlsVersion::V1_3;
    let none = [
        (Bound::Included(NEW), Bound::Excluded(NEW)),
        (Bound::Included(NEW), Bound::Included(OLD)),
        (Bound::Excluded(NEW), Bound::Unbounded),
        (Bound::Unbounded, Bound::Excluded(OLD)),
        (Bound::Excluded(OLD), Bound::Excluded(NEW)),
    ];
    for range in none {
        let error = builder(URL).tls_versions(range).build().unwrap_err();
        assert_eq!(
            error.to_string(),
            "tls_versions(..): the range holds no version; \
             `TlsVersion::V1_2..=TlsVersion::V1_3` is the widest",
            "{range:?}"
        );
        assert_eq!(error.problems()[0].kind(), BuildProblemKind::Empty);
    }
    let some = [
        (Bound::Unbounded, Bound::Unbounded),
        (Bound::Included(OLD), Bound::Included(OLD)),
        (Bound::Excluded(OLD), Bound::Included(NEW)),
        (Bound::Included(OLD), Bound::Excluded(NEW)),
    ];
    for range in some {
        assert!(
            builder(URL).tls_versions(range).build().is_ok(),
            "{range:?}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let authority = Authority::new();
    let (one, other) = (
        authority.issue_client("a.test"),
        authority.issue_client("b.test"),
    );
    let root = authority.root_pem();
    let good = file("good.pem", root.as_bytes());
    let der = file("root.der", &authority.root_der());
    let chain = file("chain.pem", one.cert_pem().as_bytes());
    let key = file("key.pem", other.key_pem().as_bytes());
    let broken = file("broken.pem", pem("Z2FyYmFnZQ==").as_bytes());
    let roots =
        |path: &Path| VerifyPolicy::roots(Roots::pem_file(&good).and(Roots::pem_file(path)));
    let lists = VerifyPolicy::roots(Roots::pem(&root)).crls(Crls::pem_file(&good));
    let verify = |policy| builder(URL).verify(policy);
    let identity = |chain, key| builder(URL).client_identity(ClientIdentity::pem_files(chain, key));
    for (builder, path, why) in [
        (
            verify(roots(&der)),
            &der,
            "there is no certificate in the PEM text; `openssl x509 -inform der` makes it of DER",
        ),
        (
            verify(roots(&key)),
            &key,
            "the PEM text holds a private key, and no certificate: a root is the certificate of an \
             authority",
        ),
        (
            verify(roots(&broken)),
            &broken,
            "a root certificate cannot be used: invalid peer certificate: BadEncoding",
        ),
        (
            verify(lists),
            &good,
            "there is no revocation list in the PEM text; one starts with -----BEGIN X509 CRL-----",
        ),
        (
            identity(&der, &key),
            &der,
            "there is no certificate in the PEM text",
        ),
        (
            identity(&chain, &chain),
            &chain,
            "there is no private key in the PEM text",
        ),
        (
            identity(&chain, &key),
            &key,
            "the private key does not belong to the first certificate of the chain",
        ),
        (
            identity(&broken, &key),
            &broken,
            "the first certificate of the chain cannot be read",
        ),
    ] {
        let error = builder.build().unwrap_err();
        let problem = &error.problems()[0];
        let expected = format!("{}(..): {}: {why}", problem.setter(), path.display());
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn names_are_looked_up_by_a_resolver_or_by_a_transport() {
    let transport = hyper_util::client::legacy::connect::HttpConnector::new();
    let built = builder(URL)
        .transport(transport)
        .dns(
            Dns::default()
                .resolver(crate::resolve::ScriptedResolver::default())
                .resolve_to("edge.example", [IpAddr::from([192, 0, 2, 1])]),
        )
        .build();
    let expected = ["Dns::resolver", "Dns::resolve_to"]
        .map(|setter| format!("{setter}(..): a transport of your own resolves names itself"));
    assert_eq!(problems(built), expected);
}

#[test]
fn roots_that_cannot_be_used_are_build_errors() {
    let good = Authority::new().root_pem();
    let truncated = good.replace("-----END CERTIFICATE-----", "");
    let no_base64 = pem("%%%%");
    let no_certificate = pem("Z2FyYmFnZQ==");
    let table = [
        (
            Roots::pem(""),
            "verify(..): there is no certificate in the PEM text; it takes the content of a file, not its name",
        ),
        (
            Roots::pem("garbage"),
            "verify(..): there is no certificate in the PEM text; it takes the content of a file, not its name",
        ),
        (
            Roots::pem(&truncated),
            "verify(..): the PEM text cannot be read",
        ),
        (
            Roots::pem(&no_base64),
            "verify(..): the PEM text cannot be read",
        ),
        (
            Roots::pem(&no_certificate),
            "verify(..): a root certificate cannot be used: invalid peer certificate: BadEncoding",
        ),
        (
            Roots::der(*b"garbage"),
            "verify(..): a root certificate cannot be used: invalid peer certificate: BadEncoding",
        ),
        (
            Roots::pem(&good).and(Roots::der(*b"")),
            "verify(..): a root certificate cannot be used: invalid peer certificate: BadEncoding",
        ),
    ];
    for (roots, message) in table {
        let built = builder(URL).verify(VerifyPolicy::roots(roots)).build();
        let error = built.unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
        assert_eq!(
            error.problems()[0].kind(),
            BuildProblemKind::InvalidCertificate
        );
        assert_eq!(error.problems().len(), 1);
    }
}

#[test]
fn roots_come_from_several_places_together() {
    let (one, other) = (Authority::new(), Authority::new());
    let both = format!("{}\n# a comment\n{}", one.root_pem(), other.root_pem());
    let roots = Roots::pem(both).and(Roots::der(one.root_der().to_vec()));
    let built = builder(URL).verify(VerifyPolicy::roots(roots)).build();
    assert_eq!(built.unwrap().advice(), []);
}

#[test]
fn what_only_tls_can_do_is_refused_for_a_plain_http_origin() {
    let plain = || CdnOriginConnector::builder("http://edge.example");
    let identity = ClientIdentity::pem("", "");
    let asking = plain()
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .verify(VerifyPolicy::roots(Roots::pem("")))
        .client_identity(identity)
        .tls_parameters(TlsParameters::default().require_fips())
        .ech(Ech::grease());
    let error = asking.build().unwrap_err();
    let setters: Vec<_> = error.problems().iter().map(|it| it.setter()).collect();
    assert_eq!(
        setters,
        [
            "verify",
            "client_identity",
            "TlsParameters::require_fips",
            "ech"
        ]
    );
    for problem in error.problems() {
        assert_eq!(problem.kind(), BuildProblemKind::Contradiction);
        assert!(problem.to_string().contains("`https://` in the URL"));
    }
    assert!(plain().build().is_ok());
}

#[test]
fn settings_of_tls_that_a_plain_http_origin_has_no_use_for_are_told() {
    let plain = || CdnOriginConnector::builder("http://edge.example");
    let connector = plain()
        .sni("site.example")
        .expected_name("site.example")
        .alpn(Alpn::Http1)
        .sessions(Sessions::default().capacity(1))
        .build()
        .unwrap();
    let [advice] = &connector.advice()[..] else {
        panic!("{:?}", connector.advice());
    };
    assert_eq!(advice.id(), AdviceId::TlsUnused);
    let calls = "`sni(..)`, `expected_name(..)`, `alpn(..)`, `Sessions::capacity(..)`";
    assert!(advice.to_string().contains(calls), "{advice}");

    let silenced = plain()
        .alpn(Alpn::Http1)
        .advice(AdviceSettings::default().silence(AdviceId::TlsUnused));
    assert_eq!(silenced.build().unwrap().advice(), []);
    assert_eq!(plain().omit_sni().build().unwrap().advice(), []);
}

#[test]
fn any_crypto_provider_can_be_given() {
    let roots = || VerifyPolicy::roots(Roots::pem(Authority::new().root_pem()));
    let providers = [
        Arc::new(aws_lc_rs::default_provider()),
        #[cfg(feature = "ring")]
        Arc::new(ring::default_provider()),
    ];
    for provider in providers {
        let connector = CdnOriginConnector::builder(URL)
            .tls_parameters(TlsParameters::default().crypto_provider(provider.clone()))
            .verify(roots())
            .build()
            .unwrap();
        let config = connector.tls_config().unwrap();
        assert!(Arc::ptr_eq(config.crypto_provider(), &provider));
    }
}

#[test]
fn a_crypto_provider_that_cannot_do_what_is_asked_is_a_build_error() {
    let only_tls12 = CryptoProvider {
        cipher_suites: aws_lc_rs::ALL_CIPHER_SUITES
            .iter()
            .copied()
            .filter(|suite| suite.tls13().is_none())
            .collect(),
        ..aws_lc_rs::default_provider()
    };
    let built = builder(URL)
        .tls_parameters(TlsParameters::default().crypto_provider(only_tls12.clone()))
        .tls_versions(TlsVersion::V1_3..)
        .build();
    let error = built.unwrap_err();
    let [problem] = error.problems() else {
        panic!("{error}");
    };
    assert_eq!(problem.setter(), "TlsParameters::crypto_provider");
    assert_eq!(problem.kind(), BuildProblemKind::Unsupported);

    let built = builder(URL).tls_parameters(TlsParameters::default().crypto_provider(only_tls12));
    assert!(built.tls_versions(..=TlsVersion::V1_2).build().is_ok());
}

/// A block that says it is a certificate.
fn pem(base64: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

/// What [`a_child_builds_with_the_systems_roots`] says where this file is the system's store.
fn with_system_roots(file: &Path) -> String {
    const CHILD: &str = "building::a_child_builds_with_the_systems_roots";
    let output = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", file)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let report = report
        .split_once("<<<")
        .and_then(|(_, report)| report.split_once(">>>"));
    report.expect("the child has spoken").0.to_owned()
}

#[test]
#[ignore = "other tests run it, in a process with an environment of its own"]
fn a_child_builds_with_the_systems_roots() {
    let built = CdnOriginConnector::builder(URL)
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
        .build();
    let report = match built {
        Ok(connector) => connector
            .advice()
            .iter()
            .map(|advice| format!("{:?}: {advice}\n", advice.id()))
            .collect(),
        Err(error) => format!("{:?}: {error}", error.problems()[0].kind()),
    };
    println!("<<<{report}>>>");
}

/// A client may send any Host, but nobody can configure a name that the DNS cannot hold.
#[test]
fn a_host_that_can_be_no_name_is_a_build_error() {
    let long = format!("{}.example", "a".repeat(64));
    for (host, why) in [
        ("www..example", "the label at byte 4 is empty"),
        (".example:8443", "the label at byte 0 is empty"),
        (&long, "the label at byte 0 is longer than 63 bytes"),
        (&["a"; 128].join("."), "it is longer than 253 bytes"),
    ] {
        let error = builder(URL).host(host).build().unwrap_err();
        let problem = &error.problems()[0];
        assert_eq!(problem.setter(), "host");
        let text = error.to_string();
        assert!(text.contains(why), "{text}");
    }
    for host in [
        "-a.example",
        "a_b.example",
        "[::1]:80",
        "192.0.2.1",
        "www.example.",
    ] {
        assert!(builder(URL).host(host).build().is_ok(), "{host}");
    }
}

#[test]
fn a_system_without_roots_is_a_build_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(
        with_system_roots(file.path()),
        "Empty: verify(..): no root certificate to trust was found, so every handshake would fail: \
         install the system's ca-certificates, or use `Roots::bundled()` or `Roots::pem(..)`"
    );
    let report = with_system_roots(Path::new("/nonexistent/roots.pem"));
    assert!(report.starts_with("Empty: verify(..): no root"), "{report}");
    assert!(report.contains("/nonexistent/roots.pem"), "{report}");
}

#[test]
fn a_good_system_store_gives_no_advice() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), Authority::new().root_pem()).unwrap();
    assert_eq!(with_system_roots(file.path()), "");
}

#[test]
fn system_roots_that_cannot_be_used_are_skipped_and_counted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let good = Authority::new().root_pem();
    for (garbage, why) in [
        (pem("Z2FyYmFnZQ=="), "invalid peer certificate: BadEncoding"),
        (pem("%%%%"), "base64 decode error"),
    ] {
        std::fs::write(file.path(), format!("{garbage}{good}")).unwrap();
        let report = with_system_roots(file.path());
        let start = "SkippedRoots: 1 of the system's root certificates cannot be used; the first: ";
        assert!(report.starts_with(start), "{report}");
        assert!(report.contains(why), "{report}");
    }
}

#[test]
fn a_profile_moves_defaults_and_one_call_turns_it_off() {
    let builder = || CdnOriginConnector::builder("http://shop.example.cdn.cloudflare.net");
    let connector = builder().build().unwrap();
    let profile = connector.profile().unwrap().to_string();
    assert!(profile.starts_with("Cloudflare: "), "{profile}");
    assert!(
        builder()
            .without_edge_profile()
            .build()
            .unwrap()
            .profile()
            .is_none()
    );
    let unknown = CdnOriginConnector::builder("http://origin.example")
        .build()
        .unwrap();
    assert!(unknown.profile().is_none());
}
