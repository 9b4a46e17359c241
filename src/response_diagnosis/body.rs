//! A body whose start was looked at, and which is passed on whole.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

/// Enough for the sentence by which an edge says what is wrong.
const MOST_BYTES: usize = 4096;

/// An edge sends its error pages whole. A body that dawdles is passed on unread.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// A body of which some frames may have been read ahead. They come out as they came in.
pub struct PeekedBody<B: Body> {
    ahead: VecDeque<Result<Frame<B::Data>, B::Error>>,
    rest: B,
}

// The frames that were read ahead are moved, never pinned.
impl<B: Body + Unpin> Unpin for PeekedBody<B> {}

impl<B: Body> PeekedBody<B> {
    pub(crate) fn new(rest: B) -> Self {
        Self {
            ahead: VecDeque::new(),
            rest,
        }
    }

    /// What has not been read ahead.
    pub(crate) fn unread(&self) -> &B {
        &self.rest
    }

    pub(crate) fn unread_mut(&mut self) -> &mut B {
        &mut self.rest
    }
}

impl<B: Body + Unpin> PeekedBody<B> {
    /// The start of the body, as much of it as comes in time.
    pub(super) async fn peek(&mut self) -> Vec<u8> {
        // What was read stays read when the time is up: `read` is cancelled only while it waits.
        let _ = tokio::time::timeout(LONGEST_WAIT, self.read()).await;
        let mut start = Vec::new();
        for data in self.data_ahead() {
            let chunk = data.chunk();
            start.extend_from_slice(&chunk[..chunk.len().min(MOST_BYTES - start.len())]);
        }
        start
    }

    async fn read(&mut self) {
        let mut bytes = 0;
        while bytes < MOST_BYTES {
            let Some(frame) = self.rest.frame().await else {
                return;
            };
            let data = frame.as_ref().ok().and_then(Frame::data_ref);
            let size = data.map(Buf::remaining);
            self.ahead.push_back(frame);
            match size {
                Some(size) => bytes += size,
                // Trailers or an error: nothing follows that could be looked at.
                None => return,
            }
        }
    }

    fn data_ahead(&self) -> impl Iterator<Item = &B::Data> {
        self.ahead.iter().flatten().filter_map(Frame::data_ref)
    }
}

impl<B: Body + Unpin> Body for PeekedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        match this.ahead.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut this.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.data_ahead().map(|data| data.remaining() as u64).sum();
        let mut hint = self.rest.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(hint.lower().saturating_add(ahead));
        hint
    }
}

impl<B: Body> fmt::Debug for PeekedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeekedBody")
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}
