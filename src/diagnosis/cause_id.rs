//! The stable ids of causes.

use std::fmt;

/// The id of a cause. More may be added.
///
/// ```
/// use cdn_origin::diagnosis::CauseId;
///
/// assert_eq!(CauseId::SniMissing.as_str(), "sni_missing");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CauseId {
    /// The origin refuses this client by a rule of its own.
    AccessDenied,
    /// An IP address is the expected name, and the certificate names only hosts.
    AddressExpected,
    /// Only addresses of one family were tried, and none is reachable from here.
    AddressFamily,
    /// The origin requires an application protocol that was not offered.
    AlpnNotAccepted,
    /// The fault lies between the edge and the server behind it. Changing a name does not help.
    BehindTheEdge,
    /// A firewall, a rate limit or a country rule of the edge blocked the request.
    BlockedByTheEdge,
    /// The body of the request is larger than the proxy allows.
    BodyTooLarge,
    /// The origin's response breaks a rule of HTTP.
    BrokenHttp,
    /// The peer, or a device on the path, breaks the TLS protocol.
    BrokenTls,
    /// The certificate has expired, or the local clock is wrong.
    CertificateExpired,
    /// The certificate is valid, but for other names than the expected one.
    CertificateForAnotherName,
    /// The certificate is not valid yet, or the local clock is wrong.
    CertificateNotYetValid,
    /// The certificate is revoked.
    CertificateRevoked,
    /// The certificate is malformed, not meant for servers, or breaks another rule.
    CertificateUnusable,
    /// The origin refuses the client certificate that was presented.
    ClientCertificateRefused,
    /// The origin requires a client certificate.
    ClientCertificateRequired,
    /// A device on the path drops the ClientHello or cuts the connection, because a post-quantum
    /// key share makes the ClientHello larger than a packet.
    ClientHelloDropped,
    /// As many requests are in flight as the proxy admits.
    ConcurrencyLimit,
    /// The origin refuses the request because `Origin` differs from the Host sent.
    CrossOriginRefused,
    /// The egress guard denies the destination.
    DestinationProhibited,
    /// The edge does not accept early data for this request (RFC 8470).
    EarlyDataRefused,
    /// The ECH configuration is not, or no longer, the one that the origin uses.
    EchStale,
    /// ECH is required, and DNS has no configuration for it.
    EchUnpublished,
    /// The origin redirects to https because `X-Forwarded-Proto` is `http`.
    ForwardedProto,
    /// The edge refuses the request's forwarding fields.
    ForwardingFields,
    /// The group has no member that may get requests.
    GroupEmpty,
    /// The response to a gRPC call comes from a site that is not the gRPC service.
    GrpcNotServed,
    /// The head of the request is larger than the proxy or the edge accepts.
    HeadTooLarge,
    /// The edge does not serve the name in Host.
    HostNotServed,
    /// The peer speaks HTTP/1 although HTTP/2 was negotiated.
    Http1Peer,
    /// The origin requires HTTP/1.1 (RFC 9113 section 7, HTTP_1_1_REQUIRED).
    Http1Required,
    /// The endpoint does not support TLS at all.
    HttpOnlyEndpoint,
    /// Plain HTTP was sent to a port that expects TLS.
    HttpToTlsPort,
    /// The edge redirects http to https.
    HttpsRequired,
    /// The origin closed the connection while it was idle.
    IdleClosed,
    /// A device between here and the origin terminates TLS.
    Interception,
    /// The server sends its certificate without the intermediate certificate.
    IntermediateMissing,
    /// The client's request is invalid, or of a kind that is not forwarded.
    InvalidRequest,
    /// The peer does not hold the private key of the certificate that it presented.
    KeyNotHeld,
    /// The edge requires Content-Length.
    LengthRequired,
    /// This machine cannot open the connection: it has no file descriptor, port or memory left, or
    /// does not permit it.
    LocalSystem,
    /// A redirect leads clients to the origin's name, past the proxy.
    LocationNamesOrigin,
    /// The edge does not allow this method.
    MethodNotAllowed,
    /// The dialled name has no address.
    NameDoesNotResolve,
    /// The origin supports none of the offered cipher suites or key exchange groups.
    NoCommonCipher,
    /// The origin supports none of the offered TLS versions.
    NoCommonTlsVersion,
    /// No process listens at the dialled port.
    NothingListens,
    /// The origin is down, overloaded or unreachable.
    OriginDown,
    /// The connector was built without an origin, which the proxy takes from no client.
    OriginMissing,
    /// The origin answers more slowly than before, so that the proxy admits fewer requests.
    OriginOverloaded,
    /// A service other than a web server listens at the dialled port.
    OtherService,
    /// The presented key matches no pin.
    PinMismatch,
    /// The peer speaks plain HTTP.
    PlainHttpPeer,
    /// More requests arrive at a time than the pool has connections for.
    PoolTooSmall,
    /// The edge does not serve this port.
    PortNotServed,
    /// The peer expects a PROXY protocol header first.
    ProxyHeaderExpected,
    /// The peer does not expect the PROXY protocol header that it received.
    ProxyHeaderNotExpected,
    /// The redirect leads back to the request that it answers.
    RedirectLoop,
    /// The client stopped sending the request before its end.
    RequestIncomplete,
    /// The request returns to a proxy or an edge that it has passed before.
    RequestLoop,
    /// The head of the response is larger than the pool allows.
    ResponseHeadTooLarge,
    /// No current revocation list covers the certificate.
    RevocationUnknown,
    /// The trusted roots are outdated or incomplete.
    RootsMissing,
    /// The certificate is self-signed.
    SelfSigned,
    /// The request was signed for a Host other than the one that it arrives with.
    SignedForAnotherHost,
    /// The SNI or the certificate of the connection does not cover the name in Host.
    SniAndHostDisagree,
    /// No SNI was sent.
    SniMissing,
    /// The edge does not serve the name in SNI.
    SniNotServed,
    /// The peer is old or strict, and rejects something in the ClientHello.
    StrictPeer,
    /// The origin missed a deadline, or the client read the response too slowly.
    TooSlow,
    /// No tenant of [`VirtualHosts`](crate::tenants::VirtualHosts) has the host of the request.
    UnknownHost,
    /// The certificate is issued by an authority that is not trusted.
    UntrustedAuthority,
    /// The origin does not switch to the protocol that an upgrade asked for, such as a WebSocket.
    UpgradeNotServed,
    /// The bucket has no website.
    WebsiteOff,
    /// A wildcard in the certificate seems to cover the expected name, but does not. A wildcard
    /// stands for exactly one label, and never for one directly below a top-level domain.
    WildcardTooShallow,
    /// The bucket belongs to another region than the endpoint.
    WrongRegion,
}

