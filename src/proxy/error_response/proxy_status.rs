//! The `Proxy-Status` field of failures (RFC 9209).

use http::{HeaderName, HeaderValue, StatusCode};
use sfv::{
    BareItem, KeyRef, ListSerializer, StringRef, TokenRef, integer, key_ref, string_ref, token_ref,
};

use crate::{
    error::{Alert, Error, ErrorKind, RequestProblem, Stage, UpgradeProblem},
    proxy::Via,
};

pub(super) const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// The name of a proxy without a configured one.
const NAME: &TokenRef = token_ref("cdn-origin");

const DETAILS: &KeyRef = key_ref("details");

/// The name of this proxy in `Proxy-Status`: a token, or a string if it is no token (RFC 9209
/// section 2).
#[derive(Clone, Debug)]
pub(in crate::proxy) struct ProxyIdentity(BareItem);

impl Default for ProxyIdentity {
    fn default() -> Self {
        Self(NAME.into())
    }
}

impl ProxyIdentity {
    /// The name that the proxy has by its `Via`, else `cdn-origin`.
    pub(in crate::proxy) fn of(via: &Via) -> Self {
        let Some(name) = via.name() else {
            return Self::default();
        };
        let token = TokenRef::from_str(name.as_str()).map(BareItem::from);
        let string = || StringRef::from_str(name.as_str()).map(BareItem::from);
        token.or_else(|_| string()).map(Self).unwrap_or_default()
    }
}

/// The `Proxy-Status` field for a failure (RFC 9209 section 2).
#[expect(clippy::expect_used, reason = "structured fields are visible ASCII")]
pub(super) fn proxy_status(
    identity: &ProxyIdentity,
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

/// The `Proxy-Status` member for a response that is passed on.
#[expect(clippy::expect_used, reason = "structured fields are visible ASCII")]
pub(super) fn received_status(
    identity: &ProxyIdentity,
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
