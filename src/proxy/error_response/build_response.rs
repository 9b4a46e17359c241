//! The proxy's own response to a failure, with `Retry-After` where a retry may help.
//!
//! Its content is plain text. `problem_json.rs` makes it JSON, and `replace_content.rs` an HTML
//! page.

use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};

use crate::{
    error::{Error, ErrorKind},
    proxy::{ProxyBody, adjust_fields::has_no_content},
};

use super::{
    DiagnosisDisclosure, ProxyIdentity,
    proxy_status::{PROXY_STATUS, proxy_status},
};

/// The response to a failed request: a short text, with the error in its extensions.
///
/// HEAD gets the same without the text (RFC 9110 section 9.3.2). The status is that of the error,
/// unless another was configured for it.
pub(in crate::proxy) fn error_response(
    status: StatusCode,
    identity: &ProxyIdentity,
    error: Error,
    method: &Method,
    disclosure: DiagnosisDisclosure,
) -> Response<ProxyBody> {
    let details = disclosure.details(|| error.diagnosis());
    let proxy_status = proxy_status(identity, &error, details.as_ref());
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
    let is_temporary = [
        ErrorKind::Draining,
        ErrorKind::NoOrigin,
        ErrorKind::Overloaded,
        ErrorKind::PoolExhausted,
    ];
    if is_temporary.contains(&error.kind()) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.extensions_mut().insert(error);
    response
}
