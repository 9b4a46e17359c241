//! The response to a request that no origin gets, and the version of responses.

use http::{Request, Response, StatusCode, Version};
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

/// Responds to a request of a group that no member gets.
pub(crate) fn refuse<B>(request: &Request<B>, error: Error) -> Response<ProxyBody> {
    let record = ExchangeRecord::begin(request, None, &Observers::default());
    let (identity, disclosure) = (ProxyIdentity::default(), DiagnosisDisclosure::default());
    let status = status(&error);
    let refusal = error_response(status, &identity, error, request.method(), disclosure);
    finish(refusal, request, record)
}

/// Responds to a request that no origin gets, as a proxy with these settings does.
pub(super) fn refuse_as<B>(
    settings: &ProxySettings,
    request: &Request<B>,
    error: Error,
    status: StatusCode,
    record: ExchangeRecord,
) -> Response<ProxyBody> {
    let (identity, method) = (&settings.identity, request.method());
    let refusal = error_response(status, identity, error, method, settings.disclosure);
    let refusal = settings.response_hooks.apply(refusal, method);
    finish(refusal, request, record)
}

fn finish<B>(
    refusal: Response<ProxyBody>,
    request: &Request<B>,
    mut record: ExchangeRecord,
) -> Response<ProxyBody> {
    let mut response = match GrpcCall::of(request) {
        Some(call) => call.error_response(refusal),
        None => refusal,
    };
    record_refusal(&mut record, &mut response);
    *response.version_mut() = response_version(request.version(), response.body());
    response
}

/// Records a failure, of which this is the response.
pub(super) fn record_refusal(record: &mut ExchangeRecord, response: &mut Response<ProxyBody>) {
    if !record.is_on() {
        return;
    }
    let status = response.status();
    if let Some(error) = response.extensions().get::<Error>().cloned() {
        record.refuse(error, status, response.extensions_mut());
    }
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
