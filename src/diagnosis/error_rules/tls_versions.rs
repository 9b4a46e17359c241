//! TLS versions that client and origin do not share.
//!
//! Shared by two tables: the peer may refuse the offered versions by alert 70, choose one that was
//! not offered, or end the connection. The text follows from what was offered alone.
//!
//! | offered | the origin then supports |
//! |---|---|
//! | TLS 1.2 and 1.3 | only TLS 1.1 or older |
//! | TLS 1.3 | only TLS 1.2 or older |
//! | TLS 1.2 | only TLS 1.3, or only TLS 1.1 and older |

use crate::{
    diagnosis::FixKind,
    error::{EchOffer, TlsVersion},
};

use super::error_evidence::Evidence;

/// The text of TLS versions that do not overlap.
pub(super) fn no_common_version(evidence: &Evidence<'_>) -> String {
    let (offered, supported) = match range(evidence) {
        Some((TlsVersion::V1_3, TlsVersion::V1_3)) if offers_ech(evidence) => {
            ("only TLS 1.3, which ECH requires", "only TLS 1.2 or older")
        }
        Some((TlsVersion::V1_3, TlsVersion::V1_3)) => ("only TLS 1.3", "only TLS 1.2 or older"),
        Some((TlsVersion::V1_2, TlsVersion::V1_2)) => {
            ("only TLS 1.2", "only TLS 1.3, or only TLS 1.1 and older")
        }
        _ => ("TLS 1.2 to 1.3", "only TLS 1.1 or older"),
    };
    format!("the ClientHello offered {offered}, and the origin supports {supported}")
}

/// The fix that offers other versions.
///
/// With ECH, TLS 1.2 cannot be offered (RFC 9849 section 6.1), so the advice is about both.
pub(super) fn other_versions(evidence: &Evidence<'_>) -> Vec<FixKind> {
    vec![match range(evidence) {
        _ if offers_ech(evidence) => FixKind::Advice(
            "enable TLS 1.3 on the origin, or leave out .ech(..) and offer TLS 1.2 too",
        ),
        Some((oldest, newest)) if oldest == newest => {
            FixKind::TlsVersions(TlsVersion::V1_2, TlsVersion::V1_3)
        }
        _ => FixKind::Advice("enable TLS 1.2 or 1.3 on the origin"),
    }]
}

/// Whether the configuration leaves one version.
pub(super) fn offers_one_version(evidence: &Evidence<'_>) -> bool {
    range(evidence).is_some_and(|(oldest, newest)| oldest == newest)
}

/// Whether the ClientHello has ECH or GREASE, which require TLS 1.3.
fn offers_ech(evidence: &Evidence<'_>) -> bool {
    matches!(
        evidence.facts.ech,
        Some(EchOffer::Encrypted(..) | EchOffer::EncryptedAgain(..) | EchOffer::Greased)
    )
}

/// `None` if the handshake did not come to an offer.
fn range(evidence: &Evidence<'_>) -> Option<(TlsVersion, TlsVersion)> {
    let offer = evidence.facts.offer.as_ref()?;
    Some((offer.oldest, offer.newest))
}
