//! Refused certificates, except for their names and their issuers: dates, pins, revocation.
//!
//! Names are checked last, and next to pins perhaps not at all. An edge's default certificate is
//! therefore refused for its dates, its revocation list or its key, although it would be refused
//! for its names, too. So each rule asks first whether the certificate is the origin's own.
//!
//! | refusal | certificate is for us | cause |
//! |---|---|---|
//! | dates, revocation, another rule | yes | that: certain |
//! | dates, revocation, another rule | no | SNI missing or not served, likely; that as well |
//! | pin | yes | the origin's key has changed, or the pin is of the issuer's key: certain |
//! | pin | no | the same, likely; SNI possible, and for a known default certificate likely |
//! | key not proven | | the origin's key and certificate do not belong together |
//!
//! "Another rule" is version 1, CA:TRUE, or malformed.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{self, Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::{CertificateProblem, ErrorKind, PeerCertificate},
};

use super::{error_evidence::Evidence, presented_certificate::short, rule::Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::CertificateExpired,
        certainty: Certain,
        when: |e| is_expired(e) && is_for_us(e),
        text: expired,
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew_expired,
    },
    Rule {
        id: CauseId::CertificateNotYetValid,
        certainty: Certain,
        when: |e| is_not_yet_valid(e) && is_for_us(e),
        text: not_yet_valid,
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: correct_dates,
    },
    // A certificate for other names would be refused without this fault, too.
    Rule::sni_missing(Likely, &[Clue::NoSni, Clue::Names], |e| {
        is_default(e) && e.sni().is_none()
    }),
    sni_not_served_if(Likely, |e| is_default(e) && e.sni().is_some()),
    Rule {
        id: CauseId::CertificateExpired,
        certainty: Likely,
        when: |e| is_expired(e) && !is_for_us(e),
        text: expired,
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: renew_expired,
    },
    Rule {
        id: CauseId::CertificateNotYetValid,
        certainty: Likely,
        when: |e| is_not_yet_valid(e) && !is_for_us(e),
        text: not_yet_valid,
        clues: &[Clue::Dates],
        confirmation: Confirmation::Chain,
        fixes: correct_dates,
    },
    pin_mismatch_if(Certain, |e| is_not_pinned(e) && is_for_us(e)),
    pin_mismatch_if(Likely, |e| is_not_pinned(e) && !is_for_us(e)),
    Rule::sni_missing(Possible, &[Clue::NoSni, Clue::Names], |e| {
        may_be_default(e) && e.sni().is_none()
    }),
    sni_not_served_if(Possible, |e| may_be_default(e) && e.sni().is_some()),
    revoked_if(Certain, |e| is_revoked(e) && is_for_us(e)),
    revoked_if(Likely, |e| is_revoked(e) && !is_for_us(e)),
    unlisted_if(Certain, |e| is_unlisted(e) && is_for_us(e)),
    unlisted_if(Likely, |e| is_unlisted(e) && !is_for_us(e)),
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
    unusable_if(Certain, |e| is_rejected(e) && !is_rejected_default(e)),
    unusable_if(Likely, is_rejected_default),
];

/// The name in SNI is not served, in front of another fault.
const fn sni_not_served_if(certainty: Certainty, when: fn(&Evidence<'_>) -> bool) -> Rule {
    Rule {
        text: |e| {
            let expected = e.facts.expected_alternatives().map(str::to_owned);
            let expected = expected.unwrap_or_else(|| e.origin.expected_name().to_string());
            format!(
                "the certificate is not for {expected}: the edge does not serve that name and \
                 presented its default certificate"
            )
        },
        ..Rule::sni_not_served(certainty, &[Clue::Sni, Clue::Names], when)
    }
}

/// A pin is suggested next to a refused one only if the chain is trusted apart from the pin.
const fn pin_mismatch_if(certainty: Certainty, when: fn(&Evidence<'_>) -> bool) -> Rule {
    Rule {
        id: CauseId::PinMismatch,
        certainty,
        when,
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
    }
}

const fn revoked_if(certainty: Certainty, when: fn(&Evidence<'_>) -> bool) -> Rule {
    Rule {
        id: CauseId::CertificateRevoked,
        certainty,
        when,
        text: |_| String::from("a revocation list names the certificate or one of its issuers"),
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![FixKind::Advice("replace the origin's certificate")],
    }
}

const fn unlisted_if(certainty: Certainty, when: fn(&Evidence<'_>) -> bool) -> Rule {
    Rule {
        id: CauseId::RevocationUnknown,
        certainty,
        when,
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
    }
}

const fn unusable_if(certainty: Certainty, when: fn(&Evidence<'_>) -> bool) -> Rule {
    Rule {
        id: CauseId::CertificateUnusable,
        certainty,
        when,
        text: broken_rule,
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |e| {
            if e.chain().is_authority() {
                let pin = e.chain().pin().filter(|_| e.covers_expected_name());
                let pin = pin.map(|pin| FixKind::Pin(pin.to_owned()));
                return [ISSUE_A_LEAF].into_iter().chain(pin).collect();
            }
            vec![FixKind::Advice(match e.chain().version_1_issuer() {
                Some(_) => "replace the origin's certificate by one of an authority of version 3",
                None => "replace the origin's certificate",
            })]
        },
    }
}

/// webpki does not accept an authority's certificate for a server, even a trusted one.
const ISSUE_A_LEAF: FixKind =
    FixKind::Advice("issue a certificate for the origin without CA:TRUE, and trust its authority");

fn is_expired(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::Expired))
}

fn is_not_yet_valid(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::NotYetValid))
}

fn is_not_pinned(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::PinMismatch))
}

