//! What an attempt proves when its change got further: the cause, its certainty and its fix.
//!
//! The method is that of an experiment with one variable. If the attempt with the change gets
//! further than the one without it, the change was needed, and its cause is certain, unless the
//! first failure was chance. That is tested by making the first attempt again.

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, FixKind, HostSource},
    error::{Error, ErrorKind, TlsVersion},
    name::{DnsName, ExpectedName, HostAuthority, Sni},
    origin::{Origin, OriginUrl, Scheme},
    tls::Alpn,
};

use super::{
    attempt::ProbeAttempt, attempt_result::AttemptResult, key_exchange_groups::GroupOrder,
    progress::Progress, setting_change::SettingChange,
};

/// Which cause it is, its text, and the fixes.
type Proved = (CauseId, String, Vec<FixKind>);

/// Whether `after` proves that the change was needed. It differs from `before` in `change` alone.
///
/// It must get further, and far enough for this kind of change. Another SNI counts once the
/// certificate names the site or that SNI, https once the peer sends bytes of TLS.
///
/// How far is far enough depends on what the change is about: another SNI that leads to another
/// alert proves nothing.
pub(super) fn is_proof(
    change: &SettingChange,
    before: &ProbeAttempt,
    after: &ProbeAttempt,
) -> bool {
    let needed = match change {
        SettingChange::Sni(sni) if is_presented(sni, after) => Progress::CertificateReceived,
        SettingChange::Sni(_) => Progress::ExpectedCertificate,
        SettingChange::ExpectSni
        | SettingChange::ExpectedName(_)
        | SettingChange::SniAndExpectedName(..) => Progress::Verified,
        SettingChange::Versions(..) | SettingChange::Groups(GroupOrder::NistFirst) => {
            Progress::CertificateReceived
        }
        SettingChange::ClientScheme | SettingChange::Host(_) | SettingChange::SniAndHost(_) => {
            Progress::SiteError
        }
        SettingChange::Alpn(_)
        | SettingChange::Groups(_)
        | SettingChange::NoProxyHeader
        | SettingChange::ProxyHeader
        | SettingChange::Url(_) => Progress::Answered,
    };
    let progress = after.progress();
    progress > before.progress() && progress >= needed
}

/// Whether the certificate is for the name in SNI. An edge's default certificate is not.
fn is_presented(sni: &Sni, attempt: &ProbeAttempt) -> bool {
    let leaf = attempt
        .error()
        .and_then(|error| error.facts().certificate());
    let name = sni.name().cloned().map(ExpectedName::from);
    name.is_some_and(|name| leaf.is_some_and(|leaf| leaf.covers(&name)))
}

/// Whether the result may be chance, so only a second attempt proves it stable.
///
/// An alert, a certificate or a refusal by the edge is stable. The end of the connection, silence
/// or an error of the site may be chance.
pub(super) fn may_be_chance(attempt: &ProbeAttempt) -> bool {
    match &attempt.result {
        AttemptResult::Response(..) => attempt.progress() == Progress::SiteError,
        AttemptResult::Error(error) => is_without_answer(error),
    }
}

/// Nothing that the peer chose to send explains these.
fn is_without_answer(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionClosed
            | ErrorKind::ConnectionReset
            | ErrorKind::Io
            | ErrorKind::StreamReset
            | ErrorKind::TimedOut
            | ErrorKind::Unreachable
    )
}

/// The cause behind `before`, whose failure ends with `change`.
///
/// `stability` limits the certainty: it is how certain it is that `before` fails each time.
///
/// The text has the names of both attempts.
pub(super) fn proved_cause(
    change: &SettingChange,
    before: &ProbeAttempt,
    after: &ProbeAttempt,
    stability: Certainty,
) -> Cause {
    let origin = before.origin();
    let (id, text, fixes) = match change {
        SettingChange::Alpn(alpn) => wrong_alpn(*alpn, before),
        SettingChange::ClientScheme => client_scheme_unknown(),
        SettingChange::ExpectSni => superfluous_expected_name(&origin),
        SettingChange::ExpectedName(name) => wrong_expected_name(name),
        SettingChange::Groups(groups) => wrong_groups(*groups, before),
        SettingChange::Host(host) => wrong_host(host, &origin, before.host_source()),
        SettingChange::NoProxyHeader => proxy_header_superfluous(),
        SettingChange::ProxyHeader => proxy_header_missing(),
        SettingChange::Sni(sni) => wrong_sni(sni, before, after),
        SettingChange::SniAndExpectedName(sni, name) => {
            wrong_sni_and_expected(sni, name, before, after)
        }
        SettingChange::SniAndHost(name) => wrong_sni_and_host(name, before.host_source()),
        SettingChange::Url(url) => wrong_scheme(url, before, after),
        SettingChange::Versions(oldest, newest) => wrong_versions(*oldest, *newest, change),
    };
    // The site's own error may have other reasons than the name, unless the page is about names.
    let certainty = match before.progress() {
        Progress::SiteError if !may_be_about(change, before) => Certainty::Likely,
        _ => Certainty::Certain,
    };
    Cause::new(id, certainty.min(stability), text)
        .shown_by(&[Clue::Probe])
        .fixed_by(fixes)
}

