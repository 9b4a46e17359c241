//! Proxies to further origins with the settings of one, and the answer to a host without a proxy.

use std::{future::ready, sync::Arc};

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Body;
use tower::BoxError;

use crate::{
    connector::{AppliedProfile, CdnOriginConnector},
    pool::{ConnectionBudget, OriginPool, PoolSettings},
};

use super::{
    Limits, OriginProxy, ProxyBody, Proxying,
    service::{Respond, accept},
};

/// The connector that a proxy was made with.
pub(crate) fn connector_of(proxy: &OriginProxy) -> &CdnOriginConnector {
    proxy.pool.connector()
}

/// A proxy to the origin of this connector, with the settings of `template` where none are given.
/// Its connections count in the budget.
pub(crate) fn proxy_beside(
    template: &OriginProxy,
    connector: CdnOriginConnector,
    limits: Option<&Limits>,
    pool: Option<&PoolSettings>,
    budget: Option<Arc<ConnectionBudget>>,
) -> OriginProxy {
    let profile = connector.profile();
    let mut settings = template.settings.for_connector(&connector);
    if let Some(limits) = limits {
        settings.set_limits(limits.clone(), profile);
    }
    let pool = match (pool, profile.and_then(AppliedProfile::idle_timeout)) {
        (Some(pool), _) => pool.clone(),
        (None, Some(idle)) => template.pool.settings().clone().idle_timeout_at_most(idle),
        (None, None) => template.pool.settings().clone(),
    };
    OriginProxy {
        settings: settings.into(),
        pool: OriginPool::within(connector, pool, budget),
    }
}

/// Answers a request for a host that no origin belongs to.
pub(crate) fn refuse_unknown_host<B>(request: Request<B>, status: StatusCode) -> Proxying
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    accept(UnknownHostRefusal(status), request)
}

/// The answer to requests for unknown hosts.
struct UnknownHostRefusal(StatusCode);

impl Respond for UnknownHostRefusal {
    fn respond<B>(self, request: Request<B>) -> Proxying
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        drop(request);
        Proxying::new(ready(unknown_host(self.0)))
    }
}

fn unknown_host(status: StatusCode) -> Response<ProxyBody> {
    let mut response = Response::new(ProxyBody::own(format!("{status}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    let reason = HeaderValue::from_static("cdn-origin;error=destination_not_found");
    headers.insert(HeaderName::from_static("proxy-status"), reason);
    response
}
