//! Requests in early data: the first bytes of a connection, sent before its handshake has ended
//! (RFC 8446 section 2.3, RFC 8470).
//!
//! Such a connection is opened by its request alone, in that request's own task, so that no other
//! can be taken for it. All that is sent early is one head: what goes wrong up to the end of the
//! handshake is a failed connect, and a head that the origin did not look at is sent as on any
//! fresh connection.

use bytes::Bytes;
use http::{
    Method, Request,
    header::{EXPECT, HeaderName},
};
use http_body::Body;

use crate::error::{Error, ErrorKind, Stage};

use crate::http1;
use crate::upload::RequestBody;

use super::{
    OriginPool, PooledConnection, Shared, Target,
    slot::Leave,
    state::{Offer, Protocol},
};

/// RFC 8470 section 5.1: the request has been in early data on its way here. It MUST NOT be
/// removed.
pub(crate) const EARLY_DATA: HeaderName = HeaderName::from_static("early-data");

/// In the extensions of a request: it is not to be sent in early data, whatever
/// [`early_data`](crate::connector::CdnOriginBuilder::early_data) allows. For paths where a GET
/// does something, and for layers that send requests again.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, pool::NoEarlyData};
///
/// let connector = CdnOriginConnector::builder("https://www.example.com")
/// #   .verify(cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32])))
///     .early_data()
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
    reason = "it says all by being there, and callers make it"
)]
pub struct NoEarlyData;

impl OriginPool {
    /// An offer for the first try of this request. Where a connection is to be opened, it may begin
    /// with it.
    pub(super) fn first_offer(&self, request: &mut Request<RequestBody>, target: &Target) -> Offer {
        match self.offer(&target.client) {
            Offer::Wait(place, Some(leave)) => match self.0.early_head(request, target) {
                Some(head) => Offer::Early(leave, head),
                None => Offer::Wait(place, Some(leave)),
            },
            offer => offer,
        }
    }

    /// A connection that has begun with this head if the origin takes early data.
    pub(super) async fn early_lease(
        &self,
        leave: Leave,
        head: Bytes,
    ) -> Result<PooledConnection, Error> {
        let client = leave.client.clone();
        let shared = &self.0;
        let failed = match shared.open_early(leave, head).await {
            Ok(lease) => return Ok(lease),
            Err(failed) => failed,
        };
        let error = failed.error.clone();
        // RFC 8446 appendix D.3: an origin that has forgotten what early data is can still be
        // spoken to without.
        if error.stage() == Stage::Handshake && error.kind() != ErrorKind::TimedOut {
            drop(failed);
            return self.lease(&client).await;
        }
        failed.settle(shared);
        Err(error)
    }
}

impl Shared {
    /// What a connection for this request is to begin with, if it may.
    fn early_head(&self, request: &mut Request<RequestBody>, target: &Target) -> Option<Bytes> {
        {
            let state = self.lock();
            // Whoever else waits comes first, and would not be served by such a connection.
            let is_alone = state.queue.len() <= 1;
            if state.protocol != Some(Protocol::Http1) || !is_alone {
                return None;
            }
        }
        if !is_harmless(request) {
            return None;
        }
        let room = self.connector.early_room();
        if room == 0 {
            return None;
        }
        let left_out = target.spell_for(request, Protocol::Http1);
        let head = http1::head_without_body(request);
        left_out.put_back(request.headers_mut());
        let head = head.ok()?;
        (head.len() <= room).then(|| head.into())
    }
}

/// Whether it does no harm if somebody sends this request once more. One that has been in early
/// data before is left out too: a 425 would be its client's (RFC 8470 section 5.2), even if it was
/// we who brought it about.
fn is_harmless(request: &Request<RequestBody>) -> bool {
    let headers = request.headers();
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    is_safe
        && request.body().is_end_stream()
        && request.extensions().get::<NoEarlyData>().is_none()
        && !headers.contains_key(EARLY_DATA)
        && !headers.contains_key(EXPECT)
}
