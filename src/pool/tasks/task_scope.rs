//! `TaskScope`: the owner of a pool's tasks, which end with it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// The owner of a pool's tasks. They are cancelled when it is dropped.
pub(crate) struct TaskScope {
    ended: CancellationToken,
    /// The span in which the pool was created.
    span: Span,
    /// A task was dropped that may still be needed, because its runtime has shut down.
    is_short: AtomicBool,
}

impl TaskScope {
    pub(crate) fn new() -> Self {
        Self {
            ended: CancellationToken::new(),
            span: Span::current(),
            is_short: AtomicBool::new(false),
        }
    }

    /// Notes that a task of the pool was dropped, maybe with its runtime.
    pub(crate) fn note_lost(&self) {
        self.is_short.store(true, Ordering::Relaxed);
    }

    /// Whether a task was dropped since the last call.
    pub(crate) fn take_lost(&self) -> bool {
        // Read first: a write each time would make the cores of a busy proxy wait for each other.
        self.is_short.load(Ordering::Relaxed) && self.is_short.swap(false, Ordering::Relaxed)
    }

    /// Spawns a task that works for one request, in the request's span.
    pub(crate) fn spawn_for_request(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_in(Span::current(), task);
    }

    /// Spawns a task that works for the whole pool, in the span of the pool.
    ///
    /// It outlives the request that started it: in the request's span, it would keep that open.
    pub(crate) fn spawn_for_pool(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn_in(self.span.clone(), task);
    }

    /// Spawns a task that drives a connection, in the span of the pool.
    ///
    /// It ends with the connection, which may outlive the pool until its last response has ended.
    pub(crate) fn spawn_driver(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task.instrument(self.span.clone()));
    }

    fn spawn_in(&self, span: Span, task: impl Future<Output = ()> + Send + 'static) {
        let ended = self.ended.clone();
        let task = async move {
            ended.run_until_cancelled(task).await;
        };
        tokio::spawn(task.instrument(span));
    }
}

impl Drop for TaskScope {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}
