//! A visitor's body, of which as much is kept as lets it be sent again.

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
pub(super) struct Replayable {
    shared: Arc<Mutex<Whole>>,
    turn: usize,
    /// How many of the kept frames were read.
    read: usize,
}

/// From where the body can be read once more.
pub(super) struct Replay(Arc<Mutex<Whole>>);

type Polled = Poll<Option<Result<Frame<Bytes>, Error>>>;

/// Another try reads the body.
pub(super) struct Superseded;

struct Whole {
    body: UnsyncBoxBody<Bytes, Error>,
    /// What was taken of it, as long as all of that is kept.
    kept: Vec<Kept>,
    size: usize,
    limit: usize,
    /// Something was taken that is not kept.
    is_lost: bool,
    has_ended: bool,
    turn: usize,
}

enum Kept {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl Replayable {
    /// Nothing of it is kept as long as nobody asks for it.
    pub(super) fn new(body: UnsyncBoxBody<Bytes, Error>) -> Self {
        let whole = Whole {
            body,
            kept: Vec::new(),
            size: 0,
            limit: 0,
            is_lost: false,
            has_ended: false,
            turn: 0,
        };
        Self {
            shared: Arc::new(Mutex::new(whole)),
            turn: 0,
            read: 0,
        }
    }

    /// Keeps as much as `limit` from now on.
    pub(super) fn keep(&self, limit: usize) -> Replay {
        lock(&self.shared).limit = limit;
        Replay(self.shared.clone())
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Result<Polled, Superseded> {
        let mut whole = lock(&self.shared);
        if whole.turn != self.turn {
            return Err(Superseded);
        }
        if let Some(kept) = whole.kept.get(self.read) {
            self.read += 1;
            return Ok(Poll::Ready(Some(Ok(kept.frame()))));
        }
        let frame = whole.poll_frame(cx);
        self.read = whole.kept.len();
        Ok(frame)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let whole = lock(&self.shared);
        self.read >= whole.kept.len() && (whole.has_ended || whole.body.is_end_stream())
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let whole = lock(&self.shared);
        let unread = whole.kept.iter().skip(self.read);
        let ahead = unread.map(Kept::size).sum::<usize>() as u64;
        let mut hint = whole.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(hint.lower().saturating_add(ahead));
        hint
    }
}

impl Replay {
    /// Whether the body is still there from its start.
    pub(super) fn is_whole(&self) -> bool {
        !lock(&self.0).is_lost
    }

    /// The body from its start. Whoever has read it before gets no more of it.
    pub(super) fn again(&self) -> Replayable {
        let mut whole = lock(&self.0);
        whole.turn += 1;
        Replayable {
            turn: whole.turn,
            read: 0,
            shared: self.0.clone(),
        }
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
        let Some(kept) = Kept::of(frame).filter(|_| !self.is_lost) else {
            return self.lose();
        };
        self.size += kept.size();
        if self.size > self.limit {
            return self.lose();
        }
        self.kept.push(kept);
    }

    fn lose(&mut self) {
        self.is_lost = true;
        self.kept = Vec::new();
    }
}

impl Kept {
    fn of(frame: &Frame<Bytes>) -> Option<Self> {
        let data = frame.data_ref().cloned().map(Self::Data);
        data.or_else(|| frame.trailers_ref().cloned().map(Self::Trailers))
    }

    fn frame(&self) -> Frame<Bytes> {
        match self {
            Self::Data(data) => Frame::data(data.clone()),
            Self::Trailers(fields) => Frame::trailers(fields.clone()),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(_) => 0,
        }
    }
}

fn lock(whole: &Mutex<Whole>) -> MutexGuard<'_, Whole> {
    whole.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::{BodyExt, Full};

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
        let mut second = replay.again();
        assert!(read(&mut first).is_err());
        assert_eq!(read(&mut second).ok().flatten().unwrap(), "abc");
        assert!(second.is_end_stream());
        let mut third = replay.again();
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
    }
}
