//! Handshakes and connections that the peer ended with an alert.

use super::{
    CauseId,
    Certainty::{Certain, Likely, Possible},
    Clue, Confirmation, Evidence, FixKind,
    rule::{
        Rule, another_sni, broken_tls, client_certificate_asked, nothing, present_a_certificate,
        sni_missing, sni_not_served,
    },
};

// RFC 8446 section 6.
const HANDSHAKE_FAILURE: u8 = 40;
const ACCESS_DENIED: u8 = 49;
const DECRYPT_ERROR: u8 = 51;
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;
const CERTIFICATE_REQUIRED: u8 = 116;

/// Alerts about a certificate, of which only ours can be meant: bad, unsupported, revoked, expired,
/// unknown, of an unknown CA.
const ABOUT_CERTIFICATES: [u8; 6] = [42, 43, 44, 45, 46, 48];

/// Alerts of a peer that stumbles over what was offered: illegal_parameter, decode_error,
/// insufficient_security, missing_extension, unsupported_extension.
const STUMBLING: [u8; 5] = [47, 50, 71, 109, 110];

/// Alerts of a peer to which what it received makes no sense: unexpected_message, bad_record_mac,
/// record_overflow, decrypt_error.
const BREAKING: [u8; 4] = [10, 20, 22, DECRYPT_ERROR];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::SniMissing,
        certainty: Certain,
        when: |e| e.sni().is_none() && e.early_alert() == Some(UNRECOGNIZED_NAME),
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Certain,
        when: |e| e.sni().is_some() && e.early_alert() == Some(UNRECOGNIZED_NAME),
        why: sni_not_served,
        clues: &[Clue::Sni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    // Alert 40 says nothing by itself. Its causes follow in the order in which they are met.
    Rule {
        id: CauseId::SniMissing,
        certainty: Certain,
        when: |e| is_alert_40_without_sni(e) && e.answers_no_sni_by(HANDSHAKE_FAILURE),
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Alert, Clue::Edge],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: is_alert_40_without_sni,
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::NoCommonCipher,
        certainty: Likely,
        when: |e| e.early_alert() == Some(HANDSHAKE_FAILURE) && e.has_chosen_parameters(),
        why: |_| {
            String::from(
                "there is no cipher suite, key exchange group or signature scheme in common: those that were chosen may be too few",
            )
        },
        clues: &[Clue::Alert, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| {
            vec![FixKind::Advice(
                "leave out .cipher_suites(..), .key_exchange_groups(..), .signature_schemes(..) and .crypto_provider(..)",
            )]
        },
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| e.sni().is_some() && e.early_alert() == Some(HANDSHAKE_FAILURE),
        why: sni_not_served,
        clues: &[Clue::Sni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::NoCommonCipher,
        certainty: Possible,
        when: |e| e.early_alert() == Some(HANDSHAKE_FAILURE) && !e.has_chosen_parameters(),
        why: |_| String::from("there is no cipher suite or key exchange group in common"),
        clues: &[Clue::Alert],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    // Go's TLS server says "internal error" where it has no certificate for the name.
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| e.sni().is_none() && e.early_alert() == Some(INTERNAL_ERROR),
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| e.sni().is_some() && e.early_alert() == Some(INTERNAL_ERROR),
        why: sni_not_served,
        clues: &[Clue::Sni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| e.early_alert() == Some(INTERNAL_ERROR),
        why: |_| {
            String::from("the origin failed by itself, or is still waiting for its certificate")
        },
        clues: &[Clue::Alert],
        confirmation: Confirmation::Origin,
        fixes: nothing,
    },
    Rule {
        id: CauseId::ClientCertificateRequired,
        certainty: Certain,
        when: |e| e.alert() == Some(CERTIFICATE_REQUIRED),
        why: client_certificate_asked,
        clues: &[Clue::Alert, Clue::ClientCertificate],
        confirmation: Confirmation::Listener,
        fixes: present_a_certificate,
    },
    Rule {
        id: CauseId::ClientCertificateRequired,
        certainty: Likely,
        when: |e| e.withheld_certificate() && e.late_alert().is_some_and(is_about_ours),
        why: client_certificate_asked,
        clues: &[Clue::Alert, Clue::ClientCertificate],
        confirmation: Confirmation::Listener,
        fixes: present_a_certificate,
    },
    Rule {
        id: CauseId::ClientCertificateRequired,
        certainty: Possible,
        // TLS 1.2 may ask later on, by a renegotiation, which rustls does not know.
        when: |e| e.has_nothing_to_show() && e.late_alert().is_some_and(is_about_ours),
        why: client_certificate_asked,
        clues: &[Clue::Alert],
        confirmation: Confirmation::Listener,
        fixes: present_a_certificate,
    },
    Rule {
        id: CauseId::ClientCertificateRefused,
        certainty: Certain,
        // RFC 8446 section 6.2: these are said of a certificate alone, and only ours is left to be
        // meant.
        when: |e| {
            e.may_have_shown_ours()
                && e.late_alert()
                    .is_some_and(|alert| ABOUT_CERTIFICATES.contains(&alert))
        },
        why: refused_certificate,
        clues: &[Clue::Alert, Clue::ClientCertificate],
        confirmation: Confirmation::Listener,
        fixes: |e| vec![FixKind::Advice(refused(e).1)],
    },
    Rule {
        id: CauseId::ClientCertificateRefused,
        certainty: Likely,
        when: |e| {
            let other = [HANDSHAKE_FAILURE, ACCESS_DENIED, DECRYPT_ERROR];
            e.may_have_shown_ours() && e.late_alert().is_some_and(|alert| other.contains(&alert))
        },
        why: refused_certificate,
        clues: &[Clue::Alert, Clue::ClientCertificate],
        confirmation: Confirmation::Listener,
        fixes: |e| vec![FixKind::Advice(refused(e).1)],
    },
    Rule {
        id: CauseId::Interception,
        certainty: Possible,
        when: |e| {
            e.early_alert()
                .is_some_and(|alert| ABOUT_CERTIFICATES.contains(&alert))
        },
        why: |_| String::from("something between here and the origin ends TLS connections"),
        clues: &[Clue::Alert],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    // A peer that has a rule about names has seen none: that comes before what it may ask of
    // clients.
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| e.sni().is_none() && e.early_alert() == Some(ACCESS_DENIED),
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Alert],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::AccessDenied,
        certainty: Likely,
        when: |e| e.early_alert() == Some(ACCESS_DENIED),
        why: |_| String::from("the origin refuses by a rule about SNI or client certificates"),
        clues: &[Clue::Alert],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: |e| {
            let sni = e.sni().map(|_| e.another_sni());
            sni.into_iter().chain([FixKind::ClientIdentity]).collect()
        },
    },
    Rule {
        id: CauseId::StrictPeer,
        certainty: Possible,
        when: |e| {
            e.early_alert()
                .is_some_and(|alert| STUMBLING.contains(&alert))
        },
        why: |_| {
            String::from(
                "the peer, or something before it, is old or strict and stumbles over something in the ClientHello",
            )
        },
        clues: &[Clue::Alert, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    Rule {
        id: CauseId::BrokenTls,
        certainty: Possible,
        when: |e| e.alert().is_some_and(|alert| BREAKING.contains(&alert)),
        why: broken_tls,
        clues: &[Clue::Alert],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
];

fn is_alert_40_without_sni(evidence: &Evidence<'_>) -> bool {
    evidence.sni().is_none() && evidence.early_alert() == Some(HANDSHAKE_FAILURE)
}

fn is_about_ours(alert: u8) -> bool {
    alert == HANDSHAKE_FAILURE || ABOUT_CERTIFICATES.contains(&alert)
}

fn refused_certificate(evidence: &Evidence<'_>) -> String {
    let (what, _) = refused(evidence);
    format!("the origin refuses our client certificate: {what}")
}

/// What an alert says about our certificate (RFC 8446 section 6.2), and what to do about it.
fn refused(evidence: &Evidence<'_>) -> (&'static str, &'static str) {
    match evidence.late_alert() {
        Some(48) => (
            "it does not know who issued it, or an intermediate certificate is missing",
            "put the intermediate certificates after ours in ClientIdentity, or let the origin trust our authority",
        ),
        Some(45) => ("it has expired", "renew the client certificate"),
        Some(44) => ("it is revoked", "renew the client certificate"),
        Some(43) => (
            "its kind or purpose is not accepted",
            "a client certificate with the extended key usage clientAuth",
        ),
        Some(DECRYPT_ERROR) => (
            "a signature is wrong, as if it came from another authority of the same name",
            "a client certificate of the authority that the origin trusts",
        ),
        Some(ACCESS_DENIED) => (
            "it is valid, and not welcome",
            "let the origin admit our client certificate",
        ),
        _ => (
            "it does not say why",
            "let the origin trust our authority, and look into the origin's log",
        ),
    }
}
