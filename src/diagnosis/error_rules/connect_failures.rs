//! Failures before the handshake: DNS, addresses and ports.
//!
//! No byte of TLS or HTTP was exchanged, so the evidence is the resolver's answer and what became
//! of each address.
//!
//! | what happened | cause |
//! |---|---|
//! | no descriptor or memory left here | this machine: certain |
//! | no local address, or no permission | this machine |
//! | no address | the name, or DNS; perhaps a missing address family |
//! | name servers silent | the name servers |
//! | egress guard denied | the destination is prohibited: certain |
//! | no connection was free | the pool is too small, or the origin is slow |
//! | a deadline of the exchange passed | it is too short, or one of the other rows |
//! | the origin allows no stream | the origin is overloaded, or shuts down |
//! | refused, or no Unix socket | nothing listens there |
//! | silent, port not documented by the edge | the edge does not serve the port |
//! | silent, or unreachable, IPv6 only | IPv6 does not work from here |
//! | silent | a firewall drops packets |
//! | unreachable | no route, or a firewall that says so |
//! | website endpoint of S3, https | that endpoint has no TLS: certain |

use std::io;

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    edge::EdgeProfile,
    error::{
        DialAttempt, DialOutcome, ErrorKind, ExchangeTimeout, Facts, LocalObstacle, ReachedLimit,
        Stage,
    },
    origin::Scheme,
};

