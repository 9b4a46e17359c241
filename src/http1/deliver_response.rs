//! `deliver`: sends the request and reads its response at the same time, in a task.
//!
//! A response may begin before its request has ended. The task owns the connection then, so that
//! the request is sent whether or not the client reads the response.
//!
//! The channel between task and body has room for one frame. The task reserves that room *before*
//! it reads a frame, so a slow client stops the origin instead of filling memory:
//!
//! ```text
//!   deliver()                                   Http1Body (in the client's task)
//!   ─────────                                   ───────────────────────────────
//!   reserve room   <── sends request meanwhile
//!   poll_frame     <── sends request meanwhile
//!   Frame(..)      ───────── channel(1) ──────> poll_frame
//!     ...
//!   Last(.., Connection)  request sent too ───> the pool makes it idle
//!   Last(.., Sending)     request goes on  ───> the pool waits for UnfinishedRequest
//!   Last(.., Closed)      an error         ───> the pool drops it
//! ```
//!
//! The task ends when the body is dropped: `Sender::closed` wakes it. It then drops the connection,
//! which closes the stream. If the runtime drops the task instead, the body reads
//! [`Http1Error::Incomplete`].

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::Frame;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
};

use super::{Http1Error, connection::Connection};

/// What the task sends to the body.
pub(super) enum Delivery<S>
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

/// Sends the request, and reads the response one frame ahead of the client. Ends at once when the
/// body is dropped before the end of the response.
///
/// The last data frame of a response with a length is sent as `Last`: `is_complete` is known by
/// then, and the pool gets the connection back without waiting for the client to poll once more.
pub(super) async fn deliver<S>(
    mut connection: Box<Connection<S>>,
    sender: mpsc::Sender<Delivery<S>>,
) where
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

/// Sends the request until the channel has room for a frame. `None` if the body was dropped.
///
/// Cancel safe: dropping the future loses no frame, since none was read. `Err` is the failure of
/// the request's body. The body is not polled once that of the response was dropped: a server drops
/// both when the client leaves, and the end of the request may be its own then.
async fn send_until_room<'a, S>(
    connection: &mut Connection<S>,
    sender: &'a mpsc::Sender<Delivery<S>>,
) -> Result<Option<mpsc::Permit<'a, Delivery<S>>>, Http1Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut room = pin!(sender.reserve());
    poll_fn(|cx| {
        if sender.is_closed() {
            return Poll::Ready(Ok(None));
        }
        match connection.poll_request(cx) {
            Ok(()) => room.as_mut().poll(cx).map(|room| Ok(room.ok())),
            Err(error) => Poll::Ready(Err(error)),
        }
    })
    .await
}

/// A request to finish, and its end.
///
/// Dropping the receiving half closes the connection: the task notices it and stops.
pub(super) fn unfinished_request<S>() -> (oneshot::Sender<Box<Connection<S>>>, UnfinishedRequest<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, receiver) = oneshot::channel();
    (sender, UnfinishedRequest(receiver))
}

/// Sends the rest of a request after its response, and returns the connection.
///
/// Returns at once, without sending the connection, when nothing waits for it any longer.
pub(super) async fn finish_request<S>(
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
