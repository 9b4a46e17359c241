//! `AcceptedByGroup`: a group with one request that it has accepted.

use std::{sync::Arc, time::Duration};

use http::{Request, Response};
use http_body::Body;
use tower::BoxError;

use crate::{
    pool::InFlight,
    proxy::{BufferedBody, Buffering, ProxyBody, Proxying, Respond},
};

use super::{failover::send_with_failover, shared_group::SharedGroup};

/// A group that responds to one request, which it counts from its arrival on: a drain that begins
/// while the body is read, or before another member is tried, waits for it.
pub(super) struct AcceptedByGroup {
    pub(super) group: Arc<SharedGroup>,
    /// Absent if the group is draining.
    pub(super) in_flight: Option<InFlight>,
}

impl Respond for AcceptedByGroup {
    fn waits_for_body<B: Body>(&self, request: &Request<B>) -> bool {
        self.in_flight.is_some() && self.group.waits_for_body(request)
    }

    fn request_timeout(&self) -> Option<Duration> {
        self.group.request_timeout()
    }

    fn respond<B>(self, request: Request<B>) -> Proxying
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Proxying::new(async move {
            let in_flight = self.in_flight.as_ref();
            send_with_failover(&self.group, request, in_flight, || None).await
        })
    }
}

/// Reads the beginning of the body, and then responds.
pub(super) async fn buffer<B>(
    accepted: AcceptedByGroup,
    request: Request<B>,
    buffering: Buffering,
) -> Response<ProxyBody>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    match buffering.read(request).await {
        Ok(request) => {
            let copy = request.body().repeat();
            let repeat = move || copy.as_ref().and_then(BufferedBody::repeat);
            let in_flight = accepted.in_flight.as_ref();
            send_with_failover(&accepted.group, request, in_flight, repeat).await
        }
        Err(refusal) => refusal,
    }
}
