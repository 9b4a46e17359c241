//! The body of an origin's response, and the connection it comes from.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::Instant;
use tracing::Span;

use crate::{
    error::{Deadline, Error, ErrorKind, Facts, Stage},
    name::HostAuthority,
    observe::{ExchangeOutcome, ExchangeRecord},
    pool::{PooledConnection, ResponseBody, explain_body},
    proxy::{deadline::IdleDeadline, failure_log, overload::RequestPermit, trailers},
    response_diagnosis::PeekedBody,
};

use super::UnreadLimit;

/// The origin's body.
pub(in crate::proxy) struct OriginBody {
    /// The connection, until the body has ended. It is dropped before the body, so the close reason
    /// of its stream is known.
    pub(in crate::proxy) connection: Option<PooledConnection>,
    pub(in crate::proxy) body: PeekedBody<ResponseBody>,
    /// The Host of the request, unless it is the origin's.
    pub(in crate::proxy) host: Option<Box<HostAuthority>>,
    pub(in crate::proxy) deadline: IdleDeadline,
    /// Whether the client gets trailers (RFC 9110 section 6.5.1).
    pub(in crate::proxy) trailers: bool,
    /// Held until the response has ended.
    pub(in crate::proxy) permit: Option<RequestPermit>,
    /// How long the client may leave the body unread.
    pub(in crate::proxy) unread: UnreadLimit,
    /// The number of polled frames; it saturates.
    pub(in crate::proxy) frames: u8,
    /// Ends with the response.
    pub(in crate::proxy) record: ExchangeRecord,
    /// Called if the response is aborted. Dropped when it has ended.
    pub(in crate::proxy) on_abort: Option<AbortHook>,
}

/// A function that gets the error by which a response is aborted.
pub(in crate::proxy) type AbortHook = Box<dyn FnOnce(&Error) + Send>;

/// A body that has not ended after this many polls gets a slow-reader guard. A server takes that
/// many frames even if its client does not read: hyper's buffers 16 of them, and 400 KiB. Most
/// responses have one frame, and need one more poll where a chunk ends them.
const UNGUARDED_FRAMES: u8 = 2;

/// How much of a body is read after its client has left, in bytes. To open another connection costs
/// more.
const SHORT_REST: u64 = 64 * 1024;

impl OriginBody {
    /// Whether the body needs a slow-reader guard from now on.
    pub(super) fn needs_guard(&mut self) -> bool {
        self.frames = self.frames.saturating_add(1);
        self.frames == UNGUARDED_FRAMES
    }

    pub(in crate::proxy) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(self.poll_next(cx));
        if let Some(Err(error)) = &frame {
            self.abort(error);
        }
        Poll::Ready(frame)
    }

    /// Logs and records that the response is aborted.
    pub(super) fn abort(&mut self, error: &Error) {
        // The body may be polled outside of the request's span.
        let span = self.record.span().cloned().unwrap_or_else(Span::none);
        span.in_scope(|| failure_log::response_aborted(error));
        self.record.abort(error);
        if let Some(hook) = self.on_abort.take() {
            hook(error);
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.connection.is_some()
            && let Some(end) = self.deadline.end_passed()
        {
            return Poll::Ready(Some(Err(self.time_out(end))));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let deadline = ready!(self.deadline.poll_passed(cx));
                return Poll::Ready(Some(Err(self.time_out(deadline))));
            }
        };
        self.deadline.restart();
        let info = self.connection.as_ref().map(PooledConnection::info);
        let explained = |error| self.with_host(explain_body(error, info));
        let frame = frame.map(|frame| frame.map_err(explained));
        // The end of a body of unknown length is known only after one more poll.
        let ended = frame.is_none() || frame.as_ref().is_some_and(is_trailers);
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.record.count_response(bytes);
            self.unread.taken(bytes as u64, Instant::now);
        }
        if let Some(connection) = self.connection.take_if(|_| matches!(frame, Some(Err(_)))) {
            connection.fail();
        }
        self.finish_at_end(ended);
        Poll::Ready(self.with_clean_trailers(frame))
    }

    fn with_clean_trailers(
        &self,
        frame: Option<Result<Frame<Bytes>, Error>>,
    ) -> Option<Result<Frame<Bytes>, Error>> {
        let mut frame = frame?;
        if let Ok(frame) = &mut frame
            && let Some(fields) = frame.trailers_mut()
        {
            if !self.trailers {
                return None;
            }
            trailers::clean(fields);
        }
        Some(frame)
    }

    pub(in crate::proxy) fn time_out(&mut self, deadline: Deadline) -> Error {
        if let Some(connection) = &mut self.connection
            && !deadline.is_of_client()
        {
            connection.time_out();
        }
        let facts = deadline.added_to(self.close());
        self.with_host(Error::new(ErrorKind::TimedOut, Stage::Receive, facts))
    }

    /// Adds the Host that was sent.
    fn with_host(&self, error: Error) -> Error {
        let Some(origin) = error.facts().origin.clone() else {
            return error;
        };
        let host = self
            .host
            .as_deref()
            .unwrap_or_else(|| origin.host())
            .clone();
        error.about(host, &origin)
    }

    /// Closes the connection, and returns its facts.
    fn close(&mut self) -> Facts {
        let connection = self.connection.take();
        connection.map_or_else(Facts::default, |connection| {
            connection.info().facts().clone()
        })
    }

    /// Reads the rest of a body whose client has left, if it is short and has arrived. Returns
    /// whether the body has ended.
    fn read_short_rest(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut left = SHORT_REST;
        if self.body.size_hint().lower() > left {
            return false;
        }
        while !self.body.is_end_stream() {
            match Pin::new(&mut self.body).poll_frame(&mut cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let size = frame.data_ref().map_or(0, Bytes::len) as u64;
                    match left.checked_sub(size) {
                        Some(rest) => left = rest,
                        None => return false,
                    }
                }
                Poll::Ready(None) => return true,
                Poll::Ready(Some(Err(_))) | Poll::Pending => return false,
            }
        }
        true
    }

    /// Whether the `Content-Length` of the response is one valid line: the pool's connections have
    /// parsed it, but hyper's have not.
    pub(in crate::proxy) fn has_settled_length(&self) -> bool {
        !matches!(self.body.unread(), ResponseBody::Hyper(_))
    }

    /// Returns the connection to the pool if the body has ended.
    pub(in crate::proxy) fn finish_at_end(&mut self, ended: bool) {
        let ended = ended || self.body.is_end_stream();
        if let Some(connection) = self.connection.take_if(|_| ended) {
            connection.finish(self.body.unread_mut());
            self.permit = None;
            self.on_abort = None;
            self.record.end(ExchangeOutcome::Complete);
        }
    }
}

/// A client that leaves costs the connection, unless the rest of the response is here already. Over
/// HTTP/2 it costs the stream.
impl Drop for OriginBody {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // A server of HTTP/1 takes no more than the announced length. The stream may end later.
        if self.body.size_hint().exact() == Some(0) {
            return self.finish_at_end(true);
        }
        let Some(connection) = self.connection.take_if(|it| !it.is_http2()) else {
            return;
        };
        if self.read_short_rest() {
            connection.finish(self.body.unread_mut());
        }
    }
}

fn is_trailers(frame: &Result<Frame<Bytes>, Error>) -> bool {
    frame.as_ref().is_ok_and(Frame::is_trailers)
}
