//! `Expect: 100-continue`: the content waits for an interim response (RFC 9110 section 10.1.1).
//!
//! ```text
//! client                 server in front            this proxy                  origin
//!   Expect: 100-continue ──────> head ──────────────> head, Expect ───────────> decides
//!                                                         waits <── 100 ─────── wants the body
//!      <──── 100 ──────── polls the body <── reads it ────┘
//!   body ──────────────────────────────────────────────────────────────────────>
//! ```
//!
//! If the origin answers with a final response instead, the body is never polled, and the client
//! gets that response without having sent its content.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use http::{Request, header::EXPECT};
use http_body::Body;
use tokio::{sync::Notify, time::timeout};

/// How long the content waits for 100 (Continue). Many servers never send it, and a client "SHOULD
/// NOT wait for an indefinite period" (RFC 9110 section 10.1.1).
///
/// curl waits as long by default.
const MAX_CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// Completes when the content may be sent.
///
/// Ends by the signal or after one second, whichever is first. Dropping it tells the signal that
/// the content is no longer held back.
pub(super) type ContinueWait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Ends a [`ContinueWait`] when the origin sends 100 (Continue).
pub(crate) struct ContinueSignal(Arc<Notify>);

impl ContinueSignal {
    /// Lets the content go.
    ///
    /// Wakes the task that polls the request's body.
    pub(crate) fn notify(self) {
        self.0.notify_one();
    }

    /// Whether the content still waits for the signal.
    ///
    /// False once the content has begun to be sent: a final response is then no refusal of it.
    pub(crate) fn is_awaited(&self) -> bool {
        // The wait owns the other reference, and drops it when it ends.
        Arc::strong_count(&self.0) > 1
    }
}

/// Returns the wait and its signal if an HTTP/1 request expects 100 (Continue).
///
/// The server in front sends its own 100 (Continue) to the client when the body is first polled.
/// The client therefore never sends content that the origin rejects.
///
/// Any `Expect` counts: RFC 9110 defines `100-continue` alone, and another value is the origin's to
/// answer with 417.
pub(crate) fn expect_continue<B: Body>(
    request: &Request<B>,
) -> Option<(ContinueWait, ContinueSignal)> {
    if request.body().is_end_stream() || !request.headers().contains_key(EXPECT) {
        return None;
    }
    let signal = Arc::new(Notify::new());
    let received = signal.clone();
    let wait = Box::pin(async move {
        let _ = timeout(MAX_CONTINUE_WAIT, received.notified()).await;
    });
    Some((wait, ContinueSignal(signal)))
}
