//! Which changes to try after the best attempt, the most promising first. Pure functions.
//!
//! Each change differs from the best attempt in one setting. What is tried follows from how far
//! that attempt got:
//!
//! | the best attempt | is followed by |
//! |---|---|
//! | could not connect | the other scheme, with its port |
//! | got plain HTTP for a ClientHello | plain http, unless TLS is known to be served there |
//! | got no TLS version in common | the other versions |
//! | got a certificate for another name | another expected name, another SNI, an added name |
//! | got another refused certificate | another SNI |
//! | got an alert, or nothing | other SNIs, a smaller ClientHello, groups, versions, ALPN, PROXY |
//! | sent plain HTTP in vain | TLS, and a PROXY header |
//! | lost the connection after TLS | the other protocols |
//! | got a response of the edge | the fixes of its diagnosis; nothing if the fault is behind it |
//!
//! If none of these gets further, two names may be wrong. `pairs_after` changes SNI together with
//! the expected name or with Host, as far as the attempts with that SNI alone suggest it.
//!
//! Nothing is tried that would weaken security: verification stays on, and plain http is never
//! tried where TLS is known to work.

use crate::{
    diagnosis::{CauseId, Certainty, FixKind},
    error::{
        CertificateProblem, Error, ErrorKind, PeerCertificate, Stage, TlsOffer, TlsVersion,
        are_of_web_server,
    },
    name::{DnsName, ExpectedName, Host, HostAuthority, Sni, SniOmission},
    origin::{Origin, Scheme},
    tls::Alpn,
};

use super::{
    attempt::{ProbeAttempt, Step},
    attempt_result::AttemptResult,
    key_exchange_groups::GroupOrder,
    known_edge::{is_http_only, is_known_edge},
    progress::Progress,
    setting_change::SettingChange,
};

/// The changes to try after the best attempt so far. `added` are names that the caller adds.
///
/// Those that were tried already are skipped by the search.
pub(super) fn changes_after(best: &ProbeAttempt, added: &[DnsName]) -> Vec<SettingChange> {
    let names = candidate_names(best, added);
    match &best.result {
        AttemptResult::Response(..) => after_response(best, &names),
        AttemptResult::Error(error) => after_error(best, error, &names, added),
    }
}

