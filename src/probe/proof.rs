//! The cause that an attempt proves when its change got further.

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, FixKind},
    name::{ExpectedName, HostAuthority, Sni},
    origin::{Origin, OriginUrl, Scheme},
    tls::Alpn,
};

use super::{change::Change, combination::Combination};

/// Which cause it is, its text, and the fix.
type Proved = (CauseId, String, FixKind);

/// The cause that is certain because `change` alone got further than `before`.
pub(super) fn proved_cause(change: &Change, before: &Combination) -> Cause {
    let origin = before.origin();
    let (id, text, fix) = match change {
        Change::Alpn(alpn) => wrong_alpn(*alpn),
        Change::ExpectSni => superfluous_expected_name(&origin),
        Change::ExpectedName(name) => wrong_expected_name(name),
        Change::NistGroupsFirst => wrong_groups(),
        Change::Host(host) => wrong_host(host, &origin),
        Change::Sni(sni) => wrong_sni(sni, &origin),
        Change::Url(url) => wrong_scheme(url),
        Change::Versions(..) => wrong_versions(change),
    };
    Cause::new(id, Certainty::Certain, text)
        .shown_by(&[Clue::Probe])
        .fixed_by([fix])
}

fn wrong_alpn(accepted: Alpn) -> Proved {
    let text = format!("the origin accepts Alpn::{accepted:?}, and not the protocols offered");
    (
        CauseId::AlpnNotAccepted,
        text,
        FixKind::Alpn(accepted.variant()),
    )
}

fn superfluous_expected_name(origin: &Origin) -> Proved {
    let expected = origin.expected_name();
    (
        CauseId::CertificateForAnotherName,
        format!("the certificate is for the name in SNI, and not for {expected}"),
        FixKind::Advice("leave .expected_name(..) out"),
    )
}

fn wrong_expected_name(covered: &ExpectedName) -> Proved {
    (
        CauseId::CertificateForAnotherName,
        format!("the certificate is for {covered}, and another name was expected"),
        FixKind::ExpectedName(covered.clone()),
    )
}

fn wrong_groups() -> Proved {
    (
        CauseId::NoCommonCipher,
        String::from("the origin requires one of the NIST curves for the key exchange"),
        FixKind::Advice(
            ".tls_parameters(TlsParameters::default().key_exchange_groups([\"secp256r1\"]))",
        ),
    )
}

fn wrong_host(served: &HostAuthority, origin: &Origin) -> Proved {
    let host = origin.host();
    (
        CauseId::HostNotServed,
        format!("the edge serves {served}, and not {host}, the configured Host"),
        FixKind::Host(served.clone()),
    )
}

fn wrong_sni(accepted: &Sni, origin: &Origin) -> Proved {
    match (accepted, origin.sni().name()) {
        (Sni::Send(name), None) => (
            CauseId::SniMissing,
            format!("the edge requires SNI to select the site, and accepts {name}"),
            FixKind::Sni(name.clone()),
        ),
        (Sni::Send(name), Some(sent)) => (
            CauseId::SniNotServed,
            format!("the edge accepts {name} in SNI, and not {sent}"),
            FixKind::Sni(name.clone()),
        ),
        (Sni::Omit(_), _) => (
            CauseId::SniNotServed,
            format!("the edge accepts no SNI, and not {}", origin.sni()),
            FixKind::Advice(".omit_sni()"),
        ),
    }
}

fn wrong_scheme(accepted: &OriginUrl) -> Proved {
    let fix = FixKind::Builder(accepted.clone());
    match accepted.scheme() {
        Scheme::Http => (
            CauseId::PlainHttpPeer,
            String::from("the origin speaks plain http"),
            fix,
        ),
        Scheme::Https => (
            CauseId::HttpToTlsPort,
            String::from("the origin speaks TLS, and the request was sent as plain http"),
            fix,
        ),
    }
}

fn wrong_versions(accepted: &Change) -> Proved {
    (
        CauseId::NoCommonTlsVersion,
        format!("the origin accepts {accepted}, and not the TLS versions offered"),
        FixKind::TlsVersions,
    )
}
