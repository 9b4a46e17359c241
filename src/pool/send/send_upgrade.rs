//! Sending an upgrade, on a connection of its own.
//!
//! An extended CONNECT is a GET here: `proxy/upgrade/extended_connect.rs` has changed it.

use std::{pin::pin, sync::Arc};

use http::{Request, Response};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    connector::Purpose,
    error::{Error, ErrorKind},
    observe::ExchangeRecord,
    upload::{RequestBody, within_deadline},
};

use crate::pool::{
    checkout::{ConnectionKey, upgrade_permit},
    connection::{PooledConnection, ResponseBody, UpgradeConnection},
    shared_pool::SharedPool,
    tasks::UpgradeDriver,
};

use super::{
    deadlines::Deadlines,
    encode_target::Target,
    failure::{Failure, explain_failure},
    in_flight::InFlight,
    send_request::begin_try,
};

/// Sends a request without a body over HTTP/1.1, on a connection that is opened for it, and waits,
/// within `deadlines`, for the head of the response.
///
/// After a 101, the connection is the caller's until it drops it.
///
/// A pooled connection is not used: the request would have to be retried if it turned out to be
/// closed. Nor is this one used again after the origin refused the upgrade (RFC 9931): bytes that
/// were meant for the other protocol may follow.
pub(crate) async fn send_upgrade(
    pool: &Arc<SharedPool>,
    in_flight: InFlight,
    request: &mut Request<RequestBody>,
    target: &Target,
    deadlines: Deadlines<'_>,
    record: &mut ExchangeRecord,
) -> Result<(Response<ResponseBody>, PooledConnection), Error> {
    // In this order: a drain that ends the tunnels either ends this one, or is seen here.
    let tunnel_closer = pool.with(|inventory| inventory.tunnel_closer.clone());
    if pool.requests().is_draining() {
        return Err(Error::refused(ErrorKind::Draining));
    }
    let mut connection = open(pool, &target.key, tunnel_closer, deadlines).await?;
    record.checked_out();
    begin_try(record, &connection);
    let progress = request.body().progress();
    let began_at = Instant::now();
    let outcome = within_deadline(
        pin!(connection.exchange(request, target, began_at)),
        &progress,
        began_at,
        (deadlines.response, deadlines.end()),
    )
    .await;
    match outcome {
        Some(Ok(response)) => {
            record.response_started(response.status());
            pool.history().note_response();
            connection.keep_in_flight(in_flight);
            Ok((response, connection))
        }
        Some(Err(failed)) => Err(pool
            .history()
            .with_context(failed.into_error(connection.info()))),
        None => Err(pool
            .history()
            .with_context(deadlines.passed(&connection, &progress))),
    }
}

/// Opens a connection for one upgrade.
async fn open(
    pool: &Arc<SharedPool>,
    key: &ConnectionKey,
    tunnel_closer: CancellationToken,
    deadlines: Deadlines<'_>,
) -> Result<PooledConnection, Error> {
    let permit = Box::pin(upgrade_permit(pool));
    let mut permit = deadlines.within_end(pool, key, permit).await?;
    let connector = pool.connector().for_client(key.address());
    let connecting = connector.connect_for(Purpose::Http1);
    let stream = deadlines.connect_within_end(connecting).await?;
    let info = stream.info().clone();
    pool.connection_opened(&mut permit, &info, None);
    let opened =
        UpgradeConnection::open(stream, permit, key.clone(), pool.settings(), tunnel_closer);
    match opened.await {
        Ok((connection, io)) => {
            UpgradeDriver::spawn(pool, io);
            Ok(connection.into())
        }
        Err(error) => Err(explain_failure(Failure::Hyper(error), Some(&info))),
    }
}
