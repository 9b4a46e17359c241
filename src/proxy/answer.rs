//! The proxy's own answer to a failure.

use http::{
    HeaderName, HeaderValue, Method, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};

use crate::{Error, error::ErrorKind};

use super::{
    ProxyBody,
    exposure::Exposure,
    status::{Identity, has_no_content, proxy_status, status},
};

pub(super) const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// A short text without internals; the error goes into the extensions, for whoever wraps the proxy.
/// HEAD gets all but the text, which a server need not hold back by itself (RFC 9110 section
/// 9.3.2).
pub(super) fn answer(
    identity: &Identity,
    error: Error,
    method: &Method,
    exposure: Exposure,
) -> Response<ProxyBody> {
    let status = status(&error);
    let details = exposure.details(|| error.diagnosis());
    let proxy_status = proxy_status(identity, &error, details.as_deref());
    let text = format!("{status}\n");
    let length = HeaderValue::from(text.len());
    let mut response = Response::new(ProxyBody::own(text));
    if has_no_content(status, method) {
        *response.body_mut() = ProxyBody::nothing();
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
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
