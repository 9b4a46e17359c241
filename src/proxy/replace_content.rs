//! Other content for a response: a page of the application's, or problem details.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response,
    header::{
        ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
        CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, TRAILER, TRANSFER_ENCODING,
    },
};

use crate::error::Error;

use super::{ProxyBody, error_response::error_type_name};

/// The fields that describe the content of a response (RFC 9110 section 8).
const CONTENT_FIELDS: [HeaderName; 12] = [
    ACCEPT_RANGES,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_RANGE,
    ETAG,
    LAST_MODIFIED,
    TRAILER,
    TRANSFER_ENCODING,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// Replaces the content of a response, and the fields that describe it.
///
/// Status and other fields stay. Use it in
/// [`OriginProxy::map_response`](crate::OriginProxy::map_response) for error pages: nginx's
/// `error_page` with `proxy_intercept_errors`, HAProxy's `errorfile`.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::replace_content};
/// use http::HeaderValue;
///
/// let html = HeaderValue::from_static("text/html; charset=utf-8");
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// // Failures of the proxy, and those that the origin reports.
/// let proxy = OriginProxy::new(connector).map_response(move |response| {
///     match response.status().as_u16() {
///         502..=504 => replace_content(response, html.clone(), "<h1>Back soon</h1>"),
///         _ => response,
///     }
/// });
/// # drop(proxy);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[must_use]
pub fn replace_content(
    mut response: Response<ProxyBody>,
    media_type: HeaderValue,
    content: impl Into<Bytes>,
) -> Response<ProxyBody> {
    let content = content.into();
    let headers = response.headers_mut();
    for name in &CONTENT_FIELDS {
        headers.remove(name);
    }
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CONTENT_LENGTH, content.len().into());
    response.body_mut().replace(ProxyBody::own(content));
    response
}

/// Turns a failure of the proxy into problem details ([RFC 9457]).
///
/// Responses of the origin pass. The member `error` is the type of the failure that `Proxy-Status`
/// has too ([RFC 9209 section 2.3]). No name or address is disclosed.
///
/// ```text
/// {"type":"about:blank","title":"Bad Gateway","status":502,"error":"tls_alert_received"}
/// ```
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::problem_details};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let proxy = OriginProxy::new(connector).map_response(problem_details);
/// # drop(proxy);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// [RFC 9209 section 2.3]: https://www.rfc-editor.org/rfc/rfc9209#section-2.3
/// [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457
#[must_use]
pub fn problem_details(response: Response<ProxyBody>) -> Response<ProxyBody> {
    let Some(error) = response.extensions().get::<Error>() else {
        return response;
    };
    let (status, error) = (response.status(), error_type_name(error));
    // None of these texts needs an escape.
    let details = format!(
        r#"{{"type":"about:blank","title":"{}","status":{},"error":"{error}"}}"#,
        status.canonical_reason().unwrap_or_default(),
        status.as_u16(),
    );
    let media_type = HeaderValue::from_static("application/problem+json");
    replace_content(response, media_type, details)
}
