//! Whether a request has content, if no field shows it.
//!
//! A request over HTTP/2 may end with an empty DATA frame (RFC 9113 section 8.1), and one over
//! HTTP/1.1 with an empty chunk. The request has no content, and is forwarded without: many origins
//! and some edges refuse a GET with content.

use http::{Method, Request, header::EXPECT};
use http_body::Body;
use http_body_util::BodyExt;
use tower::BoxError;

use crate::response_diagnosis::PeekedBody;

/// Methods whose requests usually have no content (RFC 9110 section 9.3).
const USUALLY_EMPTY: [Method; 4] = [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS];

/// Whether a request may turn out to have no content.
///
/// Only for methods with which content is unusual: the client of a POST often waits for the
/// response before it sends. A client that expects 100 (Continue) has content.
pub(super) fn may_be_empty<B: Body>(request: &Request<B>) -> bool {
    let body = request.body();
    let is_unknown = !body.is_end_stream() && body.size_hint().exact().is_none();
    is_unknown
        && USUALLY_EMPTY.contains(request.method())
        && !request.headers().contains_key(EXPECT)
}

/// Waits for the first frame of the body, for at most 200 ms. Beyond that, content is assumed.
pub(super) async fn read_ahead<B>(
    request: Request<B>,
) -> Request<impl Body<Data = B::Data, Error = BoxError> + Send + 'static>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    // The errors are converted, because not all of them can be moved to another thread.
    let body = |body: B| PeekedBody::new(Box::pin(body.map_err(Into::<BoxError>::into)));
    let mut request = request.map(body);
    request.body_mut().peek_first().await;
    request
}
