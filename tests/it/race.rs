//! Addresses that race each other over real sockets. What happens when is tested on fake ones in `src/dial/race/tests.rs`.

use std::{net::SocketAddr, time::Duration};

use cdn_origin::{
    CdnOriginConnector, ErrorKind,
    connector::{CdnOriginBuilder, Timeouts},
    dial::{Dns, HappyEyeballs, IpFamilies},
    error::{DialOutcome, Facts, Stage},
    tls::{Roots, VerifyPolicy},
};
use http::Uri;
use tower::ServiceExt;

use crate::{
    failing::serving,
    resolve::{ScriptedResolver, listener, over},
    support::{Authority, Blackhole, refused_address},
};

fn outcomes(facts: &Facts) -> Vec<(SocketAddr, DialOutcome)> {
    let attempts = facts.attempts().iter();
    attempts
        .map(|attempt| (attempt.address, attempt.outcome))
        .collect()
}

fn racing(addresses: &[SocketAddr]) -> CdnOriginBuilder {
    let quick = HappyEyeballs::default().attempt_delay(Duration::from_millis(100));
    over(ScriptedResolver::addresses(addresses.to_vec())).happy_eyeballs(quick)
}

#[tokio::test]
async fn a_dead_first_address_does_not_eat_the_deadline() {
    let blackhole = Blackhole::new().await;
    let (_listener, live) = listener().await;
    let connector = racing(&[blackhole.address(), live]).build().unwrap();
    let stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    let facts = stream.info().facts();
    assert_eq!(facts.peer(), Some(live));
    assert_eq!(
        outcomes(facts),
        [
            (blackhole.address(), DialOutcome::Overtaken),
            (live, DialOutcome::Connected)
        ]
    );
    assert!(facts.attempts()[1].started >= facts.attempts()[0].started);
    // It is remembered: the next connection does not begin with the dead one.
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let attempts = outcomes(stream.info().facts());
    assert_eq!(attempts, [(live, DialOutcome::Connected)]);
}

#[tokio::test]
async fn a_refused_address_gives_way_at_once_and_is_tried_last_afterwards() {
    let refused = refused_address();
    let (_listener, live) = listener().await;
    let slow = HappyEyeballs::default().attempt_delay(Duration::from_secs(2));
    let connector = racing(&[refused.address(), live])
        .happy_eyeballs(slow)
        .build()
        .unwrap();
    let stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    let failed = DialOutcome::Failed(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        outcomes(stream.info().facts()),
        [(refused.address(), failed), (live, DialOutcome::Connected)]
    );
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let attempts = outcomes(stream.info().facts());
    assert_eq!(attempts, [(live, DialOutcome::Connected)]);
}

/// A load balancer without a server does that.
#[tokio::test]
async fn an_address_that_fails_in_the_handshake_is_tried_last_afterwards() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let (closing, address) = listener().await;
    let closing = tokio::spawn(async move { while closing.accept().await.is_ok() {} });
    let to = |addresses: [SocketAddr; 2], name: &str| {
        let dns = Dns::default().resolver(ScriptedResolver::addresses(addresses));
        let builder = CdnOriginConnector::builder(format!("https://{name}")).dns(dns);
        let roots = Roots::pem(authority.root_pem());
        builder.verify(VerifyPolicy::roots(roots)).build().unwrap()
    };
    let connector = to([address, edge.address()], "www.example.test");
    let connect = || connector.clone().oneshot(Uri::default());
    assert_eq!(connect().await.unwrap_err().stage(), Stage::Handshake);
    let stream = connect().await.unwrap();
    assert_eq!(stream.info().facts().peer(), Some(edge.address()));

    // What the edge sends about a name is no fault of its address.
    let connector = to([edge.address(), address], "unknown.example.test");
    for _ in 0..2 {
        let error = connector.clone().oneshot(Uri::default()).await.unwrap_err();
        assert_eq!(error.facts().peer(), Some(edge.address()));
    }
    closing.abort();
}

#[tokio::test]
async fn where_all_addresses_hang_the_deadline_names_them_all() {
    let (one, other) = (Blackhole::new().await, Blackhole::new().await);
    let deadline = Duration::from_millis(300);
    let connector = racing(&[one.address(), other.address()])
        .timeouts(Timeouts::default().dial(deadline))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(error.facts().deadline(), Some(deadline));
    let timed_out = DialOutcome::Failed(std::io::ErrorKind::TimedOut);
    assert_eq!(
        outcomes(error.facts()),
        [(one.address(), timed_out), (other.address(), timed_out)]
    );
}

#[tokio::test]
async fn addresses_of_a_family_that_is_not_dialled_are_left_out() {
    let (_listener, live) = listener().await;
    let six: SocketAddr = "[::1]:1".parse().unwrap();
    let connector = racing(&[six, live])
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV4))
        .build()
        .unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let attempts = outcomes(stream.info().facts());
    assert_eq!(attempts, [(live, DialOutcome::Connected)]);

    let connector = racing(&[live])
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV6))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
}

#[tokio::test]
async fn an_address_literal_of_a_family_that_is_not_dialled_is_a_clear_error() {
    let connector = CdnOriginConnector::builder("http://192.0.2.1")
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV6))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
    let report = error.report().to_string();
    assert!(report.contains("a family that is not dialled"), "{report}");
}

#[tokio::test]
async fn an_attempt_that_is_given_up_leaves_the_connector_usable() {
    let blackhole = Blackhole::new().await;
    let (_listener, live) = listener().await;
    let connector = racing(&[blackhole.address(), live]).build().unwrap();
    {
        let mut given_up = std::pin::pin!(connector.clone().oneshot(Uri::default()));
        assert!(futures_util::poll!(&mut given_up).is_pending());
    }
    connector.oneshot(Uri::default()).await.unwrap();
}
