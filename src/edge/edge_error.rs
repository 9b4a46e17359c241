//! The kinds of errors that edges report in responses of their own.
//!
//! A kind says what the page is about, and not what to do: the rules of the diagnosis turn it into
//! a cause and a fix, with the names that were sent. Two pages of different edges with the same
//! meaning have the same kind.

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
    ///
    /// Frameworks have such a list: Django's `ALLOWED_HOSTS`, for example.
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
    ///
    /// The page does not tell the two apart.
    NoBackend,
    /// The edge has no route for this `Host` and path.
    NoRoute,
    /// The edge refuses the request without naming the part; usually `Host` is the reason.
    ///
    /// CloudFront's page "Bad request." is one.
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