/// Whether the response may be about the name that the change replaces.
///
/// Otherwise another error of the site may have ended by itself between two attempts.
fn may_be_about(change: &SettingChange, response: &ProbeAttempt) -> bool {
    let ids: &[CauseId] = match change {
        SettingChange::NoProxyHeader => &[CauseId::ProxyHeaderNotExpected],
        // "No server is available" may mean that none is for this Host, and has both causes.
        SettingChange::Host(_) => &[CauseId::HostNotServed, CauseId::SniAndHostDisagree],
        _ => &[
            CauseId::SniAndHostDisagree,
            CauseId::SniMissing,
            CauseId::SniNotServed,
        ],
    };
    let diagnosis = response.diagnosis();
    let mut causes = diagnosis.causes().iter();
    causes.any(|cause| ids.contains(&cause.id()))
}

fn wrong_alpn(accepted: Alpn, before: &ProbeAttempt) -> Proved {
    let fixes = vec![FixKind::Alpn(accepted.variant())];
    match before.progress() {
        Progress::Verified => (
            CauseId::Http1Required,
            format!(
                "the origin answers with Alpn::{accepted:?}, and fails over the protocol that it \
                 chose before"
            ),
            fixes,
        ),
        _ => (
            CauseId::AlpnNotAccepted,
            format!("the origin accepts Alpn::{accepted:?}, and not the protocols offered"),
            fixes,
        ),
    }
}

fn superfluous_expected_name(origin: &Origin) -> Proved {
    let expected = origin.expected_name();
    (
        CauseId::CertificateForAnotherName,
        format!("the certificate is for the name in SNI, and not for {expected}"),
        vec![FixKind::Advice("remove .expected_name(..)")],
    )
}

fn wrong_expected_name(covered: &ExpectedName) -> Proved {
    (
        CauseId::CertificateForAnotherName,
        format!("the certificate is for {covered}, and another name was expected"),
        vec![FixKind::ExpectedName(covered.clone())],
    )
}

fn wrong_groups(accepted: GroupOrder, before: &ProbeAttempt) -> Proved {
    let names = accepted.names().unwrap_or_default();
    let fixes = vec![FixKind::KeyExchangeGroups(names)];
    let was_answered = before.progress() >= Progress::Answered;
    match (accepted, was_answered) {
        (GroupOrder::NistFirst, _) => (
            CauseId::NoCommonCipher,
            String::from("the origin requires a NIST curve as the first key exchange group"),
            fixes,
        ),
        (_, true) => (
            CauseId::StrictPeer,
            String::from(
                "the origin, or a device before it, rejects a ClientHello with post-quantum groups",
            ),
            fixes,
        ),
        (_, false) => (
            CauseId::ClientHelloDropped,
            String::from(
                "the origin, or a device on the path, does not let a large ClientHello pass; a \
                 post-quantum key share makes it larger than a packet",
            ),
            fixes,
        ),
    }
}

fn wrong_host(served: &HostAuthority, origin: &Origin, source: HostSource) -> Proved {
    let host = origin.host();
    (
        CauseId::HostNotServed,
        format!("the edge serves {served}, and not {host}, the configured Host"),
        vec![host_fix(served.clone(), source)],
    )
}

fn client_scheme_unknown() -> Proved {
    (
        CauseId::ForwardedProto,
        String::from("the origin redirects clients until X-Forwarded-Proto says https"),
        vec![FixKind::ClientScheme],
    )
}

fn proxy_header_superfluous() -> Proved {
    (
        CauseId::ProxyHeaderNotExpected,
        String::from("the peer accepts a connection without the PROXY protocol header alone"),
        vec![FixKind::NoProxyProtocol],
    )
}

fn proxy_header_missing() -> Proved {
    (
        CauseId::ProxyHeaderExpected,
        String::from("the peer expects a PROXY protocol header first"),
        vec![FixKind::ProxyProtocol],
    )
}

