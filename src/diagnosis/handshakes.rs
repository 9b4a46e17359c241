//! Failed handshakes, apart from refused certificates.

use crate::{
    error::{Alert, ErrorKind, TlsVersion},
    name::DnsName,
};

use super::{Cause, CauseId, Fix, edges, of_error::Evidence};

const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;
const BAD_CERTIFICATE: u8 = 42;
const UNSUPPORTED_CERTIFICATE: u8 = 43;
const CERTIFICATE_REVOKED: u8 = 44;
const CERTIFICATE_EXPIRED: u8 = 45;
const CERTIFICATE_UNKNOWN: u8 = 46;
const UNKNOWN_CA: u8 = 48;
const ACCESS_DENIED: u8 = 49;
const DECRYPT_ERROR: u8 = 51;
const CERTIFICATE_REQUIRED: u8 = 116;
const NO_APPLICATION_PROTOCOL: u8 = 120;

pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<Cause> {
    match (evidence.kind, evidence.facts.alert()) {
        (_, Some(alert)) => after_alert(evidence, alert),
        (ErrorKind::TlsVersionMismatch, _) => vec![no_common_version(evidence)],
        (ErrorKind::ProtocolNotNegotiated, _) => vec![alpn_not_accepted(evidence)],
        (ErrorKind::NotTls, _) => vec![not_tls(evidence)],
        (ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset, _) => cut_off(evidence),
        (ErrorKind::TimedOut, _) => silence(),
        _ => Vec::new(),
    }
}

fn after_alert(evidence: &Evidence<'_>, alert: Alert) -> Vec<Cause> {
    if evidence.was_accepted() {
        return after_certificate(evidence, alert);
    }
    match (alert.code(), evidence.sni()) {
        (HANDSHAKE_FAILURE, sni) => alert_40(evidence, sni),
        (UNRECOGNIZED_NAME, None) => vec![sni_missing(evidence, Cause::certain)],
        (UNRECOGNIZED_NAME, Some(name)) => vec![sni_not_served(evidence, name, Cause::certain)],
        // Go's TLS server says "internal error" where it has no certificate for the name.
        (INTERNAL_ERROR, None) => vec![sni_missing(evidence, Cause::likely)],
        (INTERNAL_ERROR, Some(name)) => vec![sni_not_served(evidence, name, Cause::likely)],
        (PROTOCOL_VERSION, _) => vec![no_common_version(evidence)],
        (NO_APPLICATION_PROTOCOL, _) => vec![alpn_not_accepted(evidence)],
        (CERTIFICATE_REQUIRED, _) => vec![client_certificate(evidence, Cause::certain)],
        _ => Vec::new(),
    }
}

/// The origin's certificate was accepted, so its name was the right one: what is left is ours.
fn after_certificate(evidence: &Evidence<'_>, alert: Alert) -> Vec<Cause> {
    match alert.code() {
        CERTIFICATE_REQUIRED => vec![client_certificate(evidence, Cause::certain)],
        HANDSHAKE_FAILURE | BAD_CERTIFICATE | CERTIFICATE_UNKNOWN | UNKNOWN_CA => {
            vec![client_certificate(evidence, Cause::likely)]
        }
        // These are said of a certificate that was presented.
        UNSUPPORTED_CERTIFICATE
        | CERTIFICATE_REVOKED
        | CERTIFICATE_EXPIRED
        | ACCESS_DENIED
        | DECRYPT_ERROR
            if evidence.facts.has_client_identity() =>
        {
            vec![client_certificate(evidence, Cause::likely)]
        }
        _ => Vec::new(),
    }
}

/// Alert 40 says nothing by itself: these are its causes in the order in which they are met.
fn alert_40(evidence: &Evidence<'_>, sni: Option<&DnsName>) -> Vec<Cause> {
    let dialled = evidence.origin.dial().host();
    let dialled = dialled.map(ToString::to_string).unwrap_or_default();
    let first = match sni {
        None if edges::alert_40_means_sni(&dialled) => {
            return vec![sni_missing(evidence, Cause::certain)];
        }
        None => sni_missing(evidence, Cause::likely),
        Some(name) => sni_not_served(evidence, name, Cause::likely),
    };
    let why = "there is no cipher suite or key exchange group in common";
    vec![
        first,
        Cause::possible(CauseId::NoCommonCipher, why),
        client_certificate(evidence, Cause::possible),
    ]
}

fn cut_off(evidence: &Evidence<'_>) -> Vec<Cause> {
    let other = "the port does not speak TLS, or a firewall cut the connection";
    let other = Cause::possible(CauseId::OtherService, other);
    match evidence.sni() {
        None => vec![sni_missing(evidence, Cause::likely), other],
        Some(name) => vec![sni_not_served(evidence, name, Cause::possible), other],
    }
}

fn silence() -> Vec<Cause> {
    let slow = "the peer accepted the connection but did not finish the handshake in time";
    let other = "the service at this port does not expect TLS";
    vec![
        Cause::likely(CauseId::Down, slow),
        Cause::possible(CauseId::OtherService, other),
    ]
}

