//! Encrypted ClientHello: what it hides, what it takes, and what a rejection means.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, TlsVersion,
    connector::{CdnOriginBuilder, Sessions, Timeouts},
    diagnosis::{CauseId, Certainty},
    dial::{Dns, DnsCache, Resolved},
    error::{BuildProblemKind, CertificateProblem, EchStatus, ErrorKind, Facts, Stage},
    group::{MemberSource, OriginGroup},
    tls::{Ech, Roots, SpkiPin, VerifyPolicy, danger, rustls::crypto::aws_lc_rs::hpke},
};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::{
    failing::{check, error, serving, to},
    http_get,
    resolve::ScriptedResolver,
    support::{Authority, Edge},
};

/// An `ECHConfigList` of one configuration (RFC 9849 section 4) with this public name and key, for X25519, HKDF-SHA256 and
/// AES-128-GCM.
pub(crate) fn list(public_name: &str, key: &[u8]) -> Vec<u8> {
    let short = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], bytes].concat()
    };
    let name = [
        &[u8::try_from(public_name.len()).unwrap()],
        public_name.as_bytes(),
    ]
    .concat();
    let contents = [
        &[7][..],              // config_id
        &[0x00, 0x20],         // DHKEM(X25519, HKDF-SHA256)
        &short(key),           // public_key
        &short(&[0, 1, 0, 1]), // HKDF-SHA256, AES-128-GCM
        &[0],                  // maximum_name_length
        &name,                 // public_name
        &short(&[]),           // extensions
    ]
    .concat();
    short(&[&[0xfe, 0x0d][..], &short(&contents)].concat())
}

pub(crate) fn published_by(public_name: &str) -> Ech {
    Ech::config_list(list(public_name, &key()))
}

const NAME: &str = "www.example.test";
pub(crate) const PUBLIC: &str = "public.example.test";
const CONFIGURE: &str =
    ".ech(Ech::config_list(..)) with the `ech` value of the origin's HTTPS record";

/// An edge that serves both names, and cannot decrypt.
async fn edge(authority: &Authority) -> Edge {
    Edge::builder(authority)
        .serves(NAME)
        .serves(PUBLIC)
        .start()
        .await
}

fn snis(edge: &Edge) -> Vec<Option<String>> {
    edge.hellos().into_iter().map(|it| it.sni).collect()
}

fn some(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| Some((*name).to_owned())).collect()
}

async fn connected(builder: CdnOriginBuilder) -> Facts {
    let stream = builder.build().unwrap().oneshot(Uri::default()).await;
    stream.unwrap().info().facts().clone()
}

fn ech(facts: &Facts) -> EchStatus {
    facts.tls_session().unwrap().ech
}

#[tokio::test]
async fn the_outer_sni_is_the_public_name_and_a_rejection_is_reported() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let builder = to(&edge, &authority, NAME).ech(published_by(PUBLIC).required());
    let rejected = error(builder).await;
    assert_eq!(rejected.kind(), ErrorKind::EchRejected);
    assert_eq!(rejected.stage(), Stage::Handshake);
    check(&rejected, CauseId::EchStale, Certainty::Certain, CONFIGURE);
    // The verified certificate is that of the public name.
    assert_eq!(
        rejected.facts().certificates().first().unwrap().names(),
        [PUBLIC]
    );
    let offer = rejected.facts().tls_offer().unwrap();
    assert!(offer.to_string().starts_with("TLS 1.3 only"));
    assert_eq!(
        snis(&edge),
        some(&[PUBLIC]),
        "and not once more in the clear"
    );
}

// RFC 9849 section 6.1.6: an origin that has proven the public name and sends no configuration has turned ECH off.
#[tokio::test]
async fn an_origin_that_has_turned_ech_off_is_connected_to_once_more_without() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let builder = to(&edge, &authority, NAME).ech(published_by(PUBLIC));
    let connector = builder.build().unwrap();
    for resumed in [false, true] {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        http_get::exchange(&mut stream).await;
        let facts = stream.info().facts();
        assert_eq!(ech(facts), EchStatus::Disabled);
        assert_eq!(facts.certificates().first().unwrap().names(), [NAME]);
        let session = facts.tls_session().unwrap();
        assert_eq!(session.resumed, resumed);
        assert!(session.to_string().contains("disabled by the origin"));
        let offer = facts.tls_offer().unwrap();
        assert!(
            offer.to_string().starts_with("TLS 1.2 to"),
            "as without ECH"
        );
        assert!(facts.first_bytes().is_empty());
    }
    assert_eq!(snis(&edge), some(&[PUBLIC, NAME, PUBLIC, NAME]));
    let counts = connector.handshakes();
    assert_eq!((counts.full, counts.resumed), (1, 1));
}

