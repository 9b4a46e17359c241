//! A request body that returns from a failed attempt, if that has not polled it.
//!
//! A body that was polled is sent again only if it was buffered: `proxy/buffered_body.rs`.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

/// The slot that a body returns to, if it was not polled.
pub(super) struct BodySlot<B>(Arc<Slot<B>>);

type Slot<B> = Mutex<Option<Pin<Box<B>>>>;

/// Makes a body returnable.
pub(super) fn returnable<B>(body: B) -> (BodySlot<B>, ReturnableBody<B>) {
    let slot = BodySlot(Arc::default());
    let body = slot.returnable(Box::pin(body));
    (slot, body)
}

impl<B> BodySlot<B> {
    /// Takes the body for another attempt, if it has returned.
    pub(super) fn take(&self) -> Option<ReturnableBody<B>> {
        let body = lock(&self.0).take()?;
        Some(self.returnable(body))
    }

    /// Makes another body returnable to this slot.
    pub(super) fn returnable_copy(&self, body: B) -> ReturnableBody<B> {
        self.returnable(Box::pin(body))
    }

    fn returnable(&self, body: Pin<Box<B>>) -> ReturnableBody<B> {
        ReturnableBody {
            body: Some(body),
            slot: self.0.clone(),
            polled: false,
        }
    }
}

fn lock<B>(slot: &Slot<B>) -> MutexGuard<'_, Option<Pin<Box<B>>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of one attempt.
pub(super) struct ReturnableBody<B> {
    /// Taken when it returns.
    body: Option<Pin<Box<B>>>,
    slot: Arc<Slot<B>>,
    polled: bool,
}

impl<B: Body> Body for ReturnableBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.polled = true;
        match &mut self.body {
            Some(body) => body.as_mut().poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), |body| body.size_hint())
    }
}

impl<B> Drop for ReturnableBody<B> {
    fn drop(&mut self) {
        if !self.polled {
            *lock(&self.slot) = self.body.take();
        }
    }
}
