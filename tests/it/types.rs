//! What the compiler knows of the public types: threads, clones, sizes, and the chain of errors.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;

use cdn_origin::diagnosis::{Cause, CauseId, Certainty, Diagnosis};
use cdn_origin::error::{
    Alert, BuildProblem, BuildProblemKind, DialAttempt, Elapsed, ErrorKind, Facts, Fault,
    InvalidValue, PeerCertificate, Stage, TlsSession,
};
use cdn_origin::name::{DialTarget, DnsName, ExpectedName, Host, HostAuthority, Sni};
use cdn_origin::origin::{Origin, OriginUrl, Scheme};
use cdn_origin::tls::rustls::crypto::aws_lc_rs;
use cdn_origin::tls::rustls::{self, AlertDescription};
use cdn_origin::tls::{Alpn, Roots, SpkiPin};
use cdn_origin::{
    BuildError, CdnOriginConnector, Error, HostRewriteLayer, TlsVersion, VerifyPolicy,
};
use cdn_origin::{
    connector::{Advice, AdviceId, CdnOriginBuilder, ConnectionInfo, OriginStream},
    tls::TlsParameters,
};
use hyper_util::client::legacy::{Client, connect::Connection};
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceExt};

use crate::support::{Authority, Edge};

/// Goes wherever it likes.
fn shared_clone<T: Clone + Send + Sync + Unpin + 'static>() {}
fn value<T: Clone + Debug + Eq + Send + Sync + Unpin + 'static>() {}
fn word<T: Copy + Debug + Eq + Hash + Send + Sync + Unpin + 'static>() {}
fn error<T: StdError + Send + Sync + Unpin + 'static>() {}
/// Goes from thread to thread, one at a time.
fn moved<T: Debug + Send + Unpin + 'static>() {}

#[test]
fn names_are_values() {
    value::<DialTarget>();
    value::<DnsName>();
    value::<ExpectedName>();
    value::<Host>();
    value::<HostAuthority>();
    value::<Origin>();
    value::<OriginUrl>();
    value::<Sni>();
    word::<Scheme>();
}

#[test]
fn words_are_copied() {
    word::<AdviceId>();
    word::<Alert>();
    word::<Alpn>();
    word::<BuildProblemKind>();
    word::<CauseId>();
    word::<Certainty>();
    word::<ErrorKind>();
    word::<Fault>();
    word::<SpkiPin>();
    word::<Stage>();
    word::<TlsVersion>();
}

#[test]
fn what_is_known_can_be_kept_and_sent() {
    value::<Advice>();
    value::<DialAttempt>();
    value::<Cause>();
    value::<Diagnosis>();
    value::<Elapsed>();
    value::<TlsSession>();
    shared_clone::<ConnectionInfo>();
    shared_clone::<Facts>();
    shared_clone::<PeerCertificate>();
    shared_clone::<Roots>();
    shared_clone::<VerifyPolicy>();
}

#[test]
fn errors_are_errors() {
    error::<Error>();
    error::<BuildError>();
    error::<InvalidValue>();
    shared_clone::<Error>();
    shared_clone::<BuildError>();
    shared_clone::<BuildProblem>();
    shared_clone::<InvalidValue>();
}

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
}

/// The service of a layer, which has no name of its own.
type ServiceOf<L, S> = <L as Layer<S>>::Service;

/// The future of a service, which has no name of its own.
type FutureOf<S, R> = <S as Service<R>>::Future;

fn service<S, R>()
where
    S: Service<R, Future: Send + 'static> + Clone + Debug + Send + Sync + Unpin + 'static,
{
}

#[test]
fn services_can_be_cloned_into_tasks() {
    type Inner = CdnOriginConnector;
    service::<CdnOriginConnector, http::Uri>();
    shared_clone::<CdnOriginBuilder>();
    shared_clone::<HostRewriteLayer>();
    shared_clone::<ServiceOf<HostRewriteLayer, Inner>>();
}

