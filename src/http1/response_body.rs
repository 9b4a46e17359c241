//! `Http1Body`: the body of a response, read in the task that polls it, or delivered by another.
//!
//! ```text
//!                         request sent?   response complete?
//! head read ──new()──┬──> yes             any                 Inline: no task
//!                    ├──> no              no                  Task: deliver_response
//!                    └──> no              yes                 Sending: finish_request
//! ```
//!
//! The common case, a request that was sent before its response began, needs no task and no
//! channel.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sync_wrapper::SyncWrapper;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};

use super::{
    Http1Error,
    connection::Connection,
    deliver_response::{
        AfterResponse, Delivery, UnfinishedRequest, deliver, finish_request, unfinished_request,
    },
};

/// The body of a response. Closes the connection if it is dropped before its end.
pub(crate) struct Http1Body<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    source: FrameSource<S>,
    /// The size of what is still to come.
    ///
    /// Kept here as well as in the connection, because the task may own that one.
    left: SizeHint,
    /// The pool takes the connection back as soon as it is set, without a further poll.
    has_ended: bool,
}

/// Where the frames come from.
enum FrameSource<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// The task that polls the body reads from the connection.
    Inline(SyncWrapper<Box<Connection<S>>>),
    /// A task of its own owns the connection: the request is still being sent, and must be sent
    /// whether or not the client reads the response.
    Task(mpsc::Receiver<Delivery<S>>),
    /// The response has ended. The task goes on sending the request.
    Sending(UnfinishedRequest<S>),
    /// The connection is closed, or was taken.
    ///
    /// [`Http1Body::poll_frame`] returns `None` from now on.
    Closed,
}

impl<S> Http1Body<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// The body of the response whose head the connection has just read.
    ///
    /// Must be called in a runtime if the request is still being sent: it spawns a task then.
    pub(crate) fn new(connection: Box<Connection<S>>) -> Self {
        let (left, has_ended) = (connection.size_hint(), connection.is_complete());
        let source = if !connection.is_sending() {
            FrameSource::Inline(SyncWrapper::new(connection))
        } else if has_ended {
            let (sender, unfinished) = unfinished_request();
            tokio::spawn(finish_request(connection, sender));
            FrameSource::Sending(unfinished)
        } else {
            let (sender, deliveries) = mpsc::channel(1);
            tokio::spawn(deliver(connection, sender));
            FrameSource::Task(deliveries)
        };
        Self {
            source,
            left,
            has_ended,
        }
    }

    /// Takes what remains after the end of the body.
    ///
    /// Before the end of the body, it closes the connection of a body that is delivered by a task.
    /// Content which that task has read is lost.
    pub(crate) fn take_rest(&mut self) -> AfterResponse<S> {
        match std::mem::replace(&mut self.source, FrameSource::Closed) {
            FrameSource::Inline(connection) => AfterResponse::Connection(connection.into_inner()),
            FrameSource::Sending(unfinished) => AfterResponse::Sending(unfinished),
            FrameSource::Task(_) | FrameSource::Closed => AfterResponse::Closed,
        }
    }

    /// Returns the next frame, from the connection or from the task.
    ///
    /// A channel without its task means that the runtime is shutting down. The response is
    /// incomplete then.
    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>> {
        match &mut self.source {
            FrameSource::Inline(connection) => {
                let connection = connection.get_mut();
                let frame = ready!(connection.poll_frame(cx));
                self.has_ended = connection.is_complete();
                Poll::Ready(frame)
            }
            FrameSource::Task(deliveries) => match ready!(deliveries.poll_recv(cx)) {
                Some(Delivery::Frame(frame)) => Poll::Ready(Some(Ok(frame))),
                Some(Delivery::Last(frame, rest)) => {
                    self.source = match rest {
                        AfterResponse::Connection(connection) => {
                            FrameSource::Inline(SyncWrapper::new(connection))
                        }
                        AfterResponse::Sending(unfinished) => FrameSource::Sending(unfinished),
                        AfterResponse::Closed => FrameSource::Closed,
                    };
                    self.has_ended = true;
                    Poll::Ready(frame)
                }
                None => {
                    self.source = FrameSource::Closed;
                    self.has_ended = true;
                    Poll::Ready(Some(Err(Http1Error::Incomplete)))
                }
            },
            FrameSource::Sending(_) | FrameSource::Closed => Poll::Ready(None),
        }
    }
}

impl<S> Body for Http1Body<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Data = Bytes;
    type Error = Http1Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>> {
        let this = self.get_mut();
        let frame = ready!(this.poll_source(cx));
        if let Some(exact) = this.left.exact() {
            let read = frame.as_ref().map_or(0, data_length);
            this.left.set_exact(exact.saturating_sub(read));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left
    }
}

/// The length of the frame's data. Zero for trailers and errors.
///
/// It keeps [`Body::size_hint`] exact as the body is read.
fn data_length(frame: &Result<Frame<Bytes>, Http1Error>) -> u64 {
    let data = frame.as_ref().ok().and_then(Frame::data_ref);
    data.map_or(0, |data| data.len() as u64)
}
