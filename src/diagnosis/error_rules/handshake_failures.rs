//! Failed handshakes, except for alerts, ECH and refused certificates.
//!
//! No alert explains these failures. Evidence is what the peer sent instead of a ServerHello, or
//! that it sent nothing, and when it ended the connection.
//!
//! | in place of TLS | cause |
//! |---|---|
//! | an error of HTTP, such as 400 | the port serves plain HTTP: certain |
//! | an HTML page without a status line | the same: likely |
//! | another response of HTTP | a login page or proxy on the path |
//! | any answer, from a known edge of TLS | interception |
//! | a greeting of SSH, SMTP, MySQL, .. | that service: certain |
//! | a SETTINGS frame | HTTP/2 without TLS: certain |
//! | closed before the certificate was accepted | SNI missing or not served, or no TLS there |
//! | closed after it | a client certificate is required, or TLS is broken |
//! | silence | the peer is slow, waits for a PROXY header, or the ClientHello was dropped |

use http::StatusCode;

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::{ErrorKind, TlsOffer, are_of_web_server},
    origin::Scheme,
};

use super::{
    error_evidence::Evidence,
    rule::{Rule, TLS_PORT, broken_tls, nothing, restore_origin, use_tls_port},
    service_greetings::{is_http2_settings, is_no_web_server, service},
    tls_versions::{no_common_version, offers_one_version, other_versions},
};

