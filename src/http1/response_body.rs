//! The body of an HTTP/1 response.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sync_wrapper::SyncWrapper;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
};

use super::{Http1Error, connection::Connection};

/// The body of a response. Closes the connection if it is dropped before its end.
pub(crate) struct Http1Body<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    source: FrameSource<S>,
    /// The size of what is still to come.
    left: SizeHint,
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
    Closed,
}

/// What the task sends to the body.
enum Delivery<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// A frame that is not the last.
    Frame(Frame<Bytes>),
    /// The last frame or error, and what remains of the exchange.
    Last(Option<Result<Frame<Bytes>, Http1Error>>, AfterResponse<S>),
}

/// What remains of an exchange whose response has ended.
pub(crate) enum AfterResponse<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// The request has ended too.
    Connection(Box<Connection<S>>),
    /// The request is still being sent.
    Sending(UnfinishedRequest<S>),
    /// The connection is closed.
    Closed,
}

/// A request that is still being sent after its response has ended. Resolves to the connection when
/// the request is sent or has failed, or when the origin closes the connection. Dropping it closes
/// the connection.
pub(crate) struct UnfinishedRequest<S>(oneshot::Receiver<Box<Connection<S>>>)
where
    S: AsyncRead + AsyncWrite + Unpin;

impl<S> Future for UnfinishedRequest<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// `None` if the runtime has dropped the task.
    type Output = Option<Box<Connection<S>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(Result::ok)
    }
}

impl<S> Http1Body<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// The body of the response whose head the connection has just read.
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
    pub(crate) fn take_rest(&mut self) -> AfterResponse<S> {
        match std::mem::replace(&mut self.source, FrameSource::Closed) {
            FrameSource::Inline(connection) => AfterResponse::Connection(connection.into_inner()),
            FrameSource::Sending(unfinished) => AfterResponse::Sending(unfinished),
            FrameSource::Task(_) | FrameSource::Closed => AfterResponse::Closed,
        }
    }

    /// Returns the next frame, from the connection or from the task.
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
fn data_length(frame: &Result<Frame<Bytes>, Http1Error>) -> u64 {
    let data = frame.as_ref().ok().and_then(Frame::data_ref);
    data.map_or(0, |data| data.len() as u64)
}

/// Sends the request until the channel has room for a frame. `None` if the body was dropped.
async fn send_until_room<'a, S>(
    connection: &mut Connection<S>,
    sender: &'a mpsc::Sender<Delivery<S>>,
) -> Result<Option<mpsc::Permit<'a, Delivery<S>>>, Http1Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut room = pin!(sender.reserve());
    poll_fn(|cx| match connection.poll_request(cx) {
        Ok(()) => room.as_mut().poll(cx).map(|room| Ok(room.ok())),
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

/// Sends the request, and reads the response one frame ahead of the client. Ends at once when the
/// body is dropped before the end of the response.
async fn deliver<S>(mut connection: Box<Connection<S>>, sender: mpsc::Sender<Delivery<S>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let room = match send_until_room(&mut connection, &sender).await {
            Ok(Some(room)) => room,
            Ok(None) => return,
            Err(error) => {
                // The connection is closed at once; the body may have to catch up first.
                drop(connection);
                let last = Delivery::Last(Some(Err(error)), AfterResponse::Closed);
                let _ = sender.send(last).await;
                return;
            }
        };
        let mut dropped = pin!(sender.closed());
        let frame = poll_fn(|cx| match dropped.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => connection.poll_frame(cx).map(Some),
        });
        match frame.await {
            Some(Some(Ok(frame))) if !connection.is_complete() => {
                room.send(Delivery::Frame(frame));
            }
            Some(Some(Err(error))) => {
                return room.send(Delivery::Last(Some(Err(error)), AfterResponse::Closed));
            }
            Some(frame) if connection.is_sending() => {
                let (sender, unfinished) = unfinished_request();
                room.send(Delivery::Last(frame, AfterResponse::Sending(unfinished)));
                return finish_request(connection, sender).await;
            }
            Some(frame) => {
                return room.send(Delivery::Last(frame, AfterResponse::Connection(connection)));
            }
            None => return,
        }
    }
}

fn unfinished_request<S>() -> (oneshot::Sender<Box<Connection<S>>>, UnfinishedRequest<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, receiver) = oneshot::channel();
    (sender, UnfinishedRequest(receiver))
}

/// Sends the rest of a request after its response, and returns the connection.
async fn finish_request<S>(
    mut connection: Box<Connection<S>>,
    mut sender: oneshot::Sender<Box<Connection<S>>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Whatever the outcome, the connection shows whether it can be reused.
    let is_wanted = poll_fn(|cx| match sender.poll_closed(cx) {
        Poll::Ready(()) => Poll::Ready(false),
        Poll::Pending => connection.poll_rest_of_request(cx).map(|_| true),
    });
    if is_wanted.await {
        let _ = sender.send(connection);
    }
}
