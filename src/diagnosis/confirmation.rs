//! What would confirm a cause.
//!
//! One is enough: a rule names the cheapest step that tells its cause from the others of the same
//! evidence. Three of them are calls of [`probe`](crate::probe()), which does that step by itself.

/// A way to confirm a cause that is not certain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Confirmation {
    /// An attempt against another address or family.
    AnotherAddress,
    /// The same attempt from another network.
    AnotherNetwork,
    /// The chain that the server sends.
    Chain,
    /// The names in the edge's configuration.
    EdgeConfiguration,
    /// The edge's own log.
    EdgeLog,
    /// The listener in the origin's configuration.
    Listener,
    /// A query to the name servers.
    NameServers,
    /// The state of the origin.
    Origin,
    /// Attempts with other names.
    ProbeNames,
    /// Attempts with other versions, groups and protocols, and without TLS.
    ProbeProtocols,
    /// Attempts with names that only the user knows.
    ProbeSites,
    /// The request as the client sent it.
    Request,
    /// The limits and the rules of this machine.
    ThisMachine,
}

impl Confirmation {
    /// Whether a probe is what would confirm the cause.
    ///
    /// The probe leaves such instructions out of its own report: it has just done that.
    pub(crate) fn is_probe(self) -> bool {
        matches!(
            self,
            Self::ProbeNames | Self::ProbeProtocols | Self::ProbeSites
        )
    }

    /// The instruction after `to confirm:` in a report.
    ///
    /// In the imperative, without a full stop.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::AnotherAddress => "dial another address, or one of the other family",
            Self::AnotherNetwork => "try the same from another network",
            Self::Chain => "show the whole chain: openssl s_client -showcerts",
            Self::EdgeConfiguration => "check in the edge's configuration which names it serves",
            Self::EdgeLog => "look for the request in the edge's log",
            Self::Listener => "check in the origin's configuration what its listener expects",
            Self::NameServers => "query the name servers for the dialled name, as by dig",
            Self::Origin => "check that the origin is up, and check its log",
            Self::ProbeNames => "cdn_origin::probe(&connector).await? tries the other names",
            Self::ProbeProtocols => {
                "cdn_origin::probe(&connector).await? tries other versions and protocols, and \
                 plain http"
            }
            Self::ProbeSites => {
                "probe with the names of your site and of the edge: \
                 cdn_origin::probe(&connector).try_name(\"..\").await?"
            }
            Self::Request => "check the request as the client sent it",
            Self::ThisMachine => "check the limits, the addresses and the firewall of this machine",
        }
    }
}