/// Versions and ALPN come first: the peer has named these reasons itself.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::NoCommonTlsVersion,
        certainty: Certain,
        when: |e| e.is(ErrorKind::TlsVersionMismatch) && !e.may_misread_proxy_header(),
        text: no_common_version,
        clues: &[Clue::Offer, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: other_versions,
    },
    Rule {
        id: CauseId::AlpnNotAccepted,
        certainty: Certain,
        when: |e| e.is(ErrorKind::ProtocolNotNegotiated),
        text: |e| {
            let offer = e.facts.offer.as_ref();
            let offered = offer.map_or(&[][..], |offer| offer.protocols).join(", ");
            format!("ALPN offered {offered}, and the origin requires another protocol")
        },
        clues: &[Clue::Offer, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| {
            let offer = e.facts.offer.as_ref();
            let is_narrowed = offer.is_some_and(|offer| offer.is_narrowed);
            match offer.map(|offer| offer.protocols) {
                Some(["http/1.1"]) if is_narrowed => vec![FixKind::Advice(
                    "configure the origin to support http/1.1, the only protocol that this \
                     request can use, or send it with OriginProxy over HTTP/2",
                )],
                Some([_]) if !is_narrowed => vec![FixKind::Alpn("Http2OrHttp1")],
                _ => vec![FixKind::Advice(
                    "configure the origin to support one of the offered protocols",
                )],
            }
        },
    },
    // A captive portal, for example. Without TLS it could read every request, so that is no fix.
    Rule {
        id: CauseId::Interception,
        certainty: Likely,
        when: |e| e.is(ErrorKind::NotTls) && e.is_edge_of_tls(),
        text: |e| {
            let answer = match e.is_answered_in_http() {
                true => "was plain HTTP",
                false => "was no TLS",
            };
            format!(
                "{} supports TLS on this port, but the answer {answer}: a device on the path sent \
                 it",
                e.origin.dial()
            )
        },
        clues: &[Clue::Edge, Clue::FirstBytes],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule {
        id: CauseId::Interception,
        certainty: Likely,
        when: |e| is_http_peer(e) && !is_puzzled_server(e.facts.first_bytes()),
        text: |_| {
            String::from(
                "a proxy or a login page on the path answered in plain HTTP: a web server would \
                 not understand a ClientHello",
            )
        },
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule {
        id: CauseId::PlainHttpPeer,
        certainty: Certain,
        when: |e| is_http_peer(e) && is_puzzled_server(e.facts.first_bytes()),
        text: plain_http_peer,
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: use_tls_port,
    },
    Rule {
        id: CauseId::PlainHttpPeer,
        certainty: Possible,
        when: |e| is_http_peer(e) && !is_puzzled_server(e.facts.first_bytes()),
        text: plain_http_peer,
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: nothing,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Certain,
        when: |e| is_other_service(e) && service(e.facts.first_bytes()).is_some(),
        text: |e| is_no_web_server(e.facts.first_bytes()),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Certain,
        when: |e| is_other_service(e) && is_http2_settings(e.facts.first_bytes()),
        text: |_| String::from("the peer speaks HTTP/2 without TLS on this port"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port,
    },
    Rule {
        id: CauseId::PlainHttpPeer,
        certainty: Likely,
        // A page without a status line, as in HTTP/0.9.
        when: |e| is_other_service(e) && are_of_web_server(e.facts.first_bytes()),
        text: plain_http_peer,
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: use_tls_port,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Likely,
        when: |e| is_other_service(e) && !are_of_web_server(e.facts.first_bytes()),
        text: |_| String::from("the service on this port does not support TLS"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port,
    },
    Rule {
        id: CauseId::HttpOnlyEndpoint,
        certainty: Likely,
        when: |e| e.was_cut_off() && e.early_alert().is_none() && e.is_http_only_endpoint(),
        text: |_| {
            String::from(
                "the dialled name is a website endpoint of Amazon S3, which does not support TLS",
            )
        },
        clues: &[Clue::Edge, Clue::Scheme],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| vec![FixKind::Builder(e.origin.url_with(Scheme::Http, None))],
    },
    Rule::sni_missing(Likely, &[Clue::NoSni, Clue::Ending], |e| {
        is_cut_off(e) && e.sni().is_none()
    }),
    // Schannel sends no alert.
    Rule {
        id: CauseId::NoCommonTlsVersion,
        certainty: Possible,
        when: |e| is_cut_off(e) && e.facts.first_bytes().is_empty() && offers_one_version(e),
        text: no_common_version,
        clues: &[Clue::Offer, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: other_versions,
    },
    Rule::sni_not_served(Possible, &[Clue::Sni, Clue::Ending], |e| {
        is_cut_off(e) && e.sni().is_some()
    }),
    Rule {
        id: CauseId::OtherService,
        certainty: Possible,
        when: is_cut_off,
        text: |_| String::from("the port does not support TLS, or a firewall cut the connection"),
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: dial_another_port_unless_edge,
    },
    Rule::client_certificate_required(Likely, &[Clue::ClientCertificate, Clue::Ending], |e| {
        is_cut_off_late(e) && e.withheld_certificate()
    }),
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.is(ErrorKind::TimedOut),
        text: |_| {
            String::from(
                "the peer accepted the connection but did not finish the handshake in time",
            )
        },
        clues: &[Clue::Silence],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Possible,
        when: |e| e.is(ErrorKind::TimedOut) && e.facts.first_bytes().is_empty(),
        text: |_| String::from("the service on this port does not expect TLS"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::ProbeProtocols,
        fixes: dial_another_port_unless_edge,
    },
    Rule {
        id: CauseId::ProxyHeaderExpected,
        certainty: Possible,
        when: |e| {
            let is_silent = e.is(ErrorKind::TimedOut) && e.facts.first_bytes().is_empty();
            is_silent && e.may_expect_proxy_header()
        },
        text: |_| String::from("the peer is a load balancer that expects a PROXY protocol header"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::Listener,
        fixes: |_| vec![FixKind::ProxyProtocol],
    },
    Rule {
        id: CauseId::ClientHelloDropped,
        certainty: Possible,
        when: |e| {
            let is_unanswered = e.is(ErrorKind::TimedOut) || is_cut_off(e);
            is_unanswered && e.facts.first_bytes().is_empty() && offers_large_hello(e)
        },
        text: |_| {
            String::from(
                "a device on the path drops or cuts off the ClientHello, which a post-quantum key \
                 share makes larger than a packet",
            )
        },
        clues: &[Clue::Ending, Clue::Offer],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::KeyExchangeGroups(CLASSICAL_GROUPS)],
    },
    Rule {
        id: CauseId::BrokenTls,
        certainty: Possible,
        when: is_cut_off_late,
        text: broken_tls,
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
];

/// Groups whose key shares are small. Every origin that supports TLS 1.3 has one of them.
///
/// The ClientHello then fits into one packet.
const CLASSICAL_GROUPS: &[&str] = &["x25519", "secp256r1", "secp384r1"];

/// A ClientHello of more than one packet is new to some firewalls.
fn offers_large_hello(evidence: &Evidence<'_>) -> bool {
    let offer = evidence.facts.offer.as_ref();
    offer.is_some_and(TlsOffer::is_large)
}

fn dial_another_port(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![TLS_PORT]
}

/// None for the port of TLS of a known edge.
fn dial_another_port_unless_edge(evidence: &Evidence<'_>) -> Vec<FixKind> {
    match evidence.is_edge_of_tls() {
        true => Vec::new(),
        false => vec![TLS_PORT],
    }
}

fn plain_http_peer(_: &Evidence<'_>) -> String {
    String::from("the peer speaks plain HTTP on this port")
}

/// Whether the peer speaks plain HTTP. Not if it is a known edge of TLS, or answered a PROXY
/// protocol header.
///
/// False after a PROXY protocol header, since a server of plain HTTP takes that for a bad request.
fn is_http_peer(evidence: &Evidence<'_>) -> bool {
    evidence.is_answered_in_http()
        && !evidence.facts.has_proxy_header()
        && !evidence.is_edge_of_tls()
}

/// Whether a peer that is no known edge of TLS answered in neither TLS nor HTTP.
fn is_other_service(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::NotTls)
        && !evidence.facts.first_bytes().starts_with(b"HTTP/")
        && !evidence.is_edge_of_tls()
}

/// Whether a response to a ClientHello is from a server that could not parse it. A proxy or a login
/// page answers any request.
///
/// By the status in the status line. Squid is excluded: it answers 400 for requests that it
/// intercepted.
fn is_puzzled_server(response: &[u8]) -> bool {
    const PUZZLED: [StatusCode; 8] = [
        StatusCode::BAD_REQUEST,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::URI_TOO_LONG,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::NOT_IMPLEMENTED,
        StatusCode::HTTP_VERSION_NOT_SUPPORTED,
    ];
    let status = response.get(9..12).unwrap_or_default();
    let is_puzzled = StatusCode::from_bytes(status).is_ok_and(|it| PUZZLED.contains(&it));
    is_puzzled && !contains(response, b"squid")
}

/// Case matters.
fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether the connection was cut before the origin's certificate was accepted.
///
/// The name in SNI, the version and the port may all be why.
fn is_cut_off(evidence: &Evidence<'_>) -> bool {
    evidence.was_cut_off() && evidence.alert().is_none() && !evidence.was_accepted()
}

/// Whether the connection was cut after that, so that SNI and port were right.
fn is_cut_off_late(evidence: &Evidence<'_>) -> bool {
    evidence.was_cut_off() && evidence.alert().is_none() && evidence.was_accepted()
}
