//! Which status and which RFC 9209 error type a failure becomes. The only file that chooses a
//! status.

use http::{HeaderValue, Method, StatusCode};
use sfv::{
    BareItem, KeyRef, ListSerializer, StringRef, TokenRef, integer, key_ref, string_ref, token_ref,
};

use crate::error::{
    Alert, Error, ErrorKind, RequestBodyProblem, RequestProblem, Stage, UpgradeProblem,
};

use super::Via;

/// How a proxy calls itself in `Proxy-Status` that was given no name.
const NAME: &TokenRef = token_ref("cdn-origin");

const DETAILS: &KeyRef = key_ref("details");

/// How this proxy calls itself in `Proxy-Status`: a token, or a string where the name is none (RFC
/// 9209 section 2).
#[derive(Clone, Debug)]
pub(super) struct Identity(BareItem);

impl Default for Identity {
    fn default() -> Self {
        Self(NAME.into())
    }
}

impl Identity {
    /// The name that the proxy has by its `Via`, else `cdn-origin`.
    pub(super) fn of(via: &Via) -> Self {
        let Some(name) = via.name() else {
            return Self::default();
        };
        let token = TokenRef::from_str(name.as_str()).map(BareItem::from);
        let string = || StringRef::from_str(name.as_str()).map(BareItem::from);
        token.or_else(|_| string()).map(Self).unwrap_or_default()
    }
}

/// The status for a failure.
pub(super) fn status(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Host(_)
        | ErrorKind::Request(RequestProblem::TargetInvalid)
        | ErrorKind::RequestBody(RequestBodyProblem::Failed | RequestBodyProblem::NotAllowed)
        | ErrorKind::Upgrade(UpgradeProblem::Invalid) => StatusCode::BAD_REQUEST,
        // RFC 9112 section 6.1 asks for 501 where a transfer coding is not understood.
        ErrorKind::Request(RequestProblem::MethodRefused)
        | ErrorKind::Request(RequestProblem::TransferCoding) => StatusCode::NOT_IMPLEMENTED,
        // It is the client who kept silent.
        ErrorKind::TimedOut if error.stage() == Stage::Send => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::Request(RequestProblem::ExpectationUnknown) => StatusCode::EXPECTATION_FAILED,
        ErrorKind::RequestBody(RequestBodyProblem::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Request(RequestProblem::HeadTooLarge) => {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        }
        ErrorKind::Request(RequestProblem::TargetTooLong) => StatusCode::URI_TOO_LONG,
        ErrorKind::LoopDetected => StatusCode::LOOP_DETECTED,
        ErrorKind::UnsupportedUri => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Draining | ErrorKind::Overloaded | ErrorKind::PoolExhausted => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// By these responses an origin says that it fails, so that another may have the answer: what
/// CloudFront's origin groups take for that and is no refusal.
pub(crate) fn of_failing_origins() -> [StatusCode; 4] {
    [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ]
}

/// Whether the origin says that it switches protocols.
pub(super) fn switches(status: StatusCode) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS
}

/// What a client is told who asked by extended CONNECT, where another is told of the switch (RFC
/// 8441 section 5).
pub(super) fn connected() -> StatusCode {
    StatusCode::OK
}

/// What lies beneath every answer to a gRPC call, whatever became of it.
pub(super) fn beneath_grpc() -> StatusCode {
    StatusCode::OK
}

/// The code that a gRPC call is told in place of a status, by gRPC's "HTTP to gRPC Status Code
/// Mapping"; a deadline has a code of its own, which says more than that the service is not
/// available.
pub(super) fn grpc_code(status: StatusCode) -> u16 {
    const UNKNOWN: u16 = 2;
    const DEADLINE_EXCEEDED: u16 = 4;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;
    match status {
        StatusCode::BAD_REQUEST => INTERNAL,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT => DEADLINE_EXCEEDED,
        _ => UNKNOWN,
    }
}

/// Whether a response has no content, whatever its fields say (RFC 9112 section 6.3).
pub(super) fn has_no_content(status: StatusCode, method: &Method) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Whether a response may not even say how long its content is (RFC 9110 section 8.6).
pub(super) fn has_no_length(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT
}

/// The `Proxy-Status` field for a failure (RFC 9209 section 2).
#[expect(clippy::expect_used, reason = "structured fields are visible ASCII")]
pub(super) fn proxy_status(
    identity: &Identity,
    error: &Error,
    details: Option<&StringRef>,
) -> HeaderValue {
    let mut list = ListSerializer::new();
    let mut item = list
        .bare_item(&identity.0)
        .parameter(key_ref("error"), error_type(error));
    if let Some(alert) = error.facts().alert() {
        item = item
            .parameter(key_ref("alert-id"), integer(alert.code().into()))
            .parameter(key_ref("alert-message"), alert_message(alert));
    }
    if let Some(details) = details {
        let _ = item.parameter(DETAILS, details);
    }
    let field = list.finish().expect("the list has one member");
    HeaderValue::try_from(field).expect("a structured field is a field value")
}

/// The member for a response that is passed on.
#[expect(clippy::expect_used, reason = "structured fields are visible ASCII")]
pub(super) fn of_received(
    identity: &Identity,
    status: StatusCode,
    details: &StringRef,
) -> HeaderValue {
    let mut list = ListSerializer::new();
    let _ = list
        .bare_item(&identity.0)
        .parameter(key_ref("received-status"), integer(status.as_u16().into()))
        .parameter(DETAILS, details);
    let field = list.finish().expect("the list has one member");
    HeaderValue::try_from(field).expect("a structured field is a field value")
}

fn alert_message(alert: Alert) -> &'static StringRef {
    StringRef::from_str(alert.name()).unwrap_or(string_ref("unknown"))
}

