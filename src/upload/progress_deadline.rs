//! A deadline that starts anew whenever an upload makes progress.
//!
//! A timeout for the whole exchange would punish large uploads on slow links, and none at all would
//! let a client hold a connection forever. So the time is counted since the body last moved:
//! `Timeouts` describes the setting.

use std::{pin::Pin, time::Duration};

use tokio::time::timeout;

use super::UploadProgress;

/// The outcome of an exchange, or `None` at the deadline. The deadline starts anew with each frame
/// of the request's body.
///
/// Without a body, or before its first frame, the deadline is counted from the call. The timer is
/// set again only when it has fired, and not with each frame.
///
/// Cancel safe as far as `exchange` is, which it borrows.
pub(crate) async fn within_deadline<F: Future>(
    mut exchange: Pin<&mut F>,
    progress: &UploadProgress,
    deadline: Duration,
) -> Option<F::Output> {
    let mut left = deadline;
    loop {
        match timeout(left, exchange.as_mut()).await {
            Ok(outcome) => return Some(outcome),
            Err(_elapsed) => {
                let moved_at = progress.last_frame_at()?;
                left = deadline.saturating_sub(moved_at.elapsed());
                if left.is_zero() {
                    return None;
                }
            }
        }
    }
}
