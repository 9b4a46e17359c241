//! The status of each failure. `tenants/unknown_host.rs` chooses that of a host without a tenant.

use http::StatusCode;

use crate::error::{
    Error, ErrorKind, HostProblem, RequestBodyProblem, RequestProblem, Stage, UpgradeProblem,
};

/// The status for a failure.
pub(in crate::proxy) fn status(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Host(HostProblem::Unknown) => StatusCode::MISDIRECTED_REQUEST,
        ErrorKind::Host(_)
        | ErrorKind::Request(RequestProblem::PathAmbiguous | RequestProblem::TargetInvalid)
        | ErrorKind::RequestBody(RequestBodyProblem::Failed | RequestBodyProblem::NotAllowed)
        | ErrorKind::Upgrade(UpgradeProblem::Invalid) => StatusCode::BAD_REQUEST,
        // RFC 9112 section 6.1 asks for 501 where a transfer coding is not understood.
        ErrorKind::Request(RequestProblem::MethodRefused)
        | ErrorKind::Request(RequestProblem::TransferCoding) => StatusCode::NOT_IMPLEMENTED,
        // The client was silent.
        ErrorKind::TimedOut if error.stage() == Stage::Send => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::Request(RequestProblem::ExpectationUnknown) => StatusCode::EXPECTATION_FAILED,
        ErrorKind::RequestBody(RequestBodyProblem::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Request(RequestProblem::HeadTooLarge) => {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        }
        ErrorKind::Request(RequestProblem::TargetTooLong) => StatusCode::URI_TOO_LONG,
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
