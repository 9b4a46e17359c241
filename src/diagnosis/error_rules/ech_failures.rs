//! Encrypted ClientHellos that the peer did not decrypt, or that could not be sent.
//!
//! With ECH there are two names in SNI: the public name in the clear, and the true one, encrypted.
//! A peer that cannot decrypt serves the public name (RFC 9849 section 7.1), so its refusals are
//! about that.
//!
//! | observed | cause |
//! |---|---|
//! | rejection with a certificate for the public name | the configuration is stale: certain |
//! | rejection without that proof | the configuration is for another server, or interception |
//! | required, and the record has none, or an unusable one | DNS does not publish one: certain |
//! | required, and there is no record | the same, unless the look-up failed |
//! | alert 40, 80 or 112 before the certificate | the peer does not serve the public name |

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::ErrorKind,
};

use super::{
    error_evidence::Evidence,
    rule::{Rule, nothing},
};

/// Alerts of a peer that does not serve the name in SNI: handshake_failure, internal_error,
/// unrecognized_name (RFC 8446 section 6).
///
/// Go's TLS server sends internal_error for a name without a certificate.
const ABOUT_SNI: [u8; 3] = [40, 80, UNRECOGNIZED_NAME];
const UNRECOGNIZED_NAME: u8 = 112;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::EchStale,
        certainty: Certain,
        when: |e| e.is(ErrorKind::EchRejected),
        text: |_| {
            String::from("the ECH configuration is not, or no longer, the one that the origin uses")
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::EchConfig],
    },
    Rule {
        id: CauseId::EchStale,
        certainty: Likely,
        when: |e| e.is(ErrorKind::EchUnproven),
        text: |e| {
            format!(
                "the peer did not decrypt the ClientHello, and its certificate does not prove \
                 {}, the public name of the ECH configuration: that is for another server",
                public_name(e)
            )
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::NameServers,
        fixes: |_| vec![FixKind::EchConfig],
    },
    Rule {
        id: CauseId::Interception,
        certainty: Possible,
        when: |e| e.is(ErrorKind::EchUnproven),
        text: |_| String::from("a device on the path answered in place of the origin"),
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule {
        id: CauseId::EchUnpublished,
        certainty: Certain,
        when: |e| e.is(ErrorKind::EchUnavailable) && e.facts.service().is_some(),
        text: |e| {
            let dialled = e.origin.dial();
            let service = e.facts.service();
            match service.is_some_and(|service| !service.ech.is_empty()) {
                true => format!(
                    "ECH is required, and the configuration in the HTTPS record of {dialled} \
                     cannot be used"
                ),
                false => format!(
                    "ECH is required, and the HTTPS record of {dialled} has no configuration"
                ),
            }
        },
        clues: &[],
        confirmation: Confirmation::NameServers,
        fixes: publish_configuration,
    },
    Rule {
        id: CauseId::EchUnpublished,
        // The query for the record may have failed while that for addresses succeeded.
        certainty: Likely,
        when: |e| e.is(ErrorKind::EchUnavailable) && e.facts.service().is_none(),
        text: |e| {
            format!(
                "ECH is required, and no HTTPS record of {} is known: none is published, or the \
                 query for it failed",
                e.origin.dial()
            )
        },
        clues: &[],
        confirmation: Confirmation::NameServers,
        fixes: publish_configuration,
    },
    Rule {
        id: CauseId::EchStale,
        certainty: Likely,
        // A peer that cannot decrypt reads the public name in SNI (RFC 9849 section 7.1).
        when: |e| {
            let alert = e.early_alert();
            e.hides_sni() && alert.is_some_and(|alert| ABOUT_SNI.contains(&alert))
        },
        text: |e| {
            format!(
                "the peer does not serve {}, the public name of the ECH configuration: that is \
                 for another server",
                public_name(e)
            )
        },
        clues: &[Clue::Alert, Clue::Offer],
        confirmation: Confirmation::NameServers,
        fixes: |_| vec![FixKind::EchConfig],
    },
    Rule::sni_not_served(Possible, &[Clue::Sni, Clue::Alert], |e| {
        e.hides_sni() && e.early_alert() == Some(UNRECOGNIZED_NAME)
    }),
];

fn publish_configuration(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![
        FixKind::Advice("publish an HTTPS record of the dialled name with an `ech` value"),
        FixKind::Advice(
            ".ech(Ech::config_list(..)) with a configuration from the origin's operator",
        ),
    ]
}

/// Empty only if ECH was not offered, for which no rule here holds.
fn public_name<'a>(evidence: &Evidence<'a>) -> &'a str {
    evidence.facts.ech_public_name().unwrap_or_default()
}
