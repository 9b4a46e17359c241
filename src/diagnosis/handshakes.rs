//! Failed handshakes, apart from alerts and refused certificates.

use crate::{
    edge::EdgeProfile,
    error::{EchOffer, EchProblem, ErrorKind, TlsVersion},
    origin::Scheme,
};

use super::{
    CauseId,
    Certainty::{Certain, Likely, Possible},
    Clue, Confirmation, Evidence, FixKind,
    networks::is_http_only,
    proxy_headers,
    rule::{
        Rule, another_sni, broken_tls, client_certificate_asked, nothing, present_a_certificate,
        sni_missing, sni_not_served,
    },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::NoCommonTlsVersion,
        certainty: Certain,
        when: |e| e.is(ErrorKind::TlsVersionMismatch) && !proxy_headers::is_misread(e),
        why: no_common_version,
        clues: &[Clue::Offer, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: other_versions,
    },
    Rule {
        id: CauseId::AlpnNotAccepted,
        certainty: Certain,
        when: |e| e.is(ErrorKind::ProtocolNotNegotiated),
        why: |e| {
            let offer = e.facts.tls_offer();
            let offered = offer.map_or(&[][..], |offer| offer.protocols).join(", ");
            format!("{offered} was offered in ALPN, and the origin wants something else")
        },
        clues: &[Clue::Offer, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| match e.facts.tls_offer().map(|offer| offer.protocols.len()) {
            Some(1) => vec![FixKind::Alpn("Http2OrHttp1")],
            _ => vec![FixKind::Advice("let the origin speak one of those")],
        },
    },
    Rule {
        id: CauseId::EchStale,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Ech(EchProblem::Rejected)),
        why: |_| {
            String::from(
                "the configuration of Encrypted ClientHello is not, or no longer, the origin's",
            )
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::EchConfig],
    },
    Rule {
        id: CauseId::EchUnpublished,
        certainty: Certain,
        when: |e| e.is(ErrorKind::Ech(EchProblem::Unavailable)),
        why: |e| {
            let dialled = e.origin.dial();
            match e.facts.service().is_some_and(|told| !told.ech.is_empty()) {
                true => format!(
                    "Encrypted ClientHello is required, and the configuration in the HTTPS record of {dialled} cannot be used"
                ),
                false => format!(
                    "Encrypted ClientHello is required, and no HTTPS record of {dialled} tells a configuration"
                ),
            }
        },
        clues: &[],
        confirmation: Confirmation::NameServers,
        fixes: |_| {
            vec![
                FixKind::Advice(
                    "publish one: an HTTPS record of the dialled name, with an `ech` value",
                ),
                FixKind::Advice(
                    ".ech(Ech::config_list(..)) with the configuration, if the origin's operator tells it otherwise",
                ),
            ]
        },
    },
    Rule {
        id: CauseId::PlainHttpPeer,
        certainty: Certain,
        when: |e| is_answered_in_http(e) && !proxy_headers::is_sent(e) && !is_edge_of_tls(e),
        why: |_| String::from("the peer speaks plain http on this port"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| vec![FixKind::Builder(e.origin.url_over_tcp())],
    },
    // A captive portal, for one. To go on without TLS would be to tell it everything.
    Rule {
        id: CauseId::Interception,
        certainty: Likely,
        when: |e| is_answered_in_http(e) && is_edge_of_tls(e),
        why: |e| {
            format!(
                "{} speaks TLS at this port, and plain http was the answer: something between here and there gave it",
                e.origin.dial()
            )
        },
        clues: &[Clue::Edge, Clue::FirstBytes],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Certain,
        when: |e| e.is(ErrorKind::NotTls) && is_greeting(e.facts.first_bytes()),
        why: |_| String::from("the port is not a web server's"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Certain,
        when: |e| e.is(ErrorKind::NotTls) && is_http2_settings(e.facts.first_bytes()),
        why: |_| String::from("the peer speaks HTTP/2 without TLS on this port"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Likely,
        when: |e| e.is(ErrorKind::NotTls) && !e.facts.first_bytes().starts_with(b"HTTP/"),
        why: |_| String::from("the service at this port does not speak TLS"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port,
    },
    Rule {
        id: CauseId::HttpOnlyEndpoint,
        certainty: Likely,
        when: |e| e.was_cut_off() && e.early_alert().is_none() && is_http_only(e),
        why: |_| String::from("it is a website endpoint of Amazon S3, and those speak no TLS"),
        clues: &[Clue::Edge, Clue::Scheme],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| vec![FixKind::Builder(e.origin.url_with(Scheme::Http, None))],
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| is_cut_off(e) && e.sni().is_none(),
        why: sni_missing,
        clues: &[Clue::NoSni, Clue::Ending],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Possible,
        when: |e| is_cut_off(e) && e.sni().is_some(),
        why: sni_not_served,
        clues: &[Clue::Sni, Clue::Ending],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Possible,
        when: is_cut_off,
        why: |_| String::from("the port does not speak TLS, or a firewall cut the connection"),
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule {
        id: CauseId::ClientCertificateRequired,
        certainty: Likely,
        when: |e| is_cut_off_late(e) && e.withheld_certificate(),
        why: client_certificate_asked,
        clues: &[Clue::ClientCertificate, Clue::Ending],
        confirmation: Confirmation::Listener,
        fixes: present_a_certificate,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.is(ErrorKind::TimedOut),
        why: |_| {
            String::from(
                "the peer accepted the connection but did not finish the handshake in time",
            )
        },
        clues: &[Clue::Silence],
        confirmation: Confirmation::Origin,
        fixes: nothing,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Possible,
        when: |e| e.is(ErrorKind::TimedOut) && e.facts.first_bytes().is_empty(),
        why: |_| String::from("the service at this port does not expect TLS"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    Rule {
        id: CauseId::ProxyHeaderExpected,
        certainty: Possible,
        when: |e| {
            let is_silent = e.is(ErrorKind::TimedOut) && e.facts.first_bytes().is_empty();
            is_silent && proxy_headers::is_conceivable(e)
        },
        why: |_| String::from("the peer is a load balancer that waits for a PROXY protocol header"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::Listener,
        fixes: proxy_headers::with,
    },
    Rule {
        id: CauseId::ClientHelloDropped,
        certainty: Possible,
        when: |e| e.is(ErrorKind::TimedOut) && e.facts.first_bytes().is_empty(),
        why: |_| {
            String::from(
                "something on the way drops the ClientHello, which a post-quantum key share makes larger than a packet",
            )
        },
        clues: &[Clue::Silence, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    Rule {
        id: CauseId::BrokenTls,
        certainty: Possible,
        when: |e| e.is(ErrorKind::TlsProtocol) || is_cut_off_late(e),
        why: broken_tls,
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
];

fn dial_another_port(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "dial the port on which the origin speaks https",
    )]
}

pub(super) fn is_answered_in_http(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::NotTls) && evidence.facts.first_bytes().starts_with(b"HTTP/")
}

/// Whether the name is one that a known edge gave out, and the port one at which it speaks TLS.
fn is_edge_of_tls(evidence: &Evidence<'_>) -> bool {
    let speaks_tls = |profile: &EdgeProfile| {
        let port = evidence.origin.dial().port();
        let is_its_own = |port: u16| port == 443 || profile.tls_ports().contains(&port);
        !profile.is_http_only() && port.is_some_and(is_its_own)
    };
    evidence.profile().is_some_and(speaks_tls)
}

/// Cut off before the origin's certificate was accepted.
fn is_cut_off(evidence: &Evidence<'_>) -> bool {
    evidence.was_cut_off() && evidence.alert().is_none() && !evidence.was_accepted()
}

/// Cut off afterwards: SNI and port were right.
fn is_cut_off_late(evidence: &Evidence<'_>) -> bool {
    evidence.was_cut_off() && evidence.alert().is_none() && evidence.was_accepted()
}

/// The first words of SSH, and of SMTP and FTP.
fn is_greeting(said: &[u8]) -> bool {
    let known: [&[u8]; 3] = [b"SSH-", b"220 ", b"220-"];
    known.iter().any(|start| said.starts_with(start))
}

/// A SETTINGS frame on stream 0 (RFC 9113 sections 3.4 and 4.1).
fn is_http2_settings(said: &[u8]) -> bool {
    matches!(said, [0, 0, _, 4, 0, 0, 0, 0, 0, ..])
}

pub(super) fn no_common_version(evidence: &Evidence<'_>) -> String {
    let (offered, theirs) = match range(evidence) {
        Some((TlsVersion::V1_3, TlsVersion::V1_3)) if offers_ech(evidence) => (
            "TLS 1.3 only, as Encrypted ClientHello needs it,",
            "TLS 1.2 or older only",
        ),
        Some((TlsVersion::V1_3, TlsVersion::V1_3)) => ("TLS 1.3 only", "TLS 1.2 or older only"),
        Some((TlsVersion::V1_2, TlsVersion::V1_2)) => {
            ("TLS 1.2 only", "only TLS 1.3, or nothing newer than 1.1")
        }
        _ => ("TLS 1.2 to 1.3", "TLS 1.1 or older only"),
    };
    format!("{offered} was offered, and the origin speaks {theirs}")
}

pub(super) fn other_versions(evidence: &Evidence<'_>) -> Vec<FixKind> {
    vec![match range(evidence) {
        _ if offers_ech(evidence) => FixKind::Advice(
            "leave out .ech(..), and offer TLS 1.2 too, or the origin must learn TLS 1.3",
        ),
        Some((oldest, newest)) if oldest == newest => FixKind::TlsVersions,
        _ => FixKind::Advice("the origin must learn TLS 1.2 or 1.3"),
    }]
}

/// Whether something was offered in the hello that TLS 1.2 does not have.
fn offers_ech(evidence: &Evidence<'_>) -> bool {
    matches!(
        evidence.facts.ech_offer(),
        Some(EchOffer::Encrypted(..) | EchOffer::EncryptedAgain(..) | EchOffer::Greased)
    )
}

fn range(evidence: &Evidence<'_>) -> Option<(TlsVersion, TlsVersion)> {
    let offer = evidence.facts.tls_offer()?;
    Some((offer.oldest, offer.newest))
}
