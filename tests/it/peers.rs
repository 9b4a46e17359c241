//! Peers that refuse, reset, stall, or speak something else.

use std::time::Duration;

use cdn_origin::{
    CdnOriginConnector,
    connector::{CdnOriginBuilder, Timeouts},
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, Fault, Stage},
    tls::danger,
};

use crate::{
    failing::{check, error, to},
    support::{Authority, Behaviour, Blackhole, Edge, refused_address},
};

async fn edge(authority: &Authority, behaviour: Behaviour) -> Edge {
    Edge::builder(authority)
        .serves("www.example.test")
        .behaviour(behaviour)
        .start()
        .await
}

fn unverified(address: std::net::SocketAddr) -> CdnOriginBuilder {
    CdnOriginConnector::builder(format!("https://{address}"))
        .verify(danger::accept_any_certificate())
}

#[tokio::test]
async fn plain_http_behind_the_port_is_quoted() {
    let authority = Authority::new();
    let edge = edge(
        &authority,
        Behaviour::Plaintext(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"),
    )
    .await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(error.kind(), ErrorKind::NotTls);
    assert!(error.facts().first_bytes().starts_with(b"HTTP/1.1 400"));
    let fix = "dial the port on which the origin supports https";
    check(&error, CauseId::PlainHttpPeer, Certainty::Certain, fix);
    let report = error.report().to_string();
    assert!(report.contains("HTTP/1.1 400 Bad Request"), "{report}");
}

#[tokio::test]
async fn ssh_behind_the_port_is_quoted() {
    let authority = Authority::new();
    let fix = "dial the port on which the origin supports https";
    for behaviour in [
        Behaviour::Plaintext(b"SSH-2.0-OpenSSH_9.2\r\n"),
        Behaviour::Greeting(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ] {
        let edge = edge(&authority, behaviour).await;
        let error = error(to(&edge, &authority, "www.example.test")).await;
        assert_eq!(error.kind(), ErrorKind::NotTls);
        check(&error, CauseId::OtherService, Certainty::Certain, fix);
        let report = error.report().to_string();
        assert!(report.contains(r#""SSH-2.0-OpenSSH_9.2\r\n""#), "{report}");
    }
}

/// Python's `http.server` answers a ClientHello so.
#[tokio::test]
async fn a_page_without_a_status_line_is_likely_of_a_server_of_plain_http() {
    let authority = Authority::new();
    let edge = edge(&authority, Behaviour::Plaintext(b"<!DOCTYPE HTML>\n<html>")).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(error.kind(), ErrorKind::NotTls);
    let fix = "dial the port on which the origin supports https";
    check(&error, CauseId::PlainHttpPeer, Certainty::Likely, fix);
}

#[tokio::test]
async fn a_word_shorter_than_a_tls_record_is_still_quoted() {
    let authority = Authority::new();
    let edge = edge(&authority, Behaviour::Plaintext(b"no\n")).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(error.kind(), ErrorKind::NotTls);
    assert_eq!(error.facts().first_bytes(), b"no\n");
}

#[tokio::test]
async fn a_peer_that_closes_without_sending_is_distinguished() {
    let authority = Authority::new();
    let edge = edge(&authority, Behaviour::CloseOnAccept).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(error.stage(), Stage::Handshake);
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset
        ),
        "{error}"
    );
    assert!(error.facts().first_bytes().is_empty());
}

#[tokio::test]
async fn a_reset_in_the_handshake_is_one() {
    let authority = Authority::new();
    let edge = edge(&authority, Behaviour::ResetInHandshake).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(error.stage(), Stage::Handshake);
}

#[tokio::test]
async fn a_stalled_handshake_meets_its_own_deadline() {
    let authority = Authority::new();
    let edge = edge(&authority, Behaviour::StallInHandshake).await;
    let deadline = Duration::from_millis(50);
    let builder = to(&edge, &authority, "www.example.test")
        .timeouts(Timeouts::default().tls_handshake(deadline));
    let error = error(builder).await;
    assert!(error.kind() == ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().deadline(), Some(deadline));
    assert!(error.facts().elapsed().handshake.is_some());
    let line = error.to_string();
    assert!(line.contains("failed: deadline of 50ms passed"), "{line}");
}

#[tokio::test]
async fn a_stalled_handshake_meets_the_deadline_of_the_whole() {
    let authority = Authority::new();
    let edge = edge(&authority, Behaviour::StallInHandshake).await;
    let deadline = Duration::from_millis(50);
    let builder =
        to(&edge, &authority, "www.example.test").timeouts(Timeouts::default().connect(deadline));
    let error = error(builder).await;
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().deadline(), Some(deadline));
}

#[tokio::test]
async fn a_stalled_connect_meets_its_own_deadline() {
    let blackhole = Blackhole::new().await;
    let deadline = Duration::from_millis(50);
    let error =
        error(unverified(blackhole.address()).timeouts(Timeouts::default().dial(deadline))).await;
    assert!(error.kind() == ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(error.facts().deadline(), Some(deadline));
    let attempts = error.facts().attempts();
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].address, blackhole.address());
}

#[tokio::test]
async fn a_refused_connect_reports_that_nothing_listens() {
    let refused = refused_address();
    let error = error(unverified(refused.address())).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(error.fault(), Fault::Network);
    check(
        &error,
        CauseId::NothingListens,
        Certainty::Likely,
        "correct the host and port in CdnOriginConnector::builder(..) or .dial(..)",
    );
}

#[tokio::test]
async fn every_address_is_tried_and_every_failure_kept() {
    // `localhost` has an IPv4 address everywhere and an IPv6 one on most machines.
    let refused = refused_address();
    let origin = format!("https://localhost:{}", refused.address().port());
    let builder = CdnOriginConnector::builder(origin).verify(danger::accept_any_certificate());
    let error = error(builder).await;
    let expected: Vec<_> = tokio::net::lookup_host(("localhost", refused.address().port()))
        .await
        .unwrap()
        .collect();
    let tried: Vec<_> = error
        .facts()
        .attempts()
        .iter()
        .map(|attempt| attempt.address)
        .collect();
    assert_eq!(tried, expected);
    assert!(error.facts().elapsed().resolve.is_some());
}

#[tokio::test]
async fn any_origin_without_an_absolute_uri_is_refused_before_anything_is_dialled() {
    let connector = CdnOriginConnector::any_origin()
        .verify(danger::accept_any_certificate())
        .build()
        .unwrap();
    for uri in ["/path", "ftp://files.example/", "example.com:443"] {
        let outcome = tower::ServiceExt::oneshot(connector.clone(), uri.parse().unwrap()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedUri, "{uri}");
        assert_eq!(error.stage(), Stage::Prepare);
    }
}

#[tokio::test]
async fn any_origin_takes_its_names_from_the_uri() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("localhost").start().await;
    let roots = cdn_origin::tls::Roots::pem(authority.root_pem());
    let connector = CdnOriginConnector::any_origin()
        .verify(cdn_origin::VerifyPolicy::roots(roots))
        .build()
        .unwrap();
    let uri = format!("https://localhost:{}/some/path", edge.port());
    tower::ServiceExt::oneshot(connector, uri.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(edge.hellos()[0].sni.as_deref(), Some("localhost"));
}
