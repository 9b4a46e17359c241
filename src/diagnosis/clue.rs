//! What speaks for a cause, and what would settle it.

use std::fmt;

/// Something that was seen and speaks for a cause. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Clue {
    /// The addresses that were tried.
    Addresses,
    /// The alert that the peer sent.
    Alert,
    /// The text of the response's body.
    Body,
    /// The certificate's chain.
    Chain,
    /// That the peer asked for a client certificate, or did not.
    ClientCertificate,
    /// The dates in the certificate.
    Dates,
    /// How the connection ended.
    Ending,
    /// The edge, by the name that was dialled.
    Edge,
    /// The first bytes that the peer sent.
    FirstBytes,
    /// The fields of the response.
    Fields,
    /// The Host that was sent.
    Host,
    /// The issuer in the certificate.
    Issuer,
    /// The key in the certificate.
    Key,
    /// The `Location` of the response.
    Location,
    /// The names in the certificate.
    Names,
    /// That no SNI was sent.
    NoSni,
    /// What was offered in the ClientHello.
    Offer,
    /// The port that was dialled.
    Port,
    /// That a PROXY protocol header was sent.
    ProxyHeader,
    /// Another attempt that differs in one thing, and got further.
    Probe,
    /// The error that HTTP/2 was ended with.
    Reason,
    /// The request that was sent.
    Request,
    /// Whether the connection had served a request before.
    Reuse,
    /// The scheme of the origin.
    Scheme,
    /// That nothing came.
    Silence,
    /// The name that was sent in SNI.
    Sni,
    /// The status of the response.
    Status,
    /// The subject in the certificate.
    Subject,
}

impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Addresses => "the addresses tried",
            Self::Alert => "the alert",
            Self::Body => "the text of the page",
            Self::Chain => "the chain presented",
            Self::ClientCertificate => "whether a client certificate was asked for",
            Self::Dates => "the certificate's dates",
            Self::Ending => "how the connection ended",
            Self::Edge => "the edge that was dialled",
            Self::FirstBytes => "the first bytes received",
            Self::Fields => "the fields of the response",
            Self::Host => "the Host sent",
            Self::Issuer => "the certificate's issuer",
            Self::Key => "the certificate's key",
            Self::Location => "the Location of the response",
            Self::Names => "the names in the certificate",
            Self::NoSni => "no SNI was sent",
            Self::Offer => "what was offered",
            Self::Port => "the port dialled",
            Self::ProxyHeader => "the PROXY protocol header sent",
            Self::Probe => "an attempt that differs in this alone",
            Self::Reason => "the HTTP/2 error",
            Self::Request => "the request sent",
            Self::Reuse => "whether the connection was a reused one",
            Self::Scheme => "the origin's scheme",
            Self::Silence => "nothing came",
            Self::Sni => "the SNI sent",
            Self::Status => "the status",
            Self::Subject => "the certificate's subject",
        })
    }
}

/// What would settle whether a cause is the one. Displayed as an instruction. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Proof {
    /// Another attempt against another address or family.
    AnotherAddress,
    /// The same from another network.
    AnotherNetwork,
    /// The chain that the server sends.
    Chain,
    /// What the edge's configuration says about its names.
    EdgeConfiguration,
    /// What the edge's own log says of the request.
    EdgeLog,
    /// What the origin's configuration says about how it is to be spoken to.
    Listener,
    /// A query to the name servers.
    NameServers,
    /// The state of the origin.
    Origin,
    /// Attempts with other names.
    ProbeNames,
    /// Attempts with other versions, groups and protocols, and without TLS.
    ProbeProtocols,
    /// The request as it arrived here.
    Request,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnotherAddress => "dial another address, or one of the other family",
            Self::AnotherNetwork => "try the same from another network",
            Self::Chain => "look at the whole chain: openssl s_client -showcerts",
            Self::EdgeConfiguration => "look up in the edge's configuration which names it serves",
            Self::EdgeLog => "look for the request in the edge's log",
            Self::Listener => "look up in the origin's configuration what its listener expects",
            Self::NameServers => "ask the name servers: dig",
            Self::Origin => "look whether the origin is up, and at its log",
            Self::ProbeNames => "cdn_origin::probe(&connector) tries the other names",
            Self::ProbeProtocols => {
                "cdn_origin::probe(&connector) tries other versions and protocols, and plain http"
            }
            Self::Request => "look at the request as the client sent it",
        })
    }
}
