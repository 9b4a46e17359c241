//! The edge of a case.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use cdn_origin::tls::rustls;
use http::{Request, Response};
use rustls::ServerConfig;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::support::{Authority, Certified, Edge};

use super::case::{Case, EdgeActs, Fields, Step};

/// A running edge. It ends when it is dropped.
pub(super) enum Staged {
    Responding(Edge),
    Acting(SocketAddr, JoinHandle<()>),
}

impl Staged {
    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Responding(edge) => edge.address(),
            Self::Acting(address, _) => *address,
        }
    }

    /// Starts the edge of a case for requests to `url`.
    pub(super) async fn start(
        case: &'static Case,
        url: &str,
        protocol: &'static str,
        authority: &Authority,
    ) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap();
        let name = rest.split([':', '/']).next().unwrap();
        let certified = match case.certificate {
            Some(certificate) => certificate(authority),
            None => authority.issue(&[name]),
        };
        match case.edge {
            EdgeActs::Responds(status, fields, body) => {
                let works = case.works_if_sent;
                let scheme_line = format!("scheme: {scheme}\n");
                let edge = Edge::builder(authority).respond(move |request| {
                    let sent = scheme_line.clone() + &text(&request);
                    let is_fixed = |line| works.is_some_and(|start| str::starts_with(line, start));
                    match sent.lines().any(is_fixed) {
                        true => Response::new(Bytes::from_static(b"works")),
                        false => response(status, fields, body),
                    }
                });
                let edge = match scheme {
                    "http" => edge.plain_http(),
                    _ => edge.serves_with(name, certified).alpn(&[protocol]),
                };
                Self::Responding(edge.start().await)
            }
            EdgeActs::Steps(steps) => Self::act(steps, certified).await,
        }
    }

    async fn act(steps: &'static [Step], certified: Certified) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let certified = Arc::new(certified);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, steps, Arc::clone(&certified)));
            }
        });
        Self::Acting(address, task)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Self::Acting(_, task) = self {
            task.abort();
        }
    }
}

/// The request in lines, as far as an edge may look at it.
fn text(request: &Request<Bytes>) -> String {
    let mut lines = format!("{} {}\n", request.method(), request.uri().path());
    if let Some(authority) = request.uri().authority() {
        lines += &format!("host: {authority}\n");
    }
    for (name, value) in request.headers() {
        lines += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    lines
}

fn response(status: u16, fields: Fields, body: &'static str) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(Bytes::from_static(body.as_bytes())).unwrap()
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Takes the steps, then closes the connection.
async fn serve(stream: TcpStream, steps: &[Step], certified: Arc<Certified>) -> io::Result<()> {
    let socket = SockRef::from(&stream).try_clone()?;
    let mut stream: Box<dyn Stream> = Box::new(stream);
    for step in steps {
        match step {
            Step::Hello => read_record(&mut stream).await?,
            Step::Tls(protocol) => {
                let acceptor = TlsAcceptor::from(server_config(&certified, protocol));
                stream = Box::new(acceptor.accept(stream).await?);
            }
            Step::Head => read_head(&mut stream).await?,
            Step::Http2Fields => read_fields(&mut stream).await?,
            Step::Send(bytes) => {
                stream.write_all(bytes).await?;
                stream.flush().await?;
            }
            Step::Stall => return copy(&mut stream, &mut sink()).await.map(drop),
            Step::Reset => {
                socket.set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
        }
    }
    stream.shutdown().await?;
    // Closing with unread bytes would send a reset.
    copy(&mut stream, &mut sink()).await.map(drop)
}

fn server_config(certified: &Certified, protocol: &str) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certified.chain.clone(), certified.key.clone_key())
        .unwrap();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Arc::new(config)
}

/// Reads one TLS record (RFC 8446 section 5.1).
async fn read_record(stream: &mut Box<dyn Stream>) -> io::Result<()> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let length = u16::from_be_bytes([head[3], head[4]]);
    let mut fragment = vec![0; length.into()];
    stream.read_exact(&mut fragment).await.map(drop)
}

async fn read_head(stream: &mut Box<dyn Stream>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(())
}

/// Reads the preface if it comes first, and frames up to one of type HEADERS (RFC 9113 section 4.1).
async fn read_fields(stream: &mut Box<dyn Stream>) -> io::Result<()> {
    const HEADERS: u8 = 1;
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        if PREFACE.starts_with(&head) {
            let mut rest = [0; PREFACE.len() - 9];
            stream.read_exact(&mut rest).await?;
            continue;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        if head[3] == HEADERS {
            return Ok(());
        }
    }
}
