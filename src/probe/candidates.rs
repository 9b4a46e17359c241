//! Which changes to try after the best attempt, the most promising first. Pure functions.

use crate::{
    diagnosis::{Diagnosis, FixKind},
    error::{CertificateProblem, Error, ErrorKind, PeerCertificate, Stage, TlsVersion},
    name::{DnsName, ExpectedName, Host, HostAuthority, Sni, SniOmission},
    origin::{Origin, OriginUrl, Scheme},
    tls::Alpn,
};

use super::{
    attempt::{AttemptResult, ProbeAttempt},
    change::Change,
};

/// The changes to try after the best attempt so far. `added` are names that the caller adds.
pub(super) fn changes_after(best: &ProbeAttempt, added: &[DnsName]) -> Vec<Change> {
    let names = candidate_names(best, added);
    match &best.result {
        AttemptResult::Response(_, diagnosis) => after_response(best, diagnosis.as_ref(), &names),
        AttemptResult::Error(error) => after_error(best, error, &names),
    }
}

/// The names to try: those that the caller adds, then those of the combination, without repetition.
fn candidate_names(best: &ProbeAttempt, added: &[DnsName]) -> Vec<DnsName> {
    let origin = best.combination.origin();
    let expected = match origin.expected_name() {
        ExpectedName::Dns(name) => Some(name.clone()),
        ExpectedName::Ip(_) => None,
    };
    let host = origin.host().host().parse().ok();
    let url = origin.url().target().host().dns().cloned();
    let dialled = origin.dial().host().and_then(Host::dns).cloned();
    let sni = origin.sni().name().cloned();
    let of_origin = [host, expected, url, sni, dialled].into_iter().flatten();
    let mut names: Vec<DnsName> = Vec::new();
    for name in added.iter().cloned().chain(of_origin) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn after_error(best: &ProbeAttempt, error: &Error, names: &[DnsName]) -> Vec<Change> {
    let origin = best.combination.origin();
    match (error.stage(), error.kind()) {
        (Stage::Dial, _) => vec![Change::Url(other_scheme(&origin))],
        (Stage::Handshake, ErrorKind::NotTls) => vec![Change::Url(origin.url_over_tcp())],
        (Stage::Handshake, ErrorKind::TlsVersionMismatch) => other_versions(best),
        (Stage::Handshake, ErrorKind::ProtocolNotNegotiated) => other_protocols(best),
        (Stage::Handshake, ErrorKind::Certificate(CertificateProblem::NameMismatch)) => {
            let mut changes = expected_names(best, error, names);
            changes.extend(other_snis(&origin, names));
            changes
        }
        (Stage::Handshake, _) => {
            let mut changes: Vec<_> = other_snis(&origin, names).collect();
            changes.extend(other_versions(best));
            changes.extend(other_protocols(best));
            changes.push(Change::NistGroupsFirst);
            changes.push(Change::Url(origin.url_over_tcp()));
            changes
        }
        (Stage::Send | Stage::Receive, _) if origin.scheme() == Scheme::Http => {
            vec![Change::Url(origin.url_over_tls(origin.odd_port()))]
        }
        (Stage::Send | Stage::Receive, _) => other_protocols(best),
        _ => Vec::new(),
    }
}

/// Expected names that the certificate covers and that are also sent in SNI.
///
/// A name that only the certificate contains is not expected: the peer chooses its certificate.
fn expected_names(best: &ProbeAttempt, error: &Error, names: &[DnsName]) -> Vec<Change> {
    let mut changes = Vec::new();
    if best.combination.has_expected_name() {
        changes.push(Change::ExpectSni);
    }
    let presented = error
        .facts()
        .certificate()
        .map_or(&[][..], PeerCertificate::names);
    let is_covered = |name: &&DnsName| presented.iter().any(|found| found == name.as_str());
    let sni = best.combination.origin().sni().name().cloned();
    let covered = names.iter().filter(is_covered);
    let expected = covered.filter(|name| Some(*name) == sni.as_ref());
    changes.extend(expected.map(|name| Change::ExpectedName(name.clone().into())));
    changes
}

/// Every name in SNI but the present one, and no SNI.
fn other_snis<'a>(origin: &Origin, names: &'a [DnsName]) -> impl Iterator<Item = Change> + use<'a> {
    let present = origin.sni().clone();
    let sent = names.iter().cloned().map(Sni::Send);
    let all = sent.chain([Sni::Omit(SniOmission::Requested)]);
    let is_other = move |sni: &Sni| sni.name() != present.name();
    all.filter(is_other).map(Change::Sni)
}

/// The other ranges of TLS versions.
fn other_versions(best: &ProbeAttempt) -> Vec<Change> {
    let all = [
        (TlsVersion::V1_2, TlsVersion::V1_3),
        (TlsVersion::V1_2, TlsVersion::V1_2),
        (TlsVersion::V1_3, TlsVersion::V1_3),
    ];
    let present = best.combination.versions();
    let others = all.into_iter().filter(|range| *range != present);
    others
        .map(|(oldest, newest)| Change::Versions(oldest, newest))
        .collect()
}

/// The other application protocols.
fn other_protocols(best: &ProbeAttempt) -> Vec<Change> {
    let present = best.combination.alpn();
    let all = [Alpn::Http2OrHttp1, Alpn::Http1];
    let others = all.into_iter().filter(|alpn| *alpn != present);
    others.map(Change::Alpn).collect()
}

/// The same host by the other scheme, at its default port.
fn other_scheme(origin: &Origin) -> OriginUrl {
    match origin.scheme() {
        Scheme::Http => origin.url_with(Scheme::Https, None),
        Scheme::Https => origin.url_with(Scheme::Http, None),
    }
}

fn after_response(
    best: &ProbeAttempt,
    diagnosis: Option<&Diagnosis>,
    names: &[DnsName],
) -> Vec<Change> {
    let origin = best.combination.origin();
    let causes = diagnosis.map_or(&[][..], Diagnosis::causes);
    let fixes = causes.iter().flat_map(|cause| cause.fixes());
    let mut changes: Vec<_> = fixes.filter_map(|fix| change_of_fix(fix.kind())).collect();
    let is_other = |name: &&DnsName| !origin.host().host().eq_ignore_ascii_case(name.as_str());
    let hosts = names.iter().filter(is_other).map(HostAuthority::from);
    changes.extend(hosts.map(Change::Host));
    if origin.scheme() == Scheme::Https {
        changes.extend(other_snis(&origin, names));
    }
    changes
}

/// The change that a fix of a diagnosis describes, if an attempt can make it.
pub(super) fn change_of_fix(fix: &FixKind) -> Option<Change> {
    match fix {
        FixKind::Builder(url) => Some(Change::Url(url.clone())),
        FixKind::ExpectedName(name) => Some(Change::ExpectedName(name.clone())),
        FixKind::Host(host) | FixKind::HostRewrite(host) => Some(Change::Host(host.clone())),
        FixKind::Sni(name) => Some(Change::Sni(Sni::Send(name.clone()))),
        FixKind::TlsVersions => Some(Change::Versions(TlsVersion::V1_2, TlsVersion::V1_3)),
        _ => None,
    }
}
