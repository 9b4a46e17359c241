//! Sessions are resumed only under the trust that they began with.

use std::time::Duration;

use cdn_origin::{
    CdnOriginConnector, OriginProxy, TlsVersion,
    connector::{CdnOriginBuilder, ConnectionInfo, Sessions},
    error::{BuildProblemKind, ErrorKind, TlsSession},
    tls::{
        CertificatePin, ClientIdentity, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger, rustls,
    },
};
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use crate::{
    failing::{serving, to},
    http_get,
    support::{Authority, Behaviour, Edge},
};

const NAME: &str = "www.example.test";

/// Connects, exchanges a few bytes so that tickets arrive, and returns the session.
async fn connect(connector: &CdnOriginConnector) -> TlsSession {
    let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    http_get::exchange(&mut stream).await;
    stream.info().facts().tls_session().unwrap().clone()
}

async fn resumes(connector: &CdnOriginConnector) -> bool {
    connect(connector).await.resumed
}

fn counts(connector: &CdnOriginConnector) -> (u64, u64) {
    let counts = connector.handshakes();
    let (full, resumed) = (counts.full, counts.resumed);
    (full, resumed)
}

#[tokio::test]
async fn every_policy_resumes_in_both_versions_and_counts_it() {
    let authority = Authority::new();
    let certified = authority.issue(&[NAME]);
    let edge = Edge::builder(&authority)
        .serves_with(NAME, certified.clone())
        .start()
        .await;
    let roots = || VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    let key = SpkiPin::of_certificate(&certified.chain[0]).unwrap();
    let certificate = CertificatePin::of_certificate(&certified.chain[0]);
    for policy in [
        roots(),
        roots().and_pin(key),
        roots().expecting_any([SanMatcher::dns(NAME)]),
        VerifyPolicy::pinned(key),
        VerifyPolicy::pinned_certificate(certificate),
        danger::ignore_names(roots()),
        danger::accept_expired(roots(), Duration::from_secs(60)),
        danger::accept_any_certificate(),
    ] {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let builder = to(&edge, &authority, NAME).verify(policy.clone());
            let connector = builder.tls_versions(version..=version).build().unwrap();
            assert!(!resumes(&connector).await, "{policy:?}, {version}");
            assert!(resumes(&connector).await, "{policy:?}, {version}");
            assert!(resumes(&connector.clone()).await, "{policy:?}, {version}");
            assert_eq!(counts(&connector), (1, 2));
        }
    }
    edge.wait_for_handshakes(48).await;
    let seen = edge
        .hellos()
        .iter()
        .filter(|it| it.resumed == Some(true))
        .count();
    assert_eq!(seen, 32, "the edge is of the same opinion");
}

#[tokio::test]
async fn clients_with_a_certificate_resume_too() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .requires_clients_of(&authority)
        .start()
        .await;
    let client = authority.issue_client("client.test");
    let identity = ClientIdentity::pem(client.cert_pem(), client.key_pem());
    let builder = to(&edge, &authority, NAME).client_identity(identity);
    let connector = builder.build().unwrap();
    assert!(!resumes(&connector).await);
    assert!(resumes(&connector).await);
}