/// The names to try: those that the caller adds, then those of the combination, without repetition.
///
/// The order is that of the likelihood: a name that was given to find the site comes before those
/// that the connector has.
pub(super) fn candidate_names(best: &ProbeAttempt, added: &[DnsName]) -> Vec<DnsName> {
    let origin = best.combination.origin();
    let expected = match origin.expected_name() {
        ExpectedName::Dns(name) => Some(name.clone()),
        ExpectedName::Ip(_) => None,
    };
    let host = origin.host().host().parse().ok();
    let url = origin.url().host().dns().cloned();
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

/// Empty if nothing is left that a change of names or protocols could do.
fn after_error(
    best: &ProbeAttempt,
    error: &Error,
    names: &[DnsName],
    added: &[DnsName],
) -> Vec<SettingChange> {
    let origin = best.combination.origin();
    let facts = error.facts();
    match (error.stage(), error.kind()) {
        (Stage::Dial, _) => other_scheme(&origin).into_iter().collect(),
        // What came back answers the header, so that it says nothing of TLS.
        (Stage::Handshake, ErrorKind::NotTls) if best.combination.has_proxy_header() => {
            vec![SettingChange::NoProxyHeader]
        }
        (Stage::Handshake, ErrorKind::NotTls) => plain_http(&origin, error),
        (Stage::Handshake, ErrorKind::TlsVersionMismatch) => {
            let versions = other_versions(best);
            no_proxy_header(best).into_iter().chain(versions).collect()
        }
        (Stage::Handshake, ErrorKind::ProtocolNotNegotiated) => other_protocols(best),
        (Stage::Handshake, ErrorKind::Certificate(CertificateProblem::NameMismatch)) => {
            let mut changes = expected_names(best, error, names);
            changes.extend(other_snis(&origin, names));
            changes.extend(added_expected_names(error, added));
            changes
        }
        // Versions and groups are agreed on. Another name may have another certificate.
        (Stage::Handshake, ErrorKind::Certificate(_)) => other_snis(&origin, names).collect(),
        // The origin has accepted the names, and refuses the client.
        (_, ErrorKind::AlertReceived) if facts.is_accepted_by_policy() => Vec::new(),
        (Stage::Handshake, _) => after_handshake_without_certificate(best, error, names),
        (Stage::Send | Stage::Receive, _) if origin.scheme() == Scheme::Http => {
            after_plain_http(best, error)
        }
        (Stage::Send | Stage::Receive, _) => other_protocols(best),
        _ => Vec::new(),
    }
}

/// Changes after a peer refused the ClientHello, or did not answer it.
///
/// The order depends on whether a byte came back.
fn after_handshake_without_certificate(
    best: &ProbeAttempt,
    error: &Error,
    names: &[DnsName],
) -> Vec<SettingChange> {
    let origin = best.combination.origin();
    let is_unanswered = best.progress() < Progress::Answered;
    let snis = other_snis(&origin, names);
    let small_hello = small_hello(best, error);
    let mut changes = Vec::from_iter(no_proxy_header(best));
    // An edge usually answers a name that it does not serve with an alert. A device that drops
    // large packets sends nothing.
    match is_unanswered && origin.sni().name().is_some() {
        true => changes.extend(small_hello.into_iter().chain(snis)),
        false => changes.extend(snis.chain(small_hello)),
    }
    // A server answers groups, versions and protocols that it does not support with an alert.
    // Packets that get lost have a size, a name or a version that a device on the path drops.
    match is_unanswered && error.kind() == ErrorKind::TimedOut {
        true => changes.extend(oldest_version(best)),
        false => {
            changes.extend(nist_groups(best));
            changes.extend(other_versions(best));
            changes.extend(other_protocols(best));
        }
    }
    changes.extend(proxy_header(&origin, error).filter(|_| is_unanswered));
    changes
}

/// Changes after a peer did not answer plain HTTP with a response.
///
/// A response, even an error, shows that the port speaks HTTP.
fn after_plain_http(best: &ProbeAttempt, error: &Error) -> Vec<SettingChange> {
    let mut changes = Vec::from_iter(no_proxy_header(best));
    if best.progress() >= Progress::Answered {
        return changes;
    }
    let origin = best.combination.origin();
    let over_tls = origin.url_over_tls(origin.odd_port());
    changes.push(SettingChange::Url(over_tls));
    changes.extend(proxy_header(&origin, error));
    changes
}

/// A smaller ClientHello, if the present one has a post-quantum key share.
///
/// Tried once: the groups are then no longer those of the configuration.
fn small_hello(best: &ProbeAttempt, error: &Error) -> Option<SettingChange> {
    let is_large = error.facts().offer.as_ref().is_some_and(TlsOffer::is_large);
    let is_new = best.combination.groups() == GroupOrder::AsConfigured;
    (is_large && is_new).then_some(SettingChange::Groups(GroupOrder::Classical))
}

/// For servers that support only the curves of NIST.
fn nist_groups(best: &ProbeAttempt) -> Option<SettingChange> {
    let is_new = best.combination.groups() != GroupOrder::NistFirst;
    is_new.then_some(SettingChange::Groups(GroupOrder::NistFirst))
}

/// No PROXY protocol header, if one is sent. Peers that do not expect it read it as TLS or HTTP.
fn no_proxy_header(best: &ProbeAttempt) -> Option<SettingChange> {
    let is_sent = best.combination.has_proxy_header();
    is_sent.then_some(SettingChange::NoProxyHeader)
}

/// A PROXY protocol header, if the connection was ended without a byte. No edge expects one.
fn proxy_header(origin: &Origin, error: &Error) -> Option<SettingChange> {
    let is_ended = [ErrorKind::ConnectionClosed, ErrorKind::ConnectionReset];
    let is_possible = !error.facts().has_proxy_header() && !is_known_edge(origin);
    (is_possible && is_ended.contains(&error.kind())).then_some(SettingChange::ProxyHeader)
}

/// Plain http, if the peer answered the ClientHello with it.
///
/// Not at port 443 or at known edges, which support TLS: there, a device on the path has answered,
/// and could read what is sent.
fn plain_http(origin: &Origin, error: &Error) -> Vec<SettingChange> {
    let is_http = are_of_web_server(error.facts().first_bytes());
    let is_tls_port = origin.dial().port() == Some(Scheme::Https.default_port());
    match is_http && !is_tls_port && !is_known_edge(origin) {
        true => vec![SettingChange::Url(origin.url_over_tcp())],
        false => Vec::new(),
    }
}

/// Expected names that the certificate covers and that are also sent in SNI.
///
/// A name that only the certificate contains is not expected: the peer chooses its certificate.
fn expected_names(best: &ProbeAttempt, error: &Error, names: &[DnsName]) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    let sni = best.combination.origin().sni().name().cloned();
    let leaf = error.facts().certificate();
    let covers_sni = match (leaf, &sni) {
        (Some(leaf), Some(sni)) => leaf.covers(&sni.clone().into()),
        _ => true,
    };
    if best.combination.has_expected_name() && covers_sni {
        changes.push(SettingChange::ExpectSni);
    }
    let presented = leaf.map_or(&[][..], PeerCertificate::names);
    let is_covered = |name: &&DnsName| presented.iter().any(|found| found == name.as_str());
    let covered = names.iter().filter(is_covered);
    let expected = covered.filter(|name| Some(*name) == sni.as_ref());
    changes.extend(expected.map(|name| SettingChange::ExpectedName(name.clone().into())));
    changes
}

