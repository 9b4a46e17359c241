//! The group of a primary origin and its backups.

use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::join_all;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower::BoxError;
use tower_service::Service;

use crate::{
    error::Error,
    pool::NoEarlyData,
    proxy::{
        FromGroup, OriginProxy, ProxyBody, Proxying, discard_withheld, log, may_be_empty,
        read_ahead,
    },
    upload::ClientBody,
};

use super::{
    Ejection, OriginHealth, attempt,
    attempt::AttemptOutcome,
    member::{self, Member},
    returnable_body,
};

/// A primary origin and its backups, as a tower service that never fails.
///
/// Each origin is an [`OriginProxy`] with its own names, pool and settings.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
///
/// let primary = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
/// let backup = CdnOriginConnector::builder("https://backup.example.com").build()?;
/// let group =
///     OriginGroup::new(OriginProxy::new(primary)).fall_back_to(OriginProxy::new(backup));
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// # When the next origin is tried
///
/// * All methods: nothing of the request was written, because no connection was established or the
///   pool was full.
/// * Idempotent methods (RFC 9110 section 9.2.2): the origin may have received the request, and
///   there was no response.
/// * GET, HEAD and OPTIONS: the response has one of the [statuses](Self::fail_over_on).
///
/// In all cases, no attempt may have read the client's body, because the group does not buffer
/// bodies. The [`RetryBudget`](crate::pool::RetryBudget) of the origin that failed bounds all but
/// the first case. The client's own mistakes are never retried.
///
/// When all origins have failed, the client gets the response of the last. A response whose body is
/// truncated has begun, and is not replaced.
///
/// # Which origin is tried first
///
/// The first in order that is not ejected. [Consecutive failures](Ejection::failures) eject an
/// origin: errors that the client did not cause, and those of the statuses that are 5xx. After the
/// [ejection time](Ejection::time), it gets one trial request at a time, and returns when enough of
/// them succeed. If all origins are ejected, they are tried in order.
///
/// A request that began before the last ejection or return of its origin counts only in the totals
/// of [`health`](Self::health).
///
/// # Limits and logs
///
/// Deadlines belong to each proxy. A [`request_timeout`](crate::proxy::Limits::request_timeout)
/// begins anew with each origin that is tried.
///
/// A failure that the client gets is logged as a warning. A failure after which another origin is
/// tried is logged as information.
///
/// Backups share no load. For that, put groups or proxies into `tower::balance`.
#[derive(Clone)]
#[must_use = "a group does nothing until it is called"]
pub struct OriginGroup {
    members: Vec<Arc<Member>>,
    settings: Arc<GroupSettings>,
}

/// The default statuses of a failing origin: those of CloudFront's origin groups, without refusals.
const FAILING: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

#[derive(Clone, Debug)]
struct GroupSettings {
    statuses: Vec<StatusCode>,
    ejection: Ejection,
}

impl OriginGroup {
    /// Creates a group of one origin.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
    ///
    /// let primary = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let group = OriginGroup::new(OriginProxy::new(primary));
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn new(primary: OriginProxy) -> Self {
        Self {
            members: vec![Arc::new(Member::new(primary))],
            settings: Arc::new(GroupSettings {
                statuses: FAILING.to_vec(),
                ejection: Ejection::default(),
            }),
        }
    }

    /// Adds a backup, which is tried when all origins before it fail.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
    ///
    /// let primary = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let backup = CdnOriginConnector::builder("https://backup.example").build()?;
    /// let group =
    ///     OriginGroup::new(OriginProxy::new(primary)).fall_back_to(OriginProxy::new(backup));
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn fall_back_to(mut self, backup: OriginProxy) -> Self {
        self.members.push(Arc::new(Member::new(backup)));
        self
    }

    /// Sets the response statuses after which the next origin is tried.
    ///
    /// The default is 500, 502, 503 and 504. CloudFront allows 403, 404 and 429 too. Statuses below
    /// 500 do not count as failures of the origin.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
    /// use http::StatusCode;
    ///
    /// let primary = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let group = OriginGroup::new(OriginProxy::new(primary))
    ///     .fail_over_on([StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE]);
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn fail_over_on(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        Arc::make_mut(&mut self.settings).statuses = statuses.into_iter().collect();
        self
    }

    /// Sets when an origin is ejected, and how it returns.
    ///
    /// [`Ejection`] lists the defaults.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, group::{Ejection, OriginGroup}};
    ///
    /// let primary = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let ejection = Ejection::default().failures(3);
    /// let group = OriginGroup::new(OriginProxy::new(primary)).ejection(ejection);
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn ejection(mut self, ejection: Ejection) -> Self {
        Arc::make_mut(&mut self.settings).ejection = ejection;
        self
    }

