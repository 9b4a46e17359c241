//! Refuses requests before their body is read: the head is too large (431), or announces too large
//! a body (413).
//!
//! `limited_request_body.rs` enforces `max_request_body` for a body of unknown length, and
//! `edge_limits.rs` the limits in the profile of the edge.

use http::{HeaderMap, header::CONTENT_LENGTH};

use crate::error::{Error, ErrorKind, RequestProblem};

use super::Limits;

/// Refuses a request that is too large by its head. `body` is the lower bound of its body.
pub(super) fn refuse_too_large(
    limits: &Limits,
    headers: &HeaderMap,
    body: u64,
) -> Result<(), Error> {
    let too_many = headers.len() > limits.max_request_fields;
    let too_large = |max| size(headers) > max;
    let kind = if too_many || limits.max_request_head.is_some_and(too_large) {
        ErrorKind::Request(RequestProblem::HeadTooLarge)
    } else if body > limits.max_request_body || is_announced_too_large(limits, headers) {
        ErrorKind::Request(RequestProblem::BodyTooLarge)
    } else {
        return Ok(());
    };
    Err(Error::refused(kind))
}

fn is_announced_too_large(limits: &Limits, headers: &HeaderMap) -> bool {
    if limits.max_request_body == u64::MAX {
        return false;
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| {
        let length = length.to_str().ok()?;
        length.parse::<u64>().ok()
    });
    announced.is_some_and(|length| length > limits.max_request_body)
}

/// The size of the fields in HTTP/1.1, each with its colon, space and line end.
pub(super) fn size(headers: &HeaderMap) -> usize {
    let fields = headers.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}
