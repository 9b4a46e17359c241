//! Peers for the probe: scripted servers, and devices on the path to a test edge.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, Roots, VerifyPolicy,
    connector::{CdnOriginBuilder, Timeouts},
    probe::Findings,
};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::service_fn;

use crate::{
    proofs::assert_findings_proved,
    support::{Authority, Edge},
};

/// How a peer or a device on the path ends a connection that it does not want.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Alert(u8),
    Close,
    Reset,
    /// Silence.
    Drop,
}

/// The first bytes of each connection to a peer.
type FirstFlights = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server that treats each connection by a script. Stopped on drop.
pub(crate) struct Peer {
    address: SocketAddr,
    flights: FirstFlights,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// Runs `script` for each connection, with its number and what the client sent first.
    pub(crate) async fn after_first_bytes<F, R>(script: F) -> Self
    where
        F: Fn(usize, Vec<u8>, TcpStream) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send,
    {
        let script = Arc::new(script);
        Self::on_accept(move |number, mut stream, flights| {
            let script = Arc::clone(&script);
            async move {
                let first = first_flight(&mut stream).await;
                lock(&flights).push(first.clone());
                script(number, first, stream).await;
            }
        })
        .await
    }

    /// Runs `script` for each connection at once.
    pub(crate) async fn on_accept<F, R>(script: F) -> Self
    where
        F: Fn(usize, TcpStream, FirstFlights) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let flights = FirstFlights::default();
        let noted = Arc::clone(&flights);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            let script = Arc::new(script);
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, flights) = (Arc::clone(&script), Arc::clone(&noted));
                connections.spawn(async move { script(number, stream, flights).await });
            }
        });
        Self {
            address,
            flights,
            task,
        }
    }

    /// Answers whatever is sent with these bytes, and closes.
    pub(crate) async fn answering(answer: &'static [u8]) -> Self {
        Self::after_first_bytes(move |_, _, stream| send_and_close(stream, answer)).await
    }

    /// Sends these bytes on accept, and ends the stream.
    pub(crate) async fn greeting(bytes: &'static [u8]) -> Self {
        Self::on_accept(move |_, stream, _| send_and_close(stream, bytes)).await
    }

    /// Refuses every connection after its first bytes.
    pub(crate) async fn refusing(refusal: Refusal) -> Self {
        Self::after_first_bytes(move |_, _, stream| refuse(stream, refusal)).await
    }

    /// A device before the edge: a connection whose first bytes `is_refused` is refused, and the
    /// others pass.
    pub(crate) async fn before(
        edge: &Edge,
        is_refused: impl Fn(usize, &[u8]) -> bool + Send + Sync + 'static,
        refusal: Refusal,
    ) -> Self {
        let edge = edge.address();
        Self::after_first_bytes(move |number, first, stream| {
            let is_refused = is_refused(number, &first);
            async move {
                match is_refused {
                    true => refuse(stream, refusal).await,
                    false => forward(&first, stream, edge).await,
                }
            }
        })
        .await
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections began with a request in plain HTTP.
    pub(crate) fn plaintexts(&self) -> usize {
        let flights = lock(&self.flights);
        let is_request = |flight: &&Vec<u8>| flight.starts_with(b"GET ");
        flights.iter().filter(is_request).count()
    }

    /// A builder for this URL that dials the peer.
    pub(crate) fn dialled_by(&self, url: impl Into<String>) -> CdnOriginBuilder {
        CdnOriginConnector::builder(url.into())
            .dial(self.address.to_string())
            .timeouts(impatient())
    }

    /// The same over TLS. It trusts the authority.
    pub(crate) fn trusted_by(&self, url: &str, authority: &Authority) -> CdnOriginBuilder {
        self.dialled_by(url).verify(trusting(authority))
    }

    /// A builder for this URL whose connections lead to the peer, while the URL's host and port are
    /// what is dialled.
    pub(crate) fn reached_as(&self, url: &str) -> CdnOriginBuilder {
        let address = self.address;
        let connect =
            move |_: http::Uri| async move { TcpStream::connect(address).await.map(TokioIo::new) };
        CdnOriginConnector::builder(url)
            .transport(service_fn(connect))
            .timeouts(impatient())
    }
}

/// A policy that trusts only this authority.
pub(crate) fn trusting(authority: &Authority) -> VerifyPolicy {
    VerifyPolicy::roots(Roots::pem(authority.root_pem()))
}

/// Runs a probe that waits 100 ms for what a peer on the loopback does not send.
pub(crate) async fn probe(builder: CdnOriginBuilder) -> Findings {
    let connector = builder.build().unwrap();
    let probe = cdn_origin::probe(&connector)
        .pause(Duration::ZERO)
        .attempt_timeout(PATIENCE);
    let findings = probe.await.unwrap();
    assert!(findings.attempts().len() < 20, "{findings}");
    assert_findings_proved(&findings);
    findings
}

/// Whether these are the first bytes of a TLS record.
pub(crate) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, ..])
}

/// Whether a ClientHello offers TLS 1.3: the extension supported_versions begins with it.
pub(crate) fn offers_tls13(hello: &[u8]) -> bool {
    hello
        .windows(7)
        .any(|it| it[..2] == [0, 0x2b] && it[5..] == [3, 4])
}

/// Whether a ClientHello offers TLS 1.2 in the same extension, or has none.
pub(crate) fn offers_tls12(hello: &[u8]) -> bool {
    let mut versions = hello.windows(7).filter(|it| it[..2] == [0, 0x2b]);
    versions.all(|it| it[4] != 2)
}

const PATIENCE: Duration = Duration::from_millis(100);

fn impatient() -> Timeouts {
    Timeouts::default().tls_handshake(PATIENCE)
}

/// Reads a whole TLS record, or what has arrived.
async fn first_flight(stream: &mut TcpStream) -> Vec<u8> {
    let mut first = vec![0; 16 * 1024];
    let mut length = 0;
    loop {
        match stream.read(&mut first[length..]).await {
            Ok(0) | Err(_) => break,
            Ok(more) => length += more,
        }
        let is_whole = match first[..length] {
            [0x16, _, _, high, low, ..] => {
                length >= 5 + usize::from(u16::from_be_bytes([high, low]))
            }
            [0x16, ..] => false,
            _ => true,
        };
        if is_whole {
            break;
        }
    }
    first.truncate(length);
    first
}

pub(crate) async fn refuse(stream: TcpStream, refusal: Refusal) {
    match refusal {
        Refusal::Alert(number) => {
            let record = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, number];
            send_and_close(stream, &record).await;
        }
        Refusal::Close => send_and_close(stream, &[]).await,
        Refusal::Reset => {
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
        Refusal::Drop => drain(stream).await,
    }
}

/// Sends the bytes, ends the stream and waits for the client to close: closing with unread bytes
/// would be a reset.
pub(crate) async fn send_and_close(mut stream: TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    drain(stream).await;
}

async fn drain(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Passes the first bytes and everything after them on.
pub(crate) async fn forward(first: &[u8], mut stream: TcpStream, edge: SocketAddr) {
    let mut onward = TcpStream::connect(edge).await.unwrap();
    onward.write_all(first).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut onward).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
