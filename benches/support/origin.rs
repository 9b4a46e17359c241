//! The origin of a bench: plain http or TLS, HTTP/1.1 or HTTP/2, with or without session tickets.

use std::{convert::Infallible, path::PathBuf, process, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::{
    filled_body::FilledBody,
    process::{Served, in_role, listen},
    rate::Rate,
};

pub(crate) const NAME: &str = "origin.example.test";
const SMALL: usize = 1024;
const LARGE: usize = 1024 * 1024;
const GIB: usize = 1024 * LARGE;

/// An origin in a separate process, and the file with its certificate and key.
pub(crate) struct Origin {
    pub(crate) process: Served,
    certificate: PathBuf,
}

impl Origin {
    /// Starts an origin. `kind` is `tls`, or contains `plain`, `h2` or `ticketless`.
    pub(crate) fn start(kind: &str) -> Self {
        let name = format!("cdn-origin-bench-{}-{kind}.pem", process::id());
        let certificate = std::env::temp_dir().join(name);
        let file = certificate.to_str().unwrap();
        Self {
            process: Served::start(&mut in_role(&["origin", kind, file])),
            certificate,
        }
    }

    pub(crate) fn address(&self) -> String {
        self.process.address.to_string()
    }

    pub(crate) fn certificate(&self) -> &str {
        self.certificate.to_str().unwrap()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.certificate);
    }
}

/// The role `origin`: serves until the process is killed.
pub(crate) async fn serve(kind: &str, file: &str) {
    let acceptor = TlsAcceptor::from(Arc::new(tls(kind, file)));
    let listener = listen().await;
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let acceptor = acceptor.clone();
        let plain = kind.contains("plain");
        tokio::spawn(async move {
            if plain {
                serve_connection(stream).await;
            } else if let Ok(stream) = acceptor.accept(stream).await {
                serve_connection(stream).await;
            }
        });
    }
}

async fn serve_connection<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: IO) {
    let service = service_fn(respond);
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(request: Request<Incoming>) -> Result<Response<FilledBody>, Infallible> {
    let path = request.uri().path().to_owned();
    let mut content = request.into_body();
    let (rate, mut received) = (Rate::start(), 0);
    while let Some(Ok(frame)) = content.frame().await {
        received += frame.data_ref().map_or(0, Bytes::len);
        if path == "/slow" {
            tokio::time::sleep(rate.wait(received)).await;
        }
    }
    let length = match &*path {
        "/gib" => GIB,
        "/large" => LARGE,
        _ => SMALL,
    };
    Ok(Response::new(FilledBody::with(length)))
}

fn tls(kind: &str, file: &str) -> ServerConfig {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![NAME.into()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    std::fs::write(file, certificate.pem() + &key.serialize_pem()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    if kind.contains("h2") {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    if kind.contains("ticketless") {
        config.send_tls13_tickets = 0;
    }
    config
}
