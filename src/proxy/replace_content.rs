//! Other content for a response, such as an error page.
//!
//! `error_response/problem_json.rs` uses it, and so do the error pages of `config`.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response,
    header::{
        ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
        CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, TRAILER, TRANSFER_ENCODING,
    },
};

use super::ProxyBody;

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
