//! `RequestProblem`: why a request is not forwarded, with its labels and texts.

/// Why the proxy does not forward a request of a client.
///
/// The proxy answers such a request itself. None reaches an origin, except one whose body turns out
/// to be wrong while it is being sent.
///
/// ```
/// use cdn_origin::{Error, ErrorKind, error::RequestProblem};
///
/// /// Uploads over the limit, for a counter.
/// fn is_too_large(error: &Error) -> bool {
///     error.kind() == ErrorKind::Request(RequestProblem::BodyTooLarge)
/// }
/// assert_eq!(ErrorKind::Request(RequestProblem::HostUnknown).as_str(), "request_host_unknown");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RequestProblem {
    /// The body ended in an error before it was complete.
    BodyFailed,
    /// The dialled edge refuses a body with this method.
    BodyNotAllowed,
    /// The body is larger than the proxy allows.
    BodyTooLarge,
    /// A library of [`adapt`](crate::adapt) could not build the request.
    BuildFailed,
    /// `Expect` has another value than `100-continue` (RFC 9110 section 10.1.1).
    ExpectationUnknown,
    /// The fields are larger or more numerous than the proxy or the dialled edge allows.
    HeadTooLarge,
    /// The `Host` field contradicts `:authority` (RFC 9113 section 8.3.1).
    HostConflict,
    /// `Host` is not a host with an optional port.
    HostInvalid,
    /// The request has neither `Host` nor an authority.
    HostMissing,
    /// The request has more than one `Host` field.
    HostRepeated,
    /// No tenant of [`VirtualHosts`](crate::tenants::VirtualHosts) has the host.
    HostUnknown,
    /// The proxy does not forward this method.
    MethodRefused,
    /// The path may lead out of the prefix that `map_path` replaces (RFC 3986 section 5.2.4), or
    /// the mapped path would start with `//`.
    PathAmbiguous,
    /// The target has a form that only CONNECT or OPTIONS may have (RFC 9112 section 3.2), or a
    /// scheme other than http and https.
    TargetInvalid,
    /// The target is longer than the dialled edge allows.
    TargetTooLong,
    /// The request has a transfer coding other than `chunked` (RFC 9112 section 6.1).
    TransferCoding,
    /// The opening handshake of a WebSocket breaks RFC 6455 section 4.1.
    UpgradeInvalid,
    /// The URL has another scheme, host or port than the base URL of a client of
    /// [`adapt`](crate::adapt).
    UrlForeign,
}

impl RequestProblem {
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::BodyFailed => ("request_body_failed", "request body ended in an error"),
            Self::BodyNotAllowed => (
                "request_body_not_allowed",
                "request body is refused by the edge with this method",
            ),
            Self::BodyTooLarge => ("request_body_too_large", "request body is too large"),
            Self::BuildFailed => ("request_build_failed", "request could not be built"),
            Self::ExpectationUnknown => (
                "request_expectation_unknown",
                "Expect value is not supported",
            ),
            Self::HeadTooLarge => (
                "request_head_too_large",
                "request head is too large or has too many fields",
            ),
            Self::HostConflict => (
                "request_host_conflict",
                "Host and :authority name different hosts",
            ),
            Self::HostInvalid => (
                "request_host_invalid",
                "Host is not a host with an optional port",
            ),
            Self::HostMissing => (
                "request_host_missing",
                "it has neither a Host field nor an absolute URI",
            ),
            Self::HostRepeated => ("request_host_repeated", "Host field is repeated"),
            Self::HostUnknown => (
                "request_host_unknown",
                "no origin is configured for the host",
            ),
            Self::MethodRefused => ("request_method_refused", "method is not forwarded"),
            Self::PathAmbiguous => (
                "request_path_ambiguous",
                "path may lead out of its mapped prefix",
            ),
            Self::TargetInvalid => (
                "request_target_invalid",
                "request target has a form or scheme that is not forwarded",
            ),
            Self::TargetTooLong => ("request_target_too_long", "request target is too long"),
            Self::TransferCoding => (
                "request_transfer_coding",
                "transfer coding other than chunked is not supported",
            ),
            Self::UpgradeInvalid => (
                "request_upgrade_invalid",
                "opening handshake of the WebSocket is malformed",
            ),
            Self::UrlForeign => (
                "request_url_foreign",
                "URL has another scheme, host or port than the client's base URL",
            ),
        }
    }
}
