//! A plain hyper and rustls client, for tests of the test edge itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Authority;

pub type ClientError = Box<dyn std::error::Error + Send + Sync>;

/// The configuration of a TLS client that trusts this authority and offers these protocols.
pub fn tls_client(authority: &Authority, alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der()).expect("a root certificate");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that the provider has suites for")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// The bytes of a ClientHello.
pub fn client_hello(config: ClientConfig, name: &str) -> Vec<u8> {
    let mut connection =
        ClientConnection::new(Arc::new(config), server_name(name)).expect("a valid configuration");
    let mut hello = Vec::new();
    connection
        .write_tls(&mut hello)
        .expect("writing to a vector");
    hello
}

/// Connects and completes a handshake with this name.
pub async fn tls_connect(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    name: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::clone(config))
        .connect(server_name(name), stream)
        .await
}

/// An open HTTP connection.
pub struct Requests {
    sender: Sender,
    connection: JoinHandle<hyper::Result<()>>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Requests {
    pub async fn http1<I>(io: I) -> Result<Self, ClientError>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(io)).await?;
        Ok(Self {
            sender: Sender::Http1(sender),
            connection: tokio::spawn(connection),
        })
    }

    pub async fn http2<I>(io: I) -> Result<Self, ClientError>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let executor = TokioExecutor::new();
        let (sender, connection) = http2::handshake(executor, TokioIo::new(io)).await?;
        Ok(Self {
            sender: Sender::Http2(sender),
            connection: tokio::spawn(connection),
        })
    }

    /// Uses the negotiated ALPN protocol.
    pub async fn negotiated(tls: TlsStream<TcpStream>) -> Result<Self, ClientError> {
        match tls.get_ref().1.alpn_protocol() {
            Some(b"h2") => Self::http2(tls).await,
            _ => Self::http1(tls).await,
        }
    }

    /// Sends a GET and reads the whole response.
    pub async fn get(&mut self, url: &str) -> Result<Response<String>, ClientError> {
        self.send(Request::get(url).body(Bytes::new())?).await
    }

    pub async fn send(&mut self, request: Request<Bytes>) -> Result<Response<String>, ClientError> {
        let request = request.map(Full::new);
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(in_origin_form(request)).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(head, String::from_utf8(body.into())?))
    }

    /// Waits until the server closes the connection.
    pub async fn ended(&mut self) {
        let _ = (&mut self.connection).await;
    }
}

/// Moves the host of the URL into the field `Host`, as HTTP/1.1 requires.
fn in_origin_form(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let uri = request.uri().clone();
    if let (Some(authority), Some(path)) = (uri.authority(), uri.path_and_query()) {
        let host = authority.as_str().parse().expect("an authority is text");
        request.headers_mut().insert(http::header::HOST, host);
        *request.uri_mut() = http::Uri::from(path.clone());
    }
    request
}

fn server_name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).expect("a name")
}
