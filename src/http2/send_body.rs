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
//! empty frame follows. A request that is not as long as its `Content-Length` would be malformed
//! (RFC 9113 section 8.1.1), and is reset instead.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body;
use tokio::task::JoinHandle;

use crate::upload::RequestBody;

use super::{Http2Error, connection_state::OpenStream};

/// Sends a request body.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    body: RequestBody,
    /// Content that waits for the peer's window.
    ///
    /// The capacity for all of it is reserved.
    pending: Bytes,
    /// How much is missing of the announced `Content-Length`.
    ///
    /// `None` if no length was announced.
    missing: Option<u64>,
}

/// What follows a frame of data.
enum AfterData {
    /// The rest of the frame, another frame, or the end.
    More,
    /// Nothing: the data had END_STREAM, or the stream takes no more of it.
    Ended,
}

impl Upload {
    /// The upload of a body that is announced to be this long.
    pub(super) fn new(stream: SendStream<Bytes>, body: RequestBody, length: Option<u64>) -> Self {
        Self {
            stream,
            body,
            pending: Bytes::new(),
            missing: length,
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
    /// Fails if the body failed, or is not as long as announced. The stream has been reset then.
    ///
    /// RST_STREAM is looked for on each poll, also while the client is slow: a peer that has
    /// answered early need not wait for the client to continue.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Http2Error>> {
        loop {
            // The response tells why: a reset without an error means that the peer has answered
            // (RFC 9113 section 8.1).
            if self.stream.poll_reset(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            if !self.pending.is_empty() {
                match ready!(self.poll_send(cx))? {
                    AfterData::More => continue,
                    AfterData::Ended => return Poll::Ready(Ok(())),
                }
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => {
                    self.check_end()?;
                    let _ = self.stream.send_data(Bytes::new(), true);
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => return Poll::Ready(Err(self.reset(Http2Error::Body(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => {
                        self.count(data.len())?;
                        self.stream.reserve_capacity(data.len());
                        self.pending = data;
                    }
                    Err(frame) => {
                        if let Ok(trailers) = frame.into_trailers() {
                            self.check_end()?;
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
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<AfterData, Http2Error>> {
        let room = match self.stream.capacity() {
            0 => match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(room)) => room,
                Some(Err(_)) | None => return Poll::Ready(Ok(AfterData::Ended)),
            },
            room => room,
        };
        let data = self.pending.split_to(room.min(self.pending.len()));
        let is_last = self.pending.is_empty() && self.body.is_end_stream();
        if is_last {
            self.check_end()?;
        }
        let is_sent = self.stream.send_data(data, is_last).is_ok();
        self.body.note_accepted();
        Poll::Ready(Ok(match is_sent && !is_last {
            true => AfterData::More,
            false => AfterData::Ended,
        }))
    }

    /// Subtracts data from the announced length. Fails if there is more than that.
    fn count(&mut self, bytes: usize) -> Result<(), Http2Error> {
        let Some(missing) = self.missing else {
            return Ok(());
        };
        self.missing = missing.checked_sub(bytes as u64);
        match self.missing {
            Some(_) => Ok(()),
            None => Err(self.reset(Http2Error::BodyLength)),
        }
    }

    /// Fails if the body ends before its announced length.
    fn check_end(&mut self) -> Result<(), Http2Error> {
        match self.missing {
            None | Some(0) => Ok(()),
            Some(_) => Err(self.reset(Http2Error::BodyLength)),
        }
    }

    /// Resets the stream because of this error.
    fn reset(&mut self, error: Http2Error) -> Http2Error {
        self.stream.send_reset(Reason::CANCEL);
        error
    }

    /// Goes on in a task of its own, until the handle is dropped.
    ///
    /// Must be called in a runtime. `stream` counts as open until the task has ended.
    pub(super) fn continue_in_task(mut self, stream: OpenStream) -> UploadTask {
        UploadTask(tokio::spawn(async move {
            let _stream = stream;
            // An error has reset the stream, which is all that is left to do.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Response;
    use http_body::Frame;

    use crate::http2::tests::{connect, exchange, post};

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_is_sent_in_parts_makes_progress_with_each() {
        const SIZE: usize = 256 * 1024;
        let (sender, mut server) = connect().await;
        let peer = tokio::spawn(async move {
            let (request, mut respond) = server.accept().await.unwrap().unwrap();
            tokio::spawn(async move { while server.accept().await.is_some() {} });
            let mut body = request.into_body();
            let mut received = 0;
            while let Some(data) = body.data().await {
                let size = data.unwrap().len();
                received += size;
                tokio::time::sleep(Duration::from_secs(1)).await;
                body.flow_control().release_capacity(size).unwrap();
            }
            respond.send_response(Response::new(()), true).unwrap();
            received
        });
        let (mut request, frames) = post();
        frames.send(Frame::data(vec![0; SIZE].into())).unwrap();
        drop(frames);
        let progress = request.body().progress();
        let mut exchange = Box::pin(exchange(&sender, &mut request));
        let mut moved_at = Vec::new();
        while tokio::time::timeout(Duration::from_secs(1), exchange.as_mut())
            .await
            .is_err()
        {
            moved_at.push(progress.moved_at().unwrap());
        }
        assert_eq!(peer.await.unwrap(), SIZE);
        assert!(moved_at.last() > moved_at.first());
    }
}
