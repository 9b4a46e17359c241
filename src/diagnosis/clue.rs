//! An item of evidence for a cause.
//!
//! A clue names *which* observation counted, and not what was seen: its value is in the facts rows
//! of the report. So a clue is a constant, and rules list them in a table.

/// An observation that points at a cause.
///
/// The order of a rule's clues is the order in which the report prints them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Clue {
    /// The addresses that were tried.
    Addresses,
    /// The alert that the peer sent.
    Alert,
    /// The text of the response's body.
    Body,
    /// The certificate's chain.
    Chain,
    /// Whether the peer requested a client certificate.
    ClientCertificate,
    /// The dates in the certificate.
    Dates,
    /// The deadline that passed.
    Deadline,
    /// How the connection ended.
    Ending,
    /// What was read of the response.
    Response,
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
    /// The latency of the origin.
    Latency,
    /// A limit that was reached.
    Limit,
    /// The `Location` of the response.
    Location,
    /// The names in the certificate.
    Names,
    /// That no SNI was sent.
    NoSni,
    /// What was offered in the ClientHello.
    Offer,
    /// That a body stopped arriving.
    Pause,
    /// The port that was dialled.
    Port,
    /// The `Origin` of the request.
    OriginField,
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
    /// That no data was received.
    Silence,
    /// The name that was sent in SNI.
    Sni,
    /// The status of the response.
    Status,
    /// The subject in the certificate.
    Subject,
}

impl Clue {
    /// The text after `seen:` in a report.
    ///
    /// Phrases without a verb, to be joined by commas.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Addresses => "the addresses tried",
            Self::Alert => "the alert",
            Self::Body => "the text of the page",
            Self::Chain => "the chain presented",
            Self::ClientCertificate => "whether a client certificate was requested",
            Self::Dates => "the certificate's dates",
            Self::Deadline => "the deadline that passed",
            Self::Ending => "how the connection ended",
            Self::Response => "what was read of the response",
            Self::Edge => "the edge that was dialled",
            Self::FirstBytes => "the first bytes received",
            Self::Fields => "the fields of the response",
            Self::Host => "the Host sent",
            Self::Issuer => "the certificate's issuer",
            Self::Key => "the certificate's key",
            Self::Latency => "the latency of the origin",
            Self::Limit => "the limit that was reached",
            Self::Location => "the Location of the response",
            Self::Names => "the names in the certificate",
            Self::NoSni => "no SNI was sent",
            Self::Offer => "what was offered",
            Self::Pause => "no further data was received",
            Self::Port => "the port dialled",
            Self::OriginField => "the Origin of the request",
            Self::ProxyHeader => "the PROXY protocol header sent",
            Self::Probe => "an attempt that differs only in this",
            Self::Reason => "the HTTP/2 error",
            Self::Request => "the request sent",
            Self::Reuse => "whether the connection was reused",
            Self::Scheme => "the origin's scheme",
            Self::Silence => "no data was received",
            Self::Sni => "the SNI sent",
            Self::Status => "the status",
            Self::Subject => "the certificate's subject",
        }
    }
}