use super::{
    error_evidence::Evidence,
    rule::{Rule, restore_origin},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::LocalSystem,
        certainty: Certain,
        when: |e| e.obstacle.is_some_and(LocalObstacle::is_exhaustion),
        text: |e| {
            String::from(match e.obstacle {
                Some(LocalObstacle::Descriptors) => {
                    "this process, or this machine, has no file descriptor left for a connection"
                }
                _ => "this machine has no memory left for a connection",
            })
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::ThisMachine,
        fixes: |e| {
            vec![FixKind::Advice(match e.obstacle {
                Some(LocalObstacle::Descriptors) => {
                    "raise the limit of open files (`ulimit -n`, LimitNOFILE of systemd), or lower \
                     PoolSettings::max_connections(..)"
                }
                _ => "free memory, or lower PoolSettings::max_connections(..)",
            })]
        },
    },
    Rule {
        id: CauseId::LocalSystem,
        certainty: Likely,
        when: |e| e.obstacle == Some(LocalObstacle::Address),
        text: |_| {
            String::from(
                "no local port is free, or the local address of the connection is none of this \
                 machine",
            )
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::ThisMachine,
        fixes: |_| {
            vec![FixKind::Advice(
                "correct SocketOptions::local_address(..), or lower \
                 PoolSettings::max_connections(..)",
            )]
        },
    },
    Rule {
        id: CauseId::LocalSystem,
        certainty: Likely,
        when: |e| e.obstacle == Some(LocalObstacle::Permission),
        text: |e| {
            let dial = e.origin.dial();
            format!("a firewall or a policy of this machine does not permit a connection to {dial}")
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::ThisMachine,
        fixes: |_| {
            vec![FixKind::Advice(
                "permit it in the firewall, in the service's sandbox, or by the mode of the Unix \
                 socket",
            )]
        },
    },
    Rule {
        id: CauseId::NameDoesNotResolve,
        certainty: Likely,
        when: |e| e.is(ErrorKind::ResolveFailed) && e.obstacle.is_none(),
        text: |e| {
            let host = dialled(e);
            format!("{host} has no address: it is misspelt, deleted, or DNS failed")
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::NameServers,
        fixes: dial_elsewhere,
    },
    Rule {
        id: CauseId::AddressFamily,
        certainty: Possible,
        when: |e| e.is(ErrorKind::ResolveFailed) && e.obstacle.is_none(),
        text: |_| {
            String::from("the name has addresses, but none of a family that this machine supports")
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::NameServers,
        fixes: |_| vec![FixKind::Advice("dial the edge's dual-stack name")],
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Resolve),
        text: |_| String::from("the name servers do not answer"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::NameServers,
        fixes: |_| {
            vec![FixKind::Advice(
                "correct the name servers that this machine uses",
            )]
        },
    },
    Rule {
        id: CauseId::DestinationProhibited,
        certainty: Certain,
        when: |e| e.is(ErrorKind::AddressProhibited),
        text: |e| {
            format!(
                "the egress guard denies {}, or all of its addresses",
                e.origin.dial()
            )
        },
        clues: &[Clue::Addresses],
        confirmation: Confirmation::AnotherAddress,
        fixes: |_| {
            vec![FixKind::Advice(
                "if the destination is yours, allow it with EgressGuard::allow(..) or \
                 allow_name(..)",
            )]
        },
    },
    Rule {
        id: CauseId::PoolTooSmall,
        certainty: Certain,
        when: |e| e.is(ErrorKind::PoolExhausted) && !e.allows_no_stream(),
        text: pool_too_small,
        clues: &[Clue::Limit],
        confirmation: Confirmation::Origin,
        fixes: |e| {
            vec![FixKind::Advice(match e.facts.limit {
                Some(ReachedLimit::TenantConnections) => {
                    "check the origin, or allow more for all tenants together with \
                     VirtualHosts::max_connections(..)"
                }
                _ => {
                    "check the origin, or allow more with PoolSettings::max_connections(..); for \
                     WebSockets, with max_tunnels(..)"
                }
            })]
        },
    },
    OVERLOADED_PEER,
    Rule {
        id: CauseId::HttpOnlyEndpoint,
        certainty: Certain,
        when: |e| {
            e.origin.scheme() == Scheme::Https && is_unreached(e) && e.is_http_only_endpoint()
        },
        text: |e| {
            let host = dialled(e);
            format!("{host} is a website endpoint of Amazon S3, which does not support TLS")
        },
        clues: &[Clue::Edge, Clue::Scheme, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| {
            vec![
                FixKind::Builder(e.origin.url_with(Scheme::Http, None)),
                FixKind::Advice("use the bucket's REST endpoint, or CloudFront in front of it"),
            ]
        },
    },
    Rule {
        id: CauseId::PortNotServed,
        certainty: Likely,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Dial) && is_undocumented_port(e),
        text: |e| format!("the edge does not serve the port of {}", e.origin.dial()),
        clues: &[Clue::Edge, Clue::Port, Clue::Silence],
        confirmation: Confirmation::Listener,
        fixes: |e| {
            vec![
                FixKind::Builder(e.origin.url_over_tls(None)),
                FixKind::Advice("dial one of the ports that Cloudflare proxies"),
            ]
        },
    },
    Rule {
        id: CauseId::AddressFamily,
        certainty: Likely,
        when: |e| fails_in_ipv6_only(e.facts) || e.obstacle == Some(LocalObstacle::Family),
        text: |_| String::from("only IPv6 addresses were tried, and IPv6 does not work from here"),
        clues: &[Clue::Addresses],
        confirmation: Confirmation::AnotherAddress,
        fixes: |_| vec![FixKind::Advice("dial a name that has IPv4 addresses too")],
    },
    Rule {
        id: CauseId::NothingListens,
        certainty: Likely,
        when: |e| e.is(ErrorKind::ConnectionRefused),
        text: |e| format!("nothing listens at {}", e.origin.dial()),
        clues: &[Clue::Port, Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: dial_elsewhere,
    },
    Rule {
        id: CauseId::NothingListens,
        certainty: Likely,
        when: |e| {
            let is_socket = e.origin.dial().unix_path().is_some();
            is_socket && e.is_at(ErrorKind::Io, Stage::Dial) && e.obstacle.is_none()
        },
        text: |e| format!("there is no socket at {}", e.origin.dial()),
        clues: &[],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "start the server, or correct the path of .dial(..)",
            )]
        },
    },
    Rule {
        id: CauseId::OriginDown,
        // A firewall may reject packets by the same ICMP messages (RFC 1812 section 5.2.7.1).
        certainty: Likely,
        when: |e| e.is(ErrorKind::Unreachable) && !fails_in_ipv6_only(e.facts),
        text: |e| {
            let dial = e.origin.dial();
            format!("no route leads to {dial}, its host is down, or a firewall rejects the packets")
        },
        clues: &[Clue::Addresses],
        confirmation: Confirmation::AnotherNetwork,
        fixes: |_| {
            vec![FixKind::Advice(
                "correct the routes of this machine, or the address that is dialled",
            )]
        },
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Dial),
        text: |e| {
            let dial = e.origin.dial();
            format!(
                "{dial} does not answer: a firewall drops the packets, or the edge does not \
                 serve the port"
            )
        },
        clues: &[Clue::Port, Clue::Silence],
        confirmation: Confirmation::AnotherNetwork,
        fixes: dial_elsewhere,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| e.is(ErrorKind::ConnectionReset) || e.is(ErrorKind::ConnectionClosed),
        text: |_| String::from("a firewall or the origin cut the connection"),
        clues: &[Clue::Ending],
        confirmation: Confirmation::AnotherNetwork,
        fixes: restore_origin,
    },
];

/// The origin keeps requests from being sent, by its limit of HTTP/2 streams.
pub(super) const OVERLOADED_PEER: Rule = Rule {
    id: CauseId::OriginDown,
    certainty: Likely,
    when: |e| e.allows_no_stream(),
    text: |_| {
        String::from(
            "the origin allows no request on its HTTP/2 connection for now \
             (SETTINGS_MAX_CONCURRENT_STREAMS is 0): it is overloaded, or shuts down",
        )
    },
    clues: &[Clue::Silence],
    confirmation: Confirmation::Origin,
    fixes: restore_origin,
};

/// A deadline of the exchange passed while the connection was being opened.
pub(super) const CUT_SHORT: &[Rule] = &[Rule {
    id: CauseId::TooSlow,
    certainty: Likely,
    when: |e| e.is(ErrorKind::TimedOut) && e.facts.timeout.covers_connect(),
    text: |e| {
        let step = match e.stage {
            Stage::Resolve => "look-up",
            Stage::Handshake => "TLS handshake",
            _ => "connect",
        };
        format!("the {step} was still under way when the deadline of the exchange passed")
    },
    clues: &[Clue::Deadline],
    confirmation: Confirmation::Origin,
    fixes: |e| {
        vec![FixKind::Advice(match e.facts.timeout {
            ExchangeTimeout::Client => "let the client wait longer than Timeouts::connect(..)",
            ExchangeTimeout::HealthCheck => {
                "check the origin, or allow more with HealthCheck::timeout(..)"
            }
            _ => "allow more with Limits::request_timeout(..) than with Timeouts::connect(..)",
        })]
    },
}];

/// The dialled host; empty for a Unix socket.
///
/// Only used in texts.
fn dialled(evidence: &Evidence<'_>) -> String {
    let host = evidence.origin.dial().host();
    host.map(ToString::to_string).unwrap_or_default()
}

/// Advice rather than code: the right host is not known.
fn dial_elsewhere(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "correct the host and port in CdnOriginConnector::builder(..) or .dial(..)",
    )]
}

