//! An origin that does what a script says, and counts the uploads that it read.

mod http1;
mod http2;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use crate::{interop::client::NAME, support::Authority};

pub(super) use {http1::Step as Http1Step, http2::Step as Http2Step};

/// What an origin does with each request.
#[derive(Clone, Copy)]
pub(super) enum Script {
    /// Over plain TCP. The steps begin again with each request of a connection.
    Http1(&'static [Http1Step]),
    /// Over TLS.
    Http2(&'static [Http2Step]),
}

/// A running origin, stopped on drop.
pub(super) struct ScriptedOrigin {
    address: SocketAddr,
    uploads: Arc<Uploads>,
    task: JoinHandle<()>,
}

impl ScriptedOrigin {
    pub(super) async fn start(script: Script, authority: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let uploads = Arc::<Uploads>::default();
        let shared = Arc::clone(&uploads);
        let acceptor = acceptor(authority);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let uploads = Arc::clone(&shared);
                match script {
                    Script::Http1(steps) => {
                        tokio::spawn(http1::serve(stream, steps, uploads));
                    }
                    Script::Http2(steps) => {
                        let accepted = acceptor.accept(stream);
                        tokio::spawn(async move {
                            if let Ok(stream) = accepted.await {
                                http2::serve(stream, steps, uploads).await;
                            }
                        });
                    }
                }
            }
        });
        Self {
            address,
            uploads,
            task,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next upload, which must have this size.
    pub(super) async fn received_upload_of(&self, size: usize) -> Result<(), String> {
        /// A safety net: an upload that is lost never arrives.
        const LIMIT: Duration = Duration::from_secs(5);
        match tokio::time::timeout(LIMIT, self.uploads.next()).await {
            Ok(received) if received == size => Ok(()),
            Ok(received) => Err(format!("the origin received {received} bytes of {size}")),
            Err(_) => Err(format!("the origin did not receive the {size} bytes")),
        }
    }
}

/// Accepts TLS connections and agrees on HTTP/2.
fn acceptor(authority: &Authority) -> TlsAcceptor {
    let certified = authority.issue(&[NAME]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certified.chain, certified.key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

impl Drop for ScriptedOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The size of each upload that was read completely.
#[derive(Default)]
struct Uploads {
    sizes: Mutex<Vec<usize>>,
    changed: Notify,
}

impl Uploads {
    fn add(&self, size: usize) {
        self.sizes.lock().unwrap().push(size);
        self.changed.notify_one();
    }

    async fn next(&self) -> usize {
        loop {
            if let Some(size) = self.sizes.lock().unwrap().pop() {
                return size;
            }
            self.changed.notified().await;
        }
    }
}
