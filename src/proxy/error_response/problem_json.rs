//! Problem details (RFC 9457): a failure of the proxy as JSON.

use http::{HeaderValue, Response};

use crate::{
    error::Error,
    proxy::{ProxyBody, replace_content},
};

use super::error_type_name;

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