#[tokio::test]
async fn a_rejection_without_a_verified_certificate_leads_to_no_second_attempt() {
    let authority = Authority::new();
    let roots = || VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    for policy in [
        danger::accept_any_certificate(),
        danger::ignore_names(roots()),
    ] {
        let edge = edge(&authority).await;
        let builder = to(&edge, &authority, NAME).verify(policy);
        let rejected = error(builder.ech(published_by(PUBLIC))).await;
        assert_eq!(rejected.kind(), ErrorKind::EchRejected);
        assert_eq!(snis(&edge), some(&[PUBLIC]));
    }
}

#[tokio::test]
async fn the_second_attempt_goes_no_further_than_the_deadline_for_both() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let dialled = Arc::new(AtomicUsize::new(0));
    let (address, count) = (edge.address(), dialled.clone());
    // The first connection leads to the edge, the second to a silent port.
    let transport = tower::service_fn(move |_: Uri| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            match first {
                true => TcpStream::connect(address).await.map(TokioIo::new),
                false => std::future::pending().await,
            }
        }
    });
    let builder = CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .transport(transport)
        .timeouts(Timeouts::default().connect(Duration::from_secs(2)))
        .ech(published_by(PUBLIC));
    let late = error(builder).await;
    assert_eq!(
        (late.kind(), late.stage()),
        (ErrorKind::TimedOut, Stage::Dial)
    );
    assert_eq!(late.facts().deadline(), Some(Duration::from_secs(2)));
    assert!(late.facts().certificates().is_empty());
    assert_eq!(dialled.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_rejection_is_reported_when_the_expected_name_differs() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let builder = to(&edge, &authority, NAME).expected_name("other.example.test");
    let rejected = error(builder.ech(published_by(PUBLIC).required())).await;
    assert_eq!(rejected.kind(), ErrorKind::EchRejected);
    // If the public name is the requested one, the expected name is verified.
    let builder = to(&edge, &authority, NAME).expected_name("other.example.test");
    let refused = error(builder.ech(published_by(NAME))).await;
    assert_eq!(
        refused.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
}

#[tokio::test]
async fn only_who_proves_the_public_name_may_reject() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(PUBLIC, authority.issue(&["other.example.test"]))
        .start()
        .await;
    let builder = to(&edge, &authority, NAME).ech(published_by(PUBLIC));
    let refused = error(builder).await;
    assert_eq!(refused.kind(), ErrorKind::EchUnproven);
    check(&refused, CauseId::EchStale, Certainty::Likely, CONFIGURE);
    assert!(!refused.report().to_string().contains("sni(\"other"));
    assert_eq!(
        snis(&edge),
        some(&[PUBLIC]),
        "and there is no second attempt"
    );

    // Neither a stranger nor a self-signed certificate proves it, and no name or key is offered.
    for impostor in [
        Authority::new().issue(&["attacker.test"]),
        Authority::self_signed(&["attacker.test"]),
        Authority::self_signed(&[NAME]),
        authority.issue(&[NAME]),
        authority.issue(&["*.cloudfront.net"]),
    ] {
        let edge = Edge::builder(&authority)
            .serves_with(PUBLIC, impostor)
            .start()
            .await;
        let builder = to(&edge, &authority, NAME).ech(published_by(PUBLIC));
        let refused = error(builder).await;
        check(&refused, CauseId::EchStale, Certainty::Likely, CONFIGURE);
        for cause in refused.diagnosis().causes() {
            let offered = cause.fixes().iter().map(ToString::to_string);
            assert!(offered.into_iter().all(|fix| fix == CONFIGURE), "{cause}");
        }
    }

    let pinned =
        VerifyPolicy::roots(Roots::pem(authority.root_pem())).and_pin(SpkiPin::sha256([0; 32]));
    let edge = self::edge(&authority).await;
    let builder = to(&edge, &authority, NAME)
        .verify(pinned)
        .ech(published_by(PUBLIC));
    let unpinned = error(builder).await;
    assert_eq!(unpinned.kind(), ErrorKind::EchUnproven);
    assert!(!unpinned.diagnosis().to_string().contains("sha256/"));
}

