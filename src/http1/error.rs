//! Errors of an HTTP/1 exchange.
//!
//! They are private: the pool turns each into the public `Error`, with a stage and facts. Texts are
//! sentences about this level alone; what a peer sent is kept as data ([`UnexpectedBytes`]) and is
//! not part of them.
//!
//! Two questions decide which variant is returned, because a retry depends on them:
//!
//! | | nothing was written | something was written |
//! |---|---|---|
//! | nothing was read | `ClosedBeforeWrite`, `NotWritten` | `NoResponse`, `Io` |
//! | a part was read | `Unsolicited` | `Incomplete`, `Io` |

use std::io;

use thiserror::Error;

use crate::error::{Error, SpeaksTls};

use super::UnexpectedBytes;

/// Why an HTTP/1 exchange failed.
#[derive(Debug, Error)]
pub(crate) enum Http1Error {
    /// An idle connection ended. Nothing of the request was written.
    ///
    /// Safe to retry for any method, with the whole body.
    #[error("the connection was closed before the request was written")]
    ClosedBeforeWrite,
    /// The first write to an idle connection failed. Nothing of the request was written, but some
    /// of its body may have been read.
    ///
    /// Safe to retry for any method if what was read of the body can be replayed. A TLS record that
    /// did not arrive completely cannot be read by the peer.
    #[error("the connection ended before the request was written")]
    NotWritten(#[source] io::Error),
    /// No byte of the response was read.
    ///
    /// The origin may have processed the request. RFC 9110 section 9.2.2 permits a retry of
    /// idempotent methods only.
    #[error("the connection was closed before there was a response")]
    NoResponse,
    /// Some of the response was read, but not all.
    ///
    /// Returned for a missing byte of the head, of a chunk or of an announced length. Content that
    /// ends with the connection cannot be incomplete in this sense.
    #[error("the connection was closed before the response was complete")]
    Incomplete,
    /// A read or a write failed.
    ///
    /// An end of TLS without close_notify in the middle of a response is one of these.
    #[error("the connection failed")]
    Io(#[source] io::Error),
    /// httparse or `http` refused the head or a field.
    #[error("the response's head is malformed")]
    Head(#[source] httparse::Error),
    /// A line ends in a bare LF (RFC 9112 section 2.2).
    ///
    /// Only in chunked content and trailers. A head may have such lines.
    #[error("a line of the message does not end in CRLF")]
    LineEnd,
    /// Bytes arrived on a new connection before its first request.
    #[error("the origin sent data before it received a request")]
    Unsolicited(UnexpectedBytes),
    /// The response does not begin like an HTTP/1 response.
    ///
    /// Also for a status below 100, and for a version other than 1.x.
    #[error("the origin's response is not HTTP/1")]
    NotHttp(UnexpectedBytes),
    /// The response is a TLS record: the port expects TLS.
    #[error("the origin's response is not HTTP/1")]
    Tls(#[source] SpeaksTls),
    /// The head exceeds its limit of bytes or of fields.
    ///
    /// The limit of bytes is configurable; that of fields is 12,288.
    #[error("the response's head is too large")]
    HeadTooLarge,
    /// A response has status 101 (Switching Protocols).
    #[error("the origin switched protocols without an upgrade request")]
    UnexpectedUpgrade,
    /// RFC 9112 section 6.3 does not permit the framing, or recipients could disagree on it.
    ///
    /// RFC 9112 section 6.3 calls this an attempt at response splitting: nothing of the content is
    /// delivered.
    #[error("the response's framing is ambiguous or unknown")]
    ResponseFraming,
    /// The chunked coding is malformed, or a line or the extensions exceed their limits.
    #[error("a chunk of the response is malformed")]
    Chunk,
    /// A trailer field is malformed, or the section exceeds its limit.
    #[error("the response's trailers are malformed or too large")]
    Trailers,
    /// The client's body failed, or the proxy refused it.
    ///
    /// The stream is dropped without an orderly end, so that the origin does not take the request
    /// for complete.
    #[error("the request's body failed")]
    RequestBody(#[source] Error),
    /// The body has more or fewer bytes than `Content-Length`.
    #[error("the request's body is not as long as its announced length")]
    RequestBodyLength,
    /// The request has a coding other than `chunked`, or an invalid length.
    #[error("the request's transfer coding is not supported")]
    RequestFraming,
    /// The target is not in origin-form or asterisk-form, or the method is CONNECT.
    #[error("the request's target cannot be sent to an origin")]
    Target,
}
