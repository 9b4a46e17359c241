//! An origin in memory, and a runtime whose time passes only while nothing else happens.

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::{Builder, Handle, Runtime},
    time::{sleep, timeout},
};
use tower::{Service, service_fn};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
}

/// Runs a future. Fails if it waits for more than a day, or if a task is left a day later.
pub(super) fn run<F: Future>(future: F) -> F::Output {
    let watched = async {
        let outcome = timeout(DAY, future).await;
        let outcome = outcome.expect("nothing waits for a day");
        sleep(DAY).await;
        let left = Handle::current().metrics().num_alive_tasks();
        assert_eq!(left, 0, "tasks are left");
        outcome
    };
    RUNTIME.with(|runtime| runtime.block_on(watched))
}

/// A transport to an origin that serves connections like this. The first one has number 0.
pub(super) fn transport<F>(
    serve: impl Fn(usize, DuplexStream) -> F + Clone + Send + Sync + 'static,
) -> impl Service<Uri, Response = TokioIo<DuplexStream>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    F: Future<Output = ()> + Send + 'static,
{
    let opened = Arc::new(AtomicUsize::new(0));
    service_fn(move |_: Uri| {
        let (near, far) = duplex(64 * 1024);
        let number = opened.fetch_add(1, Relaxed);
        tokio::spawn(serve(number, far));
        async { Ok(TokioIo::new(near)) }
    })
}

/// Writes the bytes in pieces of at most this length, each once the reader waits for more.
pub(super) async fn write(stream: &mut DuplexStream, bytes: &[u8], piece: usize) {
    for piece in bytes.chunks(piece.max(1)) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// Reads until the end of the fields of a request. `None` if the stream ends before.
pub(super) async fn read_head(stream: &mut DuplexStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(head)
}
