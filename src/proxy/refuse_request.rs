//! Turns the error of a request into its response, and records it.
//!
//! `error_response/` makes the response itself: `status` decides its status, such as 503.

use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body;

use crate::{
    error::Error,
    observe::{ExchangeRecord, Observers},
};

use super::{
    ProxyBody,
    error_response::{DiagnosisDisclosure, GrpcCall, ProxyIdentity, error_response, status},
    proxy_settings::ProxySettings,
};

/// Responds to a request of a group that no member gets. The observers get the record.
pub(crate) fn refuse<B>(
    request: &Request<B>,
    error: Error,
    observers: &Observers,
) -> Response<ProxyBody> {
    let mut record = ExchangeRecord::begin(request, None, observers);
    let (identity, disclosure) = (ProxyIdentity::default(), DiagnosisDisclosure::default());
    let status = status(&error);
    let refusal = error_response(status, &identity, error, request.method(), disclosure);
    let mut response = finish(refusal, GrpcCall::of(request), &mut record);
    *response.version_mut() = response_version(request.version(), response.body());
    response
}

/// Responds to a request that no origin gets, as a proxy with these settings does.
pub(super) fn refuse_as<B>(
    settings: &ProxySettings,
    request: &Request<B>,
    error: Error,
    status: StatusCode,
    mut record: ExchangeRecord,
) -> Response<ProxyBody> {
    let (method, call) = (request.method(), GrpcCall::of(request));
    let mut response = respond_to_error(settings, method, call, error, status, &mut record);
    *response.version_mut() = response_version(request.version(), response.body());
    response
}

/// The response of a proxy to a request that failed.
pub(super) fn respond_to_error(
    settings: &ProxySettings,
    method: &Method,
    call: Option<GrpcCall>,
    error: Error,
    status: StatusCode,
    record: &mut ExchangeRecord,
) -> Response<ProxyBody> {
    let response = error_response(
        status,
        &settings.identity,
        error,
        method,
        settings.disclosure,
    );
    let response = settings.response_hooks.apply(response, method);
    finish(response, call, record)
}

fn finish(
    response: Response<ProxyBody>,
    call: Option<GrpcCall>,
    record: &mut ExchangeRecord,
) -> Response<ProxyBody> {
    let mut response = match call {
        Some(call) => call.error_response(response),
        None => response,
    };
    if !record.is_on() {
        return response;
    }
    let status = response.status();
    if let Some(error) = response.extensions().get::<Error>().cloned() {
        record.refuse(error, status, response.extensions_mut());
    }
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
