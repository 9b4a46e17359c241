//! Connecting to Unix stream sockets.

use std::io;

#[cfg(unix)]
use hyper_util::rt::TokioIo;

use crate::name::SocketPath;

use super::TransportIo;

/// Connects to a Unix socket.
#[cfg(unix)]
pub(super) async fn connect(path: &SocketPath) -> io::Result<Box<dyn TransportIo>> {
    let stream = tokio::net::UnixStream::connect(path.as_str()).await?;
    Ok(Box::new(TokioIo::new(stream)))
}

/// Fails: this system has no Unix sockets. `build()` has refused the path already.
#[cfg(not(unix))]
pub(super) async fn connect(_: &SocketPath) -> io::Result<Box<dyn TransportIo>> {
    Err(io::ErrorKind::Unsupported.into())
}
