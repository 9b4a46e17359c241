//! The response to a request whose host belongs to no origin.

use std::future::ready;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body::Body;
use tower::BoxError;

use super::{
    ProxyBody, Proxying,
    service::{Respond, accept},
};

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
