//! How a connection is brought to its end from within an answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc::UnboundedSender;

/// What the connection does once the answer says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As hyper would: GOAWAY in HTTP/2, `close_notify` and the end of the stream in both.
    Graceful,
    /// The end of the stream, in the middle of whatever was going on.
    HangUp,
    /// A TCP reset.
    Reset,
}

/// A body that calls for the end of its connection when it is through.
pub(super) struct LastWords {
    words: Option<Bytes>,
    /// Whether the client can tell that these were all.
    complete: bool,
    ending: Ending,
    endings: UnboundedSender<Ending>,
}

impl LastWords {
    pub(super) fn new(
        words: Bytes,
        complete: bool,
        ending: Ending,
        endings: &UnboundedSender<Ending>,
    ) -> Self {
        Self {
            words: Some(words),
            complete,
            ending,
            endings: endings.clone(),
        }
    }

    fn call_for_the_end(&self) {
        let _ = self.endings.send(self.ending);
    }
}

impl Body for LastWords {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(words) = self.words.take() {
            return Poll::Ready(Some(Ok(Frame::data(words))));
        }
        if self.complete {
            return Poll::Ready(None);
        }
        self.call_for_the_end();
        Poll::Pending
    }
}

impl Drop for LastWords {
    // Hyper drops a body only when its last byte is in the buffer of the connection.
    fn drop(&mut self) {
        self.call_for_the_end();
    }
}
