//! The self-check: an origin, Pingora and a client, all in this process.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
};

use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, connector::CdnOriginBuilder, dial::Dns};
use log::{LevelFilter, Log, Metadata, Record};
use pingora_core::server::Server;
use pingora_proxy::http_proxy_service;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};
use tower::BoxError;

use crate::proxy::OriginPeer;

const DIAL: &str = "d1234567890.cdn.test";
const SNI: &str = "sni.example";
const CERTIFICATE: &str = "certificate.example";
const HOST: &str = "www.example";

pub(crate) async fn run() -> Result<(), BoxError> {
    let log = ErrorLog::install()?;
    let origin = Origin::start().await?;
    let right = OriginPeer::new(origin.builder(CERTIFICATE), 1)?;
    let wrong = OriginPeer::new(origin.builder("other.example"), 2)?;
    let sockets = Sockets::new()?;
    sockets.serve(right, wrong)?;

    for _ in 0..3 {
        expect("HTTP/1.1 200 OK", &get(&sockets.right).await?)?;
    }
    expect(
        "1 connection",
        &format!("{} connection", origin.connections.load(Relaxed)),
    )?;
    expect("HTTP/1.1 502 Bad Gateway", &get(&sockets.wrong).await?)?;
    println!("{}", log.recv()?);
    Ok(())
}

/// Prints what was found, which must be what was expected.
fn expect(expected: &str, found: &str) -> Result<(), BoxError> {
    println!("{found}");
    match found == expected {
        true => Ok(()),
        false => Err(format!("expected {expected}").into()),
    }
}

/// An origin that answers 200 when SNI and Host are right.
struct Origin {
    port: u16,
    root: String,
    connections: Arc<AtomicUsize>,
}

impl Origin {
    async fn start() -> Result<Self, BoxError> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([CERTIFICATE.to_owned()])?.self_signed(&key)?;
        let private = PrivateKeyDer::try_from(key.serialize_der())?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = Self {
            port: listener.local_addr()?.port(),
            root: certificate.pem(),
            connections: Arc::default(),
        };
        let connections = origin.connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Relaxed);
                tokio::spawn(Self::serve(acceptor.clone(), stream));
            }
        });
        Ok(origin)
    }

    async fn serve(acceptor: TlsAcceptor, stream: TcpStream) -> Result<(), BoxError> {
        let stream = acceptor.accept(stream).await?;
        let is_name_right = stream.get_ref().1.server_name() == Some(SNI);
        let mut stream = BufReader::new(stream);
        let mut is_host_right = false;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let text = line.trim_end().to_ascii_lowercase();
            if let Some(host) = text.strip_prefix("host: ") {
                is_host_right = host == HOST;
            }
            if text.is_empty() {
                let status = match is_name_right && is_host_right {
                    true => "200 OK",
                    false => "421 Misdirected Request",
                };
                let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(response.as_bytes()).await?;
                stream.flush().await?;
            }
            line.clear();
        }
        Ok(())
    }

    /// The four names of this origin, all of which differ.
    fn builder(&self, expected_name: &str) -> CdnOriginBuilder {
        CdnOriginConnector::builder(format!("https://{DIAL}:{}", self.port))
            .sni(SNI)
            .expected_name(expected_name)
            .host(HOST)
            .verify(VerifyPolicy::roots(Roots::pem(&self.root)))
            .dns(Dns::default().resolve_to(DIAL, [Ipv4Addr::LOCALHOST.into()]))
    }
}

/// The Unix sockets on which Pingora listens: it does not tell which port it got.
struct Sockets {
    right: PathBuf,
    wrong: PathBuf,
    _folder: TempDir,
}

impl Sockets {
    fn new() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        Ok(Self {
            right: folder.path().join("right"),
            wrong: folder.path().join("wrong"),
            _folder: folder,
        })
    }

    /// Runs Pingora until the process ends.
    fn serve(&self, right: OriginPeer, wrong: OriginPeer) -> Result<(), BoxError> {
        let mut server = Server::new(None)?;
        server.bootstrap();
        for (path, proxy) in [(&self.right, right), (&self.wrong, wrong)] {
            let mut service = http_proxy_service(&server.configuration, proxy);
            service.add_uds(path.to_str().ok_or("the folder is not UTF-8")?, None);
            server.add_service(service);
        }
        thread::spawn(|| server.run_forever());
        Ok(())
    }
}

/// Sends a request to Pingora and returns the status line.
async fn get(path: &Path) -> Result<String, BoxError> {
    let mut stream = loop {
        // Pingora does not tell when it listens.
        match UnixStream::connect(path).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let request = b"GET / HTTP/1.1\r\nhost: client.example\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.lines().next().unwrap_or_default().to_owned())
}

/// Receives what Pingora logs as errors.
struct ErrorLog(mpsc::SyncSender<String>);

impl ErrorLog {
    fn install() -> Result<mpsc::Receiver<String>, BoxError> {
        let (sender, receiver) = mpsc::sync_channel(100);
        log::set_boxed_logger(Box::new(Self(sender)))?;
        log::set_max_level(LevelFilter::Error);
        Ok(receiver)
    }
}

impl Log for ErrorLog {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // Only an error that comes after the check has ended is lost.
        _ = self.0.try_send(record.args().to_string());
    }

    fn flush(&self) {}
}
