//! Connections that the peer ended with a TLS alert.
//!
//! The order of the rules matters: of those with the same certainty, the first that holds comes
//! first in the diagnosis.
//!
//! *When* an alert arrives matters as much as its number. Before the origin's certificate was
//! accepted it is about the ClientHello: SNI, versions, suites. After that, it is about what the
//! client sent next, which is its certificate.
//!
//! | alert | early | late |
//! |---|---|---|
//! | 112 unrecognized_name | SNI: certain | |
//! | 40 handshake_failure | SNI, then suites | client certificate |
//! | 80 internal_error | SNI (Go), or the origin | the origin |
//! | 42 to 48, about a certificate | interception | client certificate |
//! | 116 certificate_required | | client certificate: certain |
//! | 49 access_denied | SNI, or a rule of the origin | client certificate |

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::{ErrorKind, Stage},
};

use super::{
    client_certificate_refusals::{refusal, refused_certificate},
    error_evidence::Evidence,
    rule::{Rule, broken_tls, nothing, restore_origin},
};

// RFC 8446 section 6.
const HANDSHAKE_FAILURE: u8 = 40;
const ACCESS_DENIED: u8 = 49;
const DECRYPT_ERROR: u8 = 51;
const INTERNAL_ERROR: u8 = 80;
const USER_CANCELED: u8 = 90;
const MISSING_EXTENSION: u8 = 109;
const UNRECOGNIZED_NAME: u8 = 112;
const CERTIFICATE_REQUIRED: u8 = 116;

/// Alerts about a certificate that the sender has received: bad, unsupported, revoked, expired,
/// unknown, unknown CA.
const ABOUT_CERTIFICATE: [u8; 6] = [42, 43, 44, 45, 46, 48];

/// Alerts that only a client sends: bad_certificate_status_response, ech_required.
const OF_A_CLIENT: [u8; 2] = [113, 121];

/// Alerts of a peer that accepts none of what was offered: export_restriction,
/// insufficient_security.
const TOO_WEAK: [u8; 2] = [60, 71];

/// Alerts of a peer that rejects something in the ClientHello: illegal_parameter, decode_error,
/// inappropriate_fallback, missing_extension, unsupported_extension, unknown_psk_identity.
const REJECTING_HELLO: [u8; 6] = [47, 50, 86, MISSING_EXTENSION, 110, 115];

/// Alerts of a peer that cannot parse or decrypt what it received: unexpected_message,
/// bad_record_mac, decryption_failed, record_overflow, decompression_failure, decrypt_error.
const UNREADABLE: [u8; 6] = [10, 20, 21, 22, 30, DECRYPT_ERROR];

