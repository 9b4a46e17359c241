//! The types of dialled streams, and what has arrived on one.

use std::{io, mem::MaybeUninit};

use hyper::rt;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_util::either::Either;

/// A TCP stream, or the stream of a custom transport or Unix socket.
pub(crate) type DialedIo = Either<TcpStream, TokioIo<Box<dyn TransportIo>>>;

/// The stream of a custom transport.
pub(crate) trait TransportIo: rt::Read + rt::Write + Send + Unpin {}

impl<T: rt::Read + rt::Write + Send + Unpin> TransportIo for T {}

/// What has arrived on a stream and was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unread {
    Bytes,
    /// The end of the stream, or a reset.
    End,
}

/// Peeks at the socket, because the runtime may not know yet what has arrived. `None` if nothing
/// has, or if the stream is no TCP socket.
pub(crate) fn unread(io: &DialedIo) -> Option<Unread> {
    let DialedIo::Left(socket) = io else {
        return None;
    };
    let mut byte = [MaybeUninit::uninit()];
    match SockRef::from(socket).peek(&mut byte) {
        Ok(0) => Some(Unread::End),
        Ok(_) => Some(Unread::Bytes),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(_) => Some(Unread::End),
    }
}
