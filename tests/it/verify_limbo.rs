//! The public suite of certificate chains, BetterTLS among them: on every case, every policy that checks a chain agrees with webpki.
//!
//! The suite is the file `limbo.json` of <https://github.com/C2SP/x509-limbo>, too large to be kept here.

use std::{env, fs, net::IpAddr, sync::Arc};

use cdn_origin::{
    CdnOriginConnector,
    tls::{
        CertificatePin, Crls, Roots, SanMatcher, VerifyPolicy, danger,
        rustls::{
            self, CertificateError, ClientConfig, Error,
            crypto::aws_lc_rs,
            pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
            time_provider::TimeProvider,
        },
    },
};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::Value;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationOptionsBuilder, anchor_from_trusted_cert,
};

use crate::pki::{complete_handshake, server};

/// One case of the suite.
struct Case {
    id: String,
    root: Vec<String>,
    /// The leaf first.
    chain: Vec<CertificateDer<'static>>,
    lists: Vec<String>,
    name: String,
    at: UnixTime,
}

impl Case {
    /// Of servers that are expected under a name.
    fn all(limbo: &Value) -> Vec<Self> {
        let cases = limbo["testcases"].as_array().unwrap().iter();
        let of_servers = cases.filter(|case| case["validation_kind"] == "SERVER");
        let all: Vec<_> = of_servers.filter_map(Self::read).collect();
        assert!(all.len() > 100, "{}", all.len());
        all
    }

    fn read(case: &Value) -> Option<Self> {
        let texts = |field: &str| -> Vec<String> {
            let texts = case[field].as_array().into_iter().flatten();
            texts
                .map(|text| text.as_str().unwrap().to_owned())
                .collect()
        };
        let above = texts("untrusted_intermediates");
        let leaf = case["peer_certificate"].as_str().unwrap();
        let chain = std::iter::once(leaf).chain(above.iter().map(String::as_str));
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        Some(Self {
            id: case["id"].as_str().unwrap().to_owned(),
            root: texts("trusted_certs"),
            chain: chain.map(der).collect(),
            lists: texts("crls"),
            name: case["expected_peer_name"]["value"].as_str()?.to_owned(),
            at: case["validation_time"]
                .as_str()
                .map_or_else(UnixTime::now, moment),
        })
    }

    /// Whether webpki finds a good chain, and whether it finds the name.
    fn webpki(&self) -> (bool, bool) {
        let der = |pem: &String| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let roots: Vec<_> = self.root.iter().map(der).collect();
        let anchors: Result<Vec<_>, _> = roots.iter().map(anchor_from_trusted_cert).collect();
        let list = |pem: &String| {
            let der =
                rustls::pki_types::CertificateRevocationListDer::from_pem_slice(pem.as_bytes());
            OwnedCertRevocationList::from_der(&der.unwrap()).map(CertRevocationList::from)
        };
        let lists: Result<Vec<_>, _> = self.lists.iter().map(list).collect();
        let (Ok(anchors), Ok(lists), Ok(leaf)) =
            (anchors, lists, EndEntityCert::try_from(&self.chain[0]))
        else {
            return (false, false);
        };
        let lists: Vec<_> = lists.iter().collect();
        let options = RevocationOptionsBuilder::new(&lists);
        let options =
            options.map(|it| it.with_expiration_policy(ExpirationPolicy::Enforce).build());
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        let verified = leaf.verify_for_usage(
            algorithms.all,
            &anchors,
            &self.chain[1..],
            self.at,
            KeyUsage::server_auth(),
            options.ok(),
            None,
        );
        let name = ServerName::try_from(self.name.as_str());
        let is_valid = name.is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok());
        (verified.is_ok(), is_valid)
    }

    fn policy(&self) -> VerifyPolicy {
        let policy = VerifyPolicy::roots(Roots::pem(self.root.concat()));
        match self.lists.is_empty() {
            true => policy,
            false => policy.crls(Crls::pem(self.lists.concat())),
        }
    }

    /// Whether the policy takes the chain. The suite has no keys: what is refused in the end is the signature by another kind of key.
    fn is_accepted_by(&self, policy: VerifyPolicy, key: &KeyPair) -> bool {
        let connector = CdnOriginConnector::builder("https://sni.example.test")
            .expected_name(self.name.as_str())
            .verify(policy)
            .build();
        let Ok(connector) = connector else {
            return false;
        };
        let mut config = ClientConfig::clone(&connector.tls_config().unwrap());
        config.time_provider = Arc::new(Clock(self.at));
        let server = server(&self.chain, key, &rustls::version::TLS13);
        let error = complete_handshake(Arc::new(config), server, "sni.example.test").unwrap_err();
        matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            )
        )
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct Clock(UnixTime);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// The time of `2023-12-01T00:00:01+00:00`, which is always in UTC.
fn moment(text: &str) -> UnixTime {
    let text = text.trim_end_matches("+00:00").trim_end_matches('Z');
    let time: x509_cert::der::DateTime = format!("{text}Z").parse().unwrap();
    UnixTime::since_unix_epoch(time.unix_duration())
}

#[test]
#[ignore = "needs x509-limbo's limbo.json: X509_LIMBO names the file"]
fn every_policy_of_a_chain_agrees_with_webpki_on_the_public_suite() {
    let path = env::var("X509_LIMBO").expect("X509_LIMBO names limbo.json");
    let limbo = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for case in Case::all(&limbo) {
        let (chain, name) = case.webpki();
        let pin = CertificatePin::of_certificate(&case.chain[0]);
        let matcher = match case.name.parse::<IpAddr>() {
            Ok(ip) => SanMatcher::ip(ip),
            Err(_) => SanMatcher::dns(case.name.as_str()),
        };
        for (policy, expected) in [
            (case.policy(), chain && name),
            (case.policy().and_certificate_pin(pin), chain && name),
            (case.policy().expecting_any([matcher]), chain && name),
            (danger::ignore_names(case.policy()), chain),
        ] {
            let shown = format!("{}: {policy:?}", case.id);
            assert_eq!(case.is_accepted_by(policy, &key), expected, "{shown}");
        }
        match chain && name {
            true => accepted += 1,
            false => refused += 1,
        }
    }
    println!("{accepted} accepted and {refused} refused, as by webpki");
    assert!(accepted > 20 && refused > 20, "{accepted} {refused}");
}
