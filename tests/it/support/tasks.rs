//! The tasks of an edge: they end with it, and their panics come out.

use std::any::Any;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::rt::Executor;
use tokio::task::JoinSet;

#[derive(Default)]
struct Crew {
    running: JoinSet<()>,
    dismissed: bool,
    panic: Option<String>,
}

/// A set of tasks that hyper can spawn on too.
#[derive(Clone, Default)]
pub(super) struct Tasks {
    crew: Arc<Mutex<Crew>>,
}

impl Tasks {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut crew = self.crew();
        if !crew.dismissed {
            crew.running.spawn(task);
        }
    }

    /// Runs code of the test; its panic is kept before unwinding tells the client.
    pub(super) fn guard<T>(&self, run: impl FnOnce() -> T) -> T {
        panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let message = message(panic.as_ref());
            self.crew().panic.get_or_insert(message);
            panic::resume_unwind(panic)
        })
    }

    /// Ends all tasks, waits for it, and returns the message of the first panic.
    pub(super) async fn join(&self) -> Option<String> {
        let mut running = self.dismiss();
        running.abort_all();
        while let Some(end) = running.join_next().await {
            self.keep_panic(end);
        }
        self.crew().panic.take()
    }

    /// Ends all tasks without waiting, and returns the message of the first panic.
    pub(super) fn abort(&self) -> Option<String> {
        let mut running = self.dismiss();
        while let Some(end) = running.try_join_next() {
            self.keep_panic(end);
        }
        self.crew().panic.take()
    }

    fn dismiss(&self) -> JoinSet<()> {
        let mut crew = self.crew();
        crew.dismissed = true;
        std::mem::take(&mut crew.running)
    }

    fn keep_panic(&self, end: Result<(), tokio::task::JoinError>) {
        if let Some(panic) = end.err().and_then(|error| error.try_into_panic().ok()) {
            let message = message(panic.as_ref());
            self.crew().panic.get_or_insert(message);
        }
    }

    fn crew(&self) -> MutexGuard<'_, Crew> {
        self.crew.lock().unwrap_or_else(PoisonError::into_inner)
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
        .unwrap_or("a panic without words")
        .to_owned()
}
