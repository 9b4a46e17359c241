//! Refused certificates, apart from their names: who vouches for them, and what is wrong with them.

use crate::{
    edge::is_public_issuer,
    error::{CertificateProblem, ErrorKind, PeerCertificate},
};

use super::{
    CauseId,
    Certainty::{Certain, Likely, Possible},
    Clue, Confirmation, Evidence, FixKind,
    rule::{Rule, another_sni, sni_missing},
};

pub(super) const RULES: &[Rule] = &[
    // Nobody vouches for it.
    Rule {
        id: CauseId::SniMissing,
        certainty: Certain,
        when: |e| is_strange(e) && e.is_placeholder() && e.sni().is_none(),
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Subject],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Certain,
        when: |e| is_strange(e) && e.is_placeholder() && e.sni().is_some(),
        why: |e| {
            let sni = e.origin.sni();
            format!("the edge has no certificate for {sni} and presented its placeholder")
        },
        clues: &[Clue::Sni, Clue::Subject],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| is_strange(e) && e.sni().is_none(),
        why: |e| {
            format!(
                "{}; the certificate may be the edge's default one",
                e.sni_missing()
            )
        },
        clues: &[Clue::NoSni],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SelfSigned,
        certainty: Certain,
        when: |e| is_strange(e) && e.is_self_issued() && e.sni().is_some() && !e.is_placeholder(),
        why: self_signed,
        clues: &[Clue::Issuer, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: pin,
    },
    Rule {
        id: CauseId::SelfSigned,
        certainty: Possible,
        when: |e| is_strange(e) && e.is_self_issued() && e.sni().is_none(),
        why: self_signed,
        clues: &[Clue::Issuer, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: pin,
    },
    Rule {
        id: CauseId::IntermediateMissing,
        certainty: Likely,
        when: |e| is_strange(e) && is_public_issuer(e.issuer()),
        why: |e| {
            format!(
                "the server does not send the intermediate certificate of {}, whose root is trusted everywhere",
                e.issuer()
            )
        },
        clues: &[Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| {
            vec![
                FixKind::Advice("make the server send its whole chain"),
                TRUST_ANOTHER_ROOT,
            ]
        },
    },
    Rule {
        id: CauseId::RootsMissing,
        certainty: Possible,
        when: |e| is_strange(e) && is_public_issuer(e.issuer()),
        why: |_| String::from("the roots that are trusted here are old or not all there"),
        clues: &[Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| {
            vec![FixKind::Advice(
                "install ca-certificates, or trust Roots::bundled()",
            )]
        },
    },
    Rule {
        id: CauseId::UntrustedAuthority,
        certainty: Likely,
        when: |e| is_strange(e) && !e.is_self_issued() && !is_public_issuer(e.issuer()),
        why: |e| {
            let issuer = match e.issuer() {
                "" => "its issuer",
                issuer => issuer,
            };
            format!(
                "{issuer} is not trusted here: a private authority, a missing intermediate certificate, or somebody who intercepts the traffic"
            )
        },
        clues: &[Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![TRUST_ANOTHER_ROOT],
    },
    // It is what it is.
    Rule {
        id: CauseId::CertificateExpired,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Expired)),
        why: |e| dated(e, "has expired"),
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew,
    },
    Rule {
        id: CauseId::CertificateNotYetValid,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::NotYetValid)),
        why: |e| dated(e, "is not valid yet"),
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew,
    },
    Rule {
        id: CauseId::PinMismatch,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::PinMismatch)),
        why: |_| {
            String::from(
                "the origin presented a key that is not pinned: it was renewed, or somebody else answered",
            )
        },
        clues: &[Clue::Key],
        confirmation: Confirmation::Chain,
        fixes: |e| {
            let shown = e.presented_pin().unwrap_or("sha256/..").to_owned();
            vec![FixKind::AndPin(shown)]
        },
    },
    Rule {
        id: CauseId::CertificateRevoked,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Revoked)),
        why: |_| {
            String::from("a revocation list names the certificate, or one that vouches for it")
        },
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![FixKind::Advice("the origin needs another certificate")],
    },
    Rule {
        id: CauseId::RevocationUnknown,
        certainty: Certain,
        when: |e| {
            e.is(ErrorKind::Certificate(
                CertificateProblem::RevocationUnknown,
            ))
        },
        why: |_| {
            String::from(
                "no current revocation list of the certificate's issuer was given, and the policy demands one",
            )
        },
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| {
            vec![FixKind::Advice(
                "give .crls(..) a newer list of every issuer, or relax it: leaf_only(), allow_unknown_status(), ignore_expiry()",
            )]
        },
    },
    Rule {
        id: CauseId::KeyNotHeld,
        certainty: Likely,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::KeyNotProven)),
        why: |_| {
            String::from(
                "the origin's key does not belong to its certificate, or somebody presents a certificate that is not theirs",
            )
        },
        clues: &[Clue::Key],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "the origin must be given its certificate and key as a pair",
            )]
        },
    },
    Rule {
        id: CauseId::CertificateUnusable,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Rejected)),
        why: |e| {
            String::from(match e.is_version_1() {
                true => {
                    "the certificate is of X.509 version 1, which holds no names of servers and is not supported, not even by its pin"
                }
                false => {
                    "the certificate breaks a rule: it is malformed, signed in a way that is not supported, not meant for a server, or outside of what its authority may issue it for"
                }
            })
        },
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![FixKind::Advice("the origin needs another certificate")],
    },
];

const TRUST_ANOTHER_ROOT: FixKind =
    FixKind::Verify("VerifyPolicy::roots(Roots::native().and(Roots::pem(..)))");

/// Nobody who is trusted vouches for it.
fn is_strange(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::UnknownIssuer))
}

fn renew(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "renew the origin's certificate, or set the clock",
    )]
}

fn pin(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let shown = evidence.presented_pin().unwrap_or("sha256/..").to_owned();
    vec![FixKind::Pin(shown)]
}

fn self_signed(_: &Evidence<'_>) -> String {
    String::from("the certificate is self-signed; if it is your origin's, its key can be pinned")
}

fn dated(evidence: &Evidence<'_>, what: &str) -> String {
    let certificate = evidence.facts.certificate();
    let validity = certificate.and_then(PeerCertificate::validity);
    let validity = validity.map_or_else(String::new, |dates| format!(" (valid {dates})"));
    format!("the certificate {what}{validity}, or the local clock is wrong")
}
