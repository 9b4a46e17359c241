//! The content of a response over HTTP/1.

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
    sync::mpsc,
};

use super::{Http1Error, connection::Connection};

/// The content of a response. Dropped before its end, it closes the connection.
pub(crate) struct ResponseBody<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    source: Source<S>,
    /// How much is left, as far as that is known.
    left: SizeHint,
    over: bool,
}

enum Source<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// It is read from the connection by whoever asks for it.
    Here(SyncWrapper<Box<Connection<S>>>),
    /// The request is still being sent. It must go on whether the client reads or not, so that it
    /// has a task of its own.
    Elsewhere(mpsc::Receiver<Delivery<S>>),
    /// The connection is closed.
    Gone,
}

/// What the task hands over.
enum Delivery<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Frame(Frame<Bytes>),
    /// Nothing comes behind this.
    Last(
        Option<Result<Frame<Bytes>, Http1Error>>,
        Option<Box<Connection<S>>>,
    ),
}

impl<S> ResponseBody<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// The content that follows the head which was read last.
    pub(crate) fn new(driver: Box<Connection<S>>) -> Self {
        let (left, over) = (driver.size_hint(), driver.is_answered());
        let source = match driver.is_sending() && !over {
            false => Source::Here(SyncWrapper::new(driver)),
            true => {
                let (sender, deliveries) = mpsc::channel(1);
                tokio::spawn(deliver(driver, sender));
                Source::Elsewhere(deliveries)
            }
        };
        Self { source, left, over }
    }

    /// The connection, when there is nothing more to read.
    pub(crate) fn take_connection(&mut self) -> Option<Box<Connection<S>>> {
        match std::mem::replace(&mut self.source, Source::Gone) {
            Source::Here(driver) => Some(driver.into_inner()),
            Source::Elsewhere(_) | Source::Gone => None,
        }
    }

    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>> {
        match &mut self.source {
            Source::Here(driver) => {
                let driver = driver.get_mut();
                let frame = ready!(driver.poll_frame(cx));
                self.over = driver.is_answered();
                Poll::Ready(frame)
            }
            Source::Elsewhere(deliveries) => match ready!(deliveries.poll_recv(cx)) {
                Some(Delivery::Frame(frame)) => Poll::Ready(Some(Ok(frame))),
                Some(Delivery::Last(frame, driver)) => {
                    let driver = driver.map(SyncWrapper::new);
                    self.source = driver.map_or(Source::Gone, Source::Here);
                    self.over = true;
                    Poll::Ready(frame)
                }
                None => {
                    self.source = Source::Gone;
                    self.over = true;
                    Poll::Ready(Some(Err(Http1Error::Incomplete)))
                }
            },
            Source::Gone => Poll::Ready(None),
        }
    }
}

impl<S> Body for ResponseBody<S>
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
            let read = frame.as_ref().map_or(0, size);
            this.left.set_exact(exact.saturating_sub(read));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.over
    }

    fn size_hint(&self) -> SizeHint {
        self.left
    }
}

fn size(frame: &Result<Frame<Bytes>, Http1Error>) -> u64 {
    let data = frame.as_ref().ok().and_then(Frame::data_ref);
    data.map_or(0, |data| data.len() as u64)
}

/// Sends the request until there is room for a frame. There is none any more when the client has
/// left. A wait that is given up leaves the queue for that room.
async fn send_until_room<'a, S>(
    driver: &mut Connection<S>,
    sender: &'a mpsc::Sender<Delivery<S>>,
) -> Result<Option<mpsc::Permit<'a, Delivery<S>>>, Http1Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut room = pin!(sender.reserve());
    poll_fn(|cx| match driver.poll_request(cx) {
        Ok(()) => room.as_mut().poll(cx).map(|room| Ok(room.ok())),
        Err(problem) => Poll::Ready(Err(problem)),
    })
    .await
}

/// Sends the request, and reads one frame of the response ahead of the client. Ends at once when
/// the client has left.
async fn deliver<S>(mut driver: Box<Connection<S>>, sender: mpsc::Sender<Delivery<S>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let room = match send_until_room(&mut driver, &sender).await {
            Ok(Some(room)) => room,
            Ok(None) => return,
            Err(problem) => {
                // The origin is told at once, the client when there is room.
                drop(driver);
                let _ = sender.send(Delivery::Last(Some(Err(problem)), None)).await;
                return;
            }
        };
        let mut left = pin!(sender.closed());
        let frame = poll_fn(|cx| match left.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => driver.poll_frame(cx).map(Some),
        });
        match frame.await {
            Some(Some(Ok(frame))) if !driver.is_answered() => room.send(Delivery::Frame(frame)),
            Some(Some(Err(problem))) => return room.send(Delivery::Last(Some(Err(problem)), None)),
            Some(frame) => return room.send(Delivery::Last(frame, Some(driver))),
            None => return,
        }
    }
}
