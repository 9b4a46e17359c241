//! `QueueTicket`: a place in the queue, as the request that waits holds it.

use std::{
    marker::PhantomData,
    pin::Pin,
    sync::Weak,
    task::{Context, Poll},
};

use tokio::sync::oneshot;

use super::{CheckIn, ConnectionKey, queue_line::QueuePlace};

/// A place in the queue, which is given up when this is dropped.
///
/// A grant that was sent in the meantime is dropped with it, and so goes back to the pool.
pub(crate) struct QueueTicket<T: 'static> {
    pool: Weak<dyn CheckIn<AbandonedTicket<T>>>,
    place: QueuePlace,
    key: ConnectionKey,
    granted: oneshot::Receiver<T>,
}

/// The place of a request that waits no longer.
pub(crate) struct AbandonedTicket<T> {
    pub(crate) place: QueuePlace,
    pub(crate) key: ConnectionKey,
    _of: PhantomData<fn() -> T>,
}

impl<T> QueueTicket<T> {
    /// The ticket for a place that [`Waiters::join`] gave.
    pub(crate) fn new<P>(
        pool: &Weak<P>,
        key: ConnectionKey,
        (place, granted): (QueuePlace, oneshot::Receiver<T>),
    ) -> Self
    where
        P: CheckIn<AbandonedTicket<T>> + 'static,
    {
        Self {
            pool: pool.clone(),
            place,
            key,
            granted,
        }
    }

    /// The key of the connections that are waited for.
    pub(crate) fn key(&self) -> &ConnectionKey {
        &self.key
    }

    /// Prepares to wait once more: the sender is for [`Waiters::rejoin`].
    pub(crate) fn renew(&mut self) -> (&ConnectionKey, QueuePlace, oneshot::Sender<T>) {
        let (sender, receiver) = oneshot::channel();
        self.granted = receiver;
        (&self.key, self.place, sender)
    }
}

/// Resolves to the grant; to `None` if the pool has dropped the waiter.
impl<T> Future for QueueTicket<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let granted = Pin::new(&mut self.get_mut().granted);
        granted.poll(cx).map(Result::ok)
    }
}

impl<T> Drop for QueueTicket<T> {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.check_in(AbandonedTicket {
                place: self.place,
                key: std::mem::take(&mut self.key),
                _of: PhantomData,
            });
        }
    }
}
