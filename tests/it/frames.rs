//! HTTP/2 frame by frame, in memory: an origin that says whatever a test wants.

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use cdn_origin::{CdnOriginConnector, OriginProxy, VerifyPolicy, tls::Roots};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::service_fn;

use crate::{
    origin::{NAME, server_config},
    support::Authority,
};

/// The types of frames (RFC 9113 section 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A field block (RFC 7541): `:status: 200` is in the static table.
pub(crate) const OK: &[u8] = &[0x88];

/// What fits on the way to the other side.
const PIPE: usize = 64 * 1024;

/// The client's first bytes (RFC 9113 section 3.4).
const PREFACE: usize = 24;

type Stream = TlsStream<DuplexStream>;

/// The origin's end of a connection. Dropped, the connection ends.
pub(crate) struct Peer {
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    /// What the last frame carried.
    carried: Vec<u8>,
}

/// A frame without what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) kind: u8,
    flags: u8,
    pub(crate) stream: u32,
}

impl Head {
    pub(crate) fn ends_stream(&self) -> bool {
        self.flags & END_STREAM > 0
    }

    pub(crate) fn is_ack(&self) -> bool {
        self.flags & ACK > 0
    }
}

impl Peer {
    async fn greet(stream: Stream, settings: &[u8]) -> Option<Self> {
        let (reader, writer) = tokio::io::split(stream);
        let carried = Vec::new();
        let mut peer = Self {
            reader,
            writer,
            carried,
        };
        peer.reader.read_exact(&mut [0; PREFACE]).await.ok()?;
        peer.send_frame(SETTINGS, 0, 0, settings)
            .await
            .then_some(peer)
    }

    /// Writes a frame. False, if the other side has gone.
    pub(crate) async fn send_frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        carried: &[u8],
    ) -> bool {
        self.send_bytes(&frame(kind, flags, stream, carried)).await
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) -> bool {
        let written = self.writer.write_all(bytes).await;
        written.is_ok() && self.writer.flush().await.is_ok()
    }

    /// Starts the response of a stream.
    pub(crate) async fn answer(&mut self, stream: u32) {
        self.send_frame(HEADERS, END_HEADERS, stream, OK).await;
    }

    /// A response without content.
    pub(crate) async fn answer_whole(&mut self, stream: u32) {
        self.send_frame(HEADERS, END_HEADERS | END_STREAM, stream, OK)
            .await;
    }

    /// No stream after this one is served (RFC 9113 section 6.8).
    pub(crate) async fn go_away(&mut self, last: u32) {
        self.go_away_with(last, h2::Reason::NO_ERROR).await;
    }

    /// The same for a reason.
    pub(crate) async fn go_away_with(&mut self, last: u32, reason: h2::Reason) {
        let mut carried = last.to_be_bytes().to_vec();
        carried.extend(u32::from(reason).to_be_bytes());
        self.send_frame(GOAWAY, 0, 0, &carried).await;
    }

    pub(crate) async fn reset(&mut self, stream: u32, reason: h2::Reason) -> bool {
        let reason = u32::from(reason).to_be_bytes();
        self.send_frame(RST_STREAM, 0, stream, &reason).await
    }

    /// Answers a PING, which was the last frame (RFC 9113 section 6.7).
    pub(crate) async fn acknowledge_ping(&mut self) {
        let carried = self.carried.clone();
        self.send_frame(PING, ACK, 0, &carried).await;
    }

    /// What the last frame carried.
    pub(crate) fn carried(&self) -> &[u8] {
        &self.carried
    }

    /// The next frame; nothing at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Head> {
        let mut head = [0; 9];
        self.reader.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let length = u32::from_be_bytes([0, a, b, c]);
        self.carried.resize(length as usize, 0);
        self.reader.read_exact(&mut self.carried).await.ok()?;
        let stream = u32::from_be_bytes(stream);
        Some(Head {
            kind,
            flags,
            stream,
        })
    }

    /// The stream of the next request.
    pub(crate) async fn request(&mut self) -> Option<u32> {
        loop {
            let head = self.next().await?;
            if head.kind == HEADERS {
                return Some(head.stream);
            }
        }
    }

    /// Until the other side closes the connection.
    pub(crate) async fn end(&mut self) {
        while self.next().await.is_some() {}
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, carried: &[u8]) -> Vec<u8> {
    let length = u32::try_from(carried.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(carried);
    frame
}

/// A proxy to an origin whose connections, numbered from 0, behave like this, and how many there were.
pub(crate) fn to_peers<F, A>(peer: F) -> (OriginProxy, Arc<AtomicUsize>)
where
    F: Fn(usize, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    to_peers_with(&[], peer)
}

/// The connector of such a proxy.
pub(crate) fn connector_to_peers<F, A>(peer: F) -> CdnOriginConnector
where
    F: Fn(usize, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    connector(usize::MAX, &[], peer).0
}

/// The same, where only so many connects succeed.
pub(crate) fn to_some_peers<F, A>(connects: usize, peer: F) -> (OriginProxy, Arc<AtomicUsize>)
where
    F: Fn(usize, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    connect(connects, &[], peer)
}

/// The same with settings other than those of RFC 9113 section 6.5.2.
pub(crate) fn to_peers_with<F, A>(
    settings: &'static [u8],
    peer: F,
) -> (OriginProxy, Arc<AtomicUsize>)
where
    F: Fn(usize, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    connect(usize::MAX, settings, peer)
}

fn connect<F, A>(
    connects: usize,
    settings: &'static [u8],
    peer: F,
) -> (OriginProxy, Arc<AtomicUsize>)
where
    F: Fn(usize, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let (connector, connections) = connector(connects, settings, peer);
    (OriginProxy::new(connector), connections)
}

fn connector<F, A>(
    connects: usize,
    settings: &'static [u8],
    peer: F,
) -> (CdnOriginConnector, Arc<AtomicUsize>)
where
    F: Fn(usize, Peer) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(server_config(&authority, b"h2"));
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let transport = service_fn(move |_: Uri| {
        let (acceptor, peer) = (acceptor.clone(), peer.clone());
        let number = counted.fetch_add(1, SeqCst);
        async move {
            if number >= connects {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
            }
            let (near, far) = tokio::io::duplex(PIPE);
            tokio::spawn(async move {
                let stream = acceptor.accept(far).await.unwrap();
                if let Some(greeted) = Peer::greet(stream, settings).await {
                    peer(number, greeted).await;
                }
            });
            Ok(TokioIo::new(near))
        }
    });
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .transport(transport)
        .build()
        .unwrap();
    (connector, connections)
}
