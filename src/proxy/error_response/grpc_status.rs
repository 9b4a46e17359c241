//! Failures of gRPC calls: `grpc-status` in a response of status 200.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

use crate::{diagnosis::has_grpc_content, proxy::ProxyBody};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// A gRPC call, by the type of its content.
///
/// Boxed, because most requests are none, and their futures have room for one.
pub(in crate::proxy) struct GrpcCall(Box<HeaderValue>);

impl GrpcCall {
    /// The gRPC call in a request, if it is one: a POST of this content type.
    pub(in crate::proxy) fn of<B>(request: &Request<B>) -> Option<Self> {
        if !Self::is_in(request.method(), request.headers()) {
            return None;
        }
        let content_type = request.headers().get(CONTENT_TYPE)?;
        Some(Self(Box::new(content_type.clone())))
    }

    /// Whether a request with this head is a gRPC call.
    pub(in crate::proxy) fn is_in(method: &Method, headers: &HeaderMap) -> bool {
        *method == Method::POST && has_grpc_content(headers)
    }

    /// Turns an error response into a trailers-only response of gRPC. Other fields stay.
    pub(in crate::proxy) fn error_response(
        self,
        response: Response<ProxyBody>,
    ) -> Response<ProxyBody> {
        let (mut parts, _) = response.into_parts();
        let failed = std::mem::replace(&mut parts.status, StatusCode::OK);
        let fields = &mut parts.headers;
        fields.insert(CONTENT_TYPE, *self.0);
        // A hook may have replaced the content, which a response of trailers alone does not have.
        fields.remove(CONTENT_LENGTH);
        fields.insert(GRPC_STATUS, grpc_code(failed).into());
        if let Ok(message) = failed.to_string().try_into() {
            fields.insert(GRPC_MESSAGE, message);
        }
        Response::from_parts(parts, ProxyBody::empty())
    }
}

/// The gRPC code for a status, by gRPC's "HTTP to gRPC Status Code Mapping". A 504 is
/// DEADLINE_EXCEEDED, which is more precise than the UNAVAILABLE of that mapping.
fn grpc_code(status: StatusCode) -> u16 {
    const UNKNOWN: u16 = 2;
    const DEADLINE_EXCEEDED: u16 = 4;
    const UNIMPLEMENTED: u16 = 12;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;
    match status {
        StatusCode::BAD_REQUEST => INTERNAL,
        StatusCode::NOT_FOUND => UNIMPLEMENTED,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT => DEADLINE_EXCEEDED,
        _ => UNKNOWN,
    }
}
