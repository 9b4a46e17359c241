//! Refused certificates, except for their names: unknown issuers, dates, pins, revocation.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    edge::is_public_issuer,
    error::{CertificateProblem, ErrorKind, PeerCertificate},
};

use super::{
    evidence::Evidence,
    rule::{Rule, another_sni, sni_missing},
};

pub(super) const RULES: &[Rule] = &[
    // The issuer is unknown.
    Rule {
        id: CauseId::SniMissing,
        certainty: Certain,
        when: |e| has_unknown_issuer(e) && e.is_placeholder() && e.sni().is_none(),
        text: sni_missing,
        clues: &[Clue::NoSni, Clue::Subject],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Certain,
        when: |e| has_unknown_issuer(e) && e.is_placeholder() && e.sni().is_some(),
        text: |e| {
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
        when: |e| has_unknown_issuer(e) && e.sni().is_none(),
        text: |e| {
            format!(
                "{}; the certificate may be the edge's default certificate",
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
        when: |e| {
            has_unknown_issuer(e) && e.is_self_issued() && e.sni().is_some() && !e.is_placeholder()
        },
        text: self_signed,
        clues: &[Clue::Issuer, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: pin,
    },
    Rule {
        id: CauseId::SelfSigned,
        certainty: Possible,
        when: |e| has_unknown_issuer(e) && e.is_self_issued() && e.sni().is_none(),
        text: self_signed,
        clues: &[Clue::Issuer, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: pin,
    },
    Rule {
        id: CauseId::IntermediateMissing,
        certainty: Likely,
        when: |e| has_unknown_issuer(e) && is_public_issuer(e.issuer()),
        text: |e| {
            format!(
                "the server does not send the intermediate certificate of {}, a public authority",
                e.issuer()
            )
        },
        clues: &[Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| {
            vec![
                FixKind::Advice("configure the server to send its whole chain"),
                TRUST_ANOTHER_ROOT,
            ]
        },
    },
    Rule {
        id: CauseId::RootsMissing,
        certainty: Possible,
        when: |e| has_unknown_issuer(e) && is_public_issuer(e.issuer()),
        text: |_| String::from("the trusted roots are outdated or incomplete"),
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
        when: |e| has_unknown_issuer(e) && !e.is_self_issued() && !is_public_issuer(e.issuer()),
        text: |e| {
            let issuer = match e.issuer() {
                "" => "its issuer",
                issuer => issuer,
            };
            format!(
                "{issuer} is not trusted: it is a private authority, an intermediate certificate \
                 is missing, or the traffic is intercepted"
            )
        },
        clues: &[Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![TRUST_ANOTHER_ROOT],
    },
    // The kind alone determines the cause.
    Rule {
        id: CauseId::CertificateExpired,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::Expired)),
        text: |e| dated(e, "has expired"),
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew,
    },
    Rule {
        id: CauseId::CertificateNotYetValid,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::NotYetValid)),
        text: |e| dated(e, "is not valid yet"),
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew,
    },
    Rule {
        id: CauseId::PinMismatch,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Certificate(CertificateProblem::PinMismatch)),
        text: |_| {
            String::from(
                "the origin presented a key that is not pinned: the key was renewed, or another \
                 server answered",
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
            String::from(match e.is_version_1() {
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

const TRUST_ANOTHER_ROOT: FixKind =
    FixKind::Verify("VerifyPolicy::roots(Roots::native().and(Roots::pem(..)))");

/// Whether the chain leads to no trusted root.
fn has_unknown_issuer(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::UnknownIssuer))
}

fn renew(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "renew the origin's certificate, or correct the local clock",
    )]
}

fn pin(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let shown = evidence.presented_pin().unwrap_or("sha256/..").to_owned();
    vec![FixKind::Pin(shown)]
}

fn self_signed(_: &Evidence<'_>) -> String {
    String::from("the certificate is self-signed; if it belongs to your origin, pin its key")
}

fn dated(evidence: &Evidence<'_>, what: &str) -> String {
    let certificate = evidence.facts.certificate();
    let validity = certificate.and_then(PeerCertificate::validity);
    let validity = validity.map_or_else(String::new, |dates| format!(" (valid {dates})"));
    format!("the certificate {what}{validity}, or the local clock is wrong")
}
