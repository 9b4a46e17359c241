//! The proxy's own answer to a failure.

use http::{
    HeaderName, HeaderValue, Response,
    header::{CONTENT_TYPE, RETRY_AFTER},
};

use crate::{Error, error::ErrorKind};

use super::{
    ProxyBody,
    status::{proxy_status, status},
};

const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// A short text without internals; the error goes into the extensions, for whoever wraps the proxy.
pub(super) fn answer(error: Error) -> Response<ProxyBody> {
    let status = status(&error);
    let proxy_status = proxy_status(&error);
    let mut response = Response::new(ProxyBody::own(format!("{status}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(PROXY_STATUS, proxy_status);
    let is_for_now = [
        ErrorKind::Draining,
        ErrorKind::Overloaded,
        ErrorKind::PoolExhausted,
    ];
    if is_for_now.contains(&error.kind()) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(error);
    response
}
