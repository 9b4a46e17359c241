//! A request body that is copied while it is read, so that a retry can read it again.
//!
//! Invariants of the buffer:
//!
//! * `data` and `trailers` are everything that was read of the client's body, while `is_complete`.
//! * Exactly one attempt may read: the one whose number is `ReplayBuffer::attempt`.
//! * `is_complete` only ever changes from true to false.
//! * Memory is bounded by `limit`, plus what the vector grows ahead. A body in a buffer of
//!   the proxy is kept whatever its size, without a copy.
//!
//! The mutex is held during a poll of the client's body. Only one attempt polls, and `Replay` looks
//! at a flag, so it is hardly contended.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::Error;

/// The body as one attempt reads it. A later attempt supersedes it.
pub(super) struct ReplayBody {
    buffer: Arc<Mutex<ReplayBuffer>>,
    /// Compared with the buffer's on each poll.
    attempt: usize,
    /// How many of the buffered bytes this attempt has read.
    ///
    /// Equal to `data.len()` once this attempt has caught up.
    read: usize,
    has_read_trailers: bool,
}

/// A handle by which the body can be read once more. Buffering stops when it is dropped.
pub(crate) struct Replay(Arc<Mutex<ReplayBuffer>>);

/// What a poll of the body returns.
type FramePoll = Poll<Option<Result<Frame<Bytes>, Error>>>;

/// A later attempt reads the body.
///
/// An exchange that was given up may still hold its body and must not take frames from its
/// successor.
pub(super) struct Superseded;

/// The client's body, and a copy of what was read of it.
struct ReplayBuffer {
    /// The client's body, from where the copy ends.
    ///
    /// Dropped with the buffer, that is, with the last attempt and the last [`Replay`].
    body: UnsyncBoxBody<Bytes, Error>,
    /// All data read so far, while `is_complete`. Copied rather than kept as frames: a client may
    /// send a byte at a time, each in a buffer of its own.
    data: Vec<u8>,
    /// In place of `data`: all of a buffered body that is longer than `limit`.
    whole: Option<Bytes>,
    trailers: Option<HeaderMap>,
    /// The maximum length of `data`.
    ///
    /// Zero until [`ReplayBody::keep`]: the first frame makes the replay incomplete then.
    limit: usize,
    /// Whether the copy can still be replayed. False once a frame was read and not copied, or the
    /// [`Replay`] was dropped.
    is_complete: bool,
    has_ended: bool,
    /// All of the body is in a buffer of the proxy, as one frame.
    is_buffered: bool,
    /// The right to a connection, for as long as the client sends.
    permit: Option<OwnedSemaphorePermit>,
    /// The attempt that may read. Each restart begins another.
    attempt: usize,
}

impl ReplayBody {
    /// Wraps a body. Nothing is copied before [`keep`](Self::keep) sets a limit.
    pub(super) fn new(body: UnsyncBoxBody<Bytes, Error>) -> Self {
        let buffer = ReplayBuffer {
            body,
            data: Vec::new(),
            whole: None,
            trailers: None,
            limit: 0,
            is_complete: true,
            has_ended: false,
            is_buffered: false,
            permit: None,
            attempt: 0,
        };
        Self {
            buffer: Arc::new(Mutex::new(buffer)),
            attempt: 0,
            read: 0,
            has_read_trailers: false,
        }
    }

    /// Copies up to `limit` bytes of what is read from now on.
    ///
    /// Call it before the first poll. What was read before is not copied.
    pub(super) fn keep(&self, limit: usize) -> Replay {
        lock(&self.buffer).limit = limit;
        Replay(self.buffer.clone())
    }

    /// Holds the permit until the body has ended or failed.
    pub(super) fn keep_permit(&self, permit: OwnedSemaphorePermit) {
        lock(&self.buffer).permit = Some(permit);
    }

    /// The body is not read any further.
    pub(super) fn note_end(&self) {
        lock(&self.buffer).permit = None;
    }

