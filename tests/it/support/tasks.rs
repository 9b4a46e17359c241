//! The tasks of a test edge: aborted with it, and their panics are reported.

use std::any::Any;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::rt::Executor;
use tokio::task::JoinSet;

#[derive(Default)]
struct TaskSet {
    running: JoinSet<()>,
    stopped: bool,
    panic: Option<String>,
}

/// A set of tasks, and an executor for hyper.
#[derive(Clone, Default)]
pub(super) struct Tasks {
    set: Arc<Mutex<TaskSet>>,
}

impl Tasks {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set();
        if !set.stopped {
            set.running.spawn(task);
        }
    }

    /// Runs code of the test and keeps the message of its panic.
    pub(super) fn guard<T>(&self, run: impl FnOnce() -> T) -> T {
        panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let message = message(panic.as_ref());
            self.set().panic.get_or_insert(message);
            panic::resume_unwind(panic)
        })
    }

    /// Aborts all tasks, waits for them, and returns the message of the first panic.
    pub(super) async fn join(&self) -> Option<String> {
        let mut running = self.stop();
        running.abort_all();
        while let Some(end) = running.join_next().await {
            self.keep_panic(end);
        }
        self.set().panic.take()
    }

    /// Aborts all tasks without waiting, and returns the message of the first panic.
    pub(super) fn abort(&self) -> Option<String> {
        let mut running = self.stop();
        while let Some(end) = running.try_join_next() {
            self.keep_panic(end);
        }
        self.set().panic.take()
    }

    fn stop(&self) -> JoinSet<()> {
        let mut set = self.set();
        set.stopped = true;
        std::mem::take(&mut set.running)
    }

    fn keep_panic(&self, end: Result<(), tokio::task::JoinError>) {
        if let Some(panic) = end.err().and_then(|error| error.try_into_panic().ok()) {
            let message = message(panic.as_ref());
            self.set().panic.get_or_insert(message);
        }
    }

    fn set(&self) -> MutexGuard<'_, TaskSet> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
        .to_owned()
}
