//! What a proxied request costs: user instructions, counted by callgrind, beside the stack that Rust users write today.
//!
//! ```text
//! cargo bench --bench proxied_request
//! ```
//!
//! The proxy runs in a process of its own under valgrind, on one thread, between a client that keeps one connection open and a TLS
//! origin that answers 1 KiB over HTTP/1.1. Two runs with different numbers of requests are subtracted and divided, so that start-up
//! and handshakes drop out. Instructions hold still within 1 %, whatever else the machine is doing.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench that cannot go on stops"
)]

use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use axum::{Router, body::Body, extract::State, response::IntoResponse, routing::get};
use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, Roots, VerifyPolicy};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const NAME: &str = "origin.example.test";
const FEW: u64 = 300;
const MANY: u64 = 2300;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["origin", file] => on_one_thread(origin(file)),
        ["proxy", kind, origin, file] => on_one_thread(proxy(kind, origin.parse().unwrap(), file)),
        _ => compare(),
    }
}

fn compare() {
    let file = std::env::temp_dir().join(format!("cdn-origin-bench-{}.pem", std::process::id()));
    let file = file.to_str().unwrap();
    let (mut origin, address) =
        spawn(Command::new(std::env::current_exe().unwrap()).args(["origin", file]));
    println!("{:<44} {:>12} {:>7}", "proxy", "instructions", "ratio");
    let today = per_request("legacy", address, file);
    print_row("axum, hyper-util's client, hyper-rustls", today, today);
    print_row(
        "axum, OriginProxy",
        per_request("ours", address, file),
        today,
    );
    origin.kill().unwrap();
    origin.wait().unwrap();
    std::fs::remove_file(file).unwrap();
}

fn print_row(name: &str, count: u64, today: u64) {
    println!(
        "{name:<44} {count:>12} {:>7.2}",
        count as f64 / today as f64
    );
}

fn per_request(kind: &str, origin: SocketAddr, file: &str) -> u64 {
    (count(kind, origin, file, MANY) - count(kind, origin, file, FEW)) / (MANY - FEW)
}

/// The instructions of a whole run with so many requests.
fn count(kind: &str, origin: SocketAddr, file: &str, requests: u64) -> u64 {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["proxy", kind, &origin.to_string(), file])
        .stderr(Stdio::piped());
    let (mut proxy, address) = spawn(&mut command);
    let mut stream = TcpStream::connect(address).unwrap();
    for _ in 0..requests {
        exchange(&mut stream, "/page");
    }
    let _ = stream.write_all(b"GET /quit HTTP/1.1\r\nhost: visitor.test\r\n\r\n");
    let mut words = String::new();
    proxy
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut words)
        .unwrap();
    proxy.wait().unwrap();
    let collected = words
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1));
    collected.expect("callgrind counts").trim().parse().unwrap()
}

/// One GET, its response read to the last byte.
fn exchange(stream: &mut TcpStream, path: &str) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: visitor.test\r\nuser-agent: bench\r\naccept: */*\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the proxy hung up");
        read.extend_from_slice(&buffer[..count]);
        let head = read.windows(4).position(|window| window == b"\r\n\r\n");
        if head.is_some_and(|head| read.len() >= head + 4 + 1024) {
            assert!(
                read.starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&read)
            );
            return;
        }
    }
}

/// Starts a process that prints its address first.
fn spawn(command: &mut Command) -> (Child, SocketAddr) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("valgrind is installed");
    let mut line = String::new();
    let output = child.stdout.as_mut().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    (child, line.trim().parse().expect("an address"))
}

fn on_one_thread(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work);
}

async fn listen() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    listener
}

async fn origin(file: &str) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![NAME.into()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    std::fs::write(file, certificate.pem()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = listen().await;
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(|_| async {
                let body = Full::new(Bytes::from_static(&[b'x'; 1024]));
                Ok::<_, Infallible>(Response::new(body))
            });
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn proxy(kind: &str, origin: SocketAddr, file: &str) {
    let pem = std::fs::read(file).unwrap();
    let router = match kind {
        "ours" => ours(origin, &pem),
        _ => legacy(origin, &pem),
    };
    let router = router.route("/quit", get(quit));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listen().await, service).await.unwrap();
}

async fn quit() {
    std::process::exit(0);
}

fn ours(origin: SocketAddr, pem: &[u8]) -> Router {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(origin)
        .verify(VerifyPolicy::roots(Roots::pem(pem)))
        .build()
        .unwrap();
    Router::new().fallback_service(OriginProxy::new(connector))
}

/// What tutorials write: the URI rebuilt, the Host replaced, and nothing else.
fn legacy(origin: SocketAddr, pem: &[u8]) -> Router {
    type Upstream = Client<
        hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>,
        Body,
    >;

    async fn forward(
        State((upstream, origin)): State<(Upstream, SocketAddr)>,
        mut request: Request<Body>,
    ) -> axum::response::Response {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let uri = format!("https://{origin}{path}").parse().unwrap();
        *request.uri_mut() = uri;
        let host = http::HeaderValue::from_static(NAME);
        request.headers_mut().insert(http::header::HOST, host);
        upstream.request(request).await.unwrap().into_response()
    }

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = NAME.try_into().unwrap();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .with_server_name_resolver(hyper_rustls::FixedServerNameResolver::new(name))
        .enable_http1()
        .build();
    let upstream = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector);
    Router::new()
        .fallback(forward)
        .with_state((upstream, origin))
}
