//! The response to a request that belongs to no proxy.

use std::{future::ready, time::Duration};

use http::{Request, StatusCode};
use http_body::Body;
use tower::BoxError;
use tracing::Span;

use crate::{
    error::{Error, ErrorKind},
    observe::ExchangeRecord,
};

use super::{
    OriginProxy, Proxying,
    refuse_request::refuse_as,
    service::{Respond, accept},
};

/// Refuses a request that no proxy was found for, with the error responses of `template`. The
/// observers of its connector get the record.
pub(crate) fn refuse_unrouted<B>(
    template: OriginProxy,
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
        template,
        kind,
        status,
    };
    accept(refusal, request)
}

/// The refusal of one request.
struct UnroutedRefusal {
    template: OriginProxy,
    kind: ErrorKind,
    status: StatusCode,
}

impl Respond for UnroutedRefusal {
    fn waits_for_body<B: Body>(&self, _: &Request<B>) -> bool {
        false
    }

    fn request_timeout(&self) -> Option<Duration> {
        None
    }

    fn respond<B>(self, request: Request<B>) -> Proxying
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let OriginProxy { settings, pool } = self.template;
        let error = Error::refused(self.kind);
        let record = ExchangeRecord::begin(&request, None, pool.connector().observers());
        {
            let _entered = record.span().map(Span::enter);
            settings.failure_log.request_failed(&error);
        }
        let response = refuse_as(&settings, &request, error, self.status, record);
        Proxying::new(ready(response))
    }
}
