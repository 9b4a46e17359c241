//! What would confirm a cause.

/// A way to confirm a cause that is not certain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Confirmation {
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

impl Confirmation {
    /// Whether a probe is what would confirm the cause.
    pub(crate) fn is_probe(self) -> bool {
        matches!(self, Self::ProbeNames | Self::ProbeProtocols)
    }

    /// The instruction after `to confirm:` in a report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
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
        }
    }
}
