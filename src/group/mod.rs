//! Failover between origins: a primary and its backups.
//!
//! An [`OriginGroup`] sends each request to the first origin that is not ejected. If that fails, it
//! tries the next one where a retry is safe.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
//!
//! let primary = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
//! let backup = CdnOriginConnector::builder("https://backup.example.com").build()?;
//! let group =
//!     OriginGroup::new(OriginProxy::new(primary)).fall_back_to(OriginProxy::new(backup));
//! # drop(group);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```

mod attempt;
mod ejection;
mod health;
mod member;
mod returnable_body;

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
    proxy::{Draining, LoggedByGroup, OriginProxy, Prewarming, ProxyBody, Proxying, log},
};

pub use ejection::Ejection;
pub use health::{OriginHealth, OriginState};

use attempt::AttemptOutcome;
use member::Member;

/// A primary origin and its backups, each with its own names, pool and settings. A `Service` that
/// never fails, like the proxies that it is made of.
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
/// Deadlines are each proxy's own: where two origins are asked, a
/// [`request_timeout`](crate::proxy::Limits::request_timeout) bounds each of them.
///
/// # When the next origin is asked
///
/// | what became of the request | which methods |
/// |---|---|
/// | no connection came about, or the pool was full: nothing of it was written | all |
/// | it may have been seen, and there was no response | idempotent ones (RFC 9110 section 9.2.2) |
/// | the response has one of the [statuses](Self::fail_over_on): 500, 502, 503, 504 | GET, HEAD, OPTIONS |
///
/// In each case only if nothing of the client's body was taken: it is not kept in memory. All but
/// the first are bounded by the [`RetryBudget`](crate::pool::RetryBudget) of the origin that
/// failed. What a client got wrong is answered at once. When all origins have failed, the answer of
/// the last is passed on. A response whose body ends too early has begun, and is not replaced.
///
/// # Which origin is asked first
///
/// The first in order that is not ejected. An origin is ejected after [failures in a
/// row](Ejection::failures): errors that are not the client's, and those statuses as far as they
/// are 5xx. After [a while](Ejection::time), it is tried with one request at a time that can be
/// sent elsewhere if it fails, and returns by itself. Where all are ejected, they are asked in
/// order.
///
/// A failure that the client gets is logged as a warning; one in place of which another origin is
/// asked, as information.
///
/// Backups do not share load: for that, put groups or proxies into `tower::balance`.
#[derive(Clone)]
#[must_use = "a group does nothing until it is called"]
pub struct OriginGroup {
    members: Vec<Arc<Member>>,
    settings: Arc<GroupSettings>,
}

/// The statuses by which an origin reports that it fails: those of CloudFront's origin groups that
/// are no refusal.
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
    /// Makes a group of one origin.
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
    pub fn fall_back_to(mut self, backup: OriginProxy) -> Self {
        self.members.push(Arc::new(Member::new(backup)));
        self
    }

    /// Sets the statuses that let another origin be tried.
    ///
    /// The default is 500, 502, 503 and 504. CloudFront allows 403, 404 and 429 too; these do not
    /// count as failures of the origin.
    pub fn fail_over_on(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        Arc::make_mut(&mut self.settings).statuses = statuses.into_iter().collect();
        self
    }

    /// Sets when an origin is ejected, and how it returns.
    pub fn ejection(mut self, ejection: Ejection) -> Self {
        Arc::make_mut(&mut self.settings).ejection = ejection;
        self
    }

    /// Returns the health of each origin, in their order. Clones of the group share it.
    #[must_use]
    pub fn health(&self) -> Vec<OriginHealth> {
        self.members.iter().map(|member| member.health()).collect()
    }

    /// [Warms](OriginProxy::prewarm) the pools of all origins, at the same time.
    ///
    /// # Errors
    ///
    /// The future resolves to the error of the first origin in order that could not be connected
    /// to, when all have been tried.
    pub fn prewarm(&self) -> Prewarming {
        let each = self.origins().map(OriginProxy::prewarm);
        let all = join_all(each);
        Prewarming::new(async move { all.await.into_iter().collect() })
    }

    /// [Retires](OriginProxy::retire_connections) all present connections to all origins.
    pub fn retire_connections(&self) {
        self.origins().for_each(OriginProxy::retire_connections);
    }

    /// [Drains](OriginProxy::drain) all origins: from this call on, new requests get 503. The future
    /// resolves when no request runs.
    pub fn drain(&self) -> Draining {
        let each: Vec<_> = self.origins().map(OriginProxy::drain).collect();
        Draining::new(async move { drop(join_all(each).await) })
    }

    /// [Closes all tunnels](OriginProxy::close_tunnels) to all origins.
    pub fn close_tunnels(&self) {
        self.origins().for_each(OriginProxy::close_tunnels);
    }

    /// Returns the proxies to the origins, in their order.
    pub fn origins(&self) -> impl Iterator<Item = &OriginProxy> {
        self.members.iter().map(|member| member.proxy())
    }

    async fn answer<B>(&self, request: Request<B>) -> Response<ProxyBody>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let response = self.ask(request).await;
        if let Some(error) = response.extensions().get::<Error>() {
            log::request_failed(error);
        }
        response
    }

    async fn ask<B>(&self, request: Request<B>) -> Response<ProxyBody>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(LoggedByGroup);
        let repeatable = body.is_end_stream() && attempt::is_safe(&parts.method);
        let (slot, mut body) = returnable_body::returnable(body);
        let mut untried = self.members.clone();
        // Each counts as a retry on its way until there is an answer.
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
        Proxying::new(async move { group.answer(request).await })
    }
}