impl CauseId {
    /// Every id, in alphabetical order.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::AccessDenied,
        Self::AddressExpected,
        Self::AddressFamily,
        Self::AlpnNotAccepted,
        Self::BehindTheEdge,
        Self::BlockedByTheEdge,
        Self::BodyTooLarge,
        Self::BrokenHttp,
        Self::BrokenTls,
        Self::CertificateExpired,
        Self::CertificateForAnotherName,
        Self::CertificateNotYetValid,
        Self::CertificateRevoked,
        Self::CertificateUnusable,
        Self::ClientCertificateRefused,
        Self::ClientCertificateRequired,
        Self::ClientHelloDropped,
        Self::ConcurrencyLimit,
        Self::CrossOriginRefused,
        Self::DestinationProhibited,
        Self::EarlyDataRefused,
        Self::EchStale,
        Self::EchUnpublished,
        Self::ForwardedProto,
        Self::ForwardingFields,
        Self::GroupEmpty,
        Self::GrpcNotServed,
        Self::HeadTooLarge,
        Self::HostNotServed,
        Self::Http1Peer,
        Self::Http1Required,
        Self::HttpOnlyEndpoint,
        Self::HttpToTlsPort,
        Self::HttpsRequired,
        Self::IdleClosed,
        Self::Interception,
        Self::IntermediateMissing,
        Self::InvalidRequest,
        Self::KeyNotHeld,
        Self::LengthRequired,
        Self::LocalSystem,
        Self::LocationNamesOrigin,
        Self::MethodNotAllowed,
        Self::NameDoesNotResolve,
        Self::NoCommonCipher,
        Self::NoCommonTlsVersion,
        Self::NothingListens,
        Self::OriginDown,
        Self::OriginMissing,
        Self::OriginOverloaded,
        Self::OtherService,
        Self::PinMismatch,
        Self::PlainHttpPeer,
        Self::PoolTooSmall,
        Self::PortNotServed,
        Self::ProxyHeaderExpected,
        Self::ProxyHeaderNotExpected,
        Self::RedirectLoop,
        Self::RequestIncomplete,
        Self::RequestLoop,
        Self::ResponseHeadTooLarge,
        Self::RevocationUnknown,
        Self::RootsMissing,
        Self::SelfSigned,
        Self::SignedForAnotherHost,
        Self::SniAndHostDisagree,
        Self::SniMissing,
        Self::SniNotServed,
        Self::StrictPeer,
        Self::TooSlow,
        Self::UnknownHost,
        Self::UntrustedAuthority,
        Self::UpgradeNotServed,
        Self::WebsiteOff,
        Self::WildcardTooShallow,
        Self::WrongRegion,
    ];

    /// Returns the stable label for metrics: the id in snake case.
    ///
    /// ```
    /// use cdn_origin::diagnosis::CauseId;
    ///
    /// assert_eq!(CauseId::Http1Peer.as_str(), "http1_peer");
    /// assert_eq!(CauseId::Http1Peer.to_string(), "http1_peer");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::AddressExpected => "address_expected",
            Self::AddressFamily => "address_family",
            Self::AlpnNotAccepted => "alpn_not_accepted",
            Self::BehindTheEdge => "behind_the_edge",
            Self::BlockedByTheEdge => "blocked_by_the_edge",
            Self::BodyTooLarge => "body_too_large",
            Self::BrokenHttp => "broken_http",
            Self::BrokenTls => "broken_tls",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateForAnotherName => "certificate_for_another_name",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::CertificateRevoked => "certificate_revoked",
            Self::CertificateUnusable => "certificate_unusable",
            Self::ClientCertificateRefused => "client_certificate_refused",
            Self::ClientCertificateRequired => "client_certificate_required",
            Self::ClientHelloDropped => "client_hello_dropped",
            Self::ConcurrencyLimit => "concurrency_limit",
            Self::CrossOriginRefused => "cross_origin_refused",
            Self::DestinationProhibited => "destination_prohibited",
            Self::EarlyDataRefused => "early_data_refused",
            Self::EchStale => "ech_stale",
            Self::EchUnpublished => "ech_unpublished",
            Self::ForwardedProto => "forwarded_proto",
            Self::ForwardingFields => "forwarding_fields",
            Self::GroupEmpty => "group_empty",
            Self::GrpcNotServed => "grpc_not_served",
            Self::HeadTooLarge => "head_too_large",
            Self::HostNotServed => "host_not_served",
            Self::Http1Peer => "http1_peer",
            Self::Http1Required => "http1_required",
            Self::HttpOnlyEndpoint => "http_only_endpoint",
            Self::HttpToTlsPort => "http_to_tls_port",
            Self::HttpsRequired => "https_required",
            Self::IdleClosed => "idle_closed",
            Self::Interception => "interception",
            Self::IntermediateMissing => "intermediate_missing",
            Self::InvalidRequest => "invalid_request",
            Self::KeyNotHeld => "key_not_held",
            Self::LengthRequired => "length_required",
            Self::LocalSystem => "local_system",
            Self::LocationNamesOrigin => "location_names_origin",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NameDoesNotResolve => "name_does_not_resolve",
            Self::NoCommonCipher => "no_common_cipher",
            Self::NoCommonTlsVersion => "no_common_tls_version",
            Self::NothingListens => "nothing_listens",
            Self::OriginDown => "origin_down",
            Self::OriginMissing => "origin_missing",
            Self::OriginOverloaded => "origin_overloaded",
            Self::OtherService => "other_service",
            Self::PinMismatch => "pin_mismatch",
            Self::PlainHttpPeer => "plain_http_peer",
            Self::PoolTooSmall => "pool_too_small",
            Self::PortNotServed => "port_not_served",
            Self::ProxyHeaderExpected => "proxy_header_expected",
            Self::ProxyHeaderNotExpected => "proxy_header_not_expected",
            Self::RedirectLoop => "redirect_loop",
            Self::RequestIncomplete => "request_incomplete",
            Self::RequestLoop => "request_loop",
            Self::ResponseHeadTooLarge => "response_head_too_large",
            Self::RevocationUnknown => "revocation_unknown",
            Self::RootsMissing => "roots_missing",
            Self::SelfSigned => "self_signed",
            Self::SignedForAnotherHost => "signed_for_another_host",
            Self::SniAndHostDisagree => "sni_and_host_disagree",
            Self::SniMissing => "sni_missing",
            Self::SniNotServed => "sni_not_served",
            Self::StrictPeer => "strict_peer",
            Self::TooSlow => "too_slow",
            Self::UnknownHost => "unknown_host",
            Self::UntrustedAuthority => "untrusted_authority",
            Self::UpgradeNotServed => "upgrade_not_served",
            Self::WebsiteOff => "website_off",
            Self::WildcardTooShallow => "wildcard_too_shallow",
            Self::WrongRegion => "wrong_region",
        }
    }
}

