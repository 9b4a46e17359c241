//! A request and its response, bounded in time.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use http::{Request, Response};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Stage};

use crate::upload::{RequestBody, UploadProgress};

use super::{InFlight, OriginPool, PooledConnection, ResponseBody, Target, retry::Tries};

impl OriginPool {
    /// Sends a request and waits, `deadline` at most, for the head of the response. As long as the
    /// request's body moves, the wait starts anew: an upload may take longer. The request's method
    /// stays.
    pub(crate) async fn send(
        &self,
        visit: InFlight,
        request: &mut Request<RequestBody>,
        target: &Target,
        deadline: Duration,
    ) -> Result<(Response<ResponseBody>, PooledConnection), Error> {
        let mut tries = Tries::new(self, &target.client, request);
        let mut lease = self.accept(self.first_offer(request, target)).await?;
        loop {
            tries.begin(&lease);
            let left_out = target.spell(request, &lease);
            let progress = request.body().progress();
            let outcome = bounded(pin!(lease.exchange(request)), &progress, deadline).await;
            lease = match outcome {
                Some(Ok(response)) if tries.is_too_early(&response) => {
                    Box::pin(tries.in_time(response, lease)).await?
                }
                Some(Ok(response)) => match tries.elsewhere(&response, &lease, request).await {
                    Some(elsewhere) => {
                        // In this order: the lease says why the connection ends that the body
                        // holds.
                        drop(lease);
                        drop(response);
                        elsewhere
                    }
                    None => {
                        self.0.note_answer();
                        progress.note_response();
                        lease.serve(visit);
                        return Ok((response, lease));
                    }
                },
                Some(Err(failed)) => {
                    let failed = failed.after(&progress);
                    Box::pin(tries.again(failed, lease, request)).await?
                }
                None => return Err(tries.told(silent(&lease, &progress, deadline))),
            };
            left_out.put_back(request.headers_mut());
        }
    }
}

/// The outcome of an exchange, or nothing if whoever was to speak kept silent.
pub(super) async fn bounded<F: Future>(
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

/// Why there was no outcome: it is the client who kept silent, or the origin.
pub(super) fn silent(
    lease: &PooledConnection,
    progress: &UploadProgress,
    deadline: Duration,
) -> Error {
    let facts = lease.info().facts().clone().after(deadline);
    let stage = match progress.awaits_client() {
        true => Stage::Send,
        false => Stage::Receive,
    };
    Error::new(ErrorKind::TimedOut, stage, facts)
}