type Rank = fn(CauseId, String) -> Cause;

fn sni_missing(evidence: &Evidence<'_>, rank: Rank) -> Cause {
    let (why, fix) = evidence.sni_missing();
    rank(CauseId::SniMissing, why).mended_by(fix)
}

fn sni_not_served(evidence: &Evidence<'_>, name: &DnsName, rank: Rank) -> Cause {
    let why = format!("the edge does not serve {name}, the name sent in SNI");
    rank(CauseId::SniNotServed, why).mended_by(evidence.another_sni())
}

/// The origin asks for a client certificate, or does not take ours.
fn client_certificate(evidence: &Evidence<'_>, rank: Rank) -> Cause {
    let alert = evidence.facts.alert().map(Alert::code);
    let ours = evidence.facts.has_client_identity();
    match (alert, ours) {
        (Some(CERTIFICATE_REQUIRED), true) => {
            let why = "the origin asks for a client certificate, and ours is of a kind that it does not ask for";
            let fix = Fix::Elsewhere("a client certificate of a key type that the origin accepts");
            rank(CauseId::ClientCertificateRequired, why.into()).mended_by(fix)
        }
        (_, true) => {
            let (what, fix) = refused(alert);
            let why = format!("the origin refuses our client certificate: {what}");
            rank(CauseId::ClientCertificateRefused, why).mended_by(Fix::Elsewhere(fix))
        }
        (_, false) => {
            let why = String::from("the origin asks for a client certificate");
            rank(CauseId::ClientCertificateRequired, why).mended_by(Fix::ClientIdentity)
        }
    }
}

/// What an alert says about our certificate (RFC 8446 section 6.2), and what to do about it.
fn refused(alert: Option<u8>) -> (&'static str, &'static str) {
    match alert {
        Some(UNKNOWN_CA) => (
            "it does not know who issued it, or an intermediate certificate is missing",
            "put the intermediate certificates after ours in ClientIdentity, or let the origin trust our authority",
        ),
        Some(CERTIFICATE_EXPIRED) => ("it has expired", "renew the client certificate"),
        Some(CERTIFICATE_REVOKED) => ("it is revoked", "renew the client certificate"),
        Some(UNSUPPORTED_CERTIFICATE) => (
            "its kind or purpose is not accepted",
            "a client certificate with the extended key usage clientAuth",
        ),
        Some(DECRYPT_ERROR) => (
            "a signature is wrong, as if it came from another authority of the same name",
            "a client certificate of the authority that the origin trusts",
        ),
        Some(ACCESS_DENIED) => (
            "it is valid, and not welcome",
            "let the origin admit our client certificate",
        ),
        _ => (
            "it does not say why",
            "let the origin trust our authority, and look into the origin's log",
        ),
    }
}

fn no_common_version(evidence: &Evidence<'_>) -> Cause {
    let offer = evidence.facts.tls_offer();
    let range = offer.map(|offer| (offer.oldest, offer.newest));
    let (offered, theirs) = match range {
        Some((TlsVersion::V1_3, TlsVersion::V1_3)) => ("TLS 1.3 only", "TLS 1.2 or older only"),
        Some((TlsVersion::V1_2, TlsVersion::V1_2)) => {
            ("TLS 1.2 only", "only TLS 1.3, or nothing newer than 1.1")
        }
        _ => ("TLS 1.2 to 1.3", "TLS 1.1 or older only"),
    };
    let why = format!("{offered} was offered, and the origin speaks {theirs}");
    let cause = Cause::certain(CauseId::NoCommonTlsVersion, why);
    match range {
        Some((oldest, newest)) if oldest == newest => cause.mended_by(Fix::TlsVersions),
        _ => cause.mended_by(Fix::Elsewhere("the origin must learn TLS 1.2 or 1.3")),
    }
}

fn alpn_not_accepted(evidence: &Evidence<'_>) -> Cause {
    let offered = evidence
        .facts
        .tls_offer()
        .map_or(&[][..], |offer| offer.protocols);
    let why = format!(
        "only {} was offered in ALPN, and the origin did not choose it",
        offered.join(", ")
    );
    Cause::certain(CauseId::AlpnNotAccepted, why).mended_by(Fix::Alpn("Http2OrHttp1"))
}

fn not_tls(evidence: &Evidence<'_>) -> Cause {
    let said = evidence.facts.first_bytes();
    if said.starts_with(b"HTTP/") {
        let why = "the peer speaks plain http on this port";
        let fix = Fix::Builder(evidence.origin.url_over_tcp());
        return Cause::certain(CauseId::PlainHttpPeer, why).mended_by(fix);
    }
    let fix = Fix::Elsewhere("dial the port on which the origin speaks https");
    let known: [&[u8]; 3] = [b"SSH-", b"220 ", b"220-"];
    match known.iter().any(|start| said.starts_with(start)) {
        true => Cause::certain(CauseId::OtherService, "the port is not a web server's"),
        false => Cause::likely(
            CauseId::OtherService,
            "the service at this port does not speak TLS",
        ),
    }
    .mended_by(fix)
}
