//! The response to a request that no origin gets, and the version of responses.

use http::{Request, Response, Version};
use http_body::Body;

use crate::error::Error;

use super::{
    ProxyBody,
    error_response::{DiagnosisDisclosure, GrpcCall, ProxyIdentity, error_response, status},
    response_hooks::ResponseHooks,
};

/// Responds to a request that no origin gets.
pub(crate) fn refuse<B>(request: &Request<B>, error: Error) -> Response<ProxyBody> {
    refuse_with(&ResponseHooks::default(), request, error)
}

/// Responds to a request that no origin gets, for a proxy with these hooks.
pub(super) fn refuse_with<B>(
    hooks: &ResponseHooks,
    request: &Request<B>,
    error: Error,
) -> Response<ProxyBody> {
    let (identity, disclosure) = (ProxyIdentity::default(), DiagnosisDisclosure::default());
    let refusal = error_response(
        status(&error),
        &identity,
        error,
        request.method(),
        disclosure,
    );
    let refusal = hooks.apply(refusal, request.method());
    let mut response = match GrpcCall::of(request) {
        Some(call) => call.error_response(refusal),
        None => refusal,
    };
    *response.version_mut() = response_version(request.version(), response.body());
    response
}

/// The version of the response to a client of this version.
///
/// hyper's server writes HTTP/1.0 to an HTTP/1.0 client in any case. It keeps the connection only
/// if the response is of HTTP/1.1 and the client asked for it. Content without a length ends with
/// the connection then, which must not be announced as persistent (RFC 9112 section 9.3).
pub(super) fn response_version(client: Version, body: &ProxyBody) -> Version {
    let is_delimited = body.is_end_stream() || body.size_hint().exact().is_some();
    match client == Version::HTTP_10 && is_delimited {
        true => Version::HTTP_11,
        false => client,
    }
}
