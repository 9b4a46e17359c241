//! The kinds of errors that edges report in responses of their own.

/// What an edge reports by an error response.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum EdgeErrorKind {
    /// The edge cannot reach its own origin, or cannot use the response of it.
    BehindTheEdge,
    /// A firewall, rate limit, country rule or access rule refused the request.
    Blocked,
    /// The edge requires a client certificate, or another one.
    ClientCertificate,
    /// The edge refuses early data for this request (RFC 8470).
    EarlyData,
    /// The edge refuses the forwarding fields, or detects a loop by them.
    ForwardingFields,
    /// The head of the request exceeds the edge's limit.
    HeadTooLarge,
    /// `Host` is an IP address, and the edge requires a name.
    HostIsAddress,
    /// The application accepts other names in `Host`.
    HostNotAllowed,
    /// The edge serves no site under this `Host`.
    HostNotServed,
    /// Plain http arrived at a port that speaks TLS.
    HttpToTlsPort,
    /// The edge requires `Content-Length`.
    LengthRequired,
    /// The edge does not allow this method.
    MethodNotAllowed,
    /// No server behind the edge is available: the site's servers are down, or the edge has none
    /// for this `Host`.
    NoBackend,
    /// The edge has no route for this `Host` and path.
    NoRoute,
    /// The edge refuses the request without naming the part; usually `Host` is the reason.
    RefusedRequest,
    /// The request is too large, most often because it has passed the edge in a loop.
    RequestGrown,
    /// The request returns to the edge in a loop.
    RequestLoop,
    /// The request was signed for another `Host`.
    SignedForAnotherHost,
    /// SNI and `Host` name different sites.
    SniAndHostDisagree,
    /// The bucket has no website.
    WebsiteOff,
    /// The bucket is in another region; the body names its endpoint.
    WrongRegion,
}
