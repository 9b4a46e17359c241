//! `OriginGroup`: several origins as one.

use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::join_all;
use http::{Request, Response};
use http_body::Body;
use tower::BoxError;
use tower_service::Service;

use crate::{
    error::Error,
    pool::InFlight,
    proxy::{BufferedBody, Buffering, ProxyBody, Proxying, Respond, accept},
};

use super::{
    Members, failover::send_with_failover, group_task::GroupTask, shared_group::SharedGroup,
};

/// Several origins as one tower service: balanced, checked, with backups.
///
/// Each member has an [`OriginProxy`](crate::OriginProxy) with its own names and pool. The error
/// type is `Infallible`: failures become responses. Clones are cheap and share the members.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, group::OriginGroup};
///
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
/// let backup = CdnOriginConnector::builder("https://backup.example").build()?;
/// let group = OriginGroup::builder().tier([a, b]).tier([backup]).build()?;
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// # Which member gets a request
///
/// 1. The first tier with a member that serves. The members of a tier share the requests as
///    [`Balance`](super::Balance) says.
/// 2. Within it, a member that is due for a trial: it was [ejected](super::Ejection), and its time
///    has passed. Trials are GET, HEAD and OPTIONS requests without content. A request that cannot
///    be repeated becomes a trial only after twice the time.
/// 3. If all members are out, the first tier, as if none of its members were out.
///
/// A member is out after [consecutive failures](super::Ejection::failures), and while its [health
/// checks](super::HealthCheck) fail. Failures are errors that the client did not cause, timeouts
/// included, those of the [statuses](super::Failover::statuses) that are 5xx, and truncated
/// bodies. A request that began before the last ejection or return of its member counts only in the
/// totals.
///
/// A member to which no connection can be opened gets at most one request a second while others of
/// its tier serve, even before it is ejected.
///
/// # When another member is tried
///
/// * All methods: nothing of the request was written, because no connection was established or the
///   pool was full.
/// * Idempotent methods (RFC 9110 section 9.2.2): the member may have received the request, and
///   there was no response.
/// * GET, HEAD and OPTIONS: the response has one of the [statuses](super::Failover::statuses).
///
/// In all cases, no attempt may have read the client's body, unless all of it was
/// [buffered](crate::proxy::Limits::buffer_requests). Errors that the client caused are never
/// retried.
///
/// A request that a member may have received goes to any member whose last outcome was not a
/// failure. It goes to a failing member only within the [`RetryBudget`](crate::pool::RetryBudget)
/// of the member that failed first, so that attempts do not multiply when all are overloaded.
/// `RetryBudget::none()` forbids both. [`Failover`](super::Failover) has further limits.
///
/// When all attempts have failed, the client gets the response of the last. A response whose body
/// is truncated has begun, and is not replaced. Without a member, the client gets 503.
///
/// # Limits and logs
///
/// Deadlines belong to each proxy. A [`request_timeout`](crate::proxy::Limits::request_timeout)
/// begins anew with each member that is tried.
///
/// A failure that the client gets is logged as a warning. A failure after which another member is
/// tried is logged as information. So are returns, and members that are added or removed; an
/// ejection, and a member whose checks fail, is a warning.
#[derive(Clone)]
#[must_use = "a group does nothing until it is called"]
pub struct OriginGroup(Arc<SharedGroup>);

impl OriginGroup {
    pub(super) fn of(inner: SharedGroup) -> Self {
        let inner = Arc::new(inner);
        GroupTask::ensure(&inner);
        Self(inner)
    }

    /// Returns the members, to read their state and to change them while the group runs.
    ///
    /// ```
    /// # fn log(group: &cdn_origin::group::OriginGroup) {
    /// for member in group.members().snapshot() {
    ///     println!("{} {:?}: {} failures", member.name, member.state, member.failures);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn members(&self) -> Members {
        Members::new(self.0.clone())
    }

    /// [Prewarms](crate::OriginProxy::prewarm) the pools of all members concurrently.
    ///
    /// # Errors
    ///
    /// When all members have been tried, the future resolves to the error of the first in order
    /// whose connect failed.
    ///
    /// ```no_run
    /// # async fn start(group: cdn_origin::group::OriginGroup) -> Result<(), cdn_origin::Error> {
    /// group.prewarm().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn prewarm(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let members = self.0.members();
        let all = join_all(members.iter().map(|member| member.proxy().prewarm()));
        async move { all.await.into_iter().collect() }
    }

    /// [Retires](crate::OriginProxy::retire_connections) all present connections to all members.
    ///
    /// ```
    /// # fn reload(group: &cdn_origin::group::OriginGroup) {
    /// group.retire_connections();
    /// # }
    /// ```
    pub fn retire_connections(&self) {
        for member in self.0.members() {
            member.proxy().retire_connections();
        }
    }

    /// [Drains](crate::OriginProxy::drain) all members, for a shutdown.
    ///
    /// From this call on, new requests get 503, also at members that are added later. The future
    /// resolves when no request runs.
    ///
    /// ```
    /// # async fn shut_down(group: cdn_origin::group::OriginGroup) {
    /// use std::time::Duration;
    ///
    /// let drained = tokio::time::timeout(Duration::from_secs(30), group.drain()).await;
    /// # drop(drained);
    /// # }
    /// ```
    pub fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        let accepted = self.0.drain();
        let members = self.0.members();
        let all = join_all(members.iter().map(|member| member.proxy().drain()));
        async move {
            accepted.await;
            drop(all.await);
        }
    }

    /// [Closes all tunnels](crate::OriginProxy::close_tunnels) to all members.
    ///
    /// ```
    /// # fn shut_down(group: &cdn_origin::group::OriginGroup) {
    /// group.close_tunnels();
    /// # }
    /// ```
    pub fn close_tunnels(&self) {
        for member in self.0.members() {
            member.proxy().close_tunnels();
        }
    }
}

/// A group that responds to one request, which it counts from its arrival on: a drain that begins
/// while the body is read, or before another member is tried, waits for it.
struct AcceptedByGroup {
    group: Arc<SharedGroup>,
    /// Absent if the group is draining.
    in_flight: Option<InFlight>,
}

impl Respond for AcceptedByGroup {
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

impl fmt::Debug for OriginGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginGroup")
            .field("members", &self.members())
            .finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for OriginGroup
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ProxyBody>;
    type Error = Infallible;
    type Future = Proxying;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        GroupTask::ensure(&self.0);
        let accepted = AcceptedByGroup {
            in_flight: self.0.accept(),
            group: self.0.clone(),
        };
        match self.0.buffering(&request) {
            Some(buffering) => Proxying::new(buffer(accepted, request, buffering)),
            None => accept(accepted, request),
        }
    }
}

/// Reads the beginning of the body, and then responds.
async fn buffer<B>(
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