/// Expected names that the caller added and that the certificate contains: the caller knows them as
/// the site's, so the peer has not chosen them.
fn added_expected_names(error: &Error, added: &[DnsName]) -> Vec<SettingChange> {
    let names = covered_names(error, added);
    names.map(SettingChange::ExpectedName).collect()
}

/// The names that the presented certificate is valid for.
fn covered_names<'a>(
    error: &'a Error,
    names: &'a [DnsName],
) -> impl Iterator<Item = ExpectedName> + use<'a> {
    let leaf = error.facts().certificate();
    let names = names.iter().cloned().map(ExpectedName::from);
    names.filter(move |name| leaf.is_some_and(|leaf| leaf.covers(name)))
}

/// Changes of two names at once, after each change of one has failed.
///
/// An attempt with another SNI alone shows which second name is worth trying: one that its
/// certificate is valid for, or the same name in Host if there was a response. A name that only the
/// certificate contains is not expected: the peer chooses its certificate.
pub(super) fn pairs_after(
    best: &ProbeAttempt,
    attempts: &[ProbeAttempt],
    added: &[DnsName],
) -> Vec<SettingChange> {
    let mut pairs = Vec::new();
    for attempt in attempts {
        let Step::Changed(SettingChange::Sni(sni)) = &attempt.step else {
            continue;
        };
        let with_sni = best.combination.with(&SettingChange::Sni(sni.clone()));
        if attempt.combination != with_sni {
            continue;
        }
        match &attempt.result {
            AttemptResult::Response(..) => {
                let name = sni.name().filter(|_| best.status().is_some());
                pairs.extend(name.cloned().map(SettingChange::SniAndHost));
            }
            AttemptResult::Error(error) => {
                // The names of the combination, such as that of the URL, are the site's, too.
                let known = sni.name().cloned().into_iter();
                let known: Vec<_> = known.chain(candidate_names(best, added)).collect();
                let expected = covered_names(error, &known);
                let pair = |name| SettingChange::SniAndExpectedName(sni.clone(), name);
                pairs.extend(expected.map(pair));
            }
        }
    }
    pairs
}

/// Every name in SNI but the present one, and no SNI.
fn other_snis<'a>(
    origin: &Origin,
    names: &'a [DnsName],
) -> impl Iterator<Item = SettingChange> + use<'a> {
    let present = origin.sni().clone();
    let sent = names.iter().cloned().map(Sni::from);
    let all = sent.chain([Sni::omitted(SniOmission::Requested)]);
    let is_other = move |sni: &Sni| sni.name() != present.name();
    all.filter(is_other).map(SettingChange::Sni)
}

/// The other ranges of TLS versions.
fn other_versions(best: &ProbeAttempt) -> Vec<SettingChange> {
    let all = [
        (TlsVersion::V1_2, TlsVersion::V1_3),
        (TlsVersion::V1_2, TlsVersion::V1_2),
        (TlsVersion::V1_3, TlsVersion::V1_3),
    ];
    let present = best.combination.versions();
    let others = all.into_iter().filter(|range| *range != present);
    others
        .map(|(oldest, newest)| SettingChange::Versions(oldest, newest))
        .collect()
}

