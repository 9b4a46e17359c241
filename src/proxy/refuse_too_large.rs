//! Refuses requests before their body is read: the head is too large (431), or announces too large
//! a body (413).
//!
//! `limited_request_body.rs` enforces `max_request_body` for a body of unknown length, and
//! `edge_limits.rs` the limits in the profile of the edge.

use http::{HeaderMap, header::CONTENT_LENGTH};

use crate::error::{Error, ExceededLimit, ExceededSize, LimitSource, RequestProblem, Stage};

use super::Limits;

/// Refuses a request that is too large by its head. `body` is the lower bound of its body.
pub(super) fn refuse_too_large(
    limits: &Limits,
    headers: &HeaderMap,
    body: u64,
) -> Result<(), Error> {
    let refused = |problem, exceeded| Err(Error::too_large(problem, Stage::Prepare, exceeded));
    if headers.len() > limits.max_request_fields {
        let exceeded = ExceededLimit {
            size: ExceededSize::Fields(headers.len() as u64),
            limit: limits.max_request_fields as u64,
            source: LimitSource::RequestFields,
        };
        return refused(RequestProblem::HeadTooLarge, exceeded);
    }
    if let Some(max) = limits.max_request_head
        && size(headers) > max
    {
        let exceeded = ExceededLimit::bytes(size(headers), max, LimitSource::RequestHead);
        return refused(RequestProblem::HeadTooLarge, exceeded);
    }
    let body = body.max(announced(limits, headers));
    if body > limits.max_request_body {
        let exceeded = ExceededLimit {
            size: ExceededSize::Bytes(body),
            limit: limits.max_request_body,
            source: LimitSource::RequestBody,
        };
        return refused(RequestProblem::BodyTooLarge, exceeded);
    }
    Ok(())
}

/// The length in `Content-Length`. Zero if there is none, or no limit.
fn announced(limits: &Limits, headers: &HeaderMap) -> u64 {
    if limits.max_request_body == u64::MAX {
        return 0;
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| {
        let length = length.to_str().ok()?;
        length.parse().ok()
    });
    announced.unwrap_or_default()
}

/// The size of the fields in HTTP/1.1, each with its colon, space and line end.
pub(super) fn size(headers: &HeaderMap) -> usize {
    let fields = headers.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}