fn is_revoked(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::Revoked))
}

/// Whether a revocation list is missing.
fn is_unlisted(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(
        CertificateProblem::RevocationUnknown,
    ))
}

fn is_rejected(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::Rejected))
}

/// A rejected certificate without names says nothing of whose it is.
fn is_rejected_default(evidence: &Evidence<'_>) -> bool {
    is_rejected(evidence) && is_for_others(evidence)
}

/// Whether the certificate is the origin's by its names: the expected one, or one that the policy
/// lists in its place.
fn is_for_us(evidence: &Evidence<'_>) -> bool {
    match evidence.facts.expected_alternatives() {
        None => evidence.covers_expected_name(),
        Some(_) => evidence.facts.findings.has_listed_name,
    }
}

/// Whether the certificate names other hosts, and not the origin.
fn is_for_others(evidence: &Evidence<'_>) -> bool {
    !is_for_us(evidence) && !evidence.chain().names().is_empty()
}

/// Whether a certificate that is refused for another fault is the default one of an edge, likely.
///
/// A pinned certificate often has names of its own: only a known default one counts there.
fn is_default(evidence: &Evidence<'_>) -> bool {
    let is_dated = is_expired(evidence) || is_not_yet_valid(evidence);
    let is_outdated = is_dated || is_revoked(evidence) || is_unlisted(evidence);
    is_outdated && !is_for_us(evidence)
        || is_rejected_default(evidence)
        || is_not_pinned(evidence) && !is_for_us(evidence) && is_known_default(evidence)
}

/// Whether a certificate that is not pinned may be a default one.
fn may_be_default(evidence: &Evidence<'_>) -> bool {
    is_not_pinned(evidence) && is_for_others(evidence) && !is_known_default(evidence)
}

/// Whether edges or servers are known to present it for unknown names.
fn is_known_default(evidence: &Evidence<'_>) -> bool {
    evidence.chain().default_names().is_some() || evidence.placeholder().is_some()
}

/// The rule of X.509 that the certificate breaks.
fn broken_rule(evidence: &Evidence<'_>) -> String {
    if evidence.chain().is_version_1() {
        return String::from(
            "the certificate is of X.509 version 1, which has no server names and is not \
             supported, even if pinned",
        );
    }
    if evidence.chain().is_authority() {
        return String::from(
            "the certificate is that of an authority (CA:TRUE), which is not accepted as a \
             server's, even if it is a trusted root",
        );
    }
    match evidence.chain().version_1_issuer() {
        Some(issuer) => format!(
            "the issuer's certificate, of {issuer}, is of X.509 version 1, which does not say that \
             it may issue others"
        ),
        None => match evidence.facts.findings.broken_rule {
            Some(rule) => format!("the certificate {rule}"),
            None => String::from(
                "the certificate or one of its issuers breaks a rule of X.509: see `caused by`",
            ),
        },
    }
}

/// Names the certificate of the path that expired: an intermediate is as common as the leaf.
fn expired(evidence: &Evidence<'_>) -> String {
    dated(evidence, evidence.chain().first_to_end(), "has expired")
}

fn not_yet_valid(evidence: &Evidence<'_>) -> String {
    dated(
        evidence,
        evidence.chain().last_to_begin(),
        "is not valid yet",
    )
}

/// An issuer's certificate cannot be renewed by the origin's operator, but a newer chain can be
/// sent.
fn renew_expired(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let expired = evidence.chain().first_to_end().map(PeerCertificate::der);
    match expired {
        Some(issuer) if Some(issuer) != evidence.chain().leaf_der() => vec![FixKind::Advice(
            "let the server send the authority's current chain, trust its current root, or correct \
             the local clock",
        )],
        _ => renew(evidence),
    }
}

fn correct_dates(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "correct the local clock, or install a certificate that is valid by now",
    )]
}

fn renew(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "renew the origin's certificate, or correct the local clock",
    )]
}

/// The text of a certificate that is outside of its dates.
///
/// With the validity in brackets, if it can be read, since a clock that is wrong shows by it.
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