    /// All of the body is in a buffer of the proxy.
    pub(super) fn note_buffered(&self) {
        lock(&self.buffer).is_buffered = true;
    }

    /// Returns buffered data first, then frames of the client's body.
    ///
    /// # Errors
    ///
    /// [`Superseded`] if a later attempt reads the body.
    ///
    /// All buffered data is one frame, whatever its frames were: their boundaries have no meaning.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Result<FramePoll, Superseded> {
        let mut buffer = lock(&self.buffer);
        if buffer.attempt != self.attempt {
            return Err(Superseded);
        }
        if self.read < buffer.len() {
            let data = buffer.unread(self.read);
            self.read = buffer.len();
            return Ok(Poll::Ready(Some(Ok(Frame::data(data)))));
        }
        if !self.has_read_trailers
            && let Some(trailers) = &buffer.trailers
        {
            self.has_read_trailers = true;
            return Ok(Poll::Ready(Some(Ok(Frame::trailers(trailers.clone())))));
        }
        let frame = buffer.poll_frame(cx);
        self.read = buffer.len();
        self.has_read_trailers = buffer.trailers.is_some();
        Ok(frame)
    }

    /// Whether nothing is left to read, in the buffer and in the client's body.
    pub(super) fn is_end_stream(&self) -> bool {
        let buffer = lock(&self.buffer);
        let has_unread_trailers = buffer.trailers.is_some() && !self.has_read_trailers;
        let has_ended = buffer.has_ended || buffer.body.is_end_stream();
        has_ended && self.read >= buffer.len() && !has_unread_trailers
    }

    /// The unread buffered bytes plus what the client's body announces.
    pub(super) fn size_hint(&self) -> SizeHint {
        let buffer = lock(&self.buffer);
        let unread = buffer.len().saturating_sub(self.read) as u64;
        let mut hint = match buffer.has_ended {
            true => SizeHint::with_exact(0),
            false => buffer.body.size_hint(),
        };
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(unread));
        }
        hint.set_lower(hint.lower().saturating_add(unread));
        hint
    }
}

impl Replay {
    /// Whether the body can be replayed. The answer may change at once while an attempt reads.
    pub(crate) fn is_complete(&self) -> bool {
        lock(&self.0).is_complete
    }

    /// The body from its start, for a new attempt. Earlier attempts read no more of it. `None` if
    /// the replay is incomplete.
    ///
    /// Data that was read by an earlier attempt is read again, from the first byte; frames that the
    /// client sends meanwhile follow it.
    pub(super) fn restart(&self) -> Option<ReplayBody> {
        let mut buffer = lock(&self.0);
        if !buffer.is_complete {
            return None;
        }
        buffer.attempt += 1;
        Some(ReplayBody {
            attempt: buffer.attempt,
            read: 0,
            has_read_trailers: false,
            buffer: self.0.clone(),
        })
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        // The data stays: the current attempt may not have read all of it. It is freed with the
        // next frame.
        lock(&self.0).is_complete = false;
    }
}

impl ReplayBuffer {
    /// How many bytes are kept.
    fn len(&self) -> usize {
        self.whole.as_ref().map_or(self.data.len(), Bytes::len)
    }

    /// What is kept from this position on.
    fn unread(&self, from: usize) -> Bytes {
        match &self.whole {
            Some(whole) => whole.slice(from..),
            None => Bytes::copy_from_slice(&self.data[from..]),
        }
    }

