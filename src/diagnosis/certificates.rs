//! Refused certificates.

use crate::{
    error::{ErrorKind, PeerCertificate},
    name::{DnsName, ExpectedName},
};

use super::{Cause, CauseId, Fix, edges, of_error::Evidence};

pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<Cause> {
    match evidence.kind {
        ErrorKind::CertificateNameMismatch => name_mismatch(evidence),
        ErrorKind::CertificateUnknownIssuer => unknown_issuer(evidence),
        ErrorKind::CertificateExpired => {
            vec![dates(evidence, CauseId::CertificateExpired, "has expired")]
        }
        ErrorKind::CertificateNotYetValid => {
            vec![dates(
                evidence,
                CauseId::CertificateNotYetValid,
                "is not valid yet",
            )]
        }
        ErrorKind::CertificateRevoked => vec![revoked()],
        ErrorKind::KeyNotProven => vec![key_not_held()],
        ErrorKind::PinMismatch => vec![pin_mismatch()],
        ErrorKind::RevocationUnknown => vec![revocation_unknown()],
        _ => vec![unusable()],
    }
}

fn name_mismatch(evidence: &Evidence<'_>) -> Vec<Cause> {
    if let Some(alternatives) = evidence.facts.expected_alternatives() {
        return vec![none_of(evidence, alternatives)];
    }
    let Some(sni) = evidence.sni() else {
        let mut causes = vec![default_certificate(evidence)];
        causes.extend(another_name(evidence));
        return causes;
    };
    let expected_is_sni = *evidence.origin.expected_name() == ExpectedName::from(sni.clone());
    if !expected_is_sni && covers(evidence.presented(), sni) {
        let why = format!(
            "the certificate is for {sni}, the name sent in SNI, but another name is expected"
        );
        let fix = Fix::ExpectedName(sni.clone().into());
        return vec![Cause::certain(CauseId::CertificateForAnotherName, why).mended_by(fix)];
    }
    if expected_is_sni && let Some(host) = covered_host(evidence, sni) {
        let why = format!("the certificate is for {host}, which Host says, and SNI says {sni}");
        let cause = Cause::certain(CauseId::CertificateForAnotherName, why);
        return vec![cause.mended_by(Fix::Sni(host))];
    }
    let why = format!("the edge does not serve {sni} and presented its default certificate");
    let unserved = |rank: fn(CauseId, String) -> Cause| {
        rank(CauseId::SniNotServed, why).mended_by(evidence.another_sni())
    };
    let mut causes = another_name(evidence);
    match presents_default(evidence) {
        true => causes.insert(0, unserved(Cause::likely)),
        false => causes.push(unserved(Cause::possible)),
    }
    causes
}

/// The policy lists names of its own.
fn none_of(evidence: &Evidence<'_>, alternatives: &str) -> Cause {
    let presented = match evidence.presented() {
        [] => String::from("no DNS name or address"),
        names => listed(names),
    };
    let why = format!("the certificate is for {presented}, and {alternatives} is expected");
    let fix =
        Fix::Elsewhere(".expecting_any(..) on the VerifyPolicy, if the name is your origin's");
    Cause::likely(CauseId::CertificateForAnotherName, why).mended_by(fix)
}

/// No SNI was sent: the certificate is whatever the edge presents to strangers.
fn default_certificate(evidence: &Evidence<'_>) -> Cause {
    let (why, fix) = evidence.sni_missing();
    let why = format!("{why}; the certificate is the edge's default one");
    match presents_default(evidence) {
        true => Cause::certain(CauseId::SniMissing, why),
        false => Cause::likely(CauseId::SniMissing, why),
    }
    .mended_by(fix)
}

/// Whether the certificate is one that a known edge presents to strangers.
fn presents_default(evidence: &Evidence<'_>) -> bool {
    let mut presented = evidence.presented().iter();
    presented.any(|name| edges::is_default_name(name))
}

/// The certificate is somebody else's, or the origin's under a name that was not said.
fn another_name(evidence: &Evidence<'_>) -> Vec<Cause> {
    let expected = evidence.origin.expected_name();
    let Some(named) = evidence.presented_name() else {
        let why = format!("the certificate is not for {expected}");
        return vec![Cause::likely(CauseId::CertificateForAnotherName, why)];
    };
    let presented = listed(evidence.presented());
    let why = format!("the certificate is for {presented}, and {expected} is expected");
    let by_sni = Fix::Sni(named.clone());
    let by_expectation = Fix::ExpectedName(named.into());
    let other =
        "the origin is known by the name in its certificate alone; make sure that it is yours";
    let other = Cause::possible(CauseId::CertificateForAnotherName, other);
    let cause = Cause::likely(CauseId::CertificateForAnotherName, why);
    // A name that was only taken from the URL is the first to doubt; the other names follow it.
    let url_host = evidence.origin.url().target().host();
    let from_url = evidence.sni() == url_host.dns() && *expected == url_host.clone().into();
    match from_url {
        true => vec![cause.mended_by(by_sni), other.mended_by(by_expectation)],
        false => vec![cause.mended_by(by_expectation)],
    }
}