#[tokio::test]
async fn where_only_tls_1_2_is_spoken_ech_is_what_narrows_the_offer() {
    let authority = Authority::new();
    let old = Edge::builder(&authority)
        .serves(NAME)
        .serves(PUBLIC)
        .tls_versions(&[&rustls::version::TLS12]);
    let old = old.start().await;
    let fix = "enable TLS 1.3 on the origin, or leave out .ech(..) and offer TLS 1.2 too";
    for ech in [Ech::grease(), published_by(PUBLIC)] {
        let error = error(to(&old, &authority, NAME).ech(ech)).await;
        check(&error, CauseId::NoCommonTlsVersion, Certainty::Certain, fix);
    }
}

#[tokio::test]
async fn grease_changes_nothing_but_the_hello() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME)
        .ech(Ech::grease())
        .build()
        .unwrap();
    for resumed in [false, true] {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        http_get::exchange(&mut stream).await;
        let session = stream.info().facts().tls_session().unwrap();
        assert_eq!(session.ech, EchStatus::Greased);
        assert_eq!(session.resumed, resumed);
    }
    assert_eq!(edge.hellos()[0].sni.as_deref(), Some(NAME));
    let plain = to(&edge, &authority, NAME).build().unwrap();
    let stream = plain.oneshot(Uri::default()).await.unwrap();
    let session = stream.info().facts().tls_session().unwrap();
    assert_eq!(session.ech, EchStatus::NotSent);
}

fn problem_kinds(builder: CdnOriginBuilder) -> Vec<BuildProblemKind> {
    let builder = builder.verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])));
    let error = builder.build().unwrap_err();
    let reported = error.problems().iter().map(|problem| {
        assert_eq!(problem.setter(), "ech", "{problem}");
        problem.kind()
    });
    reported.collect()
}

#[test]
fn an_unusable_ech_setting_is_reported_at_build_time() {
    let https = || CdnOriginConnector::builder("https://www.example.test");
    let whole = list(PUBLIC, &[9; 32]);
    for bytes in [
        Vec::new(),
        vec![0, 0],
        b"garbage".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        list("", &[9; 32]),
        list(PUBLIC, &[]),
        list(PUBLIC, &[9; 5]),
        vec![0, 4, 0xfe, 0x0e, 0, 0],
    ] {
        let shown = format!("{bytes:?}");
        let reported = problem_kinds(https().ech(Ech::config_list(bytes)));
        assert_eq!(reported, [BuildProblemKind::Unsupported], "{shown}");
    }
    let old = https()
        .tls_versions(..=TlsVersion::V1_2)
        .ech(published_by(PUBLIC));
    assert_eq!(problem_kinds(old), [BuildProblemKind::Contradiction]);
    for nameless in [
        https().omit_sni(),
        CdnOriginConnector::builder("https://192.0.2.1"),
        CdnOriginConnector::any_origin().omit_sni(),
    ] {
        let reported = problem_kinds(nameless.ech(published_by(PUBLIC)));
        assert_eq!(reported, [BuildProblemKind::Contradiction]);
    }
    for grease in [Ech::grease(), Ech::from_dns_or_grease()] {
        let reported = problem_kinds(reading(https()).ech(grease.required()));
        assert_eq!(reported, [BuildProblemKind::Contradiction]);
    }
}

/// A resolver with this address, and perhaps an HTTPS record with this `ech` value.
fn resolving_to(address: SocketAddr, ech: Option<Vec<u8>>) -> ScriptedResolver {
    let mut resolved = Resolved::new([address]);
    if let Some(ech) = ech {
        resolved = resolved.ech(ech);
    }
    let reported = ScriptedResolver::default();
    reported.now(Ok(resolved));
    reported
}

fn reading(builder: CdnOriginBuilder) -> CdnOriginBuilder {
    builder.dns(reading_dns())
}

fn reading_dns() -> Dns {
    Dns::default().resolver(resolving_to(SocketAddr::from(([127, 0, 0, 1], 9)), None))
}

