//! A deadline that starts anew whenever an upload makes progress.
//!
//! A timeout for the whole exchange would punish large uploads on slow links, and none at all would
//! let a client hold a connection forever. So the time is counted since the body last moved:
//! `Timeouts` describes the setting.

use std::{pin::Pin, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::UploadProgress;

/// The outcome of an exchange, or `None` at a deadline. The first deadline starts anew with each
/// part of the request's body that is read or sent; the second is the end of the request.
///
/// Without a body, or before its first frame, the deadline is counted from `began_at`. A wait for
/// 100 (Continue) does not count: it ends by itself. The timer is set again only when it has fired,
/// and not with each frame.
///
/// Cancel safe as far as `exchange` is, which it borrows.
#[expect(
    clippy::manual_async_fn,
    reason = "the future of an async fn holds each argument twice"
)]
pub(crate) fn within_deadline<'a, F: Future + Send>(
    mut exchange: Pin<&'a mut F>,
    progress: &'a UploadProgress,
    began_at: Instant,
    (deadline, last): (Duration, Option<Instant>),
) -> impl Future<Output = Option<F::Output>> + Send + 'a {
    async move {
        let has_passed = || last.is_some_and(|last| last <= Instant::now());
        if has_passed() {
            // Nothing is sent after the end.
            return None;
        }
        let mut moved_at = began_at;
        loop {
            let silence = moved_at.checked_add(deadline);
            let Some(end) = silence.into_iter().chain(last).min() else {
                return Some(exchange.await);
            };
            match timeout_at(end, exchange.as_mut()).await {
                Ok(outcome) => return Some(outcome),
                Err(_elapsed) if has_passed() => return None,
                Err(_elapsed) if progress.awaits_continue() => moved_at = Instant::now(),
                Err(_elapsed) => {
                    moved_at = progress.moved_at()?;
                    if moved_at.elapsed() >= deadline {
                        return None;
                    }
                }
            }
        }
    }
}
