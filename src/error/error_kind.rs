//! `ErrorKind`: what failed, for code to match on.

use std::{fmt, io};

use super::{
    ExchangeTimeout, Fault, Stage, certificate_problem::CertificateProblem,
    request_problem::RequestProblem,
};

/// What failed, as it was observed.
///
/// A kind is an observation; [`Error::diagnosis`](crate::Error::diagnosis) interprets it. Some
/// kinds carry a detail, so code can match on the kind alone or on the detail too. More kinds and
/// details may be added.
///
/// ```
/// use cdn_origin::{
///     ErrorKind,
///     error::{CertificateProblem, RequestProblem},
/// };
///
/// fn is_worth_an_alarm(kind: ErrorKind) -> bool {
///     match kind {
///         ErrorKind::Certificate(CertificateProblem::Expired) => true,
///         ErrorKind::Certificate(_) | ErrorKind::TlsVersionMismatch => true,
///         ErrorKind::Request(_) => false,
///         _ => false,
///     }
/// }
///
/// assert!(is_worth_an_alarm(ErrorKind::Certificate(CertificateProblem::Revoked)));
/// assert!(!is_worth_an_alarm(ErrorKind::Request(RequestProblem::HostMissing)));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The egress guard denies the dialled name, or all of its addresses.
    AddressProhibited,
    /// The origin ended the handshake or the connection with a fatal TLS alert
    /// ([`Facts::alert`](super::Facts::alert)).
    AlertReceived,
    /// The origin's certificate was not accepted.
    Certificate(CertificateProblem),
    /// The peer closed the connection before the exchange was complete.
    ConnectionClosed,
    /// The dialled address refused the connection; usually no process listens there.
    ConnectionRefused,
    /// The peer, or a device on the path, reset the connection.
    ConnectionReset,
    /// The proxy is [draining](crate::OriginProxy::drain) and accepts no new requests.
    Draining,
    /// The origin could not decrypt the encrypted ClientHello, and authenticated its rejection with
    /// a certificate for the public name (RFC 9849 section 6.1.6).
    EchRejected,
    /// ECH is [required](crate::tls::Ech::required), and DNS has no usable configuration for it.
    EchUnavailable,
    /// The peer rejected ECH, and its certificate is not valid for the public name under the verify
    /// policy (RFC 9849 section 6.1.7). The configuration may be for another server.
    EchUnproven,
    /// The peer sent bytes that are not the expected HTTP.
    HttpProtocol,
    /// Another I/O failure; [`source`](std::error::Error::source) has the details.
    Io,
    /// The request has passed through this proxy before, according to `Via` or `CDN-Loop`.
    LoopDetected,
    /// The [group](crate::group::OriginGroup) has no member that can get requests.
    NoOrigin,
    /// The peer does not speak TLS. [`Facts::first_bytes`](super::Facts::first_bytes) has the start
    /// of its answer.
    NotTls,
    /// The proxy has reached its limit of concurrent requests. Its queue is full, or the request
    /// waited in it for too long.
    Overloaded,
    /// The pool had no free connection in time, or its queue is full.
    PoolExhausted,
    /// The pool cannot be [prewarmed](crate::OriginProxy::prewarm): with the
    /// [PROXY protocol](crate::dial::ProxyProtocol), each connection belongs to one client.
    PrewarmUnsupported,
    /// The required application protocol was not negotiated in ALPN (RFC 7301).
    ProtocolNotNegotiated,
    /// The client's request is invalid, too large or not allowed, or its body failed.
    Request(RequestProblem),
    /// The edge answered with a refusal whose possible causes are known, such as a wrong Host.
    /// [`adapt::check`](crate::adapt::check) turns such a response into this error.
    RequestRefused,
    /// No address was found: the name does not exist or has none, or the look-up failed.
    ResolveFailed,
    /// The head of the response is larger than the pool allows.
    ResponseHeadTooLarge,
    /// The origin reset the HTTP/2 stream of the request (RFC 9113 section 7).
    StreamReset,
    /// A deadline passed. [`Error::stage`](super::Error::stage) returns the stage.
    TimedOut,
    /// The peer broke the TLS protocol, or requires a TLS feature that is not supported.
    TlsProtocol,
    /// The peer supports none of the offered TLS versions.
    TlsVersionMismatch,
    /// No route leads to the dialled address.
    Unreachable,
    /// There is no origin to connect to: the URI names no `http` or `https` origin, the proxy has
    /// no fixed one, or the settings of a tenant cannot be used.
    UnsupportedUri,
    /// The origin did not switch to the requested protocol, or to another one (RFC 9110 section
    /// 15.2.2, RFC 6455 section 4.1).
    UpgradeRefused,
}