/// The same as [`as_str`](CauseId::as_str).
impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnosis::Certainty,
        error::{Fault, Stage, snake_case::snake_case},
    };

    #[test]
    fn the_label_of_a_cause_is_its_id_in_snake_case() {
        for id in CauseId::ALL {
            assert_eq!(id.as_str(), snake_case(&format!("{id:?}")));
        }
    }

    #[test]
    fn every_cause_is_in_the_list_of_all() {
        let is_arm = |line: &&str| line.trim().starts_with("Self::") && line.contains(" => \"");
        let labels = include_str!("cause_id.rs").lines().filter(is_arm).count();
        assert_eq!(labels, CauseId::ALL.len());
    }

    #[test]
    fn the_labels_of_stages_faults_and_certainties_are_stable() {
        use {Certainty::*, Fault::*, Stage::*};
        let stages = [Prepare, Resolve, Dial, Handshake, Send, Receive].map(Stage::as_str);
        assert_eq!(
            stages,
            ["prepare", "resolve", "dial", "handshake", "send", "receive"]
        );
        let faults = [Client, Config, Network, Origin].map(Fault::as_str);
        assert_eq!(faults, ["client", "config", "network", "origin"]);
        let certainties = [Possible, Likely, Certain].map(Certainty::as_str);
        assert_eq!(certainties, ["possible", "likely", "certain"]);
    }
}