#[tokio::test]
async fn a_resumed_session_shows_the_certificates_of_the_first() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    let mut chains = Vec::new();
    for resumed in [false, true] {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        http_get::exchange(&mut stream).await;
        let facts = stream.info().facts();
        assert!(facts.is_accepted_by_policy());
        let session = facts.tls_session().unwrap();
        assert_eq!(session.resumed, resumed);
        assert_eq!(session.group, Some("X25519MLKEM768"));
        let signed = (!resumed).then_some("ecdsa_secp256r1_sha256");
        assert_eq!(session.signature_scheme, signed);
        chains.push(
            facts
                .certificates()
                .iter()
                .map(|it| it.der().to_vec())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(chains[0], chains[1]);
    assert_eq!(chains[0].len(), 1);
}

#[tokio::test]
async fn a_pool_resumes_from_one_connection_to_the_next_behind_any_layers() {
    let authority = Authority::new();
    for alpn in [&["http/1.1"][..], &["h2"]] {
        let edge = Edge::builder(&authority)
            .serves(NAME)
            .alpn(alpn)
            .behaviour(Behaviour::GoAway)
            .start()
            .await;
        let connector = to(&edge, &authority, NAME).build().unwrap();
        let proxy = OriginProxy::new(connector.clone());
        for (count, resumed) in [(1, false), (2, true), (3, true)] {
            let request = Request::get(format!("https://{NAME}/"));
            let request = request.header("host", NAME);
            let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
            let response = proxy.clone().oneshot(request).await.unwrap();
            let info = response.extensions().get::<ConnectionInfo>().unwrap();
            assert_eq!(info.facts().tls_session().unwrap().resumed, resumed);
            response.into_body().collect().await.unwrap();
            edge.wait_for_closed(count).await;
        }
        assert_eq!(counts(&connector), (1, 2), "{alpn:?}");
    }
}

#[tokio::test]
async fn connectors_that_were_built_apart_share_nothing() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(NAME, authority.issue(&[NAME, "other.example.test"]))
        .start()
        .await;
    let builder = || to(&edge, &authority, NAME);
    let first = builder().build().unwrap();
    assert!(!resumes(&first).await);
    // Not even where all their settings are the same, and surely not where another name is expected of the same SNI.
    for other in [builder(), builder().expected_name("other.example.test")] {
        let other = other.build().unwrap();
        assert!(!resumes(&other).await);
        assert!(resumes(&other).await);
    }
    assert!(resumes(&first).await);
}

#[tokio::test]
async fn connectors_that_share_tls_resume_each_others_sessions_and_reload_together() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .serves("images.example.test")
        .start()
        .await;
    let first = to(&edge, &authority, NAME).build().unwrap();
    let sharing = |name: &str| {
        CdnOriginConnector::builder(format!("https://{name}"))
            .dial(edge.address().to_string())
            .sessions(Sessions::default().share_with(&first))
            .build()
            .unwrap()
    };
    assert!(!resumes(&first).await);
    let same = sharing(NAME);
    assert!(resumes(&same).await);
    // Another name is another matter: it is verified for itself.
    let images = sharing("images.example.test");
    assert!(!resumes(&images).await);
    assert!(resumes(&images).await);
    assert_eq!(counts(&first), (1, 0));
    assert_eq!(counts(&same), (0, 1));
    let apart = same.to_builder().tls_versions(TlsVersion::V1_3..);
    assert!(!resumes(&apart.build().unwrap()).await);

    same.reload(|tls| tls).unwrap();
    for connector in [&first, &images] {
        assert!(!resumes(connector).await);
    }
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let https = |name: &str| {
        CdnOriginConnector::builder(format!("https://{name}"))
            .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    };
    let plain = CdnOriginConnector::builder("http://www.example.test");
    let reported = |builder: CdnOriginBuilder| {
        let error = builder.build().unwrap_err();
        let reported = error.problems().iter().map(|problem| {
            assert_eq!(problem.kind(), BuildProblemKind::Contradiction);
            problem.setter()
        });
        reported.collect::<Vec<_>>()
    };
    let first = https(NAME)
        .expected_name("one.example.test")
        .build()
        .unwrap();
    let sharing = || {
        CdnOriginConnector::builder("https://www.example.test")
            .sessions(Sessions::default().share_with(&first))
    };
    // Names may differ: their sessions are kept apart.
    for builder in [
        sharing(),
        sharing().expected_name("one.example.test"),
        sharing().expected_name("two.example.test"),
    ] {
        builder.build().unwrap();
    }
    let more = sharing()
        .expected_name("one.example.test")
        .sessions(Sessions::default().share_with(&first).capacity(1));
    assert_eq!(
        reported(more.verify(danger::accept_any_certificate())),
        ["Sessions::capacity", "verify"]
    );
    let nothing =
        https(NAME).sessions(Sessions::default().share_with(&plain.clone().build().unwrap()));
    assert_eq!(reported(nothing), ["Sessions::share_with"]);
    // A plain http origin has no use for TLS, and may stand beside those that have.
    let beside = plain.sessions(Sessions::default().share_with(&first));
    assert!(beside.build().unwrap().tls_config().is_none());
}