pub(super) const RULES: &[Rule] = &[
    Rule::sni_missing(Certain, &[Clue::NoSni, Clue::Alert], |e| {
        e.sni().is_none() && e.early_alert() == Some(UNRECOGNIZED_NAME)
    }),
    Rule::sni_not_served(Certain, &[Clue::Sni, Clue::Alert], |e| {
        let is_readable = e.sni().is_some() && !e.hides_sni();
        is_readable && e.early_alert() == Some(UNRECOGNIZED_NAME)
    }),
    // Alert 40 alone has many causes. They follow in the order of their frequency.
    Rule::sni_missing(Certain, &[Clue::NoSni, Clue::Alert, Clue::Edge], |e| {
        is_alert_40_without_sni(e) && e.answers_missing_sni_with(HANDSHAKE_FAILURE)
    }),
    Rule::sni_missing(Likely, &[Clue::NoSni, Clue::Alert], is_alert_40_without_sni),
    Rule {
        id: CauseId::NoCommonCipher,
        certainty: Likely,
        when: |e| e.early_alert() == Some(HANDSHAKE_FAILURE) && e.has_chosen_parameters(),
        text: |_| {
            String::from(
                "the origin supports none of the chosen cipher suites, key exchange groups or \
                 signature schemes",
            )
        },
        clues: &[Clue::Alert, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::Advice("leave out .tls_parameters(..)")],
    },
    Rule::sni_not_served(Likely, &[Clue::Sni, Clue::Alert], |e| {
        is_alert_40_with_sni(e) && e.may_have_wrong_sni()
    }),
    Rule {
        // The probe knows no other name.
        confirmation: Confirmation::ProbeSites,
        ..Rule::sni_not_served(Possible, &[Clue::Sni, Clue::Alert], |e| {
            is_alert_40_with_sni(e) && !e.may_have_wrong_sni()
        })
    },
    Rule {
        id: CauseId::NoCommonCipher,
        certainty: Possible,
        when: |e| e.early_alert() == Some(HANDSHAKE_FAILURE) && !e.has_chosen_parameters(),
        text: no_common_cipher,
        clues: &[Clue::Alert],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    // Go's TLS server sends internal_error if it has no certificate for the name.
    Rule::sni_missing(Likely, &[Clue::NoSni, Clue::Alert], |e| {
        e.sni().is_none() && e.early_alert() == Some(INTERNAL_ERROR)
    }),
    Rule::sni_not_served(Likely, &[Clue::Sni, Clue::Alert], |e| {
        e.sni().is_some() && e.early_alert() == Some(INTERNAL_ERROR)
    }),
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| e.early_alert() == Some(INTERNAL_ERROR),
        text: |_| String::from("the origin has an internal error, or no certificate yet"),
        clues: &[Clue::Alert],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.late_alert() == Some(INTERNAL_ERROR),
        text: |_| String::from("the origin has an internal error"),
        clues: &[Clue::Alert],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.alert() == Some(USER_CANCELED),
        text: |_| String::from("the peer cancelled the handshake for a reason outside of TLS"),
        clues: &[Clue::Alert],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
    Rule {
        id: CauseId::NoCommonCipher,
        certainty: Likely,
        when: |e| {
            e.early_alert()
                .is_some_and(|alert| TOO_WEAK.contains(&alert))
        },
        text: no_common_cipher,
        clues: &[Clue::Alert, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    // RFC 8446 section 9.2: a server that requires SNI sends this alert.
    Rule::sni_missing(Likely, &[Clue::NoSni, Clue::Alert], |e| {
        e.sni().is_none() && e.early_alert() == Some(MISSING_EXTENSION)
    }),
    Rule::client_certificate_required(Certain, &[Clue::Alert, Clue::ClientCertificate], |e| {
        e.alert() == Some(CERTIFICATE_REQUIRED) && !e.sent_certificate()
    }),
    Rule::client_certificate_required(Likely, &[Clue::Alert, Clue::ClientCertificate], |e| {
        e.withheld_certificate() && e.late_alert().is_some_and(is_about_client_certificate)
    }),
    // A TLS 1.2 server may request it later, by renegotiation, which rustls does not support.
    Rule::client_certificate_required(Possible, &[Clue::Alert], |e| {
        e.has_no_certificate_to_send() && e.late_alert().is_some_and(is_about_client_certificate)
    }),
    Rule {
        id: CauseId::ClientCertificateRefused,
        certainty: Certain,
        // RFC 8446 section 6.2: these alerts are only about certificates, and the origin has
        // received no other one than ours.
        when: |e| {
            e.sent_certificate()
                && e.late_alert()
                    .is_some_and(|alert| ABOUT_CERTIFICATE.contains(&alert))
        },
        text: refused_certificate,
        clues: &[Clue::Alert, Clue::ClientCertificate],
        confirmation: Confirmation::Listener,
        fixes: |e| vec![FixKind::Advice(refusal(e).1)],
    },
    Rule {
        id: CauseId::ClientCertificateRefused,
        certainty: Likely,
        when: |e| {
            let other = [
                HANDSHAKE_FAILURE,
                ACCESS_DENIED,
                DECRYPT_ERROR,
                CERTIFICATE_REQUIRED,
            ];
            e.may_have_sent_certificate()
                && e.late_alert().is_some_and(|alert| {
                    let is_about_it = ABOUT_CERTIFICATE.contains(&alert);
                    other.contains(&alert) || is_about_it && !e.sent_certificate()
                })
        },
        text: refused_certificate,
        clues: &[Clue::Alert, Clue::ClientCertificate],
        confirmation: Confirmation::Listener,
        fixes: |e| vec![FixKind::Advice(refusal(e).1)],
    },
    // The crate has sent no certificate yet, so the peer rejects that of its own origin.
    Rule {
        id: CauseId::Interception,
        certainty: Likely,
        when: |e| {
            let of_a_client =
                |alert| ABOUT_CERTIFICATE.contains(&alert) || OF_A_CLIENT.contains(&alert);
            e.early_alert().is_some_and(of_a_client)
        },
        text: |_| {
            String::from(
                "a device between here and the origin terminates TLS, and refuses the certificate \
                 of the origin",
            )
        },
        clues: &[Clue::Alert],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    // A peer with a rule about names received none. That is likelier than a rule about client
    // certificates.
    Rule::sni_missing(Likely, &[Clue::NoSni, Clue::Alert], |e| {
        e.sni().is_none() && e.early_alert() == Some(ACCESS_DENIED)
    }),
    Rule {
        id: CauseId::AccessDenied,
        certainty: Likely,
        when: |e| {
            let is_about_ours = e.was_accepted() && e.may_have_sent_certificate();
            e.alert() == Some(ACCESS_DENIED) && !is_about_ours
        },
        text: |e| {
            let about = match e.early_alert().is_some() {
                true => "SNI, before it asks for a client certificate",
                false => "SNI or client certificates",
            };
            format!("the origin refuses the connection by a rule about {about}")
        },
        clues: &[Clue::Alert],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: |e| {
            let sni = e.sni().map(|_| e.another_sni());
            let identity = e.early_alert().is_none().then_some(FixKind::ClientIdentity);
            sni.into_iter().chain(identity).collect()
        },
    },
    Rule {
        id: CauseId::StrictPeer,
        certainty: Likely,
        when: |e| {
            e.early_alert()
                .is_some_and(|alert| REJECTING_HELLO.contains(&alert))
        },
        text: |_| {
            String::from(
                "the peer, or a device before it, is old or strict and rejects something in the \
                 ClientHello",
            )
        },
        clues: &[Clue::Alert, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    Rule {
        id: CauseId::BrokenTls,
        certainty: Possible,
        when: |e| e.alert().is_some_and(|alert| UNREADABLE.contains(&alert)),
        text: broken_tls,
        clues: &[Clue::Alert],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
];

/// The cause of an alert or of another TLS failure that no other rule explains.
pub(super) const OTHERWISE: &[Rule] = &[Rule {
    id: CauseId::BrokenTls,
    certainty: Possible,
    when: |e| e.is(ErrorKind::AlertReceived) || e.stage == Stage::Handshake,
    text: broken_tls,
    clues: &[Clue::Ending],
    confirmation: Confirmation::AnotherNetwork,
    fixes: nothing,
}];

fn no_common_cipher(_: &Evidence<'_>) -> String {
    String::from(
        "the origin supports none of the offered cipher suites or groups: its suites may all use \
         CBC or CCM, or its only curve may be P-521",
    )
}

fn is_alert_40_without_sni(evidence: &Evidence<'_>) -> bool {
    evidence.sni().is_none() && evidence.early_alert() == Some(HANDSHAKE_FAILURE)
}

fn is_alert_40_with_sni(evidence: &Evidence<'_>) -> bool {
    evidence.sni().is_some() && evidence.early_alert() == Some(HANDSHAKE_FAILURE)
}

fn is_about_client_certificate(alert: u8) -> bool {
    alert == HANDSHAKE_FAILURE || ABOUT_CERTIFICATE.contains(&alert)
}
