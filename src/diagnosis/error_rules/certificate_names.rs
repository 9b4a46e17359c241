//! Certificates that are valid, but for other names.
//!
//! The certificate has passed the checks of dates and issuer, or these come later: only the name is
//! wrong. The question is which side is: the name that was sent, the name that was expected, or the
//! certificate.
//!
//! | the certificate | SNI | cause |
//! |---|---|---|
//! | covers the name in SNI | sent | the expected name differs from SNI |
//! | covers the name in Host | sent | SNI should be that name |
//! | is a documented default | omitted | SNI is missing: certain |
//! | is a documented default | sent | the edge does not serve that name |
//! | has only DNS names | omitted, IP expected | an address cannot be proved by it |
//! | has a wildcard that nearly matches | any | RFC 9525 section 6.3, by rule |
//! | has no name at all | any | the certificate has to be replaced |
//! | is for another name | any | only the operator knows which is right |
//!
//! A name that only the certificate has is offered with a condition: the peer that answered chose
//! it.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    edge::SourceKind,
    error::{CertificateProblem, ErrorKind},
    name::ExpectedName,
};

use super::{
    error_evidence::Evidence,
    presented_certificate::short,
    rule::{Rule, another_sni},
};

/// Certain causes come first; among the likely ones, the mistake that is easiest to make.
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
            let presented = match e.chain().names() {
                [] => String::from("no DNS name or address"),
                _ => e.chain().names_in_brief(),
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
            let is_default = e.chain().default_names() == Some(SourceKind::Primary);
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
            is_for_other_names(e)
                && !e.expects_sni()
                && e.sni()
                    .is_some_and(|sni| e.chain().covers(&sni.clone().into()))
        },
        text: |e| {
            let sni = e.origin.sni();
            format!("the certificate is for {sni}, the name in SNI, but another name is expected")
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
        id: CauseId::CertificateUnusable,
        certainty: Certain,
        when: |e| is_for_other_names(e) && e.chain().names_no_host() && e.sni().is_some(),
        text: names_no_host,
        clues: &[Clue::Names, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: reissue,
    },
    Rule {
        id: CauseId::CertificateUnusable,
        certainty: Possible,
        when: |e| is_for_other_names(e) && e.chain().names_no_host() && e.sni().is_none(),
        text: names_no_host,
        clues: &[Clue::Names, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: reissue,
    },
    Rule {
        id: CauseId::WildcardTooShallow,
        certainty: Certain,
        when: |e| is_for_other_names(e) && wildcard_that_fails(e).is_some() && e.sni().is_some(),
        text: wildcard_too_shallow,
        clues: &[Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: covered_name,
    },
    // Without SNI it may be the default certificate, and another one for the name may exist.
    Rule {
        id: CauseId::WildcardTooShallow,
        certainty: Likely,
        when: |e| is_for_other_names(e) && wildcard_that_fails(e).is_some() && e.sni().is_none(),
        text: wildcard_too_shallow,
        clues: &[Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: covered_name,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| is_for_other_names(e) && e.sni().is_some() && e.chain().default_names().is_some(),
        text: sni_not_served,
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| is_for_other_names(e) && e.chain().default_names().is_none(),
        text: for_another_name,
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: presented_name,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Possible,
        when: |e| is_for_other_names(e) && e.sni().is_some() && e.chain().default_names().is_none(),
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

/// No fix for a name that was not proved: see `PresentedChain::proved_name`.
fn presented_name(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let Some(name) = evidence.chain().proved_name() else {
        return Vec::new();
    };
    match is_from_url(evidence) {
        // The likeliest mistake. The other names follow from it.
        true => vec![
            FixKind::SniPresented(name.clone()),
            FixKind::ExpectPresented(name),
        ],
        false => vec![FixKind::ExpectPresented(name)],
    }
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
    match evidence.chain().names() {
        [] => format!("the certificate is not for {expected}"),
        _ => format!(
            "the certificate is for {}, but {expected} is expected",
            evidence.chain().names_in_brief()
        ),
    }
}

/// Whether dial, SNI and expected name are all the URL's host. If the dialled host is another one,
/// the URL was chosen for the sake of SNI.
fn is_from_url(evidence: &Evidence<'_>) -> bool {
    let url_host = evidence.origin.url().host();
    let expected = evidence.origin.expected_name();
    evidence.sni().is_some()
        && evidence.sni() == url_host.dns()
        && evidence.origin.dial().host() == Some(url_host)
        && *expected == url_host.clone().into()
}

/// An address is never sent in SNI (RFC 6066 section 3).
fn expects_address(evidence: &Evidence<'_>) -> bool {
    matches!(evidence.origin.expected_name(), ExpectedName::Ip(_)) && evidence.sni().is_none()
}

/// False for a certificate without any name, for which another rule speaks.
fn names_no_address(evidence: &Evidence<'_>) -> bool {
    let names = evidence.chain().names();
    let is_address = |name: &String| name.parse::<std::net::IpAddr>().is_ok();
    !names.is_empty() && !names.iter().any(is_address)
}

fn names_no_host(evidence: &Evidence<'_>) -> String {
    format!(
        "the certificate has no DNS name or address in its subject alternative names, and its \
         common name does not count (RFC 9525): {}",
        short(evidence.chain().subject())
    )
}

fn reissue(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "replace the origin's certificate by one with the name among its subject alternative names",
    )]
}

fn wildcard_too_shallow(evidence: &Evidence<'_>) -> String {
    let (wildcard, why) = wildcard_that_fails(evidence).unwrap_or_default();
    let expected = evidence.origin.expected_name();
    format!("{wildcard} in the certificate does not cover {expected}: {why}")
}

fn covered_name(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "use a name that the certificate covers; for an S3 bucket with dots in its name, the \
         endpoint with the bucket in the path",
    )]
}

/// A wildcard that only seems to cover the expected name, and why it does not. RFC 9525 section 6.3
/// has the rules.
///
/// The first name for which that holds. `None` if an address is expected.
fn wildcard_that_fails(evidence: &Evidence<'_>) -> Option<(String, &'static str)> {
    let ExpectedName::Dns(expected) = evidence.origin.expected_name() else {
        return None;
    };
    let mut names = evidence.chain().names().iter();
    names.find_map(|name| Some((short(name), broken_rule(name, expected.as_str())?)))
}

/// The rule by which a wildcard does not cover a name; `None` if it is for other names anyway.
///
/// ```text
/// *.example.com    example.com        the star has no label to stand for
/// *.example.com    a.b.example.com    the star would have to stand for two labels
/// *.internal       app.internal       directly below a top-level domain
/// w*.example.com   www.example.com    not a whole label
/// *.example.com    www.example.org    None: it was never meant for this name
/// ```
fn broken_rule(wildcard: &str, name: &str) -> Option<&'static str> {
    let wildcard = wildcard.to_ascii_lowercase();
    let (start, end) = wildcard.split_once('*')?;
    let Some(parent) = end.strip_prefix('.').filter(|_| start.is_empty()) else {
        let is_meant = name.len() >= start.len() + end.len();
        let is_meant = is_meant && name.starts_with(start) && name.ends_with(end);
        return is_meant.then_some("the wildcard must stand for a whole label");
    };
    if name == parent {
        return Some("the star stands for one label, and the name has none in its place");
    }
    let labels = name.strip_suffix(parent)?.strip_suffix('.')?;
    match (labels.contains('.'), parent.contains('.')) {
        (true, _) => Some("the star stands for one label, and the name has more in its place"),
        (false, false) => Some("a star must not stand directly below a top-level domain"),
        (false, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::broken_rule;

    #[test]
    fn a_wildcard_fails_by_one_rule_at_a_time() {
        for (wildcard, name, part) in [
            ("*.example.test", "a.b.example.test", "has more"),
            ("*.EXAMPLE.test", "a.b.example.test", "has more"),
            ("*.example.test", "example.test", "has none"),
            ("*.internal", "app.internal", "top-level"),
            ("*w.example.test", "www.example.test", "whole label"),
            ("w*.example.test", "www.example.test", "whole label"),
            ("www.*.test", "www.example.test", "whole label"),
        ] {
            let why = broken_rule(wildcard, name).unwrap_or_default();
            assert!(why.contains(part), "{wildcard} {name}: {why}");
        }
        for (wildcard, name) in [
            ("*.example.test", "www.example.test"),
            ("*.EXAMPLE.test", "www.example.test"),
            ("*.example.test", "www.notexample.test"),
            ("*.example.test", "a.b.other.test"),
            ("*w.example.test", "api.example.test"),
            ("www.example.test", "a.www.example.test"),
        ] {
            assert_eq!(broken_rule(wildcard, name), None, "{wildcard} {name}");
        }
    }
}
