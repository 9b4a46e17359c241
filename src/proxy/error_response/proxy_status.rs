//! The `Proxy-Status` field of failures (RFC 9209).
//!
//! `build_response.rs` inserts it, and `disclosure.rs` appends it to responses of the origin.

use http::{HeaderName, HeaderValue, StatusCode};

use crate::{
    error::{Alert, Error, ErrorKind, RequestProblem, Stage},
    proxy::Via,
};

use super::structured_field::{BareItem, ListMember};

pub(super) const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// The name of a proxy without a configured one.
const NAME: BareItem = BareItem::known_token("cdn-origin");

const DETAILS: &str = "details";

/// The name of this proxy in `Proxy-Status`: a token, or a string if it is no token (RFC 9209
/// section 2).
#[derive(Clone, Debug)]
pub(in crate::proxy) struct ProxyIdentity(BareItem);

impl Default for ProxyIdentity {
    fn default() -> Self {
        Self(NAME)
    }
}

impl ProxyIdentity {
    /// The name that the proxy has by its `Via`, else `cdn-origin`.
    pub(in crate::proxy) fn of(via: &Via) -> Self {
        let Some(name) = via.name() else {
            return Self::default();
        };
        let token = BareItem::token(name.as_str());
        let item = token.or_else(|| BareItem::string(name.as_str()));
        item.map(Self).unwrap_or_default()
    }
}

/// The `Proxy-Status` field for a failure (RFC 9209 section 2).
pub(super) fn proxy_status(
    identity: &ProxyIdentity,
    error: &Error,
    details: Option<&BareItem>,
) -> HeaderValue {
    let mut member = ListMember::new(&identity.0).parameter("error", &error_type(error));
    if let Some(alert) = error.facts().alert() {
        member = member
            .parameter("alert-id", &BareItem::integer(alert.code().into()))
            .parameter("alert-message", &alert_message(alert));
    }
    if let Some(details) = details {
        member = member.parameter(DETAILS, details);
    }
    member.into_value()
}

/// The `Proxy-Status` member for a response that is passed on.
pub(super) fn received_status(
    identity: &ProxyIdentity,
    status: StatusCode,
    details: &BareItem,
) -> HeaderValue {
    ListMember::new(&identity.0)
        .parameter("received-status", &BareItem::integer(status.as_u16()))
        .parameter(DETAILS, details)
        .into_value()
}

fn alert_message(alert: Alert) -> BareItem {
    BareItem::string(alert.name()).unwrap_or(BareItem::known_token("unknown"))
}

/// The error type (RFC 9209 section 2.3).
fn error_type(error: &Error) -> BareItem {
    BareItem::known_token(error_type_name(error))
}

/// The name of the error type, for clients.
pub(in crate::proxy) fn error_type_name(error: &Error) -> &'static str {
    match error.kind() {
        _ if error.facts().alert().is_some() => "tls_alert_received",
        ErrorKind::Certificate(_) => "tls_certificate_error",
        ErrorKind::AlertReceived
        | ErrorKind::EchRejected
        | ErrorKind::EchUnavailable
        | ErrorKind::EchUnproven
        | ErrorKind::NotTls
        | ErrorKind::ProtocolNotNegotiated
        | ErrorKind::TlsProtocol
        | ErrorKind::TlsVersionMismatch => "tls_protocol_error",
        ErrorKind::ConnectionRefused => "connection_refused",
        ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset | ErrorKind::StreamReset => {
            "connection_terminated"
        }
        ErrorKind::Unreachable => "destination_ip_unroutable",
        ErrorKind::AddressProhibited => "destination_ip_prohibited",
        ErrorKind::ResolveFailed => "dns_error",
        ErrorKind::HttpProtocol => "http_protocol_error",
        ErrorKind::Request(RequestProblem::MethodRefused) | ErrorKind::RequestRefused => {
            "http_request_denied"
        }
        ErrorKind::Request(RequestProblem::HostUnknown) | ErrorKind::UnsupportedUri => {
            "destination_not_found"
        }
        ErrorKind::Request(_) => "http_request_error",
        ErrorKind::UpgradeRefused => "http_upgrade_failed",
        ErrorKind::Draining | ErrorKind::Io | ErrorKind::NoOrigin => "destination_unavailable",
        ErrorKind::PrewarmUnsupported => "proxy_configuration_error",
        ErrorKind::LoopDetected => "proxy_loop_detected",
        ErrorKind::Overloaded | ErrorKind::PoolExhausted => "connection_limit_reached",
        ErrorKind::ResponseHeadTooLarge => "http_response_header_section_size",
        ErrorKind::TimedOut => match error.stage() {
            Stage::Resolve => "dns_timeout",
            Stage::Dial | Stage::Handshake => "connection_timeout",
            Stage::Send => "http_request_error",
            Stage::Prepare | Stage::Receive => "http_response_timeout",
        },
    }
}