    /// Reads a frame of the client's body, and copies it.
    ///
    /// An error ends the replay: the client has failed, and a retry would not help.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> FramePoll {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Pending => {}
            Poll::Ready(None) => self.has_ended = true,
            Poll::Ready(Some(Err(_))) => self.give_up_replay(),
            Poll::Ready(Some(Ok(frame))) => self.copy(frame),
        }
        let has_failed = matches!(frame, Poll::Ready(Some(Err(_))));
        if self.permit.is_some() && (has_failed || self.has_ended || self.body.is_end_stream()) {
            self.permit = None;
        }
        frame
    }

    /// Copies a frame, or gives up if it does not fit.
    ///
    /// An empty data frame fits always. A frame that is neither data nor trailers cannot be copied.
    fn copy(&mut self, frame: &Frame<Bytes>) {
        let room = self.limit.saturating_sub(self.len());
        let is_first = self.len() == 0 && self.limit > 0;
        match (frame.data_ref(), frame.trailers_ref()) {
            _ if !self.is_complete => self.give_up_replay(),
            (Some(data), _) if data.len() <= room => self.data.extend_from_slice(data),
            (Some(data), _) if is_first && self.is_buffered => self.whole = Some(data.clone()),
            (_, Some(trailers)) => self.trailers = Some(trailers.clone()),
            (_, None) => self.give_up_replay(),
        }
    }

    /// Frees the copy. The current attempt has read all of it by now.
    ///
    /// [`ReplayBody::poll_frame`] has returned all of `data` before it asks for another frame.
    fn give_up_replay(&mut self) {
        self.is_complete = false;
        self.data = Vec::new();
        self.whole = None;
        self.trailers = None;
    }
}

/// Locks the buffer. A panic in the client's body does not poison it for others.
fn lock(buffer: &Mutex<ReplayBuffer>) -> MutexGuard<'_, ReplayBuffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    fn read(body: &mut ReplayBody) -> Result<Option<Bytes>, Superseded> {
        let mut cx = Context::from_waker(Waker::noop());
        match body.poll_frame(&mut cx)? {
            Poll::Ready(Some(frame)) => Ok(frame.unwrap().into_data().ok()),
            Poll::Ready(None) => Ok(None),
            Poll::Pending => panic!("the body is ready"),
        }
    }

    fn body(content: &'static str) -> ReplayBody {
        let body = Full::from(content).map_err(|never| match never {});
        ReplayBody::new(body.boxed_unsync())
    }

    #[test]
    fn each_attempt_reads_the_whole_body_and_supersedes_the_earlier_ones() {
        let mut first = body("abc");
        let replay = first.keep(3);
        let mut second = replay.restart().unwrap();
        assert!(read(&mut first).is_err());
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(second.is_end_stream());
        let mut third = replay.restart().unwrap();
        assert!(read(&mut second).is_err());
        assert_eq!(third.size_hint().exact(), Some(3));
        assert!(!third.is_end_stream());
        assert_eq!(read(&mut third).ok().flatten().unwrap(), "abc");
        assert_eq!(third.size_hint().exact(), Some(0));
        assert!(third.is_end_stream());
        assert!(matches!(read(&mut third), Ok(None)));
    }

    #[test]
    fn a_body_larger_than_the_limit_cannot_be_replayed() {
        let mut body = body("abcd");
        let replay = body.keep(3);
        assert!(replay.is_complete());
        assert_eq!(read(&mut body).ok().flatten().unwrap(), "abcd");
        assert!(!replay.is_complete());
        assert!(replay.restart().is_none());
    }

    #[test]
    fn frames_of_one_byte_are_replayed_as_one_frame_and_empty_frames_cost_nothing() {
        let pieces = ["a", "", "b", "", "c"].map(|piece| Ok(Frame::data(Bytes::from(piece))));
        let body = StreamBody::new(futures_util::stream::iter(pieces));
        let mut first = ReplayBody::new(body.boxed_unsync());
        let replay = first.keep(3);
        while read(&mut first).ok().flatten().is_some() {}
        let mut second = replay.restart().unwrap();
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(second.is_end_stream());
    }

    #[test]
    fn the_last_attempt_still_reads_the_buffer_after_the_replay_is_dropped() {
        let mut first = body("abc");
        let replay = first.keep(3);
        assert_eq!(read(&mut first).ok().flatten().unwrap(), "abc");
        let mut second = replay.restart().unwrap();
        drop(replay);
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(matches!(read(&mut second), Ok(None)));
    }
}
