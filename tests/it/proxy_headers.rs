//! A PROXY protocol header that was missing, or that nobody expected: what is made of it.

use std::net::SocketAddr;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty, Diagnosis},
    dial::ProxyProtocol,
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

const WITHOUT: &str = "leave out .proxy_protocol(..), or configure the origin to expect it: `accept-proxy` in HAProxy's bind, `proxy_protocol` in nginx's listen";
const WITH: &str = ".proxy_protocol(ProxyProtocol::v2())";
const REFUSAL: &str =
    "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A peer that answers the first bytes in this way, and hangs up.
struct Peer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Peer {
    async fn says(words: impl Into<Vec<u8>>) -> Self {
        let words = words.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut heard = [0; 4096];
                let _ = stream.read(&mut heard).await;
                let _ = stream.write_all(&words).await;
                let _ = stream.shutdown().await;
                // A close with unread bytes would be a reset, and take the words back.
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
async fn a_header_that_is_answered_in_plain_http_was_likely_not_expected() {
    let peer = Peer::says(REFUSAL).await;
    let found = error(peer.builder("https").proxy_protocol(ProxyProtocol::v1())).await;
    assert_eq!(found.kind(), ErrorKind::NotTls);
    assert!(found.facts().has_proxy_header());
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
async fn a_header_that_is_taken_for_broken_tls_was_likely_not_expected() {
    // unexpected_message, record_overflow, decode_error, protocol_version
    for alert in [10, 22, 50, 70] {
        let peer = Peer::says([0x15, 3, 3, 0, 2, 2, alert]).await;
        let found = error(peer.builder("https").proxy_protocol(ProxyProtocol::v2())).await;
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
async fn a_peer_that_hangs_up_may_have_expected_the_header_or_not() {
    let peer = Peer::says("").await;
    let with = error(peer.builder("https").proxy_protocol(ProxyProtocol::v2())).await;
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
async fn an_edge_of_a_cdn_is_not_suspected_of_expecting_a_header() {
    let peer = Peer::says("").await;
    let edge = "https://d1234567890.cloudfront.net";
    let builder =
        CdnOriginConnector::builder(edge).resolver(crate::resolve::Told::addresses([peer.address]));
    let diagnosis = error(builder).await.diagnosis();
    assert!(!diagnosis.causes().is_empty());
    assert_eq!(certainty(&diagnosis, CauseId::ProxyHeaderExpected), None);
}

#[tokio::test]
async fn over_plain_http_a_400_and_a_connection_without_a_word_are_told_too() {
    let (refuses, hangs_up) = (Peer::says(REFUSAL).await, Peer::says("").await);
    let ask = async |builder: CdnOriginBuilder| {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let proxy = OriginProxy::new(builder.build().unwrap());
        let Ok(response) = proxy.oneshot(request).await;
        let extensions = response.extensions();
        let error = extensions.get::<Error>().map(Error::diagnosis);
        error.or_else(|| extensions.get::<Diagnosis>().cloned())
    };
    let possible = Some(Certainty::Possible);

    let told = ask(refuses.builder("http").proxy_protocol(ProxyProtocol::v1())).await;
    assert_eq!(
        certainty(&told.unwrap(), CauseId::ProxyHeaderNotExpected),
        possible
    );
    assert!(ask(refuses.builder("http")).await.is_none());

    let told = ask(hangs_up.builder("http").proxy_protocol(ProxyProtocol::v1())).await;
    assert_eq!(
        certainty(&told.unwrap(), CauseId::ProxyHeaderNotExpected),
        possible
    );
    let told = ask(hangs_up.builder("http")).await;
    assert_eq!(
        certainty(&told.unwrap(), CauseId::ProxyHeaderExpected),
        possible
    );
}
