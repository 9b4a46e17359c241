//! Switches of protocols: who may ask, what counts as an answer, and what passes afterwards.

use std::net::SocketAddr;

use axum::Router;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, connector::CdnOriginBuilder, pool::PoolSnapshot,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::Site;

mod answers;
mod connect;
mod elsewhere;
mod places;
mod requests;
mod tunnels;
pub(crate) mod websockets;

/// A handshake in good order, and what accepts it.
pub(crate) const ASK: &str = "GET /chat?a=b HTTP/1.1\r\n\
    Host: client.test\r\n\
    Connection: keep-alive, Upgrade\r\n\
    Upgrade: WebSocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\r\n";

pub(crate) const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: superchat\r\n\r\n";

/// A client's way through a site with a proxy to an origin that the test plays by itself.
pub(crate) struct Scene {
    origin: TcpListener,
    pub(crate) proxy: OriginProxy,
    site: Site,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|proxy| proxy).await
    }

    pub(crate) async fn with(dress: impl FnOnce(OriginProxy) -> OriginProxy) -> Self {
        let url = "http://origin.test";
        Self::to(
            |address| CdnOriginConnector::builder(url).dial(address),
            dress,
        )
        .await
    }

    /// The builder gets the address of the origin.
    async fn to(
        builder: impl FnOnce(SocketAddr) -> CdnOriginBuilder,
        dress: impl FnOnce(OriginProxy) -> OriginProxy,
    ) -> Self {
        let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connector = builder(origin.local_addr().unwrap()).build().unwrap();
        Self::before(origin, dress(OriginProxy::new(connector))).await
    }

    /// A site with this proxy before this origin.
    pub(crate) async fn before(origin: TcpListener, proxy: OriginProxy) -> Self {
        let site = Site::serve(Router::new().fallback_service(proxy.clone())).await;
        Self {
            origin,
            proxy,
            site,
        }
    }

    /// A client who has said this.
    pub(crate) async fn client(&self, words: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.site.address()).await.unwrap();
        client.write_all(words.as_bytes()).await.unwrap();
        client
    }

    /// The next connection to the origin, with the head of its request.
    pub(crate) async fn accept_request(&self) -> (TcpStream, String) {
        let (mut stream, _) = self.origin.accept().await.unwrap();
        let head = head(&mut stream).await;
        (stream, head)
    }

    /// Both ends of a tunnel.
    pub(crate) async fn tunnel(&self) -> (TcpStream, TcpStream) {
        let mut client = self.client(ASK).await;
        let (mut origin, _) = self.accept_request().await;
        origin.write_all(SWITCH.as_bytes()).await.unwrap();
        let response_head = head(&mut client).await;
        assert!(
            response_head.starts_with("HTTP/1.1 101 "),
            "{response_head}"
        );
        (client, origin)
    }

    pub(crate) async fn until(&self, wanted: impl Fn(PoolSnapshot) -> bool) {
        while !wanted(self.proxy.snapshot().pool) {
            tokio::task::yield_now().await;
        }
    }
}

/// The head of a message, and not a byte more.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// All that is still to come.
pub(crate) async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut rest).await;
    String::from_utf8_lossy(&rest).into_owned()
}

/// The next bytes.
pub(crate) async fn bytes<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// The lines of a head after the first, in lower case and the order of the alphabet.
fn fields(head: &str) -> Vec<String> {
    let lines = head.lines().skip(1).filter(|line| !line.is_empty());
    let mut lines: Vec<_> = lines.map(str::to_ascii_lowercase).collect();
    lines.sort_unstable();
    lines
}
