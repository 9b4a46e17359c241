//! Field names that some applications take for other names.

use http::{HeaderName, request::Parts};

/// Removes request fields whose names have other characters than letters, digits and hyphens.
///
/// CGI, WSGI and PHP give an application `X_Real_IP` and `X.Real.IP` under the name of
/// `X-Real-IP`. The fields that [`ForwardedLayer`](crate::ForwardedLayer) writes are safe from that
/// already. Use it in [`OriginProxy::map_request`](crate::OriginProxy::map_request) for all others:
/// it is nginx's `underscores_in_headers off`, and HAProxy's `http-restrict-req-hdr-names delete`.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::remove_ambiguous_names};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let proxy = OriginProxy::new(connector).map_request(remove_ambiguous_names);
/// # drop(proxy);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
pub fn remove_ambiguous_names(parts: &mut Parts) {
    let ambiguous = parts.headers.keys().filter(|name| is_ambiguous(name));
    let ambiguous: Vec<_> = ambiguous.cloned().collect();
    for name in ambiguous {
        parts.headers.remove(name);
    }
}

fn is_ambiguous(name: &HeaderName) -> bool {
    let mut bytes = name.as_str().bytes();
    bytes.any(|byte| byte != b'-' && !byte.is_ascii_alphanumeric())
}
