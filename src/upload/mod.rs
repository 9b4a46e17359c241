//! The request body on its way to an origin: progress, `Expect` and replay.
//!
//! A [`RequestBody`] wraps the body that the client sends. Each attempt to send the request reads a
//! `RequestBody` of its own:
//!
//! ```text
//! client's body ──> RequestBody of attempt 0 ────────> sent
//!                        │                            │
//!                        │ frames are copied          │ the attempt fails, and a retry is allowed
//!                        v                            v
//!                   ReplayBuffer ── restart() ──> RequestBody of attempt 1 ──> sent
//!                        │                            (attempt 0 reads an error from now on)
//!                        v
//!                   more than `max_replay` bytes: the buffer is freed, no further attempt
//! ```
//!
//! Within one attempt, a body passes through these states:
//!
//! ```text
//! waiting for 100 (Continue) ──> reading ──┬──> ended
//!   │  100, or one second          │       ├──> failed: the client's body returned an error
//!   │                              │       └──> superseded: a later attempt reads it
//!   └──────────────────────────────┴──────────> dropped with its exchange
//! ```
//!
//! An exchange may drop the body before the client has sent all of it: the origin has answered and
//! closed, or the proxy answers itself. What the client still sends is read and discarded, within
//! bounds (RFC 9112 section 9.6).
//!
//! | file | what it holds |
//! |---|---|
//! | `discard_rest` | the client's body, whose rest is discarded if no attempt reads it |
//! | `stream_end` | whether the end of a body is a reset of its stream |
//! | `request_body` | `RequestBody`, the body of one attempt |
//! | `upload_progress` | how far the body has come, which timeouts read |
//! | `progress_deadline` | a deadline that starts anew while the body moves |
//! | `expect_continue` | the wait for 100 (Continue) (RFC 9110 section 10.1.1) |
//! | `replay` | the copy that a retry reads |

use http::Method;

mod discard_rest;
mod expect_continue;
mod progress_deadline;
mod replay;
mod request_body;
mod stream_end;
mod upload_progress;

pub(crate) use discard_rest::{BodyAwaitingContinue, ClientBody};
pub(crate) use expect_continue::{ContinueSignal, expect_continue};
pub(crate) use progress_deadline::within_deadline;
pub(crate) use replay::Replay;
pub(crate) use request_body::RequestBody;
pub(crate) use upload_progress::{AwaitedSide, UploadProgress};

/// Whether the method defines a meaning for content. A request without content has a
/// `Content-Length` of zero then (RFC 9110 section 8.6), because some servers respond 411
/// otherwise.
pub(crate) fn expects_content(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}
