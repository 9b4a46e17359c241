//! A client's body, of which as much is kept as lets it be sent again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::Error;

/// A body as one try of its request reads it. A later try supersedes it.
pub(crate) struct Replayable {
    shared: Arc<Mutex<Whole>>,
    turn: usize,
    /// How much of the kept data was read.
    read: usize,
    has_read_trailers: bool,
}

/// From where the body can be read once more. Nothing more is kept when this is dropped.
pub(crate) struct Replay(Arc<Mutex<Whole>>);

type Polled = Poll<Option<Result<Frame<Bytes>, Error>>>;

/// Another try reads the body.
pub(crate) struct Superseded;

struct Whole {
    body: UnsyncBoxBody<Bytes, Error>,
    /// What was taken of it, as long as all of that is kept. Copied: a client may send a byte at a
    /// time, each in a buffer of its own.
    data: Vec<u8>,
    trailers: Option<HeaderMap>,
    limit: usize,
    /// Something was taken that is not kept, or will be.
    is_lost: bool,
    has_ended: bool,
    turn: usize,
}

impl Replayable {
    /// Nothing of it is kept as long as nobody asks for it.
    pub(crate) fn new(body: UnsyncBoxBody<Bytes, Error>) -> Self {
        let whole = Whole {
            body,
            data: Vec::new(),
            trailers: None,
            limit: 0,
            is_lost: false,
            has_ended: false,
            turn: 0,
        };
        Self {
            shared: Arc::new(Mutex::new(whole)),
            turn: 0,
            read: 0,
            has_read_trailers: false,
        }
    }

    /// Keeps as much as `limit` from now on.
    pub(crate) fn keep(&self, limit: usize) -> Replay {
        lock(&self.shared).limit = limit;
        Replay(self.shared.clone())
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Result<Polled, Superseded> {
        let mut whole = lock(&self.shared);
        if whole.turn != self.turn {
            return Err(Superseded);
        }
        if self.read < whole.data.len() {
            let data = Bytes::copy_from_slice(&whole.data[self.read..]);
            self.read = whole.data.len();
            return Ok(Poll::Ready(Some(Ok(Frame::data(data)))));
        }
        if !self.has_read_trailers
            && let Some(trailers) = &whole.trailers
        {
            self.has_read_trailers = true;
            return Ok(Poll::Ready(Some(Ok(Frame::trailers(trailers.clone())))));
        }
        let frame = whole.poll_frame(cx);
        self.read = whole.data.len();
        self.has_read_trailers = whole.trailers.is_some();
        Ok(frame)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        let whole = lock(&self.shared);
        let has_trailers_ahead = whole.trailers.is_some() && !self.has_read_trailers;
        let has_ended = whole.has_ended || whole.body.is_end_stream();
        has_ended && self.read >= whole.data.len() && !has_trailers_ahead
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let whole = lock(&self.shared);
        let ahead = whole.data.len().saturating_sub(self.read) as u64;
        let mut hint = whole.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(hint.lower().saturating_add(ahead));
        hint
    }
}

impl Replay {
    /// Whether the body is still there from its start. It may not be a moment later, where somebody
    /// still reads it.
    pub(crate) fn is_whole(&self) -> bool {
        !lock(&self.0).is_lost
    }

    /// The body from its start, if it is still there. Whoever has read it before gets no more of it
    /// then.
    pub(crate) fn again(&self) -> Option<Replayable> {
        let mut whole = lock(&self.0);
        if whole.is_lost {
            return None;
        }
        whole.turn += 1;
        Some(Replayable {
            turn: whole.turn,
            read: 0,
            has_read_trailers: false,
            shared: self.0.clone(),
        })
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        // The present try may still have to read what is kept.
        lock(&self.0).is_lost = true;
    }
}

impl Whole {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Pending => {}
            Poll::Ready(None) => self.has_ended = true,
            Poll::Ready(Some(Err(_))) => self.lose(),
            Poll::Ready(Some(Ok(frame))) => self.note(frame),
        }
        frame
    }

    fn note(&mut self, frame: &Frame<Bytes>) {
        let room = self.limit.saturating_sub(self.data.len());
        match (frame.data_ref(), frame.trailers_ref()) {
            _ if self.is_lost => self.lose(),
            (Some(data), _) if data.len() <= room => self.data.extend_from_slice(data),
            (_, Some(trailers)) => self.trailers = Some(trailers.clone()),
            (_, None) => self.lose(),
        }
    }

    /// All that is kept has been read.
    fn lose(&mut self) {
        self.is_lost = true;
        self.data = Vec::new();
        self.trailers = None;
    }
}

fn lock(whole: &Mutex<Whole>) -> MutexGuard<'_, Whole> {
    whole.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    fn read(body: &mut Replayable) -> Result<Option<Bytes>, Superseded> {
        let mut cx = Context::from_waker(Waker::noop());
        match body.poll_frame(&mut cx)? {
            Poll::Ready(Some(frame)) => Ok(frame.unwrap().into_data().ok()),
            Poll::Ready(None) => Ok(None),
            Poll::Pending => panic!("the body is there"),
        }
    }

    fn body(content: &'static str) -> Replayable {
        let body = Full::from(content).map_err(|never| match never {});
        Replayable::new(body.boxed_unsync())
    }

    #[test]
    fn each_try_reads_all_of_the_body_and_those_before_no_more_of_it() {
        let mut first = body("abc");
        let replay = first.keep(3);
        let mut second = replay.again().unwrap();
        assert!(read(&mut first).is_err());
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(second.is_end_stream());
        let mut third = replay.again().unwrap();
        assert!(read(&mut second).is_err());
        assert_eq!(third.size_hint().exact(), Some(3));
        assert!(!third.is_end_stream());
        assert_eq!(read(&mut third).ok().flatten().unwrap(), "abc");
        assert_eq!(third.size_hint().exact(), Some(0));
        assert!(third.is_end_stream());
        assert!(matches!(read(&mut third), Ok(None)));
    }

    #[test]
    fn a_body_of_which_too_much_was_taken_is_not_whole() {
        let mut body = body("abcd");
        let replay = body.keep(3);
        assert!(replay.is_whole());
        assert_eq!(read(&mut body).ok().flatten().unwrap(), "abcd");
        assert!(!replay.is_whole());
        assert!(replay.again().is_none());
    }

    #[test]
    fn bytes_that_came_one_by_one_are_kept_in_one_piece_and_nothing_costs_nothing() {
        let pieces = ["a", "", "b", "", "c"].map(|piece| Ok(Frame::data(Bytes::from(piece))));
        let body = StreamBody::new(futures_util::stream::iter(pieces));
        let mut first = Replayable::new(body.boxed_unsync());
        let replay = first.keep(3);
        while read(&mut first).ok().flatten().is_some() {}
        let mut second = replay.again().unwrap();
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(second.is_end_stream());
    }

    #[test]
    fn a_try_that_nobody_repeats_reads_on_what_is_kept() {
        let mut first = body("abc");
        let replay = first.keep(3);
        assert_eq!(read(&mut first).ok().flatten().unwrap(), "abc");
        let mut second = replay.again().unwrap();
        drop(replay);
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(matches!(read(&mut second), Ok(None)));
    }
}
