//! A hyper server as the origin.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    ServerConfig, crypto::aws_lc_rs, server::ResolvesServerCertUsingSni, sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    roles::{self, listen, print_address},
    server::Server,
    setup::{NAME, Setup},
};

use super::{Origin, filled_body::FilledBody};

/// This origin. Unlike nginx, it can be kept from sending session tickets.
pub(crate) struct OwnOrigin {
    pub(crate) origin: Origin,
    /// TLS without session tickets.
    pub(crate) ticketless: SocketAddr,
}

pub(crate) fn start(setup: &Setup) -> OwnOrigin {
    let role = ["role:origin", &setup.certificate(), &setup.key()];
    let (child, addresses) = Server::printing(&mut roles::command(&role), 4);
    OwnOrigin {
        origin: Origin {
            _server: Server::with(child, addresses[0]),
            http1: addresses[0],
            http2: addresses[1],
            plain: addresses[2],
        },
        ticketless: addresses[3],
    }
}

/// The role `origin`: serves until the process is killed.
pub(crate) async fn serve(certificate: &str, key: &str) {
    let http1 = tls(certificate, key);
    let (mut http2, mut ticketless) = (http1.clone(), http1.clone());
    http2.alpn_protocols = vec![b"h2".to_vec()];
    ticketless.send_tls13_tickets = 0;
    let kinds = [Some(http1), Some(http2), None, Some(ticketless)];
    let mut tasks = Vec::new();
    for config in kinds {
        let listener = listen().await;
        print_address(&listener);
        let acceptor = config.map(|config| TlsAcceptor::from(Arc::new(config)));
        tasks.push(tokio::spawn(accept(listener, acceptor)));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match acceptor {
                None => serve_connection(stream).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve_connection(stream).await;
                    }
                }
            }
        });
    }
}

async fn serve_connection<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: IO) {
    let service = service_fn(respond);
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

/// The number of requests for varied responses.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Reads the request's content, and responds with the fields that nginx sends for a file.
async fn respond(request: Request<Incoming>) -> Result<Response<FilledBody>, Infallible> {
    let length = match request.uri().path() {
        "/1m.html" => 1 << 20,
        "/16k.html" => 1 << 14,
        _ => 1 << 10,
    };
    let number = request.uri().path().strip_prefix("/varied/");
    let number = number.and_then(|file| file.strip_suffix(".html")?.parse::<u32>().ok());
    let mut content = request.into_body();
    while let Some(Ok(_)) = content.frame().await {}
    let mut response = Response::builder()
        .header(header::SERVER, "nginx/1.22.1")
        .header(header::CONTENT_TYPE, "text/html")
        .header(header::LAST_MODIFIED, last_modified(number.unwrap_or(0)))
        .header(header::CONNECTION, "keep-alive")
        .header(
            header::ETAG,
            format!("\"{:x}-400\"", 0x6929780f + number.unwrap_or(0)),
        )
        .header(header::CACHE_CONTROL, "max-age=3600")
        .header(header::ACCEPT_RANGES, "bytes");
    if number.is_some() {
        let id = REQUESTS.fetch_add(1, Ordering::Relaxed);
        response = response.header("x-request-id", format!("{id:032x}"));
    }
    Ok(response.body(FilledBody::with(length)).unwrap())
}

fn last_modified(number: u32) -> String {
    let (minute, second) = (number / 60, number % 60);
    format!("Sat, 28 Nov 2026 10:{minute:02}:{second:02} GMT")
}

pub(crate) fn tls(certificate: &str, key: &str) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let mut names = ResolvesServerCertUsingSni::new();
    names
        .add(NAME, CertifiedKey::new(vec![certificate], key))
        .unwrap();
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(names))
}
