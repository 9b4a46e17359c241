//! Refused certificates, except for their names and their issuers: dates, pins, revocation.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely},
        Clue, Confirmation, FixKind,
    },
    error::{CertificateProblem, ErrorKind, PeerCertificate},
};

use super::{evidence::Evidence, presented::short, rule::Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::CertificateExpired,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Expired)),
        text: |e| dated(e, e.chain().first_to_end(), "has expired"),
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew,
    },
    Rule {
        id: CauseId::CertificateNotYetValid,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::NotYetValid)),
        text: |e| dated(e, e.chain().last_to_begin(), "is not valid yet"),
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew,
    },
    Rule {
        id: CauseId::PinMismatch,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::PinMismatch)),
        text: |e| match e.chain().pinned_issuer() {
            Some(issuer) => format!(
                "the pinned key is that of the issuer {issuer}, and only a pin of the origin's own \
                 key counts"
            ),
            None => String::from(
                "the origin presented a key that is not pinned: the key was renewed, or another \
                 server answered",
            ),
        },
        clues: &[Clue::Key],
        confirmation: Confirmation::Chain,
        fixes: |e| match (e.chain().pin(), e.facts.findings.is_trusted) {
            (Some(pin), true) => vec![FixKind::AndPin(pin.to_owned())],
            // Nothing but the pin could prove that this is the origin.
            _ => vec![FixKind::Advice(
                "compare the presented key with the origin's own; if they are the same, pin it",
            )],
        },
    },
    Rule {
        id: CauseId::CertificateRevoked,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Revoked)),
        text: |_| String::from("a revocation list names the certificate or one of its issuers"),
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![FixKind::Advice("replace the origin's certificate")],
    },
    Rule {
        id: CauseId::RevocationUnknown,
        certainty: Certain,
        when: |e| {
            e.is(ErrorKind::Certificate(
                CertificateProblem::RevocationUnknown,
            ))
        },
        text: |_| {
            String::from(
                "no current revocation list of the certificate's issuer is configured, and the \
                 policy requires one",
            )
        },
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| {
            vec![FixKind::Advice(
                "pass .crls(..) a current list of every issuer, or relax it: leaf_only(), \
                 allow_unknown_status(), ignore_expiry()",
            )]
        },
    },
    Rule {
        id: CauseId::KeyNotHeld,
        certainty: Likely,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::KeyNotProven)),
        text: |_| {
            String::from(
                "the origin's key does not match its certificate, or another server presents \
                 that certificate",
            )
        },
        clues: &[Clue::Key],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "configure the origin with the key that matches its certificate",
            )]
        },
    },
    Rule {
        id: CauseId::CertificateUnusable,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Rejected)),
        text: |e| {
            String::from(match e.chain().is_version_1() {
                true => {
                    "the certificate is of X.509 version 1, which has no server names and is not \
                     supported, even if pinned"
                }
                false => {
                    "the certificate breaks a rule: it is malformed, has an unsupported \
                     signature, is not meant for a server, or violates its authority's name \
                     constraints"
                }
            })
        },
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![FixKind::Advice("replace the origin's certificate")],
    },
];

fn renew(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "renew the origin's certificate, or correct the local clock",
    )]
}

/// The text of a certificate that is outside of its dates.
fn dated(evidence: &Evidence<'_>, certificate: Option<&PeerCertificate>, what: &str) -> String {
    let validity = certificate.and_then(PeerCertificate::validity);
    let validity = validity.map_or_else(String::new, |dates| format!(" (valid {dates})"));
    let which = match certificate {
        Some(issuer) if Some(issuer.der()) != evidence.chain().leaf_der() => {
            format!("the issuer's certificate, of {},", short(issuer.subject()))
        }
        _ => String::from("the certificate"),
    };
    format!("{which} {what}{validity}, or the local clock is wrong")
}
