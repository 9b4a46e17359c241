//! A request in the hands of hyper's client, which keeps what it is given.

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::TrySendError};

use crate::upload::RequestBody;

use super::{ResponseBody, failure::Unanswered};

/// Takes the request, and leaves a copy of its head, with which it can be sent again.
pub(super) fn leave_copy(request: &mut Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::default());
    *copy.method_mut() = request.method().clone();
    *copy.headers_mut() = request.headers().clone();
    std::mem::replace(request, copy)
}

/// What became of it. A request that comes back, because nothing of it was sent, is put in its
/// place.
pub(super) fn settled(
    outcome: Result<Response<Incoming>, TrySendError<Request<RequestBody>>>,
    request: &mut Request<RequestBody>,
) -> Result<Response<ResponseBody>, Unanswered> {
    outcome
        .map(|response| response.map(ResponseBody::from))
        .map_err(|mut error| {
            let unsent = error.take_message();
            let is_unsent = unsent.is_some();
            if let Some(unsent) = unsent {
                *request = unsent;
            }
            Unanswered::over_hyper(error.into_error(), is_unsent)
        })
}