/// The error type (RFC 9209 section 2.3).
fn error_type(error: &Error) -> &'static TokenRef {
    match error.kind() {
        _ if error.facts().alert().is_some() => token_ref("tls_alert_received"),
        ErrorKind::Certificate(_) => token_ref("tls_certificate_error"),
        ErrorKind::AlertReceived
        | ErrorKind::Ech(_)
        | ErrorKind::NotTls
        | ErrorKind::ProtocolNotNegotiated
        | ErrorKind::TlsProtocol
        | ErrorKind::TlsVersionMismatch => token_ref("tls_protocol_error"),
        ErrorKind::ConnectionRefused => token_ref("connection_refused"),
        ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset | ErrorKind::StreamReset => {
            token_ref("connection_terminated")
        }
        ErrorKind::Unreachable => token_ref("destination_ip_unroutable"),
        ErrorKind::AddressProhibited => token_ref("destination_ip_prohibited"),
        ErrorKind::ResolveFailed => token_ref("dns_error"),
        ErrorKind::HttpProtocol => token_ref("http_protocol_error"),
        ErrorKind::Request(RequestProblem::MethodRefused) => token_ref("http_request_denied"),
        ErrorKind::Host(_)
        | ErrorKind::Request(_)
        | ErrorKind::RequestBody(_)
        | ErrorKind::Upgrade(UpgradeProblem::Invalid) => token_ref("http_request_error"),
        ErrorKind::UnsupportedUri => token_ref("destination_not_found"),
        ErrorKind::Upgrade(UpgradeProblem::Refused) => token_ref("http_upgrade_failed"),
        ErrorKind::Draining | ErrorKind::Io => token_ref("destination_unavailable"),
        ErrorKind::LoopDetected => token_ref("proxy_loop_detected"),
        ErrorKind::Overloaded | ErrorKind::PoolExhausted => token_ref("connection_limit_reached"),
        ErrorKind::ResponseHeadTooLarge => token_ref("http_response_header_section_size"),
        ErrorKind::TimedOut => match error.stage() {
            Stage::Prepare | Stage::Resolve => token_ref("dns_timeout"),
            Stage::Dial | Stage::Handshake => token_ref("connection_timeout"),
            Stage::Send => token_ref("http_request_error"),
            Stage::Receive => token_ref("http_response_timeout"),
        },
    }
}