#[tokio::test]
async fn connectors_that_share_tls_and_expect_other_names_resume_only_their_own_sessions() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(NAME, authority.issue(&[NAME, "other.example.test"]))
        .start()
        .await;
    let first = to(&edge, &authority, NAME).build().unwrap();
    let expecting = |name: &str| {
        CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(edge.address().to_string())
            .expected_name(name)
            .sessions(Sessions::default().share_with(&first))
            .build()
            .unwrap()
    };
    assert!(!resumes(&first).await);
    let other = expecting("other.example.test");
    assert!(
        !resumes(&other).await,
        "the name of the session was another"
    );
    assert!(resumes(&other).await);
    assert!(resumes(&expecting("other.example.test")).await);
    let wrong = expecting("wrong.example.test");
    let error = wrong.oneshot(Uri::default()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Certificate(_)), "{error}");
    // A reload of one changes all of them.
    other.reload(|tls| tls).unwrap();
    assert!(!resumes(&first).await);
    assert!(!resumes(&other).await);
}

#[tokio::test]
async fn sessions_are_not_resumed_where_that_is_turned_off() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let builder = to(&edge, &authority, NAME).sessions(Sessions::off());
        let connector = builder.tls_versions(version..=version).build().unwrap();
        for _ in 0..3 {
            assert!(!resumes(&connector).await);
        }
        assert_eq!(counts(&connector), (3, 0));
    }
}

#[tokio::test]
async fn sessions_are_kept_for_the_configured_number_of_names() {
    let authority = Authority::new();
    let (one, two) = ("one.example.test", "two.example.test");
    let edge = Edge::builder(&authority)
        .serves(one)
        .serves(two)
        .start()
        .await;
    let uri = |name: &str| -> Uri { format!("https://{name}:{}/", edge.port()).parse().unwrap() };
    for (names, resumed) in [(1, false), (2, true)] {
        let connector = CdnOriginConnector::any_origin()
            .dial(edge.address().to_string())
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .sessions(Sessions::default().capacity(names))
            .build()
            .unwrap();
        let resumes = async |name: &str| {
            let mut stream = connector.clone().oneshot(uri(name)).await.unwrap();
            http_get::exchange(&mut stream).await;
            stream.info().facts().tls_session().unwrap().resumed
        };
        assert!(!resumes(one).await);
        assert!(!resumes(two).await);
        assert!(resumes(two).await);
        assert_eq!(resumes(one).await, resumed, "{names}");
    }
}

#[test]
fn a_capacity_without_sense_is_refused() {
    for names in [0, 65_537, usize::MAX] {
        let builder = CdnOriginConnector::builder("https://www.example.test")
            .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
            .sessions(Sessions::default().capacity(names));
        let error = builder.build().unwrap_err();
        let problem = &error.problems()[0];
        assert_eq!(problem.setter(), "Sessions::capacity");
        assert_eq!(problem.kind(), BuildProblemKind::OutOfRange);
    }
}

#[tokio::test]
async fn a_connection_for_an_upgrade_resumes_too() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    assert!(!resumes(&connector).await);
    let proxy = OriginProxy::new(connector.clone());
    let request = Request::get(format!("https://{NAME}/"))
        .header("host", NAME)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    drop(proxy.oneshot(request).await);
    assert_eq!(counts(&connector), (1, 1));
}

#[tokio::test]
async fn the_edge_decides_whether_a_session_is_resumed() {
    let authority = Authority::new();
    let versions = &[&rustls::version::TLS13];
    let one = Edge::builder(&authority)
        .serves(NAME)
        .tls_versions(versions)
        .start()
        .await;
    let two = Edge::builder(&authority)
        .serves(NAME)
        .tls_versions(versions)
        .start()
        .await;
    // The other one cannot read the first one's tickets, as behind a load balancer.
    let connector = CdnOriginConnector::any_origin()
        .sni(NAME)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    for (edge, resumed) in [(&one, false), (&two, false), (&two, true)] {
        let uri: Uri = format!("https://{}/", edge.address()).parse().unwrap();
        let mut stream = connector.clone().oneshot(uri).await.unwrap();
        http_get::exchange(&mut stream).await;
        assert_eq!(
            stream.info().facts().tls_session().unwrap().resumed,
            resumed
        );
    }
}
