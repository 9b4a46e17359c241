//! The request body as the pool sends it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::{Error, ErrorKind, Facts, RequestProblem, Stage};

use super::{
    expect_continue::ContinueWait,
    replay::{Replay, ReplayBody, Superseded},
    upload_progress::UploadProgress,
};

/// A client's request body, or none. The default is no body, which needs no allocation.
#[derive(Default)]
pub(crate) struct RequestBody {
    body: Option<ReplayBody>,
    progress: UploadProgress,
    /// The wait for 100 (Continue), before the first frame.
    continue_wait: Option<ContinueWait>,
}

impl RequestBody {
    /// Wraps a client's body, and records its progress.
    pub(crate) fn new<B>(body: B, progress: UploadProgress) -> Self
    where
        B: Body<Data = Bytes, Error = Error> + Send + 'static,
    {
        let body = ReplayBody::new(body.boxed_unsync());
        Self::with_replay_body(body, progress)
    }

    /// A body that waits for nothing.
    fn with_replay_body(body: ReplayBody, progress: UploadProgress) -> Self {
        Self {
            body: Some(body),
            progress,
            continue_wait: None,
        }
    }

    /// Keeps up to `limit` bytes of what is read from now on, or all of a buffered body.
    /// `None` if there is no body.
    ///
    /// Call it before the body is given to an exchange.
    pub(crate) fn keep_replay(&self, limit: usize) -> Option<Replay> {
        self.body.as_ref().map(|body| body.keep(limit))
    }

    /// The same body from its start, or `None` if the replay is incomplete.
    ///
    /// Supersedes the attempt before, whose body fails from then on.
    pub(crate) fn replayed(replay: &Replay, progress: UploadProgress) -> Option<Self> {
        Some(Self::with_replay_body(replay.restart()?, progress))
    }

    /// Delays the first poll of the client's body until `wait` completes.
    ///
    /// The client's body is not polled meanwhile, so the server in front sends no 100 (Continue).
    pub(crate) fn wait_for_continue(&mut self, wait: Option<ContinueWait>) {
        self.progress.note_continue_wait(wait.is_some());
        self.continue_wait = wait;
    }

    /// Keeps the right of an upload to a connection until the client has sent all of the body.
    pub(crate) fn keep_permit(&self, permit: OwnedSemaphorePermit) {
        if let Some(body) = &self.body {
            body.keep_permit(permit);
        }
    }

    /// All of the announced length was read: nothing more is awaited from the client.
    pub(crate) fn note_end(&self) {
        if let Some(body) = &self.body {
            body.note_end();
        }
    }

    /// All of the body is in a buffer of the proxy: it can be replayed whatever its size.
    pub(crate) fn note_buffered(&self) {
        if let Some(body) = &self.body {
            body.note_buffered();
        }
    }

    /// Records that the connection has accepted some of what was read of this body.
    pub(crate) fn note_accepted(&self) {
        self.progress.note_accepted();
    }

    /// Records whether content of this body waits for the origin.
    pub(crate) fn note_blocked(&self, is_blocked: bool) {
        self.progress.note_blocked(is_blocked);
    }

    /// The progress of this body.
    pub(crate) fn progress(&self) -> UploadProgress {
        self.progress.clone()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Self {
            body,
            progress,
            continue_wait,
        } = &mut *self;
        let Some(body) = body else {
            return Poll::Ready(None);
        };
        if let Some(wait) = continue_wait {
            ready!(wait.as_mut().poll(cx));
            // Dropped here, so that `ContinueSignal::is_awaited` is false.
            *continue_wait = None;
            progress.note_continue_wait(false);
        }
        let frame = match body.poll_frame(cx) {
            Ok(frame) => frame,
            Err(Superseded) => return Poll::Ready(Some(Err(abandoned()))),
        };
        progress.note_poll(frame.is_ready());
        if let Poll::Ready(Some(Err(error))) = &frame {
            progress.note_failure(error);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(ReplayBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), ReplayBody::size_hint)
    }
}

/// The error of a body whose exchange was given up.
///
/// It is seen by an exchange that was given up, and by nothing else.
fn abandoned() -> Error {
    Error::new(
        ErrorKind::Request(RequestProblem::BodyFailed),
        Stage::Send,
        Facts::default(),
    )
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody(..)")
    }
}
