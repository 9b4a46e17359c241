//! Diagnoses of a missing PROXY protocol header, and of one that the peer does not expect.

use std::net::SocketAddr;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty, Diagnosis},
    dial::{Dns, ProxyProtocol},
    error::ErrorKind,
};
use http::Request;
use http_body_util::Empty;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tower::ServiceExt;

use crate::failing::{check, error};

const WITHOUT: &str = "leave out .proxy_protocol(..), or configure the origin to expect it: \
    `accept-proxy` in HAProxy's bind, `proxy_protocol` in nginx's listen";
const WITH: &str = ".proxy_protocol(ProxyProtocol::V2)";
const REFUSAL: &str =
    "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A peer that sends these bytes after the first bytes it receives, and closes.
struct Peer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Peer {
    async fn sending(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut received = [0; 4096];
                let _ = stream.read(&mut received).await;
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                // Closing with unread bytes would send a reset and discard the bytes sent.
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
        });
        Self { address, task }
    }

    fn builder(&self, scheme: &str) -> CdnOriginBuilder {
        CdnOriginConnector::builder(format!("{scheme}://www.example.test")).dial(self.address)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn certainty(diagnosis: &Diagnosis, id: CauseId) -> Option<Certainty> {
    let cause = diagnosis.causes().iter().find(|cause| cause.id() == id);
    cause.map(|cause| cause.certainty())
}

#[tokio::test]
async fn a_header_with_a_plain_http_response_was_likely_not_expected() {
    let peer = Peer::sending(REFUSAL).await;
    let found = error(peer.builder("https").proxy_protocol(ProxyProtocol::V1)).await;
    assert_eq!(found.kind(), ErrorKind::NotTls);
    check(
        &found,
        CauseId::ProxyHeaderNotExpected,
        Certainty::Likely,
        WITHOUT,
    );
    let plain = certainty(&found.diagnosis(), CauseId::PlainHttpPeer);
    assert_eq!(plain, Some(Certainty::Possible));

    let without = error(peer.builder("https")).await;
    let plain = certainty(&without.diagnosis(), CauseId::PlainHttpPeer);
    assert_eq!(plain, Some(Certainty::Certain));
}

#[tokio::test]
async fn a_header_with_a_decoding_alert_was_likely_not_expected() {
    // unexpected_message, record_overflow, decode_error, protocol_version
    for alert in [10, 22, 50, 70] {
        let peer = Peer::sending([0x15, 3, 3, 0, 2, 2, alert]).await;
        let found = error(peer.builder("https").proxy_protocol(ProxyProtocol::V2)).await;
        assert_eq!(found.facts().alert().unwrap().code(), alert);
        check(
            &found,
            CauseId::ProxyHeaderNotExpected,
            Certainty::Likely,
            WITHOUT,
        );
        let version = certainty(&found.diagnosis(), CauseId::NoCommonTlsVersion);
        assert_eq!(version, (alert == 70).then_some(Certainty::Possible));
    }
}

#[tokio::test]
async fn a_peer_that_closes_may_or_may_not_have_expected_the_header() {
    let peer = Peer::sending("").await;
    let with = error(peer.builder("https").proxy_protocol(ProxyProtocol::V2)).await;
    check(
        &with,
        CauseId::ProxyHeaderNotExpected,
        Certainty::Possible,
        WITHOUT,
    );
    assert_eq!(
        certainty(&with.diagnosis(), CauseId::ProxyHeaderExpected),
        None
    );

    let without = error(peer.builder("https")).await;
    let diagnosis = without.diagnosis();
    let last = diagnosis.causes().last().unwrap();
    assert_eq!(last.id(), CauseId::ProxyHeaderExpected);
    assert_eq!(last.certainty(), Certainty::Possible);
    assert_eq!(last.fixes().first().unwrap().to_string(), WITH);
}

#[tokio::test]
async fn a_known_edge_is_never_reported_to_expect_a_header() {
    let peer = Peer::sending("").await;
    let edge = "https://d1234567890.cloudfront.net";
    let builder = CdnOriginConnector::builder(edge)
        .dns(Dns::default().resolver(crate::resolve::ScriptedResolver::addresses([peer.address])));
    let diagnosis = error(builder).await.diagnosis();
    assert!(!diagnosis.causes().is_empty());
    assert_eq!(certainty(&diagnosis, CauseId::ProxyHeaderExpected), None);
}

#[tokio::test]
async fn over_plain_http_a_400_and_a_close_are_diagnosed_too() {
    let (refusing, closing) = (Peer::sending(REFUSAL).await, Peer::sending("").await);
    let diagnose = async |builder: CdnOriginBuilder| {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let proxy = OriginProxy::new(builder.build().unwrap());
        let Ok(response) = proxy.oneshot(request).await;
        let extensions = response.extensions();
        let error = extensions.get::<Error>().map(Error::diagnosis);
        error.or_else(|| extensions.get::<Diagnosis>().cloned())
    };
    let possible = Some(Certainty::Possible);

    let diagnosis = diagnose(refusing.builder("http").proxy_protocol(ProxyProtocol::V1)).await;
    assert_eq!(
        certainty(&diagnosis.unwrap(), CauseId::ProxyHeaderNotExpected),
        possible
    );
    assert!(diagnose(refusing.builder("http")).await.is_none());

    let diagnosis = diagnose(closing.builder("http").proxy_protocol(ProxyProtocol::V1)).await;
    assert_eq!(
        certainty(&diagnosis.unwrap(), CauseId::ProxyHeaderNotExpected),
        possible
    );
    let diagnosis = diagnose(closing.builder("http")).await;
    assert_eq!(
        certainty(&diagnosis.unwrap(), CauseId::ProxyHeaderExpected),
        possible
    );
}
