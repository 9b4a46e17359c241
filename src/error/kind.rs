//! The words by which code branches on an error.

use std::{fmt, io};

use super::Limit;

/// What went wrong, in one word: what was seen, of which [`CauseId`](crate::diagnosis::CauseId) is
/// the interpretation. More kinds may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The egress guard does not allow the dialled name, or any of its addresses.
    AddressProhibited,
    /// The origin ended the handshake, or the connection, with a fatal TLS alert
    /// ([`Facts::alert`](super::Facts::alert)).
    AlertReceived,
    /// The certificate's validity has ended.
    CertificateExpired,
    /// The certificate is valid, but not for the expected name.
    CertificateNameMismatch,
    /// The certificate's validity has not begun.
    CertificateNotYetValid,
    /// The certificate was refused for another reason.
    CertificateRejected,
    /// A revocation list names the certificate, or one that vouches for it.
    CertificateRevoked,
    /// No trusted root vouches for the certificate.
    CertificateUnknownIssuer,
    /// The peer closed the connection where it should have gone on.
    ConnectionClosed,
    /// Nothing accepts connections at the dialled address.
    ConnectionRefused,
    /// The peer, or something between, reset the connection.
    ConnectionReset,
    /// A request with content whose method has none at the edge that is dialled.
    ContentRefused,
    /// The proxy takes no more requests: it is [draining](crate::OriginProxy::drain).
    Draining,
    /// The origin could not read the encrypted ClientHello, and proved with a certificate that it
    /// may say so (RFC 9849 section 6.1.6).
    EncryptedHelloRejected,
    /// Encrypted ClientHello is [required](crate::tls::Ech::required), and DNS told no
    /// configuration for it that can be used.
    EncryptedHelloUnavailable,
    /// The request expects something other than `100-continue` (RFC 9110 section 10.1.1).
    ExpectationUnknown,
    /// The request's `Host` field contradicts its `:authority` (RFC 9113 section 8.3.1).
    HostConflict,
    /// The request's `Host` is not a host and optional port.
    HostInvalid,
    /// The request names no host.
    HostMissing,
    /// The request has more than one `Host` field.
    HostRepeated,
    /// What arrived is not the HTTP that was expected.
    HttpProtocol,
    /// Another input/output failure; the source says which.
    Io,
    /// The certificate was accepted, and the peer did not prove that it holds its key.
    KeyNotProven,
    /// The request has been through this proxy before: `Via` or `CDN-Loop` says so.
    LoopDetected,
    /// The proxy does not forward this method.
    MethodRefused,
    /// The peer does not speak TLS; [`Facts::first_bytes`](super::Facts::first_bytes) shows what it
    /// said instead.
    NotTls,
    /// As many requests are under way as the proxy allows, and as many wait.
    Overloaded,
    /// Neither the certificate nor its key is a pinned one.
    PinMismatch,
    /// No connection became free in time, or too many requests wait for one.
    PoolExhausted,
    /// The required application protocol was not negotiated (RFC 7301).
    ProtocolNotNegotiated,
    /// The client's request body ended in an error.
    RequestBody,
    /// The client's request body is larger than the proxy allows.
    RequestBodyTooLarge,
    /// The request's fields are larger, or more, than the proxy allows.
    RequestHeadTooLarge,
    /// The request's target is longer than the dialled edge takes.
    RequestTargetTooLong,
    /// The dialled host has no address.
    ResolveFailed,
    /// The head of the response is larger than the pool allows.
    ResponseHeadTooLarge,
    /// The origin reset the HTTP/2 stream of the request (RFC 9113 section 7): it failed, or has no
    /// use for it.
    StreamReset,
    /// The request's target has a form that only CONNECT or OPTIONS may have (RFC 9112 section
    /// 3.2), or a scheme that is neither http nor https.
    TargetInvalid,
    /// No current revocation list covers the certificate, and the policy demands one.
    RevocationUnknown,
    /// A deadline passed; [`Error::stage`](super::Error::stage) says in which wait.
    TimedOut,
    /// The TLS peer broke the protocol, or speaks it in a way that is not supported.
    TlsProtocol,
    /// The peer speaks no TLS version that was offered.
    TlsVersionMismatch,
    /// No route leads to the dialled address.
    Unreachable,
    /// A transfer coding other than `chunked` (RFC 9112 section 6.1).
    UnsupportedCoding,
    /// The URI names no `http` or `https` origin.
    UnsupportedUri,
    /// The origin answered an upgrade with something else than what was asked (RFC 9110 section
    /// 15.2.2, RFC 6455 section 4.1).
    UpgradeFailed,
    /// The request asks for a WebSocket, but not in the form of RFC 6455 section 4.1.
    UpgradeInvalid,
}