impl ErrorKind {
    /// Every kind with every detail, in alphabetical order.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::AddressProhibited,
        Self::AlertReceived,
        Self::Certificate(CertificateProblem::Expired),
        Self::Certificate(CertificateProblem::KeyNotProven),
        Self::Certificate(CertificateProblem::NameMismatch),
        Self::Certificate(CertificateProblem::NotYetValid),
        Self::Certificate(CertificateProblem::PinMismatch),
        Self::Certificate(CertificateProblem::Rejected),
        Self::Certificate(CertificateProblem::RevocationUnknown),
        Self::Certificate(CertificateProblem::Revoked),
        Self::Certificate(CertificateProblem::UnknownIssuer),
        Self::ConnectionClosed,
        Self::ConnectionRefused,
        Self::ConnectionReset,
        Self::Draining,
        Self::EchRejected,
        Self::EchUnavailable,
        Self::EchUnproven,
        Self::HttpProtocol,
        Self::Io,
        Self::LoopDetected,
        Self::NoOrigin,
        Self::NotTls,
        Self::Overloaded,
        Self::PoolExhausted,
        Self::PrewarmUnsupported,
        Self::ProtocolNotNegotiated,
        Self::Request(RequestProblem::BodyFailed),
        Self::Request(RequestProblem::BodyNotAllowed),
        Self::Request(RequestProblem::BodyTooLarge),
        Self::Request(RequestProblem::BuildFailed),
        Self::Request(RequestProblem::ExpectationUnknown),
        Self::Request(RequestProblem::HeadTooLarge),
        Self::Request(RequestProblem::HostConflict),
        Self::Request(RequestProblem::HostInvalid),
        Self::Request(RequestProblem::HostMissing),
        Self::Request(RequestProblem::HostRepeated),
        Self::Request(RequestProblem::HostUnknown),
        Self::Request(RequestProblem::MethodRefused),
        Self::Request(RequestProblem::PathAmbiguous),
        Self::Request(RequestProblem::TargetInvalid),
        Self::Request(RequestProblem::TargetTooLong),
        Self::Request(RequestProblem::TransferCoding),
        Self::Request(RequestProblem::UpgradeInvalid),
        Self::Request(RequestProblem::UrlForeign),
        Self::RequestRefused,
        Self::ResolveFailed,
        Self::ResponseHeadTooLarge,
        Self::StreamReset,
        Self::TimedOut,
        Self::TlsProtocol,
        Self::TlsVersionMismatch,
        Self::Unreachable,
        Self::UnsupportedUri,
        Self::UpgradeRefused,
    ];

    /// Returns the stable label for metrics, in snake case and with the detail.
    ///
    /// ```
    /// use cdn_origin::{ErrorKind, error::CertificateProblem};
    ///
    /// assert_eq!(ErrorKind::TimedOut.as_str(), "timed_out");
    /// let expired = ErrorKind::Certificate(CertificateProblem::Expired);
    /// assert_eq!(expired.as_str(), "certificate_expired");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.texts().0
    }

    /// Where to look first.
    pub(crate) fn fault(self, stage: Stage, timeout: ExchangeTimeout) -> Fault {
        match self {
            // The side that was expected to act caused the timeout: the client while its body or
            // its reading is awaited, the origin while its response is. A deadline that the client
            // has set for itself is the client's.
            Self::TimedOut if stage == Stage::Send || timeout.is_of_client() => Fault::Client,
            Self::TimedOut if stage == Stage::Receive => Fault::Origin,
            Self::Request(_) => Fault::Client,
            Self::Certificate(problem) => problem.fault(),
            Self::AddressProhibited
            | Self::AlertReceived
            | Self::Draining
            | Self::EchRejected
            | Self::EchUnavailable
            | Self::EchUnproven
            | Self::LoopDetected
            | Self::NoOrigin
            | Self::NotTls
            | Self::Overloaded
            | Self::PoolExhausted
            | Self::PrewarmUnsupported
            | Self::ProtocolNotNegotiated
            | Self::RequestRefused
            | Self::TlsVersionMismatch
            | Self::UnsupportedUri => Fault::Config,
            Self::ConnectionRefused
            | Self::ConnectionReset
            | Self::Io
            | Self::ResolveFailed
            | Self::TimedOut
            | Self::Unreachable => Fault::Network,
            Self::ConnectionClosed
            | Self::HttpProtocol
            | Self::ResponseHeadTooLarge
            | Self::StreamReset
            | Self::TlsProtocol
            | Self::UpgradeRefused => Fault::Origin,
        }
    }

    /// The kind of an `io::Error`.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset => Self::ConnectionReset,
            io::ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::Unreachable,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::UnexpectedEof => Self::ConnectionClosed,
            _ => Self::Io,
        }
    }

    /// The label, and the phrase that ends the error's sentence.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::AddressProhibited => (
                "address_prohibited",
                "destination is denied by the egress guard",
            ),
            Self::AlertReceived => ("alert_received", "origin sent a fatal TLS alert"),
            Self::Certificate(problem) => problem.texts(),
            Self::ConnectionClosed => ("connection_closed", "peer closed the connection"),
            Self::ConnectionRefused => ("connection_refused", "connection was refused"),
            Self::ConnectionReset => ("connection_reset", "connection was reset"),
            Self::Draining => ("draining", "proxy is draining and accepts no new requests"),
            Self::EchRejected => ("ech_rejected", "ECH was rejected by the origin"),
            Self::EchUnavailable => (
                "ech_unavailable",
                "ECH is required, but DNS has no usable configuration",
            ),
            Self::EchUnproven => (
                "ech_unproven",
                "ECH was rejected by a peer that did not prove the public name",
            ),
            Self::HttpProtocol => ("http_protocol", "peer sent invalid or unexpected HTTP"),
            Self::Io => ("io", "I/O failed"),
            Self::LoopDetected => (
                "loop_detected",
                "request has passed through this proxy before",
            ),
            Self::NoOrigin => ("no_origin", "group has no member that may get requests"),
            Self::NotTls => ("not_tls", "peer does not speak TLS"),
            Self::Overloaded => ("overloaded", "proxy is at its limit of concurrent requests"),
            Self::PoolExhausted => ("pool_exhausted", "pool has no free connection"),
            Self::PrewarmUnsupported => (
                "prewarm_unsupported",
                "none can be opened in advance, because the PROXY protocol ties each to one \
                 client: do not call prewarm",
            ),
            Self::ProtocolNotNegotiated => (
                "protocol_not_negotiated",
                "required application protocol was not negotiated",
            ),
            Self::Request(problem) => problem.texts(),
            Self::RequestRefused => ("request_refused", "edge refused the request"),
            Self::ResolveFailed => ("resolve_failed", "host has no address"),
            Self::ResponseHeadTooLarge => ("response_head_too_large", "response head is too large"),
            Self::StreamReset => ("stream_reset", "origin reset the HTTP/2 stream"),
            Self::TimedOut => ("timed_out", "deadline passed"),
            Self::TlsProtocol => (
                "tls_protocol",
                "peer broke the TLS protocol or requires an unsupported feature",
            ),
            Self::TlsVersionMismatch => (
                "tls_version_mismatch",
                "peer supports none of the offered TLS versions",
            ),
            Self::Unreachable => ("unreachable", "address is unreachable"),
            Self::UnsupportedUri => ("unsupported_uri", "URI names no http or https origin"),
            Self::UpgradeRefused => (
                "upgrade_refused",
                "origin did not switch to the requested protocol",
            ),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::error::snake_case::snake_case;

    #[test]
    fn the_label_of_a_kind_is_its_name_in_snake_case() {
        for kind in ErrorKind::ALL {
            assert_eq!(kind.as_str(), snake_case(&format!("{kind:?}")));
        }
        let labels: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(labels.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn every_kind_is_in_the_list_of_all() {
        let sources = [
            include_str!("error_kind.rs"),
            include_str!("certificate_problem.rs"),
            include_str!("request_problem.rs"),
        ]
        .concat();
        let is_arm = |line: &&str| line.trim().starts_with("Self::") && line.contains(" => (");
        let labels = sources.lines().filter(is_arm).count();
        assert_eq!(labels, ErrorKind::ALL.len());
    }
}
