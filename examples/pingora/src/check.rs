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
    time::Duration,
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
    LazyConfigAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer, server::Acceptor},
};
use tower::BoxError;

use crate::proxy::Shop;

const DIAL: &str = "d1234567890.cloudfront.net";
const SNI: &str = "www.example.com";
const CERTIFICATE: &str = "origin.example.com";
const HOST: &str = "shop.example.com";

pub(crate) async fn run() -> Result<(), BoxError> {
    let log = ErrorLog::install()?;
    let origin = Origin::start(HOST).await?;
    let other = Origin::start("other.example.com").await?;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await?
        .local_addr()?;
    let builder = || origin.builder();
    let rows = [
        ("200 OK", builder(), ""),
        ("502 Bad Gateway", builder().dial(closed), "was refused"),
        (
            "502 Bad Gateway",
            builder().sni("wrong.example.com"),
            "SNI        wrong.example.com",
        ),
        (
            "502 Bad Gateway",
            builder().expected_name("wrong.example.com"),
            ".expected_name(\"origin.example.com\")",
        ),
        (
            "421 Misdirected Request",
            other.builder(),
            "caused by  421 Misdirected Request",
        ),
    ];
    let connectors: Result<Vec<_>, _> = rows.iter().map(|row| row.1.clone().build()).collect();
    let sockets = Sockets::serve(connectors?)?;
    for (index, (status, _, reported)) in rows.iter().enumerate() {
        for _ in 0..2 {
            let line = get(&sockets.path(index)).await?;
            expect(&format!("HTTP/1.1 {status}"), &line)?;
        }
        if !reported.is_empty() {
            println!("{}", report_with(&log, reported)?);
        }
    }
    // The first row has no failure, and one connection for both requests.
    let opened = origin.exchanges.load(Relaxed);
    expect("1 connection", &format!("{opened} connection"))
}

/// The next logged report with this text. Pingora logs other lines too.
fn report_with(log: &mpsc::Receiver<String>, text: &str) -> Result<String, BoxError> {
    loop {
        let logged = log.recv_timeout(Duration::from_secs(10))?;
        if logged.contains(text) {
            return Ok(logged);
        }
    }
}

/// Prints what was found, which must be what was expected.
fn expect(expected: &str, found: &str) -> Result<(), BoxError> {
    println!("{found}");
    match found == expected {
        true => Ok(()),
        false => Err(format!("expected {expected}").into()),
    }
}

/// An origin that closes connections with another SNI, and answers 421 to another Host.
struct Origin {
    port: u16,
    root: String,
    /// The connections with requests.
    exchanges: Arc<AtomicUsize>,
}

impl Origin {
    async fn start(host: &'static str) -> Result<Self, BoxError> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new([CERTIFICATE.to_owned()])?.self_signed(&key)?;
        let private = PrivateKeyDer::try_from(key.serialize_der())?;
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = Self {
            port: listener.local_addr()?.port(),
            root: certificate.pem(),
            exchanges: Arc::default(),
        };
        let exchanges = origin.exchanges.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = Self::serve(host, config.clone(), exchanges.clone(), stream);
                tokio::spawn(serving);
            }
        });
        Ok(origin)
    }

    async fn serve(
        host: &str,
        config: Arc<ServerConfig>,
        exchanges: Arc<AtomicUsize>,
        stream: TcpStream,
    ) -> Result<(), BoxError> {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        if hello.client_hello().server_name() != Some(SNI) {
            return Ok(());
        }
        let mut stream = BufReader::new(hello.into_stream(config).await?);
        let mut is_host_right = false;
        let mut line = String::new();
        let mut served = 0;
        while stream.read_line(&mut line).await? > 0 {
            let text = line.trim_end().to_ascii_lowercase();
            if let Some(name) = text.strip_prefix("host: ") {
                is_host_right = name == host;
            }
            if text.is_empty() {
                exchanges.fetch_add(usize::from(served == 0), Relaxed);
                served += 1;
                let status = match is_host_right {
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

    /// Four names that all differ.
    fn builder(&self) -> CdnOriginBuilder {
        CdnOriginConnector::builder(format!("https://{DIAL}:{}", self.port))
            .sni(SNI)
            .expected_name(CERTIFICATE)
            .host(HOST)
            .verify(VerifyPolicy::roots(Roots::pem(&self.root)))
            .dns(Dns::default().resolve_to(DIAL, [Ipv4Addr::LOCALHOST.into()]))
    }
}

/// The Unix sockets on which Pingora listens: it does not tell which port it got.
struct Sockets(TempDir);

impl Sockets {
    /// Runs Pingora until the process ends, with a socket for each connector.
    fn serve(connectors: Vec<CdnOriginConnector>) -> Result<Self, BoxError> {
        let sockets = Self(tempfile::tempdir()?);
        let mut server = Server::new(None)?;
        server.bootstrap();
        for (index, connector) in connectors.into_iter().enumerate() {
            let mut service = http_proxy_service(&server.configuration, Shop::new(connector));
            let path = sockets.path(index);
            service.add_uds(path.to_str().ok_or("the folder is not UTF-8")?, None);
            server.add_service(service);
        }
        thread::spawn(|| server.run_forever());
        Ok(sockets)
    }

    fn path(&self, index: usize) -> PathBuf {
        self.0.path().join(index.to_string())
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
