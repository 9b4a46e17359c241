//! Closes a connection from within a response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc::UnboundedSender;

/// How the connection is closed after its final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// As hyper does: GOAWAY in HTTP/2, then `close_notify` and the end of the stream.
    Graceful,
    /// The end of the stream, whatever is in progress.
    EndOfStream,
    /// A TCP reset.
    Reset,
}

/// A body that closes its connection when it ends.
pub(super) struct FinalBody {
    content: Option<Bytes>,
    /// Whether the body is as long as announced.
    complete: bool,
    closing: Closing,
    closings: UnboundedSender<Closing>,
}

impl FinalBody {
    pub(super) fn new(
        content: Bytes,
        complete: bool,
        closing: Closing,
        closings: &UnboundedSender<Closing>,
    ) -> Self {
        Self {
            content: Some(content),
            complete,
            closing,
            closings: closings.clone(),
        }
    }

    fn close_connection(&self) {
        let _ = self.closings.send(self.closing);
    }
}

impl Body for FinalBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(content) = self.content.take() {
            return Poll::Ready(Some(Ok(Frame::data(content))));
        }
        if self.complete {
            return Poll::Ready(None);
        }
        self.close_connection();
        Poll::Pending
    }
}

impl Drop for FinalBody {
    // hyper drops a body after its last byte was written to the connection's buffer.
    fn drop(&mut self) {
        self.close_connection();
    }
}
