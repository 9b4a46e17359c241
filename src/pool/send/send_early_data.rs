//! Requests in TLS early data: the first bytes of a connection, sent before its handshake has ended
//! (RFC 8446 section 2.3, RFC 8470).
//!
//! Such a connection is opened in the task of its request, so that it serves no other. Only a head
//! is sent early. An error before the end of the handshake is a failed connect; a head that the
//! origin ignored is sent again, as on any fresh connection.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{
    Method, Request,
    header::{EXPECT, HeaderName},
};
use http_body::Body;

use crate::{
    connector::Purpose,
    error::{Error, ErrorKind, Stage},
    http1,
    upload::RequestBody,
};

use crate::pool::{
    checkout::{
        CheckoutOutcome, ConnectPermit, Protocol, begin_checkout, checkout, finish_checkout,
    },
    connection::PooledConnection,
    shared_pool::SharedPool,
    tasks::Opened,
};

use super::encode_target::Target;

/// Marks a request that was in early data on its way here (RFC 8470 section 5.1). It must not be
/// removed.
pub(crate) const EARLY_DATA: HeaderName = HeaderName::from_static("early-data");

/// A request extension that keeps the request out of TLS early data.
///
/// It overrides [`Sessions::early_data`](crate::connector::Sessions::early_data). Insert it for
/// paths where a GET has an effect, and in layers that retry requests.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, connector::Sessions, pool::NoEarlyData};
///
/// let connector = CdnOriginConnector::builder("https://www.example.com")
/// #   .verify(cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32])))
///     .sessions(Sessions::default().early_data())
///     .build()?;
/// let proxy = OriginProxy::new(connector).map_request(|request| {
///     if request.uri.path().starts_with("/unsubscribe") {
///         request.extensions.insert(NoEarlyData);
///     }
/// });
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a marker that callers construct; it will not have fields"
)]
pub struct NoEarlyData;

/// The connection for the first attempt of a request.
pub(super) enum FirstConnection<'a> {
    Ready(PooledConnection),
    /// Boxed: few requests wait, and the futures of all would be as large.
    Pending(BoxFuture<'a, Result<PooledConnection, Error>>),
}

/// Checks out the connection for the first attempt of a request. Where one is to be opened, it may
/// begin with the request.
pub(super) fn first_connection<'a>(
    pool: &'a Arc<SharedPool>,
    request: &mut Request<RequestBody>,
    target: &Target,
) -> FirstConnection<'a> {
    let checkout = match begin_checkout(pool, &target.key) {
        CheckoutOutcome::Ready(connection) => return FirstConnection::Ready(connection),
        CheckoutOutcome::Queued(ticket, Some(permit)) => match early_head(pool, request, target) {
            Some(head) => {
                drop(ticket);
                return FirstConnection::Pending(Box::pin(connect_early(pool, permit, head)));
            }
            None => CheckoutOutcome::Queued(ticket, Some(permit)),
        },
        checkout => checkout,
    };
    FirstConnection::Pending(Box::pin(finish_checkout(pool, checkout)))
}

/// Opens a connection that begins with this head, if the origin accepts early data.
async fn connect_early(
    pool: &Arc<SharedPool>,
    permit: ConnectPermit,
    head: Bytes,
) -> Result<PooledConnection, Error> {
    let key = permit.pending.key().clone();
    let connector = pool.connector().for_client(key.address());
    let connecting = connector.connect_for(Purpose::Http1WithEarlyData(head));
    let failed = match Opened::by(&Arc::downgrade(pool), connecting, permit).await {
        Ok(opened) => return Ok(opened.connection),
        Err(failed) => failed,
    };
    let error = failed.error().clone();
    // RFC 8446 appendix D.3: an origin that no longer knows early data can still be reached
    // without.
    if error.stage() == Stage::Handshake && error.kind() != ErrorKind::TimedOut {
        drop(failed);
        return checkout(pool, &key).await;
    }
    failed.return_permit(pool);
    Err(error)
}

/// The head that a connection for this request may begin with.
fn early_head(
    pool: &SharedPool,
    request: &mut Request<RequestBody>,
    target: &Target,
) -> Option<Bytes> {
    let is_http1_and_alone = pool.with(|inventory| {
        // Other waiting requests come first, and could not use such a connection.
        inventory.protocol == Some(Protocol::Http1) && inventory.waiters.len() <= 1
    });
    if !is_http1_and_alone || !is_replay_safe(request) {
        return None;
    }
    let room = pool.connector().early_room();
    if room == 0 {
        return None;
    }
    let added = target.encode_http1(request);
    let head = http1::head_without_body(request, added).ok()?;
    (head.len() <= room).then(|| head.into())
}

/// Whether it is harmless if an attacker replays this request.
///
/// A request that was in early data before is excluded: a 425 would go to its client (RFC 8470
/// section 5.2), even where this proxy caused it.
fn is_replay_safe(request: &Request<RequestBody>) -> bool {
    let headers = request.headers();
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    is_safe
        && request.body().is_end_stream()
        && request.extensions().get::<NoEarlyData>().is_none()
        && !headers.contains_key(EARLY_DATA)
        && !headers.contains_key(EXPECT)
}
