//! DNS over TLS (RFC 7858): what hickory is told to do, the connector's resolver does.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cdn_origin::{
    CdnOriginConnector, ErrorKind,
    dial::{Dns, HickoryResolver, hickory_resolver},
    tls::rustls,
};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::{op::Message, rr::RecordType},
};
use http::Uri;
use rustls::{ClientConfig, RootCertStore};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    hickory::{Answer, a, reply},
    origin::{NAME, server_config},
    resolve::listener,
    support::Authority,
};

/// Answers all questions for IPv4 addresses by `live`, until it is dropped.
fn name_server(listener: TcpListener, authority: &Authority, live: SocketAddr) -> JoinSet<()> {
    let acceptor = TlsAcceptor::from(server_config(authority, b"dot"));
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut visits = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            visits.spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, live).await;
                }
            });
        }
    });
    task
}

/// Each message comes after its length (RFC 1035 section 4.2.2).
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, live: SocketAddr) {
    let answers = move |_: &str, kind: RecordType| match kind {
        RecordType::A => Answer::Records(60, vec![a(live)]),
        _ => Answer::Records(0, Vec::new()),
    };
    while let Ok(length) = stream.read_u16().await {
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await.unwrap();
        let question = Message::from_vec(&question).unwrap();
        let reply = reply(question, &answers, &Default::default()).unwrap();
        let length = u16::try_from(reply.len()).unwrap();
        let framed = [&length.to_be_bytes()[..], &reply].concat();
        stream.write_all(&framed).await.unwrap();
        stream.flush().await.unwrap();
    }
}

/// A resolver that asks this server alone, over TLS, and trusts this authority.
fn resolver(address: SocketAddr, authority: &Authority) -> HickoryResolver {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut server = NameServerConfig::tls(address.ip(), NAME.into());
    let mut connection = ConnectionConfig::tls(NAME.into());
    connection.port = address.port();
    server.connections = vec![connection];
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_tls_config(tls);
    let options = builder.options_mut();
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = Duration::from_secs(10);
    options.attempts = 0;
    builder.build().unwrap().into()
}

#[tokio::test]
async fn names_are_asked_for_over_tls_and_of_nobody_who_is_not_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (_origin, live) = listener().await;
    let (socket, address) = listener().await;
    let _server = name_server(socket, &authority, live);
    let connect = async |trusted: &Authority| {
        let connector = CdnOriginConnector::builder("http://origin.example")
            .dns(Dns::default().resolver(resolver(address, trusted)))
            .dial(format!("origin.example:{}", live.port()))
            .build()
            .unwrap();
        connector.oneshot(Uri::default()).await
    };

    let stream = connect(&authority).await.unwrap();
    assert_eq!(stream.info().facts().peer(), Some(live));
    assert_eq!(stream.info().facts().resolutions()[0].source, "A records");
    let error = connect(&stranger).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
}
