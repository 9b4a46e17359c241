//! The key exchange groups that attempts offer.

use std::fmt;

/// Which key exchange groups are offered, and in which order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum GroupOrder {
    /// Those of the connector.
    AsConfigured,
    /// No post-quantum groups: their key share makes a ClientHello exceed a packet.
    Classical,
    /// The same, with the group of Azure Front Door first (RFC 8446 section 4.2.7).
    NistFirst,
}

impl GroupOrder {
    /// The names for `TlsParameters::key_exchange_groups`; `None` if nothing is replaced.
    pub(super) fn names(self) -> Option<&'static [&'static str]> {
        match self {
            Self::AsConfigured => None,
            Self::Classical => Some(&["x25519", "secp256r1", "secp384r1"]),
            Self::NistFirst => Some(&["secp256r1", "secp384r1", "x25519"]),
        }
    }
}

/// The groups in a few words, for one line of a table.
impl fmt::Display for GroupOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsConfigured => "groups as configured",
            Self::Classical => "small ClientHello: no post-quantum group",
            Self::NistFirst => "NIST curves first",
        })
    }
}
