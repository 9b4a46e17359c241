//! A body whose first frames can be read ahead without losing them.

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

/// The maximum number of bytes to read ahead: enough for the text of an edge's error page.
const MAX_PEEKED_BYTES: usize = 4096;

/// The maximum time to read ahead. An edge sends its error pages at once.
const MAX_PEEK_TIME: Duration = Duration::from_millis(200);

/// A body whose first frames may have been read ahead.
///
/// It yields the same frames as the inner body, in the same order. At most 4 KiB of an error page
/// are read ahead, for at most 200 ms.
pub struct PeekedBody<B: Body> {
    ahead: VecDeque<Result<Frame<B::Data>, B::Error>>,
    inner: B,
    /// The inner body has ended: nothing follows what was read ahead.
    has_ended: bool,
}

// The frames that were read ahead are moved, never pinned.
impl<B: Body + Unpin> Unpin for PeekedBody<B> {}

impl<B: Body> PeekedBody<B> {
    pub(crate) fn new(inner: B) -> Self {
        Self {
            ahead: VecDeque::new(),
            inner,
            has_ended: false,
        }
    }

    /// The inner body, without the frames that were read ahead.
    pub(crate) fn unread(&self) -> &B {
        &self.inner
    }

    pub(crate) fn unread_mut(&mut self) -> &mut B {
        &mut self.inner
    }
}

impl<B: Body + Unpin> PeekedBody<B> {
    /// Reads the start of the body ahead, and returns what arrives in time.
    pub(crate) async fn peek(&mut self) -> Vec<u8> {
        // On timeout, no frame is lost: `read_ahead` is cancelled only while it waits for one.
        let _ = tokio::time::timeout(MAX_PEEK_TIME, self.read_ahead(MAX_PEEKED_BYTES)).await;
        let mut start = Vec::new();
        for data in self.data_ahead() {
            let chunk = data.chunk();
            start.extend_from_slice(&chunk[..chunk.len().min(MAX_PEEKED_BYTES - start.len())]);
        }
        start
    }

    /// Reads ahead until there are this many bytes or the body has ended. Empty frames are dropped.
    ///
    /// Cancel safe: no frame is lost.
    pub(crate) async fn read_ahead(&mut self, wanted: usize) {
        let mut bytes = 0;
        while bytes < wanted && !self.inner.is_end_stream() {
            let Some(frame) = self.inner.frame().await else {
                self.has_ended = true;
                return;
            };
            let data = frame.as_ref().ok().and_then(Frame::data_ref);
            match data.map(Buf::remaining) {
                Some(0) => {}
                Some(size) => {
                    bytes += size;
                    self.ahead.push_back(frame);
                }
                // After trailers or an error, no data follows.
                None => return self.ahead.push_back(frame),
            }
        }
    }

    /// Whether all of the body was read ahead.
    pub(crate) fn is_whole(&self) -> bool {
        self.has_ended || self.inner.is_end_stream()
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
            None if this.has_ended => Poll::Ready(None),
            None => Pin::new(&mut this.inner).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.is_whole()
    }

    fn size_hint(&self) -> SizeHint {
        // A body that has failed has no known length, whatever the inner body reports.
        if self.ahead.iter().any(Result::is_err) {
            return SizeHint::default();
        }
        let ahead: u64 = self.data_ahead().map(|data| data.remaining() as u64).sum();
        let mut hint = self.inner.size_hint();
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
