//! A connection behind a socket of the operating system, for Pingora and others that need one.
//!
//! Some libraries accept only a socket, and no other stream: Pingora's pool, for example, tells
//! connections apart by their file descriptors. [`connect`] opens and verifies a connection, and
//! returns a socket that carries its plain text.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, Error, adapt};
//!
//! async fn open(connector: &CdnOriginConnector) -> Result<(), Error> {
//!     let socket = adapt::socket::connect(connector).await?; // a `tokio::net::TcpStream`
//!     println!("{:?}", socket.local_addr());
//!     Ok(())
//! }
//! ```
//!
//! # What the socket carries
//!
//! * All bytes in both directions, under backpressure.
//! * The end of each direction. A side that has ended its own may go on receiving.
//! * A failure, as a reset: the origin reset its connection, or sent no close_notify. So a response
//!   that breaks off does not look complete.
//!
//! A task copies the bytes until the connection ends or the socket is closed. After a close, the
//! origin gets the end of the stream. It may go on sending until it is silent for a minute.
//!
//! The socket is one end of a TCP connection over the loopback interface. Each byte is copied once
//! more than by the [connector's own stream](crate::connector::OriginStream): use that one where a
//! library takes any `AsyncRead` and `AsyncWrite`.

use std::{
    io,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::{
    io::{AsyncWriteExt, copy},
    time::timeout,
};
use tokio_util::io::InspectReader;
use tracing::Instrument;

use crate::{
    CdnOriginConnector,
    connector::{OriginStream, Purpose},
    dial::{TcpStream, reset_on_close, socket_pair},
    error::{Error, ErrorKind, Stage},
};

/// How long the origin may be silent after the socket was closed.
const SILENCE_AFTER_CLOSE: Duration = Duration::from_secs(60);

/// Opens a connection to the connector's origin, and returns a socket that carries its plain text.
///
/// Only `http/1.1` is offered in ALPN, because Pingora speaks only HTTP/1.1 on such a socket.
///
/// # Errors
///
/// * The errors of a connect.
/// * [`ErrorKind::UnsupportedUri`] if the connector has no fixed origin.
/// * [`ErrorKind::ProtocolNotNegotiated`] if it was built with
///   [`Alpn::Http2`](crate::Alpn::Http2).
/// * [`ErrorKind::Io`] if the system has no socket left.
pub async fn connect(connector: &CdnOriginConnector) -> Result<TcpStream, Error> {
    let origin = connector.connect_for(Purpose::Http1).await?;
    let (socket, tunnel) = socket_pair().await.map_err(|error| {
        let facts = origin.info().facts().clone();
        Error::with_source(ErrorKind::Io, Stage::Dial, facts, error)
    })?;
    SocketTunnel { origin, tunnel }.start();
    Ok(socket)
}

/// The task that copies bytes between a connection and the other end of its socket.
struct SocketTunnel {
    origin: OriginStream,
    tunnel: TcpStream,
}

impl SocketTunnel {
    fn start(self) {
        tokio::spawn(self.run().in_current_span());
    }

    async fn run(self) {
        let Self { origin, mut tunnel } = self;
        if let Err(error) = pass(origin, &mut tunnel).await {
            tracing::debug!(%error, "a connection behind a socket broke off");
            reset_on_close(&tunnel);
        }
    }
}

/// Copies until both directions have ended, or one fails.
async fn pass(origin: OriginStream, tunnel: &mut TcpStream) -> io::Result<()> {
    let (from_origin, mut to_origin) = tokio::io::split(origin);
    let (mut from_socket, mut to_socket) = tunnel.split();
    let received = AtomicU64::new(0);
    let mut from_origin = InspectReader::new(from_origin, |bytes| {
        received.fetch_add(bytes.len() as u64, Relaxed);
    });
    let upload = async {
        copy(&mut from_socket, &mut to_origin).await?;
        to_origin.shutdown().await
    };
    let download = async {
        copy(&mut from_origin, &mut to_socket).await?;
        to_socket.shutdown().await
    };
    let (upload, mut download) = (pin!(upload), pin!(download));
    match select(upload, download.as_mut()).await {
        Either::Left((ended, _)) => ended?,
        Either::Right((ended, upload)) => {
            ended?;
            return upload.await;
        }
    }
    loop {
        let before = received.load(Relaxed);
        match timeout(SILENCE_AFTER_CLOSE, &mut download).await {
            Ok(ended) => return ended,
            Err(elapsed) if received.load(Relaxed) == before => return Err(elapsed.into()),
            Err(_) => {}
        }
    }
}
