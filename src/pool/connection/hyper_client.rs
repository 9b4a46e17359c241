//! Requests that hyper's client sends: it takes them by value, and returns what it did not send.

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::TrySendError};

use crate::upload::RequestBody;

use crate::pool::send::NoResponse;

use super::response_body::ResponseBody;

/// Takes the request and leaves a copy of its head, with which it can be sent again.
pub(super) fn take_request(request: &mut Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::default());
    *copy.method_mut() = request.method().clone();
    *copy.headers_mut() = request.headers().clone();
    std::mem::replace(request, copy)
}

/// The outcome in the pool's terms. A request of which nothing was sent is put back.
pub(super) fn response_or_failure(
    outcome: Result<Response<Incoming>, TrySendError<Request<RequestBody>>>,
    request: &mut Request<RequestBody>,
) -> Result<Response<ResponseBody>, NoResponse> {
    outcome
        .map(|response| response.map(ResponseBody::from))
        .map_err(|mut error| {
            let unsent = error.take_message();
            let is_unsent = unsent.is_some();
            if let Some(unsent) = unsent {
                *request = unsent;
            }
            NoResponse::over_hyper(error.into_error(), is_unsent)
        })
}
