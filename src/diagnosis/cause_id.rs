//! The causes by name.

/// The causes that are known. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CauseId {
    /// The origin refuses this client by a rule of its own.
    AccessDenied,
    /// An IP address is expected, and the certificate names hosts only.
    AddressExpected,
    /// Only addresses of one family were tried, and none can be reached from here.
    AddressFamily,
    /// The peer wants another application protocol than those offered.
    AlpnNotAccepted,
    /// The fault lies between the edge and the server behind it: no name of ours would help.
    BehindTheEdge,
    /// A firewall, rate limit or country rule of the edge.
    BlockedByTheEdge,
    /// The TLS peer, or something between, breaks the protocol.
    BrokenTls,
    /// The certificate's time is over, or the local clock is wrong.
    CertificateExpired,
    /// The certificate names other hosts than the expected one.
    CertificateForAnotherName,
    /// The certificate's time has not come, or the local clock is wrong.
    CertificateNotYetValid,
    /// The certificate was revoked.
    CertificateRevoked,
    /// The certificate itself is malformed, not meant for servers, or against another rule of
    /// certificates.
    CertificateUnusable,
    /// The origin refuses the client certificate that it was shown.
    ClientCertificateRefused,
    /// The origin wants a client certificate.
    ClientCertificateRequired,
    /// The egress guard does not allow the destination.
    DestinationProhibited,
    /// The origin is down or not reachable from here.
    Down,
    /// The edge does not take early data for this request (RFC 8470).
    EarlyDataRefused,
    /// The edge refuses the request's forwarding fields.
    ForwardingFields,
    /// The head of the request is larger than the edge takes.
    HeadTooLarge,
    /// Something on the way drops the ClientHello, which post-quantum key shares make larger than a
    /// packet.
    HelloDropped,
    /// The name in Host is not one that the edge serves.
    HostNotServed,
    /// The peer speaks HTTP/1 where HTTP/2 was agreed on.
    Http1Peer,
    /// The origin asks for HTTP/1.1 (RFC 9113 section 7, HTTP_1_1_REQUIRED).
    Http1Required,
    /// The endpoint speaks no TLS at all.
    HttpOnlyEndpoint,
    /// Plain http was spoken to a port that speaks TLS.
    HttpToTlsPort,
    /// The edge answers http with a redirect to https.
    HttpsRequired,
    /// The connection was closed by the origin while idle.
    IdleClosed,
    /// Something between here and the origin ends the TLS connections.
    Interception,
    /// The server sends its certificate without the intermediate one.
    IntermediateMissing,
    /// The client's request is at fault.
    InvalidRequest,
    /// Whoever answered does not hold the key of the certificate that it presented.
    KeyNotHeld,
    /// The edge wants to know the length of the request's content.
    LengthRequired,
    /// A redirect leads clients to a name that is not theirs.
    LocationNamesOrigin,
    /// The edge does not take this method.
    MethodNotTaken,
    /// The dialled name has no address.
    NameDoesNotResolve,
    /// No cipher suite or key exchange group in common.
    NoCommonCipher,
    /// No TLS version in common.
    NoCommonTlsVersion,
    /// Nothing listens at the dialled port.
    NothingListens,
    /// Another service than a web server answers at the dialled port.
    OtherService,
    /// The key is not the pinned one.
    PinMismatch,
    /// The peer speaks plain http.
    PlainHttpPeer,
    /// There are more requests at a time than the proxy lets through, or than its pool may have
    /// connections for.
    PoolTooSmall,
    /// The edge does not serve this port.
    PortNotServed,
    /// The configuration of Encrypted ClientHello is not, or no longer, the origin's.
    EncryptedHelloStale,
    /// Encrypted ClientHello is required, and DNS tells no configuration for it.
    EncryptedHelloUnpublished,
    /// The peer expects a PROXY protocol header before anything else.
    ProxyHeaderExpected,
    /// The peer does not expect the PROXY protocol header that it is sent.
    ProxyHeaderNotExpected,
    /// The redirect leads to where the request came from.
    RedirectLoop,
    /// The request comes round to the edge that it came from.
    RequestLoop,
    /// No current revocation list covers the certificate.
    RevocationUnknown,
    /// The roots that are trusted here are old or missing.
    RootsMissing,
    /// The certificate is self-signed.
    SelfSigned,
    /// The request was signed for another Host than it arrives with.
    SignedForAnotherHost,
    /// Host names something that the connection's SNI or certificate does not cover.
    SniAndHostDisagree,
    /// No SNI was sent.
    SniMissing,
    /// The name in SNI is not one that the edge serves.
    SniNotServed,
    /// The peer is old or strict, and stumbles over something that was offered.
    StrictPeer,
    /// The origin took longer than the deadline, or the client to read what it answered.
    TooSlow,
    /// The certificate comes from an authority that is not trusted here.
    UntrustedAuthority,
    /// The bucket has no website.
    WebsiteOff,
    /// A wildcard in the certificate stands for one label, and the expected name has more.
    WildcardTooShallow,
    /// The bucket lives in another region than the endpoint.
    WrongRegion,
}