/// One fix of calls that help only together. The last one keeps the Host that was sent, where it
/// would follow the new SNI.
fn names_fix(
    calls: impl IntoIterator<Item = FixKind>,
    before: &ProbeAttempt,
    after: &ProbeAttempt,
) -> Vec<FixKind> {
    let calls = calls.into_iter().chain(after.host_to_keep(before));
    match calls.collect::<Vec<_>>() {
        calls if calls.len() > 1 => vec![FixKind::Together(calls)],
        call => call,
    }
}

fn wrong_sni(accepted: &Sni, before: &ProbeAttempt, after: &ProbeAttempt) -> Proved {
    let origin = before.origin();
    let fixes = |name: &DnsName| names_fix([FixKind::Sni(name.clone())], before, after);
    match (accepted.name(), origin.sni().name()) {
        (Some(name), None) => (
            CauseId::SniMissing,
            format!("the edge requires SNI to select the site, and accepts {name}"),
            fixes(name),
        ),
        (Some(name), Some(sent)) if after.progress() == Progress::CertificateReceived => (
            CauseId::SniNotServed,
            format!("{name} in SNI gets a certificate for that name, and {sent} does not"),
            fixes(name),
        ),
        (Some(name), Some(sent)) => (
            CauseId::SniNotServed,
            format!("a connection with {name} in SNI is accepted, and one with {sent} is not"),
            fixes(name),
        ),
        (None, _) => (
            CauseId::SniNotServed,
            format!(
                "a connection without SNI is accepted, and one with {} is not",
                origin.sni()
            ),
            vec![FixKind::OmitSni],
        ),
    }
}

fn wrong_sni_and_expected(
    sni: &Sni,
    expected: &ExpectedName,
    before: &ProbeAttempt,
    after: &ProbeAttempt,
) -> Proved {
    let (sni_call, sent) = match sni.name() {
        Some(name) => (FixKind::Sni(name.clone()), format!("with {name} in SNI")),
        None => (FixKind::OmitSni, String::from("without SNI")),
    };
    let calls = [sni_call, FixKind::ExpectedName(expected.clone())];
    (
        CauseId::CertificateForAnotherName,
        format!(
            "two names are wrong: {sent}, the certificate is for {expected}, and neither change \
             alone is enough"
        ),
        names_fix(calls, before, after),
    )
}

/// The fix in the setting that decides the Host.
fn host_fix(host: HostAuthority, source: HostSource) -> FixKind {
    match source {
        HostSource::Builder => FixKind::Host(host),
        HostSource::Layer => FixKind::HostRewrite(host),
    }
}

fn wrong_sni_and_host(name: &DnsName, source: HostSource) -> Proved {
    let calls = [
        FixKind::Sni(name.clone()),
        host_fix(HostAuthority::from(name), source),
    ];
    let fixes = match source {
        HostSource::Builder => vec![FixKind::Together(calls.to_vec())],
        HostSource::Layer => calls.to_vec(),
    };
    (
        CauseId::SniAndHostDisagree,
        format!(
            "the edge serves {name} if it is in SNI and in Host, and not if it is in one alone"
        ),
        fixes,
    )
}

fn wrong_scheme(accepted: &OriginUrl, before: &ProbeAttempt, after: &ProbeAttempt) -> Proved {
    let fix = FixKind::Builder(accepted.clone());
    let (from, to) = (before.origin(), after.origin());
    match accepted.scheme() {
        Scheme::Http => (
            CauseId::PlainHttpPeer,
            format!(
                "the peer at {} speaks plain HTTP, so that nothing proves that it is your origin",
                to.dial()
            ),
            vec![fix],
        ),
        Scheme::Https if from.dial() == to.dial() => (
            CauseId::HttpToTlsPort,
            String::from("the origin speaks TLS, and the request was sent as plain http"),
            vec![fix],
        ),
        Scheme::Https => (
            CauseId::HttpsRequired,
            format!(
                "the origin speaks TLS at {}, and no plain http at {}",
                to.dial(),
                from.dial()
            ),
            vec![fix],
        ),
    }
}

fn wrong_versions(oldest: TlsVersion, newest: TlsVersion, accepted: &SettingChange) -> Proved {
    let fix = FixKind::TlsVersions(oldest, newest);
    match oldest == newest {
        // A peer of one version may ignore the other versions of a ClientHello (RFC 8446 section
        // 4.2.1), so that this one rejects what it does not know.
        true => (
            CauseId::StrictPeer,
            format!(
                "the origin, or a device before it, accepts a ClientHello with {accepted}, and no \
                 other one"
            ),
            vec![
                fix,
                FixKind::Advice("a workaround until the origin or the device is updated"),
            ],
        ),
        false => (
            CauseId::NoCommonTlsVersion,
            format!("the origin accepts {accepted}, and not the TLS versions offered"),
            vec![fix],
        ),
    }
}
