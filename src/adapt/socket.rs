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
//!   that breaks off does not look complete. What the origin sent before comes first.
//!
//! A task copies the bytes until the connection ends or the socket is closed. After a close, the
//! origin gets the end of the stream. It may go on sending until it is silent for a minute. An
//! origin that reads nothing for five minutes loses the connection.
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

use futures_util::{
    FutureExt,
    future::{Either, select},
};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt, copy},
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

/// The bytes of the socket that are read at a time.
const BUFFER: usize = 8 * 1024;

/// How long the origin may take to accept [`BUFFER`] bytes. While it reads nothing, the end of the
/// socket cannot arrive: it is behind the bytes that the system still holds.
const SEND_TIMEOUT: Duration = Duration::from_secs(5 * 60);

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
///
/// An origin that no longer reads may have sent its response before. That is copied, too.
async fn pass(origin: OriginStream, tunnel: &mut TcpStream) -> io::Result<()> {
    let (from_origin, mut to_origin) = tokio::io::split(origin);
    let (from_socket, mut to_socket) = tunnel.split();
    let copied = AtomicU64::new(0);
    let count = |bytes: &[u8]| {
        copied.fetch_add(bytes.len() as u64, Relaxed);
    };
    let mut from_origin = InspectReader::new(from_origin, count);
    // The outer error is the socket's, the inner one the origin's.
    let upload = async {
        let mut buffer = vec![0; BUFFER];
        loop {
            from_socket.readable().await?;
            let length = match from_socket.try_read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                length => length?,
            };
            let bytes = &buffer[..length];
            count(bytes);
            let sent = send(&mut to_origin, bytes).await;
            if bytes.is_empty() || sent.is_err() {
                return Ok::<_, io::Error>(sent);
            }
        }
    };
    let download = async move {
        copy(&mut from_origin, &mut to_socket).await?;
        Ok::<_, io::Error>(to_socket)
    };
    let (mut upload, mut download) = (pin!(upload.fuse()), pin!(download.fuse()));
    let (mut uploaded, mut is_downloaded) = (None, false);
    loop {
        let before = copied.load(Relaxed);
        let ended = select(upload.as_mut(), download.as_mut());
        match timeout(SILENCE_AFTER_CLOSE, ended).await {
            Ok(Either::Left((sent, _))) => uploaded = Some(sent?),
            Ok(Either::Right((received, _))) => {
                let mut to_socket = received?;
                is_downloaded = true;
                // After a reset by the origin, its end need not be that of the response.
                if !matches!(uploaded, Some(Err(_))) {
                    to_socket.shutdown().await?;
                }
            }
            Err(elapsed) if uploaded.is_some() && copied.load(Relaxed) == before => {
                return Err(elapsed.into());
            }
            Err(_) => {}
        }
        if let Some(sent) = uploaded.take_if(|_| is_downloaded) {
            return sent;
        }
    }
}

/// Sends bytes, or the end of the stream if there are none.
async fn send(to_origin: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let sending = async {
        if bytes.is_empty() {
            return to_origin.shutdown().await;
        }
        to_origin.write_all(bytes).await?;
        to_origin.flush().await
    };
    timeout(SEND_TIMEOUT, sending).await?
}
