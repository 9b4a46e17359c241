//! Sending a request: attempts until there is a response, each within `Limits::response_timeout`.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};

use crate::{
    error::{Error, ErrorKind, Stage},
    observe::{ExchangeRecord, RetryReason},
    upload::{RequestBody, UploadProgress, within_deadline},
};

use crate::pool::{
    connection::{OngoingUpload, PooledConnection, ResponseBody},
    shared_pool::SharedPool,
};

use super::{
    encode_target::Target,
    in_flight::InFlight,
    retry::Attempts,
    send_early_data::{FirstConnection, first_connection},
};

/// Sends a request and waits for the head of its response.
///
/// The wait is bounded by `deadline`. It starts anew while the request's body moves: an upload may
/// take longer. The request keeps its method.
pub(crate) async fn send(
    pool: &Arc<SharedPool>,
    in_flight: InFlight,
    request: &mut Request<RequestBody>,
    target: &Target,
    deadline: Duration,
    record: &mut ExchangeRecord,
) -> Result<(Response<ResponseBody>, PooledConnection), Error> {
    let mut connection = match first_connection(pool, request, target) {
        FirstConnection::Ready(connection) => connection,
        FirstConnection::Pending(connecting) => {
            let connection = connecting.await?;
            record.checked_out();
            connection
        }
    };
    let mut attempts = Attempts::new(pool, &target.key, request, &connection);
    loop {
        begin_try(record, &connection);
        let progress = request.body().progress();
        let outcome = within_deadline(
            pin!(connection.exchange(request, target)),
            &progress,
            deadline,
        )
        .await;
        connection = match outcome {
            Some(Ok(response)) if attempts.is_too_early(&response) => {
                record.response_started(response.status());
                record.retry(RetryReason::TooEarly);
                Box::pin(attempts.retry_too_early(response, connection)).await?
            }
            Some(Ok(response)) => {
                record.response_started(response.status());
                match attempts
                    .retry_misdirected(&response, &connection, request)
                    .await
                {
                    Some(fresh) => {
                        // In this order: the connection notes why it closes before the body drops
                        // the socket.
                        drop(connection);
                        drop(response);
                        record.retry(RetryReason::Misdirected);
                        fresh
                    }
                    None => {
                        pool.history().note_response();
                        progress.note_response();
                        connection.keep_in_flight(in_flight);
                        if progress.is_tracked() {
                            let upload = OngoingUpload::new(pool.clone(), progress, deadline);
                            connection.keep_uploading(upload);
                        }
                        return Ok((response, connection));
                    }
                }
            }
            Some(Err(failed)) => {
                let failed = failed.with_body_error(&progress);
                record.unanswered();
                record.retry(attempts.retry_reason(&failed));
                // Boxed: few requests fail, and all would be as large.
                Box::pin(attempts.retry_failed(failed, connection, request)).await?
            }
            None => {
                connection.time_out();
                let error = timed_out(&connection, &progress, deadline);
                return Err(attempts.with_context(error));
            }
        };
        record.checked_out();
        attempts.begin(&connection);
    }
}

/// Records a try on this connection.
pub(super) fn begin_try(record: &mut ExchangeRecord, connection: &PooledConnection) {
    if record.is_on() {
        let facts = connection.info().facts();
        record.begin_try(facts, connection.has_served(), connection.is_http2());
    }
}

/// The error of an exchange without an outcome. The progress shows which side did not act.
pub(super) fn timed_out(
    connection: &PooledConnection,
    progress: &UploadProgress,
    deadline: Duration,
) -> Error {
    let facts = connection.info().facts().clone().after(deadline);
    let stage = match progress.awaits_client() {
        true => Stage::Send,
        false => Stage::Receive,
    };
    Error::new(ErrorKind::TimedOut, stage, facts)
}
