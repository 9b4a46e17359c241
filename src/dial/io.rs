//! The dialled stream.

use hyper::rt;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;

/// Our own TCP, or the stream of a given transport.
pub(crate) type DialedIo = Either<TcpStream, TokioIo<Box<dyn TransportIo>>>;

/// A stream of a given transport, whatever it is.
pub(crate) trait TransportIo: rt::Read + rt::Write + Send + Unpin {}

impl<T: rt::Read + rt::Write + Send + Unpin> TransportIo for T {}
