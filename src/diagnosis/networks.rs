//! Failures before the handshake and after it.

use crate::error::{ErrorKind, Stage};

use super::{Cause, CauseId, Fix, of_error::Evidence};

pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<Cause> {
    let dial = evidence.origin.dial();
    match (evidence.kind, evidence.stage) {
        (ErrorKind::ResolveFailed, _) => {
            let why = format!(
                "{} has no address: it is misspelt, deleted, or DNS failed",
                dial.host().map(ToString::to_string).unwrap_or_default()
            );
            vec![Cause::likely(CauseId::NameDoesNotResolve, why).mended_by(dial_elsewhere())]
        }
        (ErrorKind::AddressProhibited, _) => {
            let why = format!("the egress guard denies {dial}, or all of its addresses");
            let fix = Fix::Elsewhere(
                "if it is one of yours, add it with EgressGuard::allow(..) or allow_name(..)",
            );
            vec![Cause::certain(CauseId::DestinationProhibited, why).mended_by(fix)]
        }
        (ErrorKind::PoolExhausted, _) => {
            let why = "all connections of the pool were in use for too long";
            let fix = Fix::Elsewhere(
                "look at the origin, or allow more with PoolSettings::max_connections(..)",
            );
            vec![Cause::certain(CauseId::PoolTooSmall, why).mended_by(fix)]
        }
        (ErrorKind::ConnectionRefused, _) => {
            let why = format!("nothing listens at {dial}");
            vec![Cause::likely(CauseId::NothingListens, why).mended_by(dial_elsewhere())]
        }
        (ErrorKind::TimedOut, Stage::Resolve) => {
            vec![Cause::likely(
                CauseId::Down,
                "the name servers do not answer",
            )]
        }
        (ErrorKind::TimedOut, Stage::Dial) => {
            let why = format!(
                "{dial} drops connections: a firewall, or a port that the edge does not serve"
            );
            vec![Cause::likely(CauseId::Down, why).mended_by(dial_elsewhere())]
        }
        (ErrorKind::TimedOut, Stage::Send) => {
            let why = "the visitor stopped sending the request's body";
            vec![Cause::certain(CauseId::InvalidRequest, why)]
        }
        (ErrorKind::TimedOut, _) => {
            let why = "the origin did not answer in time";
            let fix = Fix::Elsewhere(
                "look at the origin, or allow more with OriginProxy::response_timeout(..)",
            );
            vec![Cause::certain(CauseId::TooSlow, why).mended_by(fix)]
        }
        (ErrorKind::Unreachable, _) => {
            vec![Cause::certain(
                CauseId::Down,
                format!("no route leads to {dial}"),
            )]
        }
        (ErrorKind::HttpProtocol, _) if evidence.is_plain_http() => {
            vec![http_to_tls_port(evidence, Cause::likely)]
        }
        (
            ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset,
            Stage::Send | Stage::Receive,
        ) => cut_off(evidence),
        _ => Vec::new(),
    }
}

fn cut_off(evidence: &Evidence<'_>) -> Vec<Cause> {
    let why = "the origin closed the connection while the request was on its way: it had been idle for too long, or the origin failed";
    let idle = Cause::likely(CauseId::IdleClosed, why);
    match evidence.is_plain_http() {
        // HAProxy and OpenSSL hang up on plain http without a word.
        true => vec![http_to_tls_port(evidence, Cause::likely), idle],
        false => vec![idle],
    }
}

fn http_to_tls_port(evidence: &Evidence<'_>, rank: fn(CauseId, String) -> Cause) -> Cause {
    let why = String::from("plain http was spoken to a port that speaks TLS");
    let https = evidence.origin.url_over_tls(evidence.origin.odd_port());
    rank(CauseId::HttpToTlsPort, why).mended_by(Fix::Builder(https))
}

fn dial_elsewhere() -> Fix {
    Fix::Elsewhere("correct the host and port in CdnOriginConnector::builder(..) or .dial(..)")
}
