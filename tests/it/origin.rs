//! An origin that holds its requests until the test releases them.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, VerifyPolicy,
    tls::{Roots, rustls},
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use crate::support::Authority;

/// What it is called.
pub(crate) const NAME: &str = "origin.example.test";

/// What an origin has seen.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) connections: AtomicUsize,
    pub(crate) open: AtomicUsize,
    pub(crate) most_open: AtomicUsize,
    pub(crate) requests: AtomicUsize,
}

/// A TLS origin of one protocol.
pub(crate) struct Origin {
    authority: Authority,
    address: SocketAddr,
    counts: Arc<Counts>,
    changed: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Origin {
    pub(crate) async fn http1<F, A>(handler: F) -> Self
    where
        F: Fn(usize, Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        Self::start(b"http/1.1", 0, handler).await
    }

    /// Limits the number of concurrent streams of each connection.
    pub(crate) async fn http2<F, A>(streams: u32, handler: F) -> Self
    where
        F: Fn(usize, Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        Self::start(b"h2", streams, handler).await
    }

    async fn start<F, A>(protocol: &'static [u8], streams: u32, handler: F) -> Self
    where
        F: Fn(usize, Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(server_config(&authority, protocol));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let (change, changed) = watch::channel(0);
        let shared = counts.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counts = shared.clone();
                let id = counts.connections.fetch_add(1, Ordering::SeqCst);
                let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
                counts.most_open.fetch_max(open, Ordering::SeqCst);
                let (acceptor, handler, change) =
                    (acceptor.clone(), handler.clone(), change.clone());
                tokio::spawn(async move {
                    let requests = counts.clone();
                    let word = change.clone();
                    let service = service_fn(move |request| {
                        requests.requests.fetch_add(1, Ordering::SeqCst);
                        word.send_modify(|count| *count += 1);
                        let answer = handler(id, request);
                        async move { Ok::<_, Infallible>(answer.await) }
                    });
                    if let Ok(tls) = acceptor.accept(stream).await {
                        let io = TokioIo::new(tls);
                        let _ = match protocol {
                            b"h2" => {
                                conn::http2::Builder::new(TokioExecutor::new())
                                    .timer(TokioTimer::new())
                                    .max_concurrent_streams(streams)
                                    .serve_connection(io, service)
                                    .await
                            }
                            _ => {
                                conn::http1::Builder::new()
                                    .serve_connection(io, service)
                                    .await
                            }
                        };
                    }
                    counts.open.fetch_sub(1, Ordering::SeqCst);
                    change.send_modify(|count| *count += 1);
                });
            }
        });
        Self {
            authority,
            address,
            counts,
            changed,
            task,
        }
    }

    pub(crate) fn connector(&self) -> CdnOriginConnector {
        CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(self.address)
            .verify(VerifyPolicy::roots(Roots::pem(self.authority.root_pem())))
            .build()
            .unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whom to trust, for those who also talk to another.
    pub(crate) fn root_pem(&self) -> String {
        self.authority.root_pem()
    }

    /// Stops listening. Connections that stand stay.
    pub(crate) fn refuse(&self) {
        self.task.abort();
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Waits until the counts are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&Counts) -> bool) {
        let mut changed = self.changed.clone();
        changed.wait_for(|_| wanted(&self.counts)).await.unwrap();
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A TLS server of this name that speaks this protocol.
pub(crate) fn server_config(authority: &Authority, protocol: &[u8]) -> Arc<ServerConfig> {
    let certified = authority.issue(&[NAME]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certified.chain.clone(), certified.key.clone_key())
        .unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}
