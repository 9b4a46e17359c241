//! Certificates that are valid, but for other names.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
        name_list::listed,
    },
    edge::SourceKind,
    error::{CertificateProblem, ErrorKind},
    name::ExpectedName,
};

use super::{
    evidence::Evidence,
    rule::{Rule, another_sni},
};

pub(super) const RULES: &[Rule] = &[
    // The policy has its own list of names.
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| {
            e.is(ErrorKind::Certificate(CertificateProblem::NameMismatch))
                && e.facts.expected_alternatives().is_some()
        },
        text: |e| {
            let presented = match e.presented() {
                [] => String::from("no DNS name or address"),
                names => listed(names),
            };
            let expected = e.facts.expected_alternatives().unwrap_or_default();
            format!("the certificate is for {presented}, but {expected} is expected")
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: |_| {
            vec![FixKind::Advice(
                ".expecting_any(..) on the VerifyPolicy, if the name belongs to your origin",
            )]
        },
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Certain,
        when: |e| {
            let is_default = e.default_names() == Some(SourceKind::Primary);
            is_for_other_names(e) && e.sni().is_none() && is_default
        },
        text: default_certificate,
        clues: &[Clue::NoSni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::AddressExpected,
        certainty: Certain,
        when: |e| is_for_other_names(e) && expects_address(e) && names_no_address(e),
        text: |e| {
            let expected = e.origin.expected_name();
            format!(
                "the expected name is {expected}, an IP address, but the certificate names only \
                 hosts; no SNI was sent for it either"
            )
        },
        clues: &[Clue::Names, Clue::NoSni],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| is_for_other_names(e) && e.sni().is_none(),
        text: default_certificate,
        clues: &[Clue::NoSni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Certain,
        when: |e| {
            is_for_other_names(e) && !e.expects_sni() && e.sni().is_some_and(|sni| e.covers(sni))
        },
        text: |e| {
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
        when: |e| is_for_other_names(e) && e.expects_sni() && e.covered_host().is_some(),
        text: |e| {
            let host = e
                .covered_host()
                .map_or_else(String::new, |host| host.to_string());
            format!(
                "the certificate is for {host}, the name in Host, but SNI is {}",
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
        when: |e| is_for_other_names(e) && shallow_wildcard(e).is_some(),
        text: |e| {
            let wildcard = shallow_wildcard(e).unwrap_or_default();
            let expected = e.origin.expected_name();
            format!("{wildcard} in the certificate stands for one label, but {expected} has more")
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: |_| {
            vec![FixKind::Advice(
                "use a name that the certificate covers; for an S3 bucket with dots in its name, \
                 the endpoint with the bucket in the path",
            )]
        },
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| is_for_other_names(e) && e.sni().is_some() && e.default_names().is_some(),
        text: sni_not_served,
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    // A name that comes only from the URL is the likeliest mistake. The other names follow from it.
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| is_for_other_names(e) && is_from_url(e) && e.presented_name().is_some(),
        text: for_another_name,
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: |e| e.presented_name().map(FixKind::Sni).into_iter().collect(),
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Possible,
        when: |e| is_for_other_names(e) && is_from_url(e) && e.presented_name().is_some(),
        text: |_| {
            String::from("only the certificate names the origin; make sure that the name is yours")
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: expect_presented,
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| is_for_other_names(e) && !(is_from_url(e) && e.presented_name().is_some()),
        text: for_another_name,
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: expect_presented,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Possible,
        when: |e| is_for_other_names(e) && e.sni().is_some() && e.default_names().is_none(),
        text: sni_not_served,
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
];

/// The certificate is valid, but not for the single expected name.
fn is_for_other_names(evidence: &Evidence<'_>) -> bool {
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
        "{}; the certificate is the edge's default certificate",
        evidence.sni_missing()
    )
}

fn sni_not_served(evidence: &Evidence<'_>) -> String {
    let sni = evidence.origin.sni();
    format!("the edge does not serve {sni} and presented its default certificate")
}

/// The text of a certificate for other names.
fn for_another_name(evidence: &Evidence<'_>) -> String {
    let expected = evidence.origin.expected_name();
    match evidence.presented() {
        [] => format!("the certificate is not for {expected}"),
        names => format!(
            "the certificate is for {}, but {expected} is expected",
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
