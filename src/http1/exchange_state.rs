//! How far the two sides of an exchange have come.
//!
//! How a request may end without being sent completely:
//!
//! ```text
//! Sending ──all written and flushed──────────────────────────────> Sent
//!    ├──body failed, or not as long as announced────────────────> Stopped, error
//!    ├──final head arrived while content waits for 100──────────> Stopped, response is read
//!    ├──write failed, nothing written on a reused connection────> Stopped, NotWritten (retry)
//!    └──write failed───> WriteFailed ──head arrives within 1 s──> response is read
//!                             └──EOF, or 1 s over───────────────> Stopped, Io
//! ```
//!
//! The response has its own states, and may end in any state of the request:
//!
//! ```text
//! Head ──final head──┬──> Length(n) ───n bytes──────> Complete
//!  │ ^               ├──> Chunked ─────last chunk───> Complete
//!  └─┘ 1xx           ├──> UntilClose ──EOF──────────> Complete
//!                    └──no content──────────────────> Complete
//! ```

use std::{io, pin::Pin, time::Duration};

use tokio::time::{Sleep, sleep};

use super::{chunked_decoder::ChunkedDecoder, request_writer::RequestWriter};

/// How long a response may take to become readable after a write has failed.
///
/// A response that was sent before the origin closed is in the socket by then, or a round trip
/// away.
const READ_AFTER_WRITE_ERROR: Duration = Duration::from_secs(1);

/// How far the request has been sent.
pub(super) enum RequestState {
    /// Bytes of the head or of the body remain.
    Sending(RequestWriter),
    /// All bytes are written and flushed.
    Sent,
    /// The rest is not sent: the body failed, or the origin answered instead of 100 (Continue).
    ///
    /// The stream must not be used for another request, as the origin still expects content of this
    /// one.
    Stopped,
    /// The origin has stopped reading. It may have sent a response before that.
    WriteFailed(WriteError),
}

/// The failure of a write, and for how long a response may still arrive.
///
/// The timer is created with the error, and not with each exchange: it is needed rarely.
pub(super) struct WriteError {
    pub(super) error: io::Error,
    /// Completes when a response is not waited for any longer.
    pub(super) read_deadline: Pin<Box<Sleep>>,
}

impl WriteError {
    pub(super) fn new(error: io::Error) -> Self {
        Self {
            error,
            read_deadline: Box::pin(sleep(READ_AFTER_WRITE_ERROR)),
        }
    }
}

/// How far the response has been read.
pub(super) enum ResponseState {
    /// The head of the final response is still to come.
    Head,
    /// This many bytes of content are still to come.
    ///
    /// Never zero: a response without content is `Complete`.
    Length(u64),
    /// Chunks are still to come.
    Chunked(ChunkedDecoder),
    /// The content ends with the connection.
    ///
    /// EOF is the regular end here, and the connection cannot be reused.
    UntilClose,
    /// The response has ended, or failed.
    ///
    /// `Exchange::permits_reuse` tells the two apart: a failure also clears `keeps_alive`.
    Complete,
}
