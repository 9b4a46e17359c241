//! WebSockets as a peer speaks them, through the proxy to an origin over TLS.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy,
    tls::{Roots, rustls},
};
use futures_util::{SinkExt, StreamExt};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, client_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        protocol::{
            CloseFrame,
            frame::{
                Frame,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

use crate::support::{Authority, Site};

const NAME: &str = "www.example.test";

/// An origin that says back what it hears, and closes when it is told to. It prefers `h2`, which it would not know what to do with.
pub(super) struct EchoOrigin {
    authority: Authority,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl EchoOrigin {
    pub(super) async fn start() -> Self {
        let authority = Authority::new();
        let certified = authority.issue(&[NAME]);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certified.chain.clone(), certified.key.clone_key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut sockets = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                sockets.spawn(async move {
                    let tls = acceptor.accept(stream).await.unwrap();
                    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
                    echo(tls).await;
                });
            }
        });
        Self {
            authority,
            address,
            task,
        }
    }

    pub(super) fn proxy(&self) -> OriginProxy {
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(self.address)
            .verify(VerifyPolicy::roots(Roots::pem(self.authority.root_pem())));
        OriginProxy::new(connector.build().unwrap())
    }

    pub(super) async fn site(&self) -> Site {
        Site::serve(Router::new().fallback_service(self.proxy())).await
    }
}

impl Drop for EchoOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The same without TLS, for what stands behind another server.
pub(crate) struct PlainEcho {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl PlainEcho {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut sockets = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sockets.spawn(echo(stream));
            }
        });
        Self { address, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for PlainEcho {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    #[expect(clippy::result_large_err, reason = "the signature is the library's")]
    let choose = |request: &Request, mut response: Response| {
        let name = "sec-websocket-protocol";
        if let Some(first) = request.headers().get(name) {
            response.headers_mut().insert(name, first.clone());
        }
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr_async(stream, choose).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if message == Message::text("close") {
            let reason = CloseFrame {
                code: CloseCode::Away,
                reason: "as you like".into(),
            };
            let _ = socket.close(Some(reason)).await;
        } else if message.is_text() || message.is_binary() {
            let _ = socket.send(message).await;
        }
    }
}

pub(super) async fn client(site: &Site) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(site.address()).await.unwrap();
    let (socket, _) = client_async("ws://client.test/chat", stream).await.unwrap();
    socket
}

/// Talks for a while, and closes.
pub(crate) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) {
    for size in [0, 1, 125, 126, 65_536, 1024 * 1024] {
        let message = Message::binary(vec![size as u8; size]);
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    let ping = bytes::Bytes::from_static(b"are you there");
    socket.send(Message::Ping(ping.clone())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong(ping));
    socket.close(None).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_close());
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn messages_of_all_sizes_pings_and_a_close_pass_over_http_1_though_the_origin_prefers_h2() {
    let origin = EchoOrigin::start().await;
    let site = origin.site().await;
    talk(client(&site).await).await;
}

#[tokio::test]
async fn the_origin_may_close_and_its_reason_arrives() {
    let origin = EchoOrigin::start().await;
    let site = origin.site().await;
    let mut socket = client(&site).await;
    socket.send(Message::text("close")).await.unwrap();
    let Message::Close(Some(reason)) = socket.next().await.unwrap().unwrap() else {
        panic!("the origin closes");
    };
    assert_eq!(
        (reason.code, reason.reason.as_str()),
        (CloseCode::Away, "as you like")
    );
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_arrives_as_one() {
    let origin = EchoOrigin::start().await;
    let site = origin.site().await;
    let mut socket = client(&site).await;
    let data = |kind| OpCode::Data(kind);
    let fragments = [
        Frame::message("one, ", data(Data::Text), false),
        Frame::message("two, ", data(Data::Continue), false),
        Frame::ping("between"),
        Frame::message("three", data(Data::Continue), true),
    ];
    for fragment in fragments {
        socket.send(Message::Frame(fragment)).await.unwrap();
    }
    assert!(socket.next().await.unwrap().unwrap().is_pong());
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("one, two, three")
    );
}

#[tokio::test]
async fn a_hundred_sockets_at_a_time_do_not_mix_their_messages() {
    let origin = EchoOrigin::start().await;
    let proxy = origin.proxy();
    let site = Site::serve(Router::new().fallback_service(proxy.clone())).await;
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(client(&site).await);
    }
    assert_eq!(proxy.snapshot().pool.tunnels, 100);
    for (number, socket) in sockets.iter_mut().enumerate() {
        socket
            .send(Message::text(number.to_string()))
            .await
            .unwrap();
    }
    for (number, mut socket) in sockets.into_iter().enumerate() {
        let heard = socket.next().await.unwrap().unwrap();
        assert_eq!(heard, Message::text(number.to_string()));
        socket.close(None).await.unwrap();
    }
    while proxy.snapshot().pool.open > 0 {
        tokio::task::yield_now().await;
    }
}
