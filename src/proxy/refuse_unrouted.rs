//! The response to a request that belongs to no proxy.

use std::{future::ready, sync::Arc};

use http::{Request, StatusCode};
use http_body::Body;
use tower::BoxError;

use crate::error::{Error, ErrorKind};

use super::{
    OriginProxy, Proxying,
    error_response::error_response,
    proxy_settings::ProxySettings,
    service::{Respond, accept},
};

/// Refuses a request that no proxy was found for, with the error responses of `template`.
pub(crate) fn refuse_unrouted<B>(
    template: &OriginProxy,
    request: Request<B>,
    kind: ErrorKind,
    status: StatusCode,
) -> Proxying
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let refusal = UnroutedRefusal {
        settings: template.settings.clone(),
        kind,
        status,
    };
    accept(refusal, request)
}

/// The refusal of one request.
struct UnroutedRefusal {
    settings: Arc<ProxySettings>,
    kind: ErrorKind,
    status: StatusCode,
}

impl Respond for UnroutedRefusal {
    fn respond<B>(self, request: Request<B>) -> Proxying
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let Self {
            settings,
            kind,
            status,
        } = self;
        let (identity, method) = (&settings.identity, request.method());
        let error = Error::refused(kind);
        let response = error_response(status, identity, error, method, settings.disclosure);
        Proxying::new(ready(settings.response_hooks.apply(response, method)))
    }
}
