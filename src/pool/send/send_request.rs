//! Sending a request: attempts until there is a response, each within `Limits::response_timeout`.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, TryFutureExt};
use http::{Request, Response};

use crate::{
    error::Error,
    observe::{ExchangeRecord, RetryReason},
    upload::{RequestBody, UploadProgress, within_deadline},
};

use crate::pool::{
    connection::{OngoingUpload, PooledConnection, ResponseBody},
    shared_pool::SharedPool,
};

use super::{
    deadlines::Deadlines,
    encode_target::Target,
    in_flight::InFlight,
    no_response::NoResponse,
    retry::{Attempts, RetryOutcome},
    send_early_data::{FirstConnection, first_connection},
};

/// A response, and its connection.
type PooledResponse = (Response<ResponseBody>, PooledConnection);

/// A retry that begins. Boxed: few requests are sent again, and the futures of all would be as
/// large.
type Retrying<'a> = BoxFuture<'a, Result<RetryOutcome, Error>>;

/// Sends a request and waits for the head of its response.
///
/// The wait is bounded by `deadlines`. That for the response starts anew while the body of the
/// request moves: an upload may take longer. The request keeps its method.
#[expect(
    clippy::manual_async_fn,
    reason = "the future of an async fn holds each argument twice"
)]
pub(crate) fn send(
    pool: &Arc<SharedPool>,
    in_flight: InFlight,
    request: &mut Request<RequestBody>,
    target: &Target,
    deadlines: Deadlines<'_>,
    record: &mut ExchangeRecord,
) -> impl Future<Output = Result<PooledResponse, Error>> + Send {
    async move {
        let mut connection = match first_connection(pool, request, target) {
            FirstConnection::Ready(connection) => connection,
            FirstConnection::Pending(connecting) => {
                let key = &target.key;
                let connection = deadlines.within_end(pool, key, connecting).await?;
                record.checked_out();
                connection
            }
        };
        let progress = request.body().progress();
        let mut attempts = Attempts::new(pool, &target.key, request, &connection);
        loop {
            begin_try(record, &connection);
            // In a block, so that the future does not hold the outcome while it waits for a retry.
            let retrying = {
                let outcome = within_deadline(
                    pin!(connection.exchange(request, target, attempts.began_at())),
                    &progress,
                    attempts.began_at(),
                    (deadlines.response, deadlines.end()),
                )
                .await;
                match outcome {
                    Some(Ok(response)) => {
                        record.response_started(response.status());
                        let Some(reason) = retry_reason(&mut attempts, &response, &connection)
                        else {
                            let deadline = deadlines.response;
                            answered(pool, &mut connection, in_flight, progress, deadline);
                            return Ok((response, connection));
                        };
                        let answer = (response, connection);
                        after_response(&mut attempts, reason, answer, request, record)
                    }
                    Some(Err(failed)) => {
                        let failed = failed.with_body_error(&progress);
                        after_failure(&mut attempts, failed, connection, request, record)
                    }
                    None => {
                        connection.time_out();
                        let error = deadlines.passed(&connection, &progress);
                        return Err(attempts.with_context(error));
                    }
                }
            };
            let retried = deadlines.within_end(pool, &target.key, retrying);
            connection = match retried.await? {
                RetryOutcome::Connection(connection) => connection,
                RetryOutcome::KeepResponse(response, mut connection) => {
                    let deadline = deadlines.response;
                    answered(pool, &mut connection, in_flight, progress, deadline);
                    return Ok((response, connection));
                }
            };
            record.checked_out();
            attempts.begin(&connection);
        }
    }
}

/// Why the request is sent again after a response, if it is.
fn retry_reason(
    attempts: &mut Attempts<'_>,
    response: &Response<ResponseBody>,
    connection: &PooledConnection,
) -> Option<RetryReason> {
    if attempts.is_too_early(response) {
        Some(RetryReason::TOO_EARLY)
    } else if attempts.is_misdirected(response, connection) {
        Some(RetryReason::MISDIRECTED)
    } else if attempts.was_idle_for_too_long(response) {
        Some(RetryReason::IDLE_CLOSED)
    } else {
        None
    }
}

/// The next step after a response for which the request is sent again.
fn after_response<'a>(
    attempts: &'a mut Attempts<'_>,
    reason: RetryReason,
    (response, connection): PooledResponse,
    request: &'a mut Request<RequestBody>,
    record: &'a mut ExchangeRecord,
) -> Retrying<'a> {
    match reason {
        // Recorded once there is a connection for it.
        RetryReason::MISDIRECTED => {
            Box::pin(attempts.retry_misdirected(response, connection, request, record))
        }
        RetryReason::TOO_EARLY => {
            record.retry(reason);
            let retrying = attempts.retry_too_early(response, connection);
            Box::pin(retrying.map_ok(RetryOutcome::Connection))
        }
        _ => {
            record.retry(reason);
            Box::pin(attempts.retry_idle_for_too_long(response, connection, request))
        }
    }
}

/// The next step after a failure: the request is sent again, if it may be.
fn after_failure<'a>(
    attempts: &'a mut Attempts<'_>,
    failed: NoResponse,
    connection: PooledConnection,
    request: &'a mut Request<RequestBody>,
    record: &mut ExchangeRecord,
) -> Retrying<'a> {
    record.unanswered();
    record.retry(attempts.retry_reason(&failed));
    let retrying = attempts.retry_failed(failed, connection, request);
    Box::pin(retrying.map_ok(RetryOutcome::Connection))
}

/// The request has its response. It stays in flight until both have ended.
fn answered(
    pool: &Arc<SharedPool>,
    connection: &mut PooledConnection,
    in_flight: InFlight,
    progress: UploadProgress,
    deadline: Duration,
) {
    pool.history().note_response();
    progress.note_response();
    connection.keep_in_flight(in_flight);
    if progress.is_tracked() {
        let upload = OngoingUpload::new(pool.clone(), progress, deadline);
        connection.keep_uploading(upload);
    }
}

/// Records a try on this connection.
pub(super) fn begin_try(record: &mut ExchangeRecord, connection: &PooledConnection) {
    if record.is_on() {
        let facts = connection.info().facts();
        record.begin_try(facts, connection.has_served(), connection.is_http2());
    }
}
