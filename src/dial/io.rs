//! The types of dialled streams.

use hyper::rt;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;

/// A TCP stream, or the stream of a custom transport or Unix socket.
pub(crate) type DialedIo = Either<TcpStream, TokioIo<Box<dyn TransportIo>>>;

/// The stream of a custom transport.
pub(crate) trait TransportIo: rt::Read + rt::Write + Send + Unpin {}

impl<T: rt::Read + rt::Write + Send + Unpin> TransportIo for T {}