/// A builder that finds this edge in DNS by this resolver.
fn found(authority: &Authority, resolver: &ScriptedResolver) -> CdnOriginBuilder {
    CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .dns(
            Dns::default()
                .cache(DnsCache::off())
                .resolver(resolver.clone()),
        )
}

pub(crate) fn key() -> Vec<u8> {
    use cdn_origin::tls::rustls::crypto::hpke::Hpke;
    let suite: &dyn Hpke = hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
    suite.generate_key_pair().unwrap().0.0
}

#[tokio::test]
async fn the_dns_record_supplies_the_ech_configuration() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let published = list(PUBLIC, &key());
    let resolver = resolving_to(edge.address(), Some(published.clone()));
    let builder = found(&authority, &resolver);
    let facts = connected(builder.clone().ech(Ech::from_dns())).await;
    assert_eq!(ech(&facts), EchStatus::Disabled);
    assert_eq!(
        facts.resolutions()[0].service.as_ref().unwrap().ech(),
        published
    );
    assert_eq!(facts.resolutions().len(), 1);
    assert_eq!(snis(&edge), some(&[PUBLIC, NAME]));
    // The second connection is to the same address, whatever DNS says by now.
    assert_eq!(resolver.count(), 1);
    assert_eq!(facts.peer(), Some(edge.address()));

    let required = error(builder.clone().ech(Ech::from_dns().required())).await;
    assert_eq!(required.kind(), ErrorKind::EchRejected);
    // A record alone changes nothing.
    assert_eq!(ech(&connected(builder).await), EchStatus::NotSent);
}

/// What the report of this failure says of ECH, in one line.
fn row(error: &cdn_origin::Error) -> Option<String> {
    let report = error.report().to_string();
    let (_, row) = report.split_once("\n  ECH ")?;
    let is_further = |line: &&str| line.starts_with("             ");
    let mut lines = row.lines();
    let first = lines.next().into_iter();
    let lines: Vec<_> = first.chain(lines.take_while(is_further)).collect();
    Some(
        lines
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    )
}

#[tokio::test]
async fn a_report_shows_the_outcome_of_ech_if_it_mattered() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let rejected = error(to(&edge, &authority, NAME).ech(published_by(PUBLIC).required())).await;
    assert_eq!(
        row(&rejected).unwrap(),
        "rejected; public name public.example.test"
    );

    let impostor = Edge::builder(&authority)
        .serves_with(PUBLIC, authority.issue(&["other.example.test"]))
        .start()
        .await;
    let refused = error(to(&impostor, &authority, NAME).ech(published_by(PUBLIC))).await;
    assert_eq!(refused.kind(), ErrorKind::EchUnproven);
    assert_eq!(row(&refused), row(&rejected));

    let public_alone = Edge::builder(&authority).serves(PUBLIC).start().await;
    let disabled = error(to(&public_alone, &authority, NAME).ech(published_by(PUBLIC))).await;
    assert_eq!(
        row(&disabled).unwrap(),
        "rejected, then retried without ECH, which the origin has disabled; SNI was sent in the clear"
    );

    let serving_neither = Edge::builder(&authority).start().await;
    let to_other_names = || to(&serving_neither, &authority, NAME);
    let alerted = error(to_other_names().ech(published_by(PUBLIC))).await;
    assert_eq!(
        row(&alerted).unwrap(),
        "offered, outcome unknown; public name public.example.test"
    );
    let greased = error(to_other_names().ech(Ech::grease())).await;
    assert_eq!(
        row(&greased).unwrap(),
        "GREASE only; SNI was sent in the clear"
    );
    assert_eq!(row(&error(to_other_names()).await), None);

    let resolver = resolving_to(serving_neither.address(), Some(b"garbage".to_vec()));
    let unusable = error(found(&authority, &resolver).ech(Ech::from_dns())).await;
    assert_eq!(
        row(&unusable).unwrap(),
        "not offered, because the configuration in the HTTPS record is unusable; \
         SNI was sent in the clear"
    );
}

