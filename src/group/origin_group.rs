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
    error::{BuildError, BuildProblem, BuildProblemKind, Error},
    pool::InFlight,
    proxy::{ProxyBody, Proxying, Respond, accept},
};

use super::{
    Member, MemberSnapshot,
    accepted_by_group::{AcceptedByGroup, buffer},
    drained_members::drained,
    group_handle::{GroupHandle, GroupRequests},
    group_task::GroupTask,
    shared_group::SharedGroup,
};

/// Several origins as one tower service: balanced, checked, with backups.
///
/// Each member has an [`OriginProxy`](crate::OriginProxy) with its own names and pool. The error
/// type is `Infallible`: failures become responses. Clones are cheap and share the members. When
/// the last one is dropped, health checks and look-ups end, and requests in flight finish.
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
/// The group searches the tiers in their order:
///
/// 1. If a member of the tier was [ejected](super::Ejection) and the time of its ejection has
///    passed, it gets the request as a trial. Trials are GET, HEAD and OPTIONS requests without
///    content. Any other request becomes a trial only after twice the time.
/// 2. Otherwise, the members of the tier that are not out share the requests by their
///    [`Balance`](super::Balance). If all of them are out, or have refused the request because they
///    were full, the group searches the next tier.
/// 3. If all members of all tiers are out, the first tier gets the request, as if none of its
///    members were out.
///
/// A member is out after [consecutive failures](super::Ejection::failures), and while its [health
/// checks](super::HealthCheck) fail. These are failures:
///
/// * an error that the client did not cause, such as a timeout
/// * a response with one of the [statuses](super::Failover::statuses) that is 500 or above
/// * a truncated response body
///
/// A request that began before its member was last ejected or returned does not count here, but it
/// does in the [snapshot](super::MemberSnapshot).
///
/// A member to which no connection can be opened gets at most one request a second while others of
/// its tier serve, even before it is ejected.
///
/// # When another member is tried
///
/// * For all methods, if nothing of the request was written, because no connection was established
///   or the pool was full.
/// * For idempotent methods (RFC 9110 section 9.2.2), if the member may have received the request,
///   and there was no response.
/// * For GET, HEAD and OPTIONS, if the response has one of the
///   [statuses](super::Failover::statuses).
///
/// In all cases, another member is tried only if no attempt has read any of the client's body, or
/// if all of it was [buffered](crate::proxy::Limits::buffer_requests). Errors that the client
/// caused are never retried.
///
/// If a member may have received the request, another one gets it without a limit if its own last
/// outcome was no failure. A member whose last outcome was a failure gets it only within the
/// [`RetryBudget`](crate::pool::RetryBudget) of the member that failed before. So attempts do not
/// multiply when all are overloaded. With `RetryBudget::none()`, no other member gets it.
/// [`Failover`](super::Failover) has further limits.
///
/// When all attempts have failed, the client gets the response of the last. A response that has
/// begun is not replaced, even if its body is truncated. Without a member, the client gets 503, and
/// the observers of the last member that was removed get the record.
///
/// # Limits and logs
///
/// Deadlines belong to each proxy. A [`request_timeout`](crate::proxy::Limits::request_timeout)
/// begins anew with each member that is tried.
///
/// The group logs a failure that the client gets, an ejection and failing checks at WARN. It logs a
/// failure after which another member is tried, a return, and changes of the members at INFO, but a
/// member that was only full or draining at DEBUG. While all members fail, it logs failures of the
/// same kind once a second, with their number.
#[derive(Clone)]
#[must_use = "a group does nothing until it is called"]
pub struct OriginGroup(pub(super) Arc<GroupHandle>);

impl OriginGroup {
    pub(super) fn of(inner: SharedGroup) -> Self {
        let group = Arc::new(inner);
        GroupTask::ensure(&group);
        Self(Arc::new(GroupHandle::new(group)))
    }

    /// [Prewarms](crate::OriginProxy::prewarm) the pools of all members concurrently.
    ///
    /// # Errors
    ///
    /// When all members have been tried, the future resolves to the error of the first member whose
    /// connect failed.
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
    /// From this call on, new requests get 503. The future resolves when no request that the group
    /// accepted runs any longer, not even at a member that was removed before.
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
        self.0.close();
        self.requests().ended()
    }

    /// Begins a request; `None` if the group drains.
    pub(crate) fn accept(&self) -> Option<InFlight> {
        self.0.accept()
    }

    /// Its requests. They do not keep the group.
    pub(crate) fn requests(&self) -> GroupRequests {
        GroupRequests(Arc::clone(&**self.0))
    }

    /// Whether the other is a clone of this one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// [Closes all tunnels](crate::OriginProxy::close_tunnels), also those to members that were
    /// removed.
    ///
    /// ```
    /// # fn shut_down(group: &cdn_origin::group::OriginGroup) {
    /// group.close_tunnels();
    /// # }
    /// ```
    pub fn close_tunnels(&self) {
        self.0.close_tunnels();
    }
}

