//! A client's body that comes back if nobody has looked at it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

/// Where a body comes back to, if nobody has asked for its content.
pub(super) struct Home<B>(Arc<Slot<B>>);

type Slot<B> = Mutex<Option<Pin<Box<B>>>>;

/// Lends a body.
pub(super) fn lend<B>(body: B) -> (Home<B>, Lent<B>) {
    let home = Home(Arc::default());
    let lent = home.lent(Box::pin(body));
    (home, lent)
}

impl<B> Home<B> {
    /// Lends the body once more, if it has come back as whole as it was.
    pub(super) fn take(&self) -> Option<Lent<B>> {
        let body = lock(&self.0).take()?;
        Some(self.lent(body))
    }

    fn lent(&self, body: Pin<Box<B>>) -> Lent<B> {
        Lent {
            body: Some(body),
            home: self.0.clone(),
            touched: false,
        }
    }
}

fn lock<B>(slot: &Slot<B>) -> MutexGuard<'_, Option<Pin<Box<B>>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body on loan.
pub(super) struct Lent<B> {
    /// Taken when it is given back.
    body: Option<Pin<Box<B>>>,
    home: Arc<Slot<B>>,
    touched: bool,
}

impl<B: Body> Body for Lent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.touched = true;
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

impl<B> Drop for Lent<B> {
    fn drop(&mut self) {
        if !self.touched {
            *lock(&self.home) = self.body.take();
        }
    }
}