#[test]
fn layers_can_be_cloned_into_tasks() {
    use cdn_origin::downstream::ClientConnection;
    use cdn_origin::forwarded::ForwardedLayer;
    use cdn_origin::response_rewrite::ResponseRewriteLayer;

    type Inner = cdn_origin::OriginProxy;
    shared_clone::<ForwardedLayer>();
    shared_clone::<ResponseRewriteLayer>();
    service::<ServiceOf<ForwardedLayer, Inner>, http::Request<String>>();
    service::<ServiceOf<ResponseRewriteLayer, Inner>, http::Request<String>>();
    moved::<FutureOf<ServiceOf<ResponseRewriteLayer, Inner>, http::Request<String>>>();
    value::<ClientConnection>();
}

#[test]
fn the_proxy_fits_a_router() {
    use cdn_origin::OriginProxy;
    use cdn_origin::proxy::{ClientConnection, ProxyBody};

    service::<OriginProxy, http::Request<axum::body::Body>>();
    service::<OriginProxy, http::Request<hyper::body::Incoming>>();
    service::<OriginProxy, http::Request<String>>();
    value::<ClientConnection>();
    moved::<ProxyBody>();
    moved::<FutureOf<OriginProxy, http::Request<String>>>();
    fn body<B: http_body::Body<Data = bytes::Bytes, Error: StdError + Send + Sync>>() {}
    body::<ProxyBody>();
    let _: axum::Router = axum::Router::new().fallback_service(OriginProxy::new(connector()));
}

#[test]
fn futures_and_streams_move_between_threads() {
    fn future<F: Debug + Future<Output = Result<OriginStream, Error>> + Send + Unpin + 'static>() {}
    fn stream<S: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static>() {}
    fn tokio<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static>() {}
    future::<FutureOf<CdnOriginConnector, http::Uri>>();
    stream::<OriginStream>();
    tokio::<OriginStream>();
    moved::<OriginStream>();
    moved::<FutureOf<ServiceOf<HostRewriteLayer, cdn_origin::OriginProxy>, http::Request<String>>>(
    );
}

fn connector() -> CdnOriginConnector {
    CdnOriginConnector::builder("https://edge.test")
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .build()
        .unwrap()
}

/// Walks as anybody would, with `source()` alone.
fn along<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        next = current.source();
    }
    None
}

fn texts(error: &(dyn StdError + 'static)) -> Vec<String> {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_tls_error_is_found_by_walking_along_source() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("site.test").start().await;
    let connector = CdnOriginConnector::builder("https://edge.test")
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .dial(edge.address().to_string())
        .build()
        .unwrap();
    let alert = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);

    let error = connector
        .clone()
        .oneshot(http::Uri::default())
        .await
        .unwrap_err();
    assert_eq!(along::<rustls::Error>(&error), Some(&alert));
    // Each level speaks for itself, so nothing is said twice.
    let chain = texts(&error);
    assert_eq!(chain.len(), 2, "{chain:?}");
    assert!(!chain[0].contains(&chain[1]), "{chain:?}");

    let client: Client<_, String> = Client::builder(TokioExecutor::new()).build(connector);
    let error = client
        .get(http::Uri::from_static("http://site.test/"))
        .await
        .unwrap_err();
    assert_eq!(along::<rustls::Error>(&error), Some(&alert));
    let ours = along::<Error>(&error).unwrap();
    assert_eq!(ours.kind(), ErrorKind::AlertReceived);
    assert_eq!(Error::find_in(&error).map(Error::kind), Some(ours.kind()));
}

#[tokio::test]
async fn clones_of_an_error_are_one_error() {
    let refused = crate::support::refused_address();
    let connector = CdnOriginConnector::builder("http://edge.test")
        .dial(refused.address().to_string())
        .build()
        .unwrap();
    let error = connector.oneshot(http::Uri::default()).await.unwrap_err();
    let clone = error.clone();
    assert_eq!(clone.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(clone.to_string(), error.to_string());
    assert!(std::ptr::eq(clone.facts(), error.facts()));
    let io = along::<std::io::Error>(&error).map(std::io::Error::kind);
    assert_eq!(io, Some(std::io::ErrorKind::ConnectionRefused));
}
