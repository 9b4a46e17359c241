//! The line of an attempt says at which stage the peer stalls.

use std::{future::pending, time::Duration};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, ErrorKind, connector::CdnOriginBuilder, probe::Findings};
use tokio::io::AsyncWriteExt;

use crate::{
    failing::to,
    probe_peers::{Peer, Refusal},
    support::{Authority, Behaviour, Edge},
};

const SITE: &str = "www.site.example";
const LIMIT: Duration = Duration::from_millis(100);

/// The connector has the default timeouts, so that the limit of an attempt is what ends it.
async fn probe(builder: CdnOriginBuilder) -> Findings {
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector)
        .pause(Duration::ZERO)
        .attempt_timeout(LIMIT);
    probe.await.unwrap()
}

fn first_line(findings: &Findings) -> String {
    findings.attempts()[0].to_string()
}

#[tokio::test]
async fn a_peer_that_accepts_tcp_and_sends_nothing_gets_only_what_a_device_may_drop() {
    let peer = Peer::refusing(Refusal::Drop).await;
    let dial = format!("127.0.0.1:{}", peer.port());
    let builder = CdnOriginConnector::builder(format!("https://{SITE}")).dial(dial);
    let findings = probe(builder).await;
    assert_eq!(
        first_line(&findings),
        "as configured: handshake, TCP connected, but no TLS answer within 100ms"
    );
    let changes: Vec<_> = findings.attempts().iter().map(|it| it.change()).collect();
    let expected = [
        None,
        Some("small ClientHello: no post-quantum group"),
        Some("no SNI"),
        Some("TLS 1.2 only"),
    ];
    assert_eq!(
        changes,
        expected.map(|it| it.map(String::from)),
        "{findings}"
    );
    let is_timeout = |kind| kind == ErrorKind::TimedOut;
    let mut errors = findings.attempts().iter().filter_map(|it| it.error());
    assert!(errors.all(|error| is_timeout(error.kind())), "{findings}");
}

#[tokio::test]
async fn an_origin_that_stalls_after_the_handshake_is_not_said_to_lack_tls() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .behaviour(Behaviour::StallBeforeResponse)
        .start()
        .await;
    let findings = probe(to(&edge, &authority, SITE)).await;
    assert_eq!(
        first_line(&findings),
        "as configured: receive, TLS is established, but no response within 100ms"
    );
}

#[tokio::test]
async fn a_body_that_stalls_is_named_and_the_names_work() {
    for (head, expected) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nstart",
            "as configured: 200, and the body did not arrive within 100ms",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "as configured: 200",
        ),
    ] {
        let head = Bytes::from_static(head.as_bytes());
        let peer = Peer::after_first_bytes(move |_, _, mut stream| {
            let head = head.clone();
            async move {
                stream.write_all(&head).await.unwrap();
                pending().await
            }
        })
        .await;
        let url = format!("http://127.0.0.1:{}", peer.port());
        let findings = probe(CdnOriginConnector::builder(url)).await;
        assert_eq!(first_line(&findings), expected);
        assert!(findings.working().is_some(), "{findings}");
    }
}

#[tokio::test]
async fn the_time_of_all_attempts_shortens_the_last_one_at_its_own_stage() {
    let peer = Peer::refusing(Refusal::Drop).await;
    let dial = format!("127.0.0.1:{}", peer.port());
    let builder = CdnOriginConnector::builder(format!("https://{SITE}")).dial(dial);
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector).timeout(LIMIT);
    let findings = probe.await.unwrap();
    assert_eq!(findings.attempts().len(), 1, "{findings}");
    let line = first_line(&findings);
    assert!(
        line.starts_with("as configured: handshake, TCP connected, but no TLS"),
        "{line}"
    );
}
