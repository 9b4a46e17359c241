//! Refuses requests that a gateway must not forward: by method, target, coding, expectation or a
//! missing `Host`.
//!
//! `refuse_too_large.rs` checks sizes (413, 431), `edge_limits.rs` those of the edge (414, 431).

use http::{
    Extensions, HeaderMap, HeaderValue, Method, Uri, Version,
    header::{EXPECT, HOST, TRANSFER_ENCODING},
    uri::Scheme,
};

use crate::{
    error::{Error, ErrorKind, RequestProblem},
    host_rewrite::HostMovedToUri,
};

use super::{field_values::single_line, present_fields::PresentFields};

/// Refuses requests that a gateway must not forward.
pub(super) fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    present: PresentFields,
) -> Result<(), Error> {
    let is_authority_form = uri.scheme().is_none() && uri.authority().is_some();
    let is_foreign = uri.scheme().is_some_and(|scheme| !is_http(scheme));
    let is_asterisk_form = uri.path() == "*" && *method != Method::OPTIONS;
    let kind = if [Method::CONNECT, Method::TRACE].contains(method) {
        ErrorKind::Request(RequestProblem::MethodRefused)
    } else if is_authority_form || is_asterisk_form || is_foreign {
        // RFC 9112 sections 3.2.3 and 3.2.4. A router sees no path in such a target, an origin sees
        // `/`. This gateway does not translate to other schemes (RFC 9113 section 8.3.1).
        ErrorKind::Request(RequestProblem::TargetInvalid)
    } else if present.has(PresentFields::HOP_BY_HOP) && has_unknown_coding(headers) {
        ErrorKind::Request(RequestProblem::TransferCoding)
    } else if present.has(PresentFields::EXPECT) && has_unknown_expectation(headers) {
        ErrorKind::Request(RequestProblem::ExpectationUnknown)
    } else {
        return Ok(());
    };
    Err(Error::refused(kind))
}

/// Refuses an HTTP/1.1 request with a host in its target, but without `Host`. RFC 9112 section 3.2
/// requires the field. [`HostRewriteLayer`](crate::HostRewriteLayer) refuses a request without any
/// host.
pub(super) fn check_host(
    version: Version,
    uri: &Uri,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<(), Error> {
    let lacks_field = version == Version::HTTP_11
        && uri.authority().is_some()
        && !headers.contains_key(HOST)
        && extensions.get::<HostMovedToUri>().is_none();
    match lacks_field {
        true => Err(Error::refused(ErrorKind::Request(
            RequestProblem::HostMissing,
        ))),
        false => Ok(()),
    }
}

fn is_http(scheme: &Scheme) -> bool {
    *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS
}

/// Whether there is a transfer coding that hyper does not decode.
///
/// Without the field, such content would be garbage. A second `chunked` counts too: it may be
/// applied only once (RFC 9112 section 6.1).
pub(super) fn has_unknown_coding(headers: &HeaderMap) -> bool {
    let known = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    headers.contains_key(TRANSFER_ENCODING)
        && !single_line(headers, TRANSFER_ENCODING).is_some_and(known)
}

/// Whether there is an expectation other than `100-continue` (RFC 9110 section 10.1.1).
fn has_unknown_expectation(headers: &HeaderMap) -> bool {
    let mut expectations = headers.get_all(EXPECT).iter();
    expectations.any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