fn unknown_issuer(evidence: &Evidence<'_>) -> Vec<Cause> {
    let certificate = evidence.facts.certificate();
    let self_issued = certificate.is_some_and(PeerCertificate::is_self_issued);
    let subject = certificate.map_or("", PeerCertificate::subject);
    if edges::is_default_subject(subject) {
        return vec![strangers_certificate(evidence)];
    }
    let mut causes = match self_issued {
        true => vec![self_signed()],
        false => vec![untrusted_authority(certificate)],
    };
    if evidence.sni().is_none() {
        let (why, fix) = evidence.sni_missing();
        let why = format!("{why}; the certificate may be the edge's default one");
        causes.insert(0, Cause::likely(CauseId::SniMissing, why).mended_by(fix));
    }
    causes
}

/// The certificate that the edge keeps for names that it does not serve.
fn strangers_certificate(evidence: &Evidence<'_>) -> Cause {
    let cause = match evidence.sni() {
        None => {
            let (why, _) = evidence.sni_missing();
            Cause::certain(CauseId::SniMissing, why)
        }
        Some(name) => {
            let why =
                format!("the edge has no certificate for {name} and presented its placeholder");
            Cause::certain(CauseId::SniNotServed, why)
        }
    };
    cause.mended_by(evidence.another_sni())
}

fn self_signed() -> Cause {
    let fix = Fix::Verify("VerifyPolicy::pinned(\"sha256/..\".parse()?)");
    let why = "the certificate is self-signed; if it is your origin's, its key can be pinned";
    Cause::certain(CauseId::SelfSigned, why).mended_by(fix)
}

fn untrusted_authority(certificate: Option<&PeerCertificate>) -> Cause {
    let issuer = certificate.map_or("its issuer", PeerCertificate::issuer);
    let why = format!(
        "{issuer} is not trusted here: a private authority, a missing intermediate certificate, or somebody who intercepts the traffic"
    );
    let fix = Fix::Verify("VerifyPolicy::roots(Roots::native().and(Roots::pem(..)))");
    Cause::likely(CauseId::UntrustedAuthority, why).mended_by(fix)
}

fn dates(evidence: &Evidence<'_>, id: CauseId, what: &str) -> Cause {
    let validity = evidence
        .facts
        .certificate()
        .and_then(PeerCertificate::validity);
    let validity = validity.map_or_else(String::new, |dates| format!(" (valid {dates})"));
    let why = format!("the certificate {what}{validity}, or the local clock is wrong");
    Cause::certain(id, why).mended_by(Fix::Elsewhere(
        "renew the origin's certificate, or set the clock",
    ))
}

fn pin_mismatch() -> Cause {
    let why =
        "the origin presented a key that is not pinned: it was renewed, or somebody else answered";
    let fix = Fix::Elsewhere(
        ".and_pin(\"sha256/..\".parse()?) on the VerifyPolicy, if the key is your origin's",
    );
    Cause::certain(CauseId::PinMismatch, why).mended_by(fix)
}

fn revoked() -> Cause {
    let why = "a revocation list names the certificate, or one that vouches for it";
    let fix = Fix::Elsewhere("the origin needs another certificate");
    Cause::certain(CauseId::CertificateRevoked, why).mended_by(fix)
}

fn revocation_unknown() -> Cause {
    let why = "no current revocation list of the certificate's issuer was given, and the policy demands one";
    let fix = Fix::Elsewhere(
        "give .crls(..) a newer list of every issuer, or relax it: leaf_only(), allow_unknown_status(), ignore_expiry()",
    );
    Cause::certain(CauseId::RevocationUnknown, why).mended_by(fix)
}

fn key_not_held() -> Cause {
    let why = "the origin's key does not belong to its certificate, or somebody presents a certificate that is not theirs";
    let fix = Fix::Elsewhere("the origin must be given its certificate and key as a pair");
    Cause::likely(CauseId::KeyNotHeld, why).mended_by(fix)
}

fn unusable() -> Cause {
    let why = "the certificate is malformed, signed in a way that is not supported, or not meant for a server";
    let fix = Fix::Elsewhere("the origin needs another certificate");
    Cause::likely(CauseId::CertificateUnusable, why).mended_by(fix)
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

/// The Host of the request, if the certificate covers it and SNI said something else.
fn covered_host(evidence: &Evidence<'_>, sni: &DnsName) -> Option<DnsName> {
    let host: DnsName = evidence.facts.host()?.host().parse().ok()?;
    (host != *sni && covers(evidence.presented(), &host)).then_some(host)
}

/// Whether one of the names covers `name`; a wildcard stands for one whole label (RFC 9525 section 6.3).
fn covers(presented: &[String], name: &DnsName) -> bool {
    let parent = name.as_str().split_once('.').map(|(_, parent)| parent);
    presented
        .iter()
        .any(|pattern| match pattern.strip_prefix("*.") {
            Some(rest) => parent.is_some_and(|parent| parent.eq_ignore_ascii_case(rest)),
            None => pattern.eq_ignore_ascii_case(name.as_str()),
        })
}