/// The version that old devices know.
fn oldest_version(best: &ProbeAttempt) -> Option<SettingChange> {
    let oldest = (TlsVersion::V1_2, TlsVersion::V1_2);
    let is_new = best.combination.versions() != oldest;
    is_new.then_some(SettingChange::Versions(oldest.0, oldest.1))
}

/// The other application protocols.
fn other_protocols(best: &ProbeAttempt) -> Vec<SettingChange> {
    let present = best.combination.alpn();
    let all = [Alpn::Http2OrHttp1, Alpn::Http1];
    let others = all.into_iter().filter(|alpn| *alpn != present);
    others.map(SettingChange::Alpn).collect()
}

/// The same host by the other scheme, at its default port. Plain http is tried only where the
/// endpoint is known to have no TLS.
fn other_scheme(origin: &Origin) -> Option<SettingChange> {
    let url = match origin.scheme() {
        Scheme::Http => origin.url_with(Scheme::Https, None),
        Scheme::Https if is_http_only(origin) => origin.url_with(Scheme::Http, None),
        Scheme::Https => return None,
    };
    Some(SettingChange::Url(url))
}

fn after_response(best: &ProbeAttempt, names: &[DnsName]) -> Vec<SettingChange> {
    let origin = best.combination.origin();
    let diagnosis = best.diagnosis();
    let causes = diagnosis.causes();
    // Another name may lead to another site that works, which says nothing about this one.
    let first = causes.first().map(|cause| (cause.id(), cause.certainty()));
    if first == Some((CauseId::BehindTheEdge, Certainty::Certain)) {
        return Vec::new();
    }
    let fixes = causes.iter().flat_map(|cause| cause.fix_kinds());
    let fixes = fixes.flat_map(changes_of_fix);
    let mut changes: Vec<_> = fixes
        .filter(|change| !gives_up_tls(change, &origin))
        .collect();
    // Another Host is the smaller step: the peer has accepted the SNI.
    changes.sort_by_key(|change| matches!(change, SettingChange::Sni(_)));
    if best.combination.is_plaintext_on_tls_port() {
        changes.push(SettingChange::Url(origin.url_over_tls(origin.odd_port())));
    }
    // The same name without its port is another Host, too.
    let is_other = |name: &&DnsName| !origin.host().as_str().eq_ignore_ascii_case(name.as_str());
    let hosts = names.iter().filter(is_other).map(HostAuthority::from);
    changes.extend(hosts.map(SettingChange::Host));
    if origin.scheme() == Scheme::Https {
        changes.extend(other_snis(&origin, names));
    }
    changes
}

fn gives_up_tls(change: &SettingChange, origin: &Origin) -> bool {
    let is_plain = matches!(change, SettingChange::Url(url) if url.scheme() == Scheme::Http);
    is_plain && origin.scheme() == Scheme::Https
}

/// The changes that a fix of a diagnosis describes, as far as an attempt can make them.
pub(super) fn changes_of_fix(fix: &FixKind) -> Vec<SettingChange> {
    let sni = |name: &DnsName| SettingChange::Sni(name.clone().into());
    vec![match fix {
        FixKind::Builder(url) => SettingChange::Url(url.clone()),
        FixKind::ClientScheme => SettingChange::ClientScheme,
        FixKind::ExpectedName(name) => SettingChange::ExpectedName(name.clone()),
        FixKind::ExpectPresented(name) => SettingChange::ExpectedName(name.clone().into()),
        FixKind::Host(host) | FixKind::HostRewrite(host) => SettingChange::Host(host.clone()),
        FixKind::HostAndUrl(hosts)
        | FixKind::HostOneOf(hosts)
        | FixKind::HostRewriteOneOf(hosts) => {
            return hosts.iter().cloned().map(SettingChange::Host).collect();
        }
        FixKind::NoProxyProtocol => SettingChange::NoProxyHeader,
        FixKind::OmitSni => SettingChange::Sni(Sni::omitted(SniOmission::Requested)),
        FixKind::ProxyProtocol => SettingChange::ProxyHeader,
        FixKind::Sni(name) | FixKind::SniPresented(name) => sni(name),
        FixKind::SniOneOf(names) => return names.iter().map(sni).collect(),
        FixKind::TlsVersions(oldest, newest) => SettingChange::Versions(*oldest, *newest),
        _ => return Vec::new(),
    }]
}