impl ErrorKind {
    /// Where to look first.
    pub(crate) fn fault(self, stage: Stage, limit: Limit) -> Fault {
        match self {
            // Whose turn it was kept still: the client with its body or with reading, the origin
            // with its response.
            Self::TimedOut if stage == Stage::Send || limit == Limit::Unread => Fault::Client,
            Self::TimedOut if stage == Stage::Receive => Fault::Origin,
            Self::ContentRefused
            | Self::ExpectationUnknown
            | Self::HostConflict
            | Self::HostInvalid
            | Self::HostMissing
            | Self::HostRepeated
            | Self::MethodRefused
            | Self::RequestBody
            | Self::RequestBodyTooLarge
            | Self::RequestHeadTooLarge
            | Self::RequestTargetTooLong
            | Self::TargetInvalid
            | Self::UnsupportedCoding
            | Self::UpgradeInvalid => Fault::Client,
            Self::AddressProhibited
            | Self::AlertReceived
            | Self::CertificateNameMismatch
            | Self::CertificateUnknownIssuer
            | Self::Draining
            | Self::EncryptedHelloRejected
            | Self::EncryptedHelloUnavailable
            | Self::LoopDetected
            | Self::NotTls
            | Self::Overloaded
            | Self::PinMismatch
            | Self::PoolExhausted
            | Self::ProtocolNotNegotiated
            | Self::RevocationUnknown
            | Self::TlsVersionMismatch
            | Self::UnsupportedUri => Fault::Config,
            Self::ConnectionRefused
            | Self::ConnectionReset
            | Self::Io
            | Self::ResolveFailed
            | Self::TimedOut
            | Self::Unreachable => Fault::Network,
            Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateRejected
            | Self::CertificateRevoked
            | Self::ConnectionClosed
            | Self::HttpProtocol
            | Self::KeyNotProven
            | Self::ResponseHeadTooLarge
            | Self::StreamReset
            | Self::TlsProtocol
            | Self::UpgradeFailed => Fault::Origin,
        }
    }

    /// What an `io::Error` amounts to.
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

    /// What happened, as the end of a sentence.
    fn phrase(self) -> &'static str {
        match self {
            Self::AddressProhibited => "the egress guard does not allow this destination",
            Self::AlertReceived => "the origin sent a fatal TLS alert",
            Self::CertificateExpired => "the certificate has expired",
            Self::CertificateNameMismatch => "the certificate is not valid for the expected name",
            Self::CertificateNotYetValid => "the certificate is not valid yet",
            Self::CertificateRejected => "the certificate was refused",
            Self::CertificateRevoked => "the certificate is revoked",
            Self::CertificateUnknownIssuer => "no trusted root vouches for the certificate",
            Self::ConnectionClosed => "the peer closed the connection",
            Self::ConnectionRefused => "the connection was refused",
            Self::ConnectionReset => "the connection was reset",
            Self::ContentRefused => "the edge takes no content with this method",
            Self::Draining => "the proxy takes no more requests",
            Self::EncryptedHelloRejected => "the origin rejected the encrypted ClientHello",
            Self::EncryptedHelloUnavailable => {
                "there is no configuration for the encrypted ClientHello that is required"
            }
            Self::ExpectationUnknown => "the request expects what is not known here",
            Self::HostConflict => "Host and :authority name different hosts",
            Self::HostInvalid => "the Host is not a host and optional port",
            Self::HostMissing => "the request names no host",
            Self::HostRepeated => "there is more than one Host field",
            Self::HttpProtocol => "the peer did not answer with the HTTP that was expected",
            Self::Io => "input or output failed",
            Self::KeyNotProven => "the peer did not prove that it holds the certificate's key",
            Self::LoopDetected => "the request has been through this proxy before",
            Self::MethodRefused => "this method is not forwarded",
            Self::NotTls => "the peer does not speak TLS",
            Self::Overloaded => "as many requests are under way as are allowed",
            Self::PinMismatch => "neither the certificate nor its key is a pinned one",
            Self::PoolExhausted => "no connection became free in time",
            Self::ProtocolNotNegotiated => "the required application protocol was not negotiated",
            Self::RequestBody => "the request's body could not be read",
            Self::RequestBodyTooLarge => "the request's body is larger than is allowed",
            Self::RequestHeadTooLarge => "the request's fields are more or larger than is allowed",
            Self::RequestTargetTooLong => "the request's target is longer than is allowed",
            Self::ResolveFailed => "the host has no address",
            Self::ResponseHeadTooLarge => "the head of the response is larger than is allowed",
            Self::RevocationUnknown => "no current revocation list covers the certificate",
            Self::StreamReset => "the origin broke off the HTTP/2 stream of the request",
            Self::TargetInvalid => {
                "the request's target has a form or a scheme that is not forwarded"
            }
            Self::TimedOut => "the deadline passed",
            Self::TlsProtocol => "the TLS peer is broken or not supported",
            Self::TlsVersionMismatch => "the peer speaks no TLS version that was offered",
            Self::Unreachable => "no route leads to the address",
            Self::UnsupportedCoding => "there is a transfer coding other than chunked",
            Self::UnsupportedUri => "the URI names no http or https origin",
            Self::UpgradeFailed => "the answer to an upgrade is not the one that was asked for",
            Self::UpgradeInvalid => "the opening handshake of a WebSocket is malformed",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

/// How far the attempt got. Later stages compare greater.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stage {
    /// Before anything was dialled: the request or its URI could not be used.
    Prepare,
    /// Looking up the dialled host's addresses.
    Resolve,
    /// Connecting to an address.
    Dial,
    /// The TLS handshake.
    Handshake,
    /// Sending the request.
    Send,
    /// Waiting for the response or reading it.
    Receive,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "prepare",
            Self::Resolve => "resolve",
            Self::Dial => "dial",
            Self::Handshake => "handshake",
            Self::Send => "send",
            Self::Receive => "receive",
        })
    }
}

/// Where to look first.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The client's request.
    Client,
    /// The builder's calls: most often one of the four names.
    Config,
    /// The path between here and the origin.
    Network,
    /// The origin.
    Origin,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Config => "config",
            Self::Network => "network",
            Self::Origin => "origin",
        })
    }
}
