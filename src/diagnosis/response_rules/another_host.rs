//! Which Host to send in place of the one that was refused.

use crate::{
    diagnosis::FixKind,
    error::HostKnowledge,
    name::{DnsName, ExpectedName, Host, HostAuthority},
    origin::Scheme,
};

use super::ResponseEvidence;

/// The fix that sends another Host, by the setting that decides it: the other configured names,
/// else the Host without its port.
///
/// Each is only a candidate.
pub(super) fn another_host(evidence: &ResponseEvidence<'_>) -> FixKind {
    let mut names: Vec<HostAuthority> = Vec::new();
    let configured = [
        bypassed_host(evidence),
        served_name(evidence),
        site_of_url(evidence),
        other_expected_name(evidence),
    ];
    for name in configured.into_iter().flatten() {
        let is_same = |known: &HostAuthority| known.host().eq_ignore_ascii_case(name.host());
        if !names.iter().any(is_same) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.extend(host_without_port(evidence));
    }
    if names.is_empty() {
        return unknown_host(evidence);
    }
    match evidence.is_host_of_layer() {
        false if evidence.host_knowledge == HostKnowledge::OfUrl => FixKind::HostAndUrl(names),
        false => FixKind::HostOneOf(names),
        true => FixKind::HostRewriteOneOf(names),
    }
}

/// The fix that sends another Host, where only the edge's configuration has the name.
pub(super) fn unknown_host(evidence: &ResponseEvidence<'_>) -> FixKind {
    match evidence.is_host_of_layer() {
        false if evidence.host_knowledge == HostKnowledge::OfUrl => FixKind::HostAndUrlUnknown,
        false => FixKind::HostUnknown,
        true => FixKind::HostRewriteUnknown,
    }
}

/// The fix that sends another Host to an edge that routes by it: a name that the origin serves,
/// else the client's Host, if that was rewritten.
pub(super) fn routed_host(evidence: &ResponseEvidence<'_>) -> FixKind {
    let served = served_name(evidence);
    match evidence.client_host {
        Some(_) if served.is_none() && evidence.is_host_rewritten() => FixKind::PreserveHost,
        _ => another_host(evidence),
    }
}

/// Whether the Host that was sent is neither the origin's SNI nor its URL's host.
pub(super) fn is_host_foreign(evidence: &ResponseEvidence<'_>) -> bool {
    served_name(evidence).is_some()
}

/// A name that the origin serves and that is not the Host sent: the SNI, for which it has a
/// certificate; without SNI, the URL's host or the dialled one.
fn served_name(evidence: &ResponseEvidence<'_>) -> Option<HostAuthority> {
    let served = match evidence.origin.sni().name() {
        Some(sni) => [Some(sni.into()), None],
        None => {
            let dialled = evidence.origin.dial().host().and_then(Host::dns);
            [url_authority(evidence), dialled.map(Into::into)]
        }
    };
    served
        .into_iter()
        .flatten()
        .find(|name| !evidence.is_sent(name))
}

/// The Host of the builder's `.host(..)`, if it is a name and a layer has sent another one.
fn bypassed_host(evidence: &ResponseEvidence<'_>) -> Option<HostAuthority> {
    let configured = evidence.origin.host();
    let name = configured.host().parse::<DnsName>().ok()?;
    let is_chosen = evidence.origin.sni().name() != Some(&name);
    let is_bypassed = evidence.is_host_of_layer() && !evidence.is_sent(configured);
    (is_chosen && is_bypassed).then(|| configured.clone())
}

/// The Host that was sent, without its port: edges know their sites by name.
fn host_without_port(evidence: &ResponseEvidence<'_>) -> Option<HostAuthority> {
    let host = evidence.host.host().parse::<DnsName>().ok();
    host.filter(|_| evidence.host.port().is_some())
        .map(|name| (&name).into())
}

/// The site that the URL names, while another host is dialled, and that is not the Host sent.
///
/// An explicit SNI is also the Host, so such a URL has no effect on either.
fn site_of_url(evidence: &ResponseEvidence<'_>) -> Option<HostAuthority> {
    let dialled = evidence.origin.dial().host();
    let is_dialled = dialled == Some(evidence.origin.url().host());
    url_authority(evidence).filter(|site| !is_dialled && !evidence.is_sent(site))
}

/// The expected name, if it is a DNS name, used, and not the Host sent.
fn other_expected_name(evidence: &ResponseEvidence<'_>) -> Option<HostAuthority> {
    match evidence.origin.expected_name() {
        ExpectedName::Dns(name) if evidence.origin.scheme() == Scheme::Https => {
            Some(name.into()).filter(|name| !evidence.is_sent(name))
        }
        _ => None,
    }
}

/// The URL's authority, unless its host is an address.
fn url_authority(evidence: &ResponseEvidence<'_>) -> Option<HostAuthority> {
    let url = evidence.origin.url();
    let target = url.target().clone();
    let target = target.without_default_port(url.scheme().default_port());
    let is_name = target.host().dns().is_some();
    is_name.then(|| (&target).into())
}
