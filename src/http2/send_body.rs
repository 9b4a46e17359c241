//! The request body on its way to the peer, within the peer's flow-control windows.
//!
//! ```text
//! body ──poll_frame──> pending ──reserve_capacity──> wait for the window ──send_data──> h2
//!                         ^                                  │
//!                         └────────── the rest ──────────────┘
//! ```
//!
//! One frame is held at a time. The next one is read only when all of it was handed to h2, so the
//! client is slowed down to the speed of the peer.
//!
//! END_STREAM is set on the last data frame if the body knows that it is the last; otherwise an
//! empty frame follows.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body;
use tokio::task::JoinHandle;

use crate::{error::Error, upload::RequestBody};

use super::connection_state::OpenStream;

/// Sends a request body.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    body: RequestBody,
    /// Content that waits for the peer's window.
    ///
    /// The capacity for all of it is reserved.
    pending: Bytes,
}

/// What follows a frame of data.
enum AfterData {
    /// The rest of the frame, another frame, or the end.
    More,
    /// Nothing: the data had END_STREAM, or the stream takes no more of it.
    Ended,
}

impl Upload {
    pub(super) fn new(stream: SendStream<Bytes>, body: RequestBody) -> Self {
        Self {
            stream,
            body,
            pending: Bytes::new(),
        }
    }

    /// Records in the progress of the body whether the connection accepts no bytes for now.
    pub(super) fn note_blocked(&self, is_blocked: bool) {
        self.body.note_blocked(is_blocked);
    }

    /// Ready when the body has ended, or the peer refuses the rest of it.
    ///
    /// # Errors
    ///
    /// Fails if the body failed. The stream has been reset then.
    ///
    /// RST_STREAM is looked for on each poll, also while the client is slow: a peer that has
    /// answered early need not wait for the client to continue.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            // The response tells why: a reset without an error means that the peer has answered
            // (RFC 9113 section 8.1).
            if self.stream.poll_reset(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            if !self.pending.is_empty() {
                match ready!(self.poll_send(cx)) {
                    AfterData::More => continue,
                    AfterData::Ended => return Poll::Ready(Ok(())),
                }
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => {
                    let _ = self.stream.send_data(Bytes::new(), true);
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => {
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Err(error));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => {
                        self.stream.reserve_capacity(data.len());
                        self.pending = data;
                    }
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            let _ = self.stream.send_trailers(trailers);
                            return Poll::Ready(Ok(()));
                        }
                    }
                },
            }
        }
    }

    /// Sends what the window allows.
    ///
    /// Never sends an empty frame. Asks the body only once whether it has ended: the end of a
    /// client's stream may arrive at any time.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<AfterData> {
        let room = match self.stream.capacity() {
            0 => match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(room)) => room,
                Some(Err(_)) | None => return Poll::Ready(AfterData::Ended),
            },
            room => room,
        };
        let data = self.pending.split_to(room.min(self.pending.len()));
        let is_last = self.pending.is_empty() && self.body.is_end_stream();
        let is_sent = self.stream.send_data(data, is_last).is_ok();
        Poll::Ready(match is_sent && !is_last {
            true => AfterData::More,
            false => AfterData::Ended,
        })
    }

    /// Goes on in a task of its own, until the handle is dropped.
    ///
    /// Must be called in a runtime. `stream` counts as open until the task has ended.
    pub(super) fn continue_in_task(mut self, stream: OpenStream) -> UploadTask {
        UploadTask(tokio::spawn(async move {
            let _stream = stream;
            // The error of a body has reset the stream, which is all that is left to do.
            let _ = std::future::poll_fn(|cx| self.poll(cx)).await;
        }))
    }
}

/// An upload that goes on after the head of the response. Resolves when it has ended. Dropping it
/// ends it at once.
///
/// An upload that is cut off resets the stream: h2 does so when the last handle of a stream is
/// dropped before END_STREAM.
pub(crate) struct UploadTask(JoinHandle<()>);

impl Future for UploadTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl Drop for UploadTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}