#[tokio::test]
async fn without_an_ech_configuration_in_dns_the_setting_decides() {
    let authority = Authority::new();
    let garbage = Some(b"garbage".to_vec());
    let bad_key = Some(list(PUBLIC, &[9; 5]));
    for (reported, without) in [
        (None, EchStatus::NotSent),
        (Some(Vec::new()), EchStatus::NotSent),
        (garbage, EchStatus::Unusable),
        (bad_key, EchStatus::Unusable),
    ] {
        let edge = edge(&authority).await;
        // Without a record, the query for it may have failed.
        let certainty = match reported {
            Some(_) => Certainty::Certain,
            None => Certainty::Likely,
        };
        let builder = found(&authority, &resolving_to(edge.address(), reported));
        let facts = connected(builder.clone().ech(Ech::from_dns())).await;
        assert_eq!(ech(&facts), without);
        let offer = facts.tls_offer().unwrap().to_string();
        assert!(offer.starts_with("TLS 1.2 to"), "{offer}");
        let greased = connected(builder.clone().ech(Ech::from_dns_or_grease())).await;
        assert_eq!(ech(&greased), EchStatus::Greased);
        assert_eq!(snis(&edge), some(&[NAME, NAME]));

        let refused = error(builder.ech(Ech::from_dns().required())).await;
        assert_eq!(refused.kind(), ErrorKind::EchUnavailable);
        assert_eq!(refused.stage(), Stage::Handshake);
        check(
            &refused,
            CauseId::EchUnpublished,
            certainty,
            "publish an HTTPS record of the dialled name with an `ech` value",
        );
        let diagnosis = refused.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        let is_unusable = cause.text().ends_with("cannot be used");
        assert_eq!(is_unusable, without == EchStatus::Unusable, "{cause}");
        let given = cause.fixes()[1].to_string();
        assert!(given.starts_with(".ech(Ech::config_list(..))"), "{given}");
        assert_eq!(edge.hellos().len(), 2, "nothing more was said");
    }
}

#[test]
fn ech_from_dns_needs_a_resolver_that_supports_https_records() {
    let https = || CdnOriginConnector::builder("https://www.example.test");
    let address = [IpAddr::from([192, 0, 2, 1])];
    let good = || reading(https()).ech(Ech::from_dns());
    for deaf in [
        https().ech(Ech::from_dns()),
        good().dial("192.0.2.1:443"),
        good().dns(reading_dns().resolve_to("www.example.test", address)),
        #[cfg(unix)]
        good().dial("unix:/run/app.sock"),
    ] {
        assert_eq!(problem_kinds(deaf), [BuildProblemKind::Contradiction]);
    }
    let pinned = || VerifyPolicy::pinned(SpkiPin::sha256([0; 32]));
    let connector = good().verify(pinned()).build().unwrap();
    let sharing = || https().sessions(Sessions::default().share_with(&connector));
    let error = sharing().build().unwrap_err();
    assert_eq!(error.problems()[0].setter(), "Sessions::share_with");
    assert!(reading(sharing()).build().is_ok());
    assert!(
        good()
            .verify(pinned())
            .dns(reading_dns().resolve_to("other.example.test", address))
            .build()
            .is_ok()
    );
}

/// A member is an address: its name would be sent in the clear.
#[test]
fn members_from_dns_cannot_read_ech_from_dns() {
    let connector = |ech| {
        let builder = CdnOriginConnector::builder("https://www.example.test").ech(ech);
        let pinned = VerifyPolicy::pinned(SpkiPin::sha256([0; 32]));
        reading(builder).verify(pinned).build().unwrap()
    };
    for ech in [Ech::from_dns(), Ech::from_dns_or_grease()] {
        let connector = connector(ech);
        let source = MemberSource::dns(connector.clone());
        let error = OriginGroup::builder().tier_from(source).build();
        let error = error.unwrap_err();
        assert_eq!(error.problems()[0].setter(), "tier_from");
        assert!(OriginGroup::builder().tier([connector]).build().is_ok());
    }
    let source = MemberSource::dns(connector(published_by(PUBLIC)));
    assert!(OriginGroup::builder().tier_from(source).build().is_ok());
}

#[test]
fn the_configuration_for_others_is_as_good_as_it_gets_without_dns() {
    let https = || {
        let policy = VerifyPolicy::pinned(SpkiPin::sha256([0; 32]));
        reading(CdnOriginConnector::builder("https://www.example.test")).verify(policy)
    };
    let config = |ech| https().ech(ech).build().unwrap().tls_config();
    assert!(config(Ech::from_dns()).is_some());
    assert!(config(published_by(PUBLIC).required()).is_some());
    assert!(config(Ech::from_dns().required()).is_none());
}
