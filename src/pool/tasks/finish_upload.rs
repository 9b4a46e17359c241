//! `FinishUpload`: sends the rest of a request whose response has ended.
//!
//! While the response is read, `http1/deliver_response.rs` or `http2/send_body.rs` sends it.

use std::pin::pin;

use tokio::{runtime::Handle, time::Instant};

use crate::{
    pool::{connection::UnfinishedUpload, shared_pool::SharedPool},
    upload::within_deadline,
};

/// The task of one upload. It ends with the upload, or when that pauses for too long.
pub(crate) struct FinishUpload(UnfinishedUpload);

impl FinishUpload {
    /// Spawns the task. Outside of a runtime, where a response may be dropped, the upload ends here
    /// and its connection closes.
    pub(crate) fn spawn(pool: &SharedPool, upload: UnfinishedUpload) {
        if Handle::try_current().is_ok() {
            pool.tasks().spawn_driver(Self(upload).run());
        }
    }

    async fn run(self) {
        let UnfinishedUpload {
            rest,
            progress,
            max_pause,
            in_flight,
        } = self.0;
        let sent = within_deadline(pin!(rest), &progress, Instant::now(), (max_pause, None)).await;
        if sent.is_none() {
            tracing::debug!("upload stopped: it made no progress after the response");
        }
        drop(in_flight);
    }
}
