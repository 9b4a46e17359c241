//! Errors of an exchange over HTTP/2.
//!
//! The pool turns each into the public `Error`. Whether the origin may have processed the request
//! ([`is_unprocessed`](Http2Error::is_unprocessed)) decides a retry; whether the connection takes
//! more requests ([`ends_connection`](Http2Error::ends_connection)) decides what becomes of it.

use std::{io, time::Duration};

use thiserror::Error;

use crate::error::Error;

/// Why an exchange over HTTP/2 has failed.
#[derive(Debug, Error)]
pub(crate) enum Http2Error {
    /// The connection takes no more requests. No frame of this one was written.
    ///
    /// The body was not read.
    #[error("the connection takes no more requests")]
    NotSent(#[source] h2::Error),
    /// The connection failed before a byte of the request was written. Some of its body may have
    /// been read.
    ///
    /// Happens on an idle connection that the peer has closed meanwhile.
    #[error("the connection ended before the request was written")]
    NotWritten(#[source] h2::Error),
    /// The request cannot be written as HTTP/2.
    ///
    /// For example a URI without an authority, or a field that HTTP/2 forbids (RFC 9113 section
    /// 8.2.2).
    #[error("the request cannot be encoded for HTTP/2")]
    Request(#[source] h2::Error),
    /// The peer reset the stream, sent GOAWAY, broke the protocol, or the byte stream failed.
    ///
    /// Before the head of the response, mostly. In the content, a reset is
    /// [`Incomplete`](Self::Incomplete).
    #[error("the HTTP/2 connection or stream failed")]
    H2(#[source] h2::Error),
    /// The byte stream of the connection failed.
    #[error("the HTTP/2 connection failed")]
    Io(#[source] io::Error),
    /// The connection ended after a GOAWAY that left this stream open.
    ///
    /// The last stream of the GOAWAY was this one or a later one: the origin may have processed it.
    #[error("the origin closed the connection after GOAWAY")]
    ClosedAfterGoAway(#[source] h2::Error),
    /// The peer did not answer a PING.
    ///
    /// The duration is the configured timeout.
    #[error("the peer did not answer a PING within {0:?}")]
    Silent(Duration),
    /// Interim responses are larger than the head of a response may be.
    ///
    /// They are counted as one head, 32 bytes for each field and each response included.
    #[error("the interim responses are too large")]
    InterimTooLarge,
    /// `Content-Length` is empty, malformed or repeated with another value (RFC 9113
    /// section 8.1.1).
    #[error("the response's Content-Length is malformed")]
    ContentLength,
    /// The peer reset the stream in the middle of the content.
    #[error("the origin reset the stream before the response was complete")]
    Incomplete(#[source] h2::Error),
    /// The request body failed.
    #[error("the request body failed")]
    Body(#[source] Error),
    /// The request body is not as long as its `Content-Length` (RFC 9113 section 8.1.1).
    #[error("the request body is not as long as its Content-Length")]
    BodyLength,
}

impl Http2Error {
    /// Whether the origin certainly did not process the request (RFC 9113 section 8.7): it was not
    /// sent, its stream was refused, or its stream is above the last one of a GOAWAY.
    ///
    /// h2 reports a GOAWAY only to the streams above the last one.
    pub(crate) fn is_unprocessed(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::NotWritten(_) => true,
            Self::H2(error) => {
                let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
                error.is_remote() && (error.is_go_away() || (error.is_reset() && refused))
            }
            _ => false,
        }
    }

    /// Whether the peer sent GOAWAY with a lower last stream: it did not process this request, and
    /// wants it on another connection.
    ///
    /// A retry after it is bounded, but costs nothing of the retry budget.
    pub(crate) fn is_above_last_stream(&self) -> bool {
        matches!(self, Self::H2(error) if error.is_go_away() && error.is_remote())
    }

    /// The frame by which the peer ended the stream or connection, and its code. The code is
    /// printed by name (RFC 9113 section 7).
    ///
    /// For reports: `GOAWAY with NO_ERROR`, `RST_STREAM with REFUSED_STREAM`. `None` if this side
    /// ended the stream, or the byte stream failed.
    pub(crate) fn last_frame(&self) -> Option<String> {
        let (Self::NotSent(error)
        | Self::H2(error)
        | Self::ClosedAfterGoAway(error)
        | Self::Incomplete(error)) = self
        else {
            return None;
        };
        let reason = error.reason().filter(|_| error.is_remote())?;
        match error.is_go_away() {
            true => Some(format!("GOAWAY with {reason:?}")),
            false => Some(format!("RST_STREAM with {reason:?}")),
        }
    }

    /// Whether the connection takes no further requests after this.
    ///
    /// A reset ends only its stream.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::NotSent(_)
            | Self::NotWritten(_)
            | Self::ClosedAfterGoAway(_)
            | Self::Io(_)
            | Self::Silent(_) => true,
            Self::H2(error) | Self::Incomplete(error) => error.is_go_away() || error.is_io(),
            _ => false,
        }
    }
}
