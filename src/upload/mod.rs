//! The request body on its way to an origin.

mod body;
mod expect_continue;
mod replay;

pub(crate) use body::{RequestBody, UploadProgress};
pub(crate) use expect_continue::{ContinueSignal, go_ahead};
pub(crate) use replay::Replay;
