//! Connection facts in diagnoses: a requested client certificate, and earlier use of the connection.

use std::sync::Arc;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, TlsVersion,
    connector::{CdnOriginBuilder, ConnectionInfo},
    diagnosis::{CauseId, Certainty},
    error::{ClientCertificate, Stage},
    tls::{ClientIdentity, rustls},
};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    failing::{RESTORE, check, error, serving, to},
    support::{Authority, Edge},
};

const NAME: &str = "www.example.test";
const IDENTITY: &str = ".client_identity(ClientIdentity::pem(chain, key))";

async fn send(proxy: &OriginProxy, method: Method) -> Response<cdn_origin::proxy::ProxyBody> {
    let request = Request::builder()
        .method(method)
        .header("host", "client.test");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

/// The error of a request.
async fn failure(builder: CdnOriginBuilder) -> Error {
    let proxy = OriginProxy::new(builder.build().unwrap());
    let response = send(&proxy, Method::POST).await;
    response.extensions().get::<Error>().unwrap().clone()
}

/// A listener that passes each connection to this function.
async fn serve<F, T>(connection: F) -> (String, JoinHandle<()>)
where
    F: Fn(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream));
        }
    });
    (address, task)
}

/// A server that requests a client certificate, and accepts that there is none.
fn asking(authority: &Authority) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .unwrap();
    let certified = authority.issue(&[NAME]);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(certified.chain.clone(), certified.key.clone_key())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn identity(authority: &Authority) -> ClientIdentity {
    let certified = authority.issue_client("client.example.test");
    ClientIdentity::pem(certified.cert_pem(), certified.key_pem())
}

#[tokio::test]
async fn connection_facts_say_whether_our_certificate_was_requested_and_sent() {
    let authority = Authority::new();
    let asks = Edge::builder(&authority)
        .serves(NAME)
        .requires_clients_of(&authority)
        .start()
        .await;
    let quiet = serving(&authority).await;
    for (edge, expected) in [
        (&asks, ClientCertificate::Sent),
        (&quiet, ClientCertificate::NotRequested),
    ] {
        let builder = to(edge, &authority, NAME).client_identity(identity(&authority));
        let proxy = OriginProxy::new(builder.build().unwrap());
        let response = send(&proxy, Method::GET).await;
        let info: &ConnectionInfo = response.extensions().get().unwrap();
        assert_eq!(info.facts().client_certificate(), expected);
    }
}

#[tokio::test]
async fn a_connection_closed_after_a_certificate_request_possibly_needed_a_client_certificate() {
    let authority = Authority::new();
    let acceptor = asking(&authority);
    let (address, _task) = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let builder = |name: &str| {
        CdnOriginConnector::builder(format!("https://{name}"))
            .dial(address.as_str())
            .verify(cdn_origin::VerifyPolicy::roots(cdn_origin::Roots::pem(
                authority.root_pem(),
            )))
    };

    let error = failure(builder(NAME)).await;
    assert_eq!(
        error.facts().client_certificate(),
        ClientCertificate::Withheld
    );
    assert!(!error.facts().is_reused());
    // A server that only asks for one may have crashed.
    check(&error, CauseId::OriginDown, Certainty::Possible, RESTORE);
    let diagnosis = error.diagnosis();
    let other = &diagnosis.causes()[1];
    assert_eq!(other.id(), CauseId::ClientCertificateRequired);
    assert_eq!(other.certainty(), Certainty::Possible);
    assert_eq!(other.fixes()[0].to_string(), IDENTITY);
    let report = error.report().to_string();
    assert!(
        report.contains("requested  a client certificate, and received none"),
        "{report}"
    );

    // With a certificate, there is no evidence for that.
    let error = failure(builder(NAME).client_identity(identity(&authority))).await;
    assert_eq!(error.facts().client_certificate(), ClientCertificate::Sent);
    check(&error, CauseId::OriginDown, Certainty::Possible, RESTORE);
}

/// Relays bytes between a client and the address, until the client sends its second flight.
async fn relay_one_flight(mut client: TcpStream, address: String) {
    let mut server = TcpStream::connect(address).await.unwrap();
    let mut hello = vec![0; 16 * 1024];
    let length = client.read(&mut hello).await.unwrap();
    server.write_all(&hello[..length]).await.unwrap();
    let (mut from_server, _to_server) = server.split();
    let (mut from_client, mut to_client) = client.split();
    tokio::select! {
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
        _ = from_client.read_u8() => {}
    }
}

#[tokio::test]
async fn a_handshake_closed_after_the_server_certificate_is_not_blamed_on_sni() {
    let authority = Authority::new();
    let asks = Edge::builder(&authority)
        .serves(NAME)
        .requires_clients_of(&authority)
        .start()
        .await;
    let quiet = serving(&authority).await;
    for (edge, id, certainty, fix) in [
        (
            &asks,
            CauseId::ClientCertificateRequired,
            Certainty::Likely,
            IDENTITY,
        ),
        (&quiet, CauseId::BrokenTls, Certainty::Possible, ""),
    ] {
        let behind = edge.address().to_string();
        let (address, _task) = serve(move |stream| relay_one_flight(stream, behind.clone())).await;
        let builder = to(edge, &authority, NAME)
            .dial(address.as_str())
            .tls_versions(..=TlsVersion::V1_2);
        let error = error(builder).await;
        assert_eq!(error.stage(), Stage::Handshake);
        assert!(error.facts().is_accepted_by_policy());
        check(&error, id, certainty, fix);
    }
}

/// Responds to one request over plain HTTP, and closes the connection on the next.
async fn answer_one(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    stream.write_all(answer).await.unwrap();
    let _ = stream.read(&mut request).await;
}

#[tokio::test]
async fn a_reused_connection_that_closes_during_a_request_was_likely_idle_for_too_long() {
    let (address, _task) = serve(answer_one).await;
    let connector = CdnOriginConnector::builder(format!("http://{address}"))
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector);
    let response = send(&proxy, Method::POST).await;
    response.into_body().collect().await.unwrap();
    // A POST is not sent a second time.
    let response = send(&proxy, Method::POST).await;
    let error = response.extensions().get::<Error>().unwrap();
    assert!(error.facts().is_reused());
    let fix = "set PoolSettings::idle_timeout(..) below the origin's own limit";
    check(error, CauseId::IdleClosed, Certainty::Likely, fix);
    let report = error.report().to_string();
    assert!(
        report.contains("reused     the connection had served other requests before"),
        "{report}"
    );
}

#[tokio::test]
async fn a_new_connection_that_closes_during_a_request_was_not_idle() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .behaviour(crate::support::Behaviour::ResetBeforeResponse)
        .start()
        .await;
    let error = failure(to(&edge, &authority, NAME)).await;
    assert!(!error.facts().is_reused());
    check(&error, CauseId::OriginDown, Certainty::Possible, RESTORE);
    let causes = error.diagnosis();
    assert!(
        causes
            .causes()
            .iter()
            .all(|cause| cause.id() != CauseId::IdleClosed)
    );
}