    /// Returns the health of each origin, in their order.
    ///
    /// Clones of the group share it.
    ///
    /// ```
    /// # fn log(group: &cdn_origin::group::OriginGroup) {
    /// for health in group.health() {
    ///     println!("{:?}: {} failures", health.state(), health.failures());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> Vec<OriginHealth> {
        self.members.iter().map(|member| member.health()).collect()
    }

    /// [Prewarms](OriginProxy::prewarm) the pools of all origins concurrently.
    ///
    /// # Errors
    ///
    /// When all origins have been tried, the future resolves to the error of the first in order
    /// whose connect failed.
    ///
    /// ```no_run
    /// # async fn start(group: cdn_origin::group::OriginGroup) -> Result<(), cdn_origin::Error> {
    /// group.prewarm().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn prewarm(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let all = join_all(self.origins().map(OriginProxy::prewarm));
        async move { all.await.into_iter().collect() }
    }

    /// [Retires](OriginProxy::retire_connections) all present connections to all origins.
    ///
    /// ```
    /// # fn reload(group: &cdn_origin::group::OriginGroup) {
    /// group.retire_connections();
    /// # }
    /// ```
    pub fn retire_connections(&self) {
        self.origins().for_each(OriginProxy::retire_connections);
    }

    /// [Drains](OriginProxy::drain) all origins, for a shutdown.
    ///
    /// From this call on, new requests get 503. The future resolves when no request runs.
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
        let all = join_all(self.origins().map(OriginProxy::drain));
        async move { drop(all.await) }
    }

    /// [Closes all tunnels](OriginProxy::close_tunnels) to all origins.
    ///
    /// ```
    /// # fn shut_down(group: &cdn_origin::group::OriginGroup) {
    /// group.close_tunnels();
    /// # }
    /// ```
    pub fn close_tunnels(&self) {
        self.origins().for_each(OriginProxy::close_tunnels);
    }

    /// Returns the proxies to the origins, in their order.
    ///
    /// ```
    /// # fn log(group: &cdn_origin::group::OriginGroup) {
    /// for origin in group.origins() {
    ///     println!("{:?}", origin.pool_snapshot());
    /// }
    /// # }
    /// ```
    pub fn origins(&self) -> impl Iterator<Item = &OriginProxy> {
        self.members.iter().map(|member| member.proxy())
    }

    /// Sends a request to the origins in turn, and logs a failure that the client gets.
    async fn respond<B>(&self, request: Request<B>) -> Response<ProxyBody>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (request, withheld) = ClientBody::of(request);
        let response = match may_be_empty(&request) {
            false => self.try_origins(request).await,
            true => {
                // Before any attempt: a body that an attempt has read cannot be read by the next.
                let request = read_ahead(request).await;
                Box::pin(self.try_origins(request)).await
            }
        };
        if let Some(error) = response.extensions().get::<Error>() {
            log::request_failed(error);
        }
        match withheld {
            Some(withheld) => discard_withheld(response, withheld),
            None => response,
        }
    }

    async fn try_origins<B>(&self, request: Request<B>) -> Response<ProxyBody>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(FromGroup);
        let repeatable = body.is_end_stream() && attempt::is_safe(&parts.method);
        let (slot, mut body) = returnable_body::returnable(body);
        let mut untried = self.members.clone();
        // Each counts as a running retry until there is a response.
        let mut retries = Vec::new();
        loop {
            let mut selected = member::next(&mut untried, repeatable);
            let request = Request::from_parts(parts.clone(), body);
            let Ok(response) = selected.proxy().clone().call(request).await;
            let outcome = AttemptOutcome::of(&response, &self.settings.statuses);
            selected.report(outcome.health(), &self.settings.ejection);
            if untried.is_empty() || !outcome.allows_failover(&parts.method) {
                return response;
            }
            let Some(returned) = slot.take() else {
                return response;
            };
            if !outcome.was_unwritten() {
                let Some(retry) = selected.proxy().begin_retry() else {
                    return response;
                };
                retries.push(retry);
            }
            match response.extensions().get::<Error>() {
                Some(error) => log::failed_over(error),
                None => {
                    let origin = selected.proxy().origin();
                    log::failed_over_on_status(response.status(), origin);
                }
            }
            parts.extensions.insert(NoEarlyData);
            body = returned;
        }
    }
}

impl fmt::Debug for OriginGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginGroup")
            .field("settings", &self.settings)
            .field("health", &self.health())
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
        let group = self.clone();
        Proxying::new(async move { group.respond(request).await })
    }
}
