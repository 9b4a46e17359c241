//! The body of a response, read from its stream.
//!
//! Capacity is given back to the peer as soon as a frame is handed to the client's side: a client
//! that does not poll stops the origin after one stream window.
//!
//! Where the stream ends, if its announced length was reached, or if bytes are missing:
//!
//! | | length reached | no length announced | bytes are missing |
//! |---|---|---|---|
//! | END_STREAM | the end | the end | h2's error |
//! | RST_STREAM | the end | `Incomplete` | `Incomplete` |
//! | the connection fails | the end | its failure | its failure |

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame, SizeHint};

use super::{Http2Error, connection_state::OpenStream, send_body::UploadTask};

/// A response body over HTTP/2. Dropped before its end, it resets the stream.
pub(crate) struct Http2Body {
    stream: RecvStream,
    /// How much is missing of the announced `Content-Length`.
    ///
    /// `None` if no length was announced. Counted down by data frames.
    missing: Option<u64>,
    /// Trailers are polled from then on.
    data_ended: bool,
    /// Dropped with the body, which ends it.
    upload: Option<UploadTask>,
    open: OpenStream,
}

impl Http2Body {
    pub(super) fn new(
        stream: RecvStream,
        length: Option<u64>,
        upload: Option<UploadTask>,
        open: OpenStream,
    ) -> Self {
        let missing = match stream.is_end_stream() {
            // A response to HEAD announces a length and has no content.
            true => Some(0),
            false => length,
        };
        Self {
            stream,
            missing,
            data_ended: false,
            upload,
            open,
        }
    }

    /// Takes the upload after the end of the body. `None` if the request was sent before the
    /// response began.
    ///
    /// The pool keeps it until the request is sent, and counts the stream as open meanwhile.
    pub(crate) fn take_upload(&mut self) -> Option<UploadTask> {
        self.upload.take()
    }

    /// `None` is the end of data. Trailers may follow.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Http2Error>>> {
        match ready!(self.stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // Fails only if the stream has ended.
                let _ = self.stream.flow_control().release_capacity(data.len());
                if let Some(missing) = &mut self.missing {
                    *missing = missing.saturating_sub(data.len() as u64);
                }
                Poll::Ready(Some(Ok(data)))
            }
            Some(Err(_)) if self.is_complete() => Poll::Ready(None),
            Some(Err(error)) if error.is_reset() && error.is_remote() => {
                Poll::Ready(Some(Err(Http2Error::Incomplete(error))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(self.explain(error)))),
            None => Poll::Ready(None),
        }
    }

    /// Only the failure of a whole connection is replaced.
    fn explain(&self, error: h2::Error) -> Http2Error {
        self.open.explain_end(Http2Error::H2(error))
    }

    /// Whether all content of the announced length has been read. Any reset without END_STREAM
    /// truncates other content: h2 reports none after it (RFC 9113 section 8.1).
    fn is_complete(&self) -> bool {
        self.missing == Some(0)
    }
}

impl Body for Http2Body {
    type Data = Bytes;
    type Error = Http2Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http2Error>>> {
        let this = self.get_mut();
        if !this.data_ended {
            match ready!(this.poll_data(cx)) {
                Some(data) => return Poll::Ready(Some(data.map(Frame::data))),
                None => this.data_ended = true,
            }
        }
        match ready!(this.stream.poll_trailers(cx)) {
            Ok(trailers) => Poll::Ready(trailers.map(|fields| Ok(Frame::trailers(fields)))),
            Err(_) if this.is_complete() => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(this.explain(error)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.missing
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
