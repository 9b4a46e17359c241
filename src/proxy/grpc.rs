//! What a gRPC call is told of a failure: trailers alone, over an HTTP status that says nothing.

use http::{HeaderName, HeaderValue, Method, Request, Response, header::CONTENT_TYPE};

use super::{ProxyBody, status};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// What the content types of gRPC start with, those of gRPC-Web included.
const GRPC: &[u8] = b"application/grpc";

/// A gRPC call, by the type of its content.
pub(super) struct Call(HeaderValue);

impl Call {
    /// The call that a request is, if it is one: they are all POST.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        if request.method() != Method::POST {
            return None;
        }
        let content_type = request.headers().get(CONTENT_TYPE)?;
        let start = content_type.as_bytes().get(..GRPC.len())?;
        let is_grpc = start.eq_ignore_ascii_case(GRPC);
        is_grpc.then(|| Self(content_type.clone()))
    }

    /// The answer to a failure as one in trailers alone, which stand in the head where there is no
    /// content. Other fields stay.
    pub(super) fn answer(self, response: Response<ProxyBody>) -> Response<ProxyBody> {
        let (mut parts, _) = response.into_parts();
        let failed = std::mem::replace(&mut parts.status, status::beneath_grpc());
        let fields = &mut parts.headers;
        fields.insert(CONTENT_TYPE, self.0);
        fields.insert(GRPC_STATUS, status::grpc_code(failed).into());
        if let Ok(message) = failed.to_string().try_into() {
            fields.insert(GRPC_MESSAGE, message);
        }
        Response::from_parts(parts, ProxyBody::empty())
    }
}
