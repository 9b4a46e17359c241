//! A request and its response, bounded in time.

use std::time::Duration;

use http::{Request, Response};
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Stage};

use super::{
    Lease, OriginPool, RequestBody, ResponseBody, Target, body::Progress, retry::Tries,
    visit::Visit,
};

impl OriginPool {
    /// Sends a request and waits, `deadline` at most, for the head of the response. As long as the request's body moves, the wait
    /// starts anew: an upload may take longer.
    pub(crate) async fn send(
        &self,
        mut request: Request<RequestBody>,
        target: &Target,
        deadline: Duration,
    ) -> Result<(Response<ResponseBody>, Lease), Error> {
        let visit = Visit::begin(&self.0)?;
        let mut tries = Tries::new(self, &target.client);
        let mut lease = self.lease(&target.client).await?;
        loop {
            let copy = tries.copy(&request, &lease);
            let left_out = target.spell(&mut request, &lease);
            let progress = request.body().progress();
            let outcome = bounded(lease.exchange(request), &progress, deadline).await;
            (request, lease) = match outcome {
                Some(Ok(response)) => match tries.elsewhere(&response, copy, &lease).await {
                    Some(elsewhere) => elsewhere,
                    None => {
                        progress.note_answer();
                        lease.serve(visit);
                        return Ok((response, lease));
                    }
                },
                Some(Err(failed)) => {
                    let failed = failed.after(&progress);
                    Box::pin(tries.again(failed, copy, left_out, lease)).await?
                }
                None => return Err(tries.told(silent(&lease, &progress, deadline))),
            };
        }
    }
}

/// The outcome of an exchange, or nothing if whoever was to speak kept silent.
pub(super) async fn bounded<F: Future>(
    exchange: F,
    progress: &Progress,
    deadline: Duration,
) -> Option<F::Output> {
    let mut exchange = std::pin::pin!(exchange);
    let mut left = deadline;
    loop {
        match timeout(left, exchange.as_mut()).await {
            Ok(outcome) => return Some(outcome),
            Err(_elapsed) => {
                let moved_at = progress.moved_at()?;
                left = deadline.saturating_sub(moved_at.elapsed());
                if left.is_zero() {
                    return None;
                }
            }
        }
    }
}

/// Why there was no outcome: it is the visitor who kept silent, or the origin.
pub(super) fn silent(lease: &Lease, progress: &Progress, deadline: Duration) -> Error {
    let facts = lease.info().facts().clone().after(deadline);
    let stage = match progress.is_waiting() {
        true => Stage::Send,
        false => Stage::Receive,
    };
    Error::new(ErrorKind::TimedOut, stage, facts)
}
