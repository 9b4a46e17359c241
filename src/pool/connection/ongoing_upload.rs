//! An upload that may outlast its response.
//!
//! While the response is read, `http1/deliver_response.rs` or `http2/send_body.rs` sends it.

use std::{pin::Pin, sync::Arc, time::Duration};

use crate::upload::UploadProgress;

use crate::pool::{checkout::CheckIn, send::InFlight};

/// Completes when the request is sent and its connection is returned. The response has ended
/// before. Dropping it cancels the request.
pub(crate) type RestOfRequest = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of a request that is in flight.
pub(crate) struct OngoingUpload {
    pool: Arc<dyn CheckIn<UnfinishedUpload>>,
    progress: UploadProgress,
    max_pause: Duration,
}

/// An upload whose response has ended.
pub(crate) struct UnfinishedUpload {
    pub(crate) rest: RestOfRequest,
    pub(crate) progress: UploadProgress,
    /// How long the client or the origin may pause.
    pub(crate) max_pause: Duration,
    /// Held so that a drain waits for the upload.
    pub(crate) in_flight: Option<InFlight>,
}

impl OngoingUpload {
    /// The upload goes on in `pool` until a pause exceeds `max_pause`.
    pub(crate) fn new(
        pool: Arc<dyn CheckIn<UnfinishedUpload>>,
        progress: UploadProgress,
        max_pause: Duration,
    ) -> Self {
        Self {
            pool,
            progress,
            max_pause,
        }
    }

    /// The response has ended: hands the rest of the request to the pool.
    pub(super) fn finish(self, rest: RestOfRequest, in_flight: Option<InFlight>) {
        self.progress.note_response_end();
        self.pool.check_in(UnfinishedUpload {
            rest,
            progress: self.progress,
            max_pause: self.max_pause,
            in_flight,
        });
    }
}
