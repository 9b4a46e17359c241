//! What goes wrong in an exchange over HTTP/1.

use std::io;

use thiserror::Error;

use crate::error::{Error, SpeaksTls};

/// Why an exchange over HTTP/1 ended before its time.
#[derive(Debug, Error)]
pub(crate) enum Http1Error {
    /// Nothing of the request had been written.
    #[error("the connection was closed before the request was written")]
    ClosedBeforeWrite,
    /// Not a byte of the response had come.
    #[error("the connection was closed before there was a response")]
    Unanswered,
    #[error("the connection was closed before the response was complete")]
    Incomplete,
    #[error("the connection failed")]
    Io(#[source] io::Error),
    #[error("the response's head is malformed")]
    Head(#[source] httparse::Error),
    #[error("a line of the message does not end in CRLF")]
    LineEnd,
    #[error("the origin spoke before it was asked")]
    Unasked,
    #[error("what the origin sends is not HTTP/1")]
    NotHttp,
    #[error("what the origin sends is not HTTP/1")]
    Tls(#[source] SpeaksTls),
    #[error("the response's head is too large")]
    HeadTooLarge,
    #[error("the origin switched protocols without being asked")]
    Switched,
    #[error("the response's content is framed in a way that is ambiguous or unknown")]
    Framing,
    #[error("a chunk of the response is malformed")]
    Chunk,
    #[error("the response's trailers are malformed or too large")]
    Trailers,
    /// The proxy's own word on the request's body, or the client's failure.
    #[error("the request's body failed")]
    Body(#[source] Error),
    #[error("the request's body is not as long as was said")]
    BodyLength,
    #[error("the request's content is framed in a way that is unknown")]
    RequestFraming,
    #[error("the request has no target that an origin could be sent")]
    Target,
}
