//! The documented limits and requirements of an edge.
//!
//! Where an edge documents a limit, a request beyond it fails with a status that does not name it.
//! The proxy can refuse such a request itself and say why, or stay below the limit by a default:
//!
//! | fact | effect |
//! |---|---|
//! | idle limit | the pool's idle timeout stays below it |
//! | limits of head and target | the proxy answers 431 or 414 itself |
//! | limit of `X-Forwarded-For` | the chain is shortened |
//! | fields of its own | removed from requests |
//! | a GET with content is refused | the proxy refuses it |
//! | first group | offered first, to save a round trip |
//! | http only, https forced, TLS ports | advice |
//! | alert without SNI | makes a diagnosis certain |

use std::time::Duration;

use super::Edge;

/// The documented limits and requirements of one edge; `None` where nothing is documented.
///
/// A connector changes its defaults by them (see `AppliedProfile`), or gives advice. Nothing here
/// weakens the verification of certificates.
///
/// It is a constant of `profile_table.rs`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EdgeProfile {
    pub(super) edge: Edge,
    pub(super) idle_limit: Option<Duration>,
    pub(super) head_limit: Option<usize>,
    pub(super) target_limit: Option<usize>,
    pub(super) forwarded_for_limit: Option<usize>,
    pub(super) own_fields: &'static [&'static str],
    pub(super) get_content: GetContent,
    pub(super) tls_support: TlsSupport,
    pub(super) first_group: Option<&'static str>,
    pub(super) tls_ports: &'static [u16],
    pub(super) alert_without_sni: Option<u8>,
    pub(super) source: &'static str,
}

/// How the edge treats a GET with content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum GetContent {
    Refused,
    Undocumented,
}

/// Which of http and https the edge serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TlsSupport {
    /// Plain http only.
    HttpOnly,
    /// Plain http and https.
    Optional,
    /// It redirects plain http to https.
    Required,
}

impl EdgeProfile {
    /// A profile without limits or requirements.
    pub(super) const fn new(edge: Edge, source: &'static str) -> Self {
        Self {
            edge,
            idle_limit: None,
            head_limit: None,
            target_limit: None,
            forwarded_for_limit: None,
            own_fields: &[],
            get_content: GetContent::Undocumented,
            tls_support: TlsSupport::Optional,
            first_group: None,
            tls_ports: &[],
            alert_without_sni: None,
            source,
        }
    }

    /// The edge that the profile describes.
    pub(crate) fn edge(&self) -> Edge {
        self.edge
    }

    /// How long the edge keeps an idle connection of a client open.
    pub(crate) fn idle_limit(&self) -> Option<Duration> {
        self.idle_limit
    }

    /// The maximum size of a request's head, in bytes.
    pub(crate) fn head_limit(&self) -> Option<usize> {
        self.head_limit
    }

    /// The maximum length of a request's path and query, in bytes.
    pub(crate) fn target_limit(&self) -> Option<usize> {
        self.target_limit
    }

    /// The maximum length of `X-Forwarded-For`, in bytes, joined into one field.
    pub(crate) fn forwarded_for_limit(&self) -> Option<usize> {
        self.forwarded_for_limit
    }

    /// Fields that the edge adds for its origins. It may refuse a request that carries one.
    ///
    /// Fields that authenticate a client or detect loops are not among them.
    pub(crate) fn own_fields(&self) -> &'static [&'static str] {
        self.own_fields
    }

    /// Whether the edge refuses a GET with content.
    pub(crate) fn refuses_get_with_content(&self) -> bool {
        self.get_content == GetContent::Refused
    }

    /// Whether the edge serves plain http only.
    pub(crate) fn is_http_only(&self) -> bool {
        self.tls_support == TlsSupport::HttpOnly
    }

    /// Whether the edge redirects every plain http request to https.
    pub(crate) fn forces_https(&self) -> bool {
        self.tls_support == TlsSupport::Required
    }

    /// The key exchange group to offer first, by its IANA name.
    ///
    /// If another group comes first, the handshake takes one more round trip.
    pub(crate) fn first_group(&self) -> Option<&'static str> {
        self.first_group
    }

    /// The ports that serve TLS; empty if they are not documented.
    pub(crate) fn tls_ports(&self) -> &'static [u16] {
        self.tls_ports
    }

    /// The TLS alert that the edge sends for a ClientHello without SNI.
    pub(crate) fn alert_without_sni(&self) -> Option<u8> {
        self.alert_without_sni
    }

    /// Where the profile is documented.
    ///
    /// Shown to people who ask for the connector's profile.
    pub(crate) fn reference(&self) -> &'static str {
        self.source
    }
}