/// # Members
///
/// A change holds for the group and all its clones. Requests in flight are not affected.
impl OriginGroup {
    /// Returns the state of each member, tier by tier.
    ///
    /// ```
    /// # fn log(group: &cdn_origin::group::OriginGroup) {
    /// for member in group.snapshot() {
    ///     println!("{} {:?}: {} failures", member.name, member.state, member.failures);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Vec<MemberSnapshot> {
        self.0.with_tiers(|tiers| tiers.snapshot())
    }

    /// Puts a member into a tier, in place of the one with its name in any tier.
    ///
    /// The first tier is 0; the number after the last creates another. A new member begins with a
    /// small share of requests, as after a [return](super::Ejection::slow_start). In place of
    /// another one, it takes over neither connections nor health.
    ///
    /// From this call on, requests go to the new member. The future resolves when the last request
    /// of the replaced one has ended, at once if there is none. It may be dropped.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), cdn_origin::BuildError> {
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let group = OriginGroup::builder().tier([Member::new(a).name("a")]).build()?;
    ///
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// group.put(0, Member::new(b).name("b"))?.await;
    /// group.set_weight("b", 3);
    /// if let Some(drained) = group.remove("a") {
    ///     drained.await;
    /// }
    /// assert_eq!(group.snapshot().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is no such tier.
    pub fn put(
        &self,
        tier: usize,
        member: Member,
    ) -> Result<impl Future<Output = ()> + Send + use<>, BuildError> {
        self.check_tier("OriginGroup::put", tier)?;
        Ok(drained(&self.0.put(tier, member)))
    }

    /// Removes the member of this name. Returns `None` if there is none.
    ///
    /// From this call on, it gets no new requests. The future resolves when the last of its
    /// requests has ended, as [`OriginProxy::drain`](crate::OriginProxy::drain) describes. It may
    /// be dropped.
    ///
    /// ```
    /// # async fn replace_by_hand(group: &cdn_origin::group::OriginGroup) {
    /// use std::time::Duration;
    ///
    /// if let Some(drained) = group.remove("a") {
    ///     // Its last requests may take half a minute before the server is stopped.
    ///     let _ = tokio::time::timeout(Duration::from_secs(30), drained).await;
    /// }
    /// # }
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "the member is removed whether the result is used or not"
    )]
    pub fn remove(&self, name: &str) -> Option<impl Future<Output = ()> + Send + use<>> {
        self.0.remove(name).map(|proxy| proxy.drain())
    }

    /// Sets the [weight](Member::weight) of a member, from the next request on. Returns `false` if
    /// there is no member of this name.
    ///
    /// With weight 0, it gets no new requests, but stays in the group and keeps its connections.
    ///
    /// ```
    /// # fn begin_canary(group: &cdn_origin::group::OriginGroup) {
    /// // A new release gets 5 of 105 requests.
    /// group.set_weight("stable", 100);
    /// group.set_weight("canary", 5);
    /// # }
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "the weight is set whether the result is used or not"
    )]
    pub fn set_weight(&self, name: &str, weight: u32) -> bool {
        let member = self.0.with_tiers(|tiers| tiers.find(name).cloned());
        let member = member.inspect(|member| member.set_weight(weight));
        member.is_some()
    }

    /// Replaces all members of a tier.
    ///
    /// A new member with the name of a present one changes only its weight: the connections and the
    /// health stay. To change a connector, change the name too. All other present members of the
    /// tier are removed. The future resolves when the last of their requests has ended. It may be
    /// dropped.
    ///
    /// A new member whose name is not unique is ignored and logged. If there is no such tier, the
    /// group stays as it is.
    ///
    /// ```
    /// use cdn_origin::{BuildError, CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// /// The list of a service registry becomes the first tier.
    /// async fn apply(group: &OriginGroup, urls: &[String]) -> Result<(), BuildError> {
    ///     let member = |url: &String| {
    ///         let connector = CdnOriginConnector::builder(url.as_str()).build()?;
    ///         Ok(Member::new(connector).name(url))
    ///     };
    ///     let members: Result<_, BuildError> = urls.iter().map(member).collect();
    ///     group.replace(0, members?).await;
    ///     Ok(())
    /// }
    /// ```
    pub fn replace(
        &self,
        tier: usize,
        members: Vec<Member>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (removed, _) = self.0.replace(tier, members);
        drained(&removed)
    }

    pub(super) fn check_tier(&self, setter: &'static str, tier: usize) -> Result<(), BuildError> {
        let count = self.0.with_tiers(|tiers| tiers.count());
        if tier <= count {
            return Ok(());
        }
        let why = format!("there is no tier {tier}: the group has {count}");
        let kind = BuildProblemKind::OutOfRange;
        Err(BuildError::of(BuildProblem::new(setter, kind, why)))
    }
}

impl fmt::Debug for OriginGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginGroup")
            .field("members", &self.snapshot())
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
            in_flight: self.accept(),
            group: Arc::clone(&**self.0),
        };
        let buffering = self.0.buffering(&request);
        match buffering.filter(|_| accepted.waits_for_body(&request)) {
            Some(buffering) => Proxying::new(buffer(accepted, request, buffering)),
            None => accept(accepted, request),
        }
    }
}
