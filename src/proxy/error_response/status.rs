//! The status of each failure. `tenants/find_tenant.rs` chooses that of a host without a tenant.

use http::StatusCode;

use crate::error::{Error, ErrorKind, RequestProblem, Stage};

/// The status for a failure.
pub(in crate::proxy) fn status(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Request(RequestProblem::HostUnknown) => StatusCode::MISDIRECTED_REQUEST,
        // RFC 9112 section 6.1 asks for 501 where a transfer coding is not understood.
        ErrorKind::Request(RequestProblem::MethodRefused)
        | ErrorKind::Request(RequestProblem::TransferCoding) => StatusCode::NOT_IMPLEMENTED,
        // The client was silent.
        ErrorKind::TimedOut if error.stage() == Stage::Send => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::Request(RequestProblem::ExpectationUnknown) => StatusCode::EXPECTATION_FAILED,
        ErrorKind::Request(RequestProblem::BodyTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Request(RequestProblem::HeadTooLarge) => {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        }
        ErrorKind::Request(RequestProblem::TargetTooLong) => StatusCode::URI_TOO_LONG,
        ErrorKind::Request(_) => StatusCode::BAD_REQUEST,
        ErrorKind::LoopDetected => StatusCode::LOOP_DETECTED,
        ErrorKind::UnsupportedUri => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Draining
        | ErrorKind::NoOrigin
        | ErrorKind::Overloaded
        | ErrorKind::PoolExhausted => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}
