//! The request body on its way to an origin: progress, `Expect` and replay.
//!
//! A [`RequestBody`] wraps the body that the client sends. Each attempt to send the request reads
//! it as one generation:
//!
//! ```text
//! client's body ──> RequestBody, generation 0 ──> attempt 1 ──> sent
//!                        │                            │
//!                        │ frames are copied          │ the attempt fails, and a retry is allowed
//!                        v                            v
//!                   ReplayBuffer ── restart() ──> generation 1 ──> attempt 2 ──> sent
//!                        │                            (generation 0 reads an error from now on)
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
//! | file | what it holds |
//! |---|---|
//! | `body` | `RequestBody`, and the progress that timeouts read |
//! | `expect_continue` | the wait for 100 (Continue) (RFC 9110 section 10.1.1) |
//! | `replay` | the copy that a retry reads |

use http::Method;

mod body;
mod expect_continue;
mod replay;

pub(crate) use body::{RequestBody, UploadProgress};
pub(crate) use expect_continue::{ContinueSignal, expect_continue};
pub(crate) use replay::Replay;

/// Whether the method gives content a meaning: a request without content has a `Content-Length` of
/// zero then (RFC 9110 section 8.6). Some servers respond 411 otherwise.
pub(crate) fn expects_content(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}
