//! Sending an upgrade, on a connection of its own.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{Error, ErrorKind},
    observe::ExchangeRecord,
    upload::{RequestBody, within_deadline},
};

use crate::pool::{
    checkout::{Affinity, upgrade_permit},
    connection::{DedicatedConnection, PooledConnection, ResponseBody},
    inner::PoolInner,
    tasks::DedicatedDriver,
};

use super::{
    attempt::{begin_try, timed_out},
    encode_target::Target,
    failure::{Failure, explain_failure},
    in_flight::InFlight,
};

/// Sends a request without a body over HTTP/1.1, on a connection that is opened for it, and waits,
/// for up to `deadline`, for the head of the response.
///
/// After a 101, the connection is the caller's until it drops it.
///
/// A pooled connection is not used: the request would have to be retried if it turned out to be
/// closed. Nor is this one used again after the origin refused the upgrade (RFC 9931): bytes that
/// were meant for the other protocol may follow.
pub(crate) async fn send_upgrade(
    inner: &Arc<PoolInner>,
    in_flight: InFlight,
    request: &mut Request<RequestBody>,
    target: &Target,
    deadline: Duration,
    record: &mut ExchangeRecord,
) -> Result<(Response<ResponseBody>, PooledConnection), Error> {
    // In this order: a drain that ends the tunnels either ends this one, or is seen here.
    let tunnels_end = inner.with(|inventory| inventory.tunnels_end.clone());
    if inner.requests().is_draining() {
        return Err(Error::refused(ErrorKind::Draining));
    }
    let mut connection = open(inner, &target.affinity, tunnels_end).await?;
    record.checked_out();
    begin_try(record, &connection);
    let progress = request.body().progress();
    let outcome = within_deadline(
        pin!(connection.exchange(request, target)),
        &progress,
        deadline,
    )
    .await;
    match outcome {
        Some(Ok(response)) => {
            record.response_started(response.status());
            inner.history().note_response();
            connection.keep_in_flight(in_flight);
            Ok((response, connection))
        }
        Some(Err(failed)) => Err(inner
            .history()
            .with_context(failed.into_error(connection.info()))),
        None => Err(inner
            .history()
            .with_context(timed_out(&connection, &progress, deadline))),
    }
}

/// Opens a connection for one upgrade.
async fn open(
    inner: &Arc<PoolInner>,
    affinity: &Affinity,
    tunnels_end: CancellationToken,
) -> Result<PooledConnection, Error> {
    let mut permit = upgrade_permit(inner).await?;
    let connector = inner.connector().for_client(affinity.address());
    let stream = connector.connect_http1().await?;
    let info = stream.info().clone();
    inner.connection_opened(&mut permit, &info, None);
    let opened = DedicatedConnection::open(
        stream,
        permit,
        affinity.clone(),
        inner.settings(),
        tunnels_end,
    );
    match opened.await {
        Ok((connection, io)) => {
            DedicatedDriver::spawn(inner, io);
            Ok(connection.into())
        }
        Err(error) => Err(explain_failure(Failure::Hyper(error), Some(&info))),
    }
}
