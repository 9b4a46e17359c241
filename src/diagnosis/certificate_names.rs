//! Certificates that are valid, but for other names.

use crate::{
    edge::SourceKind,
    error::{CertificateProblem, ErrorKind},
    name::ExpectedName,
};

use super::{
    CauseId,
    Certainty::{Certain, Likely, Possible},
    Clue, Confirmation, Evidence, FixKind,
    rule::{Rule, another_sni},
};

pub(super) const RULES: &[Rule] = &[
    // The policy lists names of its own.
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| {
            e.is(ErrorKind::Certificate(CertificateProblem::NameMismatch))
                && e.facts.expected_alternatives().is_some()
        },
        why: |e| {
            let presented = match e.presented() {
                [] => String::from("no DNS name or address"),
                names => listed(names),
            };
            let expected = e.facts.expected_alternatives().unwrap_or_default();
            format!("the certificate is for {presented}, and {expected} is expected")
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: |_| {
            vec![FixKind::Advice(
                ".expecting_any(..) on the VerifyPolicy, if the name is your origin's",
            )]
        },
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Certain,
        when: |e| {
            let is_default = e.default_names() == Some(SourceKind::Primary);
            is_for_others(e) && e.sni().is_none() && is_default
        },
        why: default_certificate,
        clues: &[Clue::NoSni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::AddressExpected,
        certainty: Certain,
        when: |e| is_for_others(e) && expects_address(e) && names_no_address(e),
        why: |e| {
            let expected = e.origin.expected_name();
            format!(
                "{expected} is expected, an address, and the certificate names hosts only; no SNI was sent for it either"
            )
        },
        clues: &[Clue::Names, Clue::NoSni],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| is_for_others(e) && e.sni().is_none(),
        why: default_certificate,
        clues: &[Clue::NoSni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Certain,
        when: |e| is_for_others(e) && !e.expects_sni() && e.sni().is_some_and(|sni| e.covers(sni)),
        why: |e| {
            let sni = e.origin.sni();
            format!(
                "the certificate is for {sni}, the name sent in SNI, but another name is expected"
            )
        },
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: |e| {
            e.sni()
                .map(|sni| FixKind::ExpectedName(sni.clone().into()))
                .into_iter()
                .collect()
        },
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Certain,
        when: |e| is_for_others(e) && e.expects_sni() && e.covered_host().is_some(),
        why: |e| {
            let host = e
                .covered_host()
                .map_or_else(String::new, |host| host.to_string());
            format!(
                "the certificate is for {host}, which Host says, and SNI says {}",
                e.origin.sni()
            )
        },
        clues: &[Clue::Sni, Clue::Host, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: |e| e.covered_host().map(FixKind::Sni).into_iter().collect(),
    },
    Rule {
        id: CauseId::WildcardTooShallow,
        certainty: Certain,
        when: |e| is_for_others(e) && shallow_wildcard(e).is_some(),
        why: |e| {
            let wildcard = shallow_wildcard(e).unwrap_or_default();
            let expected = e.origin.expected_name();
            format!("{wildcard} in the certificate stands for one label, and {expected} has more")
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: |_| {
            vec![FixKind::Advice(
                "use a name that the certificate covers; for a bucket of S3 with dots in its name, the endpoint with the bucket in the path",
            )]
        },
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| is_for_others(e) && e.sni().is_some() && e.default_names().is_some(),
        why: sni_not_served,
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    // A name that was only taken from the URL is the first to doubt; the other names follow it.
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| is_for_others(e) && is_from_url(e) && e.presented_name().is_some(),
        why: for_another_name,
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: |e| e.presented_name().map(FixKind::Sni).into_iter().collect(),
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Possible,
        when: |e| is_for_others(e) && is_from_url(e) && e.presented_name().is_some(),
        why: |_| {
            String::from(
                "the origin is known by the name in its certificate alone; make sure that it is yours",
            )
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: expect_presented,
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| is_for_others(e) && !(is_from_url(e) && e.presented_name().is_some()),
        why: for_another_name,
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: expect_presented,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Possible,
        when: |e| is_for_others(e) && e.sni().is_some() && e.default_names().is_none(),
        why: sni_not_served,
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
];

/// It is valid, but for others than the one name that is expected.
fn is_for_others(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::NameMismatch))
        && evidence.facts.expected_alternatives().is_none()
}

fn expect_presented(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let name = evidence.presented_name();
    name.map(|name| FixKind::ExpectedName(name.into()))
        .into_iter()
        .collect()
}

fn default_certificate(evidence: &Evidence<'_>) -> String {
    format!(
        "{}; the certificate is the edge's default one",
        evidence.sni_missing()
    )
}

fn sni_not_served(evidence: &Evidence<'_>) -> String {
    let sni = evidence.origin.sni();
    format!("the edge does not serve {sni} and presented its default certificate")
}

/// The certificate is somebody else's, or the origin's under a name that was not said.
fn for_another_name(evidence: &Evidence<'_>) -> String {
    let expected = evidence.origin.expected_name();
    match evidence.presented() {
        [] => format!("the certificate is not for {expected}"),
        names => format!(
            "the certificate is for {}, and {expected} is expected",
            listed(names)
        ),
    }
}

fn is_from_url(evidence: &Evidence<'_>) -> bool {
    let url_host = evidence.origin.url().target().host();
    let expected = evidence.origin.expected_name();
    evidence.sni().is_some()
        && evidence.sni() == url_host.dns()
        && *expected == url_host.clone().into()
}

fn expects_address(evidence: &Evidence<'_>) -> bool {
    matches!(evidence.origin.expected_name(), ExpectedName::Ip(_)) && evidence.sni().is_none()
}

fn names_no_address(evidence: &Evidence<'_>) -> bool {
    let names = evidence.presented();
    let is_address = |name: &String| name.parse::<std::net::IpAddr>().is_ok();
    !names.is_empty() && !names.iter().any(is_address)
}

/// A wildcard that would cover the expected name if it stood for more than one label.
fn shallow_wildcard(evidence: &Evidence<'_>) -> Option<String> {
    let ExpectedName::Dns(expected) = evidence.origin.expected_name() else {
        return None;
    };
    let reaches = |wildcard: &&String| {
        let rest = wildcard.strip_prefix('*').unwrap_or("?");
        expected.as_str().ends_with(rest)
    };
    evidence.presented().iter().find(reaches).cloned()
}

/// The first few names; a certificate can have hundreds.
pub(super) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let first = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