/// Whether the endpoint refused the connection or did not answer.
///
/// At the stage of dialling: a time-out of the handshake is another question.
fn is_unreached(evidence: &Evidence<'_>) -> bool {
    let is = |kind| evidence.is_at(kind, Stage::Dial);
    is(ErrorKind::TimedOut) || is(ErrorKind::ConnectionRefused)
}

/// Whether the edge documents its TLS ports, and the dialled one is not among them.
///
/// False for an edge without documented ports, and for plain http.
fn is_undocumented_port(evidence: &Evidence<'_>) -> bool {
    let ports = evidence.profile().map_or(&[][..], EdgeProfile::tls_ports);
    let dialled = evidence.origin.dial().port();
    let is_https = evidence.origin.scheme() == Scheme::Https;
    is_https && !ports.is_empty() && dialled.is_some_and(|port| !ports.contains(&port))
}

/// All attempts, and at least one, must be to IPv6 addresses and have failed in a way in which
/// missing connectivity fails. A refusal is an answer, so IPv6 works then.
fn fails_in_ipv6_only(facts: &Facts) -> bool {
    const LOST: [io::ErrorKind; 3] = [
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::TimedOut,
    ];
    let is_lost = |attempt: &DialAttempt| {
        let is_failure =
            |kind| matches!(attempt.outcome, DialOutcome::Failed(found) if found == kind);
        attempt.address.is_ipv6() && LOST.into_iter().any(is_failure)
    };
    !facts.attempts().is_empty() && facts.attempts().iter().all(is_lost)
}

/// What the request waited for, with the numbers that are known.
fn pool_too_small(evidence: &Evidence<'_>) -> String {
    let waited = evidence.facts.deadline.filter(|time| !time.is_zero());
    match (evidence.facts.limit, waited) {
        (Some(ReachedLimit::PoolQueue(most)), _) => {
            format!("the queue of the pool is full: {most} requests wait for a connection")
        }
        (Some(ReachedLimit::PoolConnections(most)), Some(waited)) => format!(
            "all connections that the request may use, of {most} in the pool, were in use for \
             {waited:?}"
        ),
        _ => String::from(
            "all connections that the request may use were in use for too long, or too many \
             requests were queued",
        ),
    }
}
