//! Errors of an HTTP/1 exchange.

use std::io;

use thiserror::Error;

use crate::error::{Error, SpeaksTls};

/// Why an HTTP/1 exchange failed.
#[derive(Debug, Error)]
pub(crate) enum Http1Error {
    /// An idle connection ended. Nothing of the request was written.
    #[error("the connection was closed before the request was written")]
    ClosedBeforeWrite,
    /// No byte of the response was read.
    #[error("the connection was closed before there was a response")]
    NoResponse,
    #[error("the connection was closed before the response was complete")]
    Incomplete,
    #[error("the connection failed")]
    Io(#[source] io::Error),
    #[error("the response's head is malformed")]
    Head(#[source] httparse::Error),
    #[error("a line of the message does not end in CRLF")]
    LineEnd,
    #[error("the origin sent data before it received a request")]
    Unsolicited,
    #[error("the origin's response is not HTTP/1")]
    NotHttp,
    #[error("the origin's response is not HTTP/1")]
    Tls(#[source] SpeaksTls),
    #[error("the response's head is too large")]
    HeadTooLarge,
    #[error("the origin switched protocols without an upgrade request")]
    UnexpectedUpgrade,
    #[error("the response's framing is ambiguous or unknown")]
    ResponseFraming,
    #[error("a chunk of the response is malformed")]
    Chunk,
    #[error("the response's trailers are malformed or too large")]
    Trailers,
    /// The client's body failed, or the proxy refused it.
    #[error("the request's body failed")]
    RequestBody(#[source] Error),
    #[error("the request's body is not as long as its announced length")]
    RequestBodyLength,
    #[error("the request's transfer coding is not supported")]
    RequestFraming,
    #[error("the request's target cannot be sent to an origin")]
    Target,
}
