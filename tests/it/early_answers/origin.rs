//! Origins that answer before they have read a request.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector,
    tls::{Roots, VerifyPolicy},
};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

use crate::support::Authority;

use super::Upstream;

const NAME: &str = "www.example.test";

/// A byte stream, plain or TLS.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves each connection like this, and returns a connector.
pub(crate) async fn listen<F>(protocol: Upstream, serve: F) -> CdnOriginConnector
where
    F: Fn(Box<dyn Io>) -> Served + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let authority = Authority::new();
    let alpn = match protocol {
        Upstream::Http => None,
        Upstream::HttpsHttp1 => Some("http/1.1"),
        Upstream::HttpsHttp2 => Some("h2"),
    };
    let tls = alpn.map(|alpn| acceptor(&authority, alpn));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (serve, tls) = (serve.clone(), tls.clone());
            tokio::spawn(async move { serve(handshake(stream, tls).await).await });
        }
    });
    let builder = match protocol {
        Upstream::Http => CdnOriginConnector::builder(format!("http://{address}")),
        _ => CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(address)
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
    };
    builder.build().unwrap()
}

async fn handshake(stream: TcpStream, tls: Option<TlsAcceptor>) -> Box<dyn Io> {
    match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(tls.accept(stream).await.unwrap()),
    }
}

fn acceptor(authority: &Authority, alpn: &str) -> TlsAcceptor {
    let certified = authority.issue(&[NAME]);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certified.chain, certified.key)
        .unwrap();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    Arc::new(config).into()
}

/// An origin that answers at once, and reads on, as Node, Go and nginx do.
///
/// Returns the sizes of the uploads that it has received whole.
pub(crate) async fn reading_on(
    protocol: Upstream,
    status: StatusCode,
) -> (CdnOriginConnector, mpsc::UnboundedReceiver<usize>) {
    let (sender, sizes) = mpsc::unbounded_channel();
    let answer = move |request: Request<Incoming>| {
        let is_upload = request.method() == Method::POST;
        if is_upload {
            tokio::spawn(received(request.into_body(), sender.clone()));
        }
        let response = Response::builder().status(match is_upload {
            true => status,
            false => StatusCode::OK,
        });
        response
            .body(Full::new(Bytes::from_static(b"answer")))
            .unwrap()
    };
    let connector = serving(protocol, answer).await;
    (connector, sizes)
}

/// Sends on the size of a body that is received whole.
pub(crate) async fn received(mut body: Incoming, sizes: mpsc::UnboundedSender<usize>) {
    let mut size = 0;
    // hyper reports the end of a body after its response only with the next request.
    while !body.is_end_stream()
        && let Some(frame) = body.frame().await
    {
        let Ok(frame) = frame else {
            return;
        };
        size += frame.data_ref().map_or(0, Bytes::len);
    }
    let _ = sizes.send(size);
}

/// An origin that answers by hyper's server.
pub(crate) async fn serving<A, B>(protocol: Upstream, answer: A) -> CdnOriginConnector
where
    A: Fn(Request<Incoming>) -> Response<B> + Clone + Send + Sync + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let serve = move |io: Box<dyn Io>| -> Served {
        let answer = answer.clone();
        Box::pin(async move {
            let service = service_fn(move |request| {
                let response = answer(request);
                async move { Ok::<_, Infallible>(response) }
            });
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(io), service).await;
        })
    };
    listen(protocol, serve).await
}

/// How an origin ends an exchange after it has answered the head of the request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// It closes the connection at once, with bytes unread.
    Close,
    /// It closes its direction, and reads no more.
    HalfClose,
    /// It keeps the connection, and reads no more.
    Stall,
    /// It resets the stream without an error (RFC 9113 section 8.1); over HTTP/1 it closes.
    Reset,
}

/// An origin that answers the head of a request, and does not read its body.
pub(crate) async fn not_reading(protocol: Upstream, ending: Ending) -> CdnOriginConnector {
    let serve = move |io: Box<dyn Io>| -> Served {
        match protocol {
            Upstream::HttpsHttp2 => Box::pin(answer_over_http2(io, ending)),
            _ => Box::pin(answer_over_http1(io, ending)),
        }
    };
    listen(protocol, serve).await
}

/// The response of an origin that does not read.
pub(crate) const REFUSAL: &str = "no uploads";

async fn answer_over_http1(mut io: Box<dyn Io>, ending: Ending) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match io.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let length = REFUSAL.len();
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{REFUSAL}"
    );
    io.write_all(answer.as_bytes()).await.unwrap();
    io.flush().await.unwrap();
    match ending {
        Ending::Close | Ending::Reset => {}
        Ending::HalfClose => {
            io.shutdown().await.unwrap();
            std::future::pending().await
        }
        Ending::Stall => std::future::pending().await,
    }
}

async fn answer_over_http2(io: Box<dyn Io>, ending: Ending) {
    let mut connection = h2::server::handshake(io).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let response = Response::builder()
            .status(StatusCode::FORBIDDEN)
            .header("content-length", REFUSAL.len());
        let mut stream = respond
            .send_response(response.body(()).unwrap(), false)
            .unwrap();
        stream
            .send_data(Bytes::from_static(REFUSAL.as_bytes()), true)
            .unwrap();
        match ending {
            // h2 resets the stream when the body is dropped.
            Ending::Reset => continue,
            Ending::HalfClose => connection.graceful_shutdown(),
            Ending::Close => {
                // The client has read the answer when it answers the PING.
                let pong = pings.ping(h2::Ping::opaque());
                tokio::select! {
                    _ = pong => return,
                    _ = connection.accept() => return,
                }
            }
            Ending::Stall => {}
        }
        // The body is not read, and not dropped.
        tokio::spawn(async move {
            let _body = request.into_body();
            std::future::pending::<()>().await;
        });
    }
}
