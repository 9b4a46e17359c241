//! The keywords of a section that concern its servers.
//!
//! From the manual's chapter about proxies: keywords of `defaults`, `listen` and `backend`.
//!
//! ```text
//! balance leastconn               nothing: the default
//! timeout server 5s               limits.response_timeout = 5s, limits.body_idle_timeout = 5s
//! retries 2                       .failover(Failover::default().max_attempts(3))
//! option forwardfor               ForwardedLayer::append_unverified, with a warning
//! ```

use crate::import::{
    has_settings::HasSettings,
    note::{NoteKind, Outcome},
    settings::{SettingValue, duration},
    values::{APPENDED, balance_by_header},
};

use super::{
    backend::{Backend, BackendRow, set_source, time_of},
    check_rows,
    parse::ConfigLine,
    request_rows, value,
};

const KEPT: &str = "connections are kept for all clients";

pub(super) const ROWS: [BackendRow; 45] = [
    BackendRow::maps("mode", |_, line, _| mode_of(line), "HTTP"),
    BackendRow::maps("balance", balance, "`Balance`"),
    BackendRow::maps(
        "hash-balance-factor",
        hash_balance_factor,
        "`Balance::max_load`",
    ),
    BackendRow::no_effect("hash-type", "affinity by a key uses rendezvous hashing"),
    BackendRow::by_hand("hash-preserve-affinity", "`Balance::max_load`"),
    BackendRow::by_hand(
        "cookie",
        "`Balance::by_cookie`, of a cookie that the application sets",
    ),
    BackendRow::by_hand("stick on", "`Balance::by_key`"),
    BackendRow::by_hand("stick match", "`Balance::by_key`"),
    BackendRow::by_hand("stick store-request", "`Balance::by_key`"),
    BackendRow::by_hand("stick store-response", "`Balance::by_key`"),
    BackendRow::by_hand("stick-table", "`Balance::by_key`"),
    BackendRow::no_effect(
        "timeout check",
        "a check has a timeout of its own: `HealthCheck::timeout`",
    ),
    BackendRow::maps(
        "timeout connect",
        timeout_connect,
        "`Timeouts::connect`, `Timeouts::dial`",
    ),
    BackendRow::maps(
        "timeout server",
        timeout_server,
        "`Limits::response_timeout` until the head of the response, then \
         `Limits::body_idle_timeout`",
    ),
    BackendRow::maps("timeout tunnel", timeout_tunnel, "`Upgrades::idle_timeout`"),
    BackendRow::maps(
        "timeout queue",
        |backend, line, text| backend.set_time("pool.queue_timeout", time_of(line.word(2)), text),
        "`PoolSettings::queue_timeout`",
    ),
    BackendRow::no_effect(
        "timeout server-fin",
        "both ends of a connection are closed together",
    ),
    BackendRow::maps("retries", retries, "`Failover::max_attempts`"),
    BackendRow::maps("retry-on", retry_on, "`Failover::statuses`"),
    BackendRow::maps(
        "option redispatch",
        redispatch,
        "another member gets the retry by default",
    ),
    BackendRow::maps(
        "option forwardfor",
        forwardfor,
        "`ForwardedLayer::append_unverified`",
    ),
    BackendRow::maps("option forwarded", forwarded, "`ForwardedField::Forwarded`"),
    BackendRow::by_hand(
        "option originalto",
        "`OriginProxy::map_request` adds X-Original-To",
    ),
    BackendRow::no_effect(
        "option allbackups",
        "the members of a tier share its requests",
    ),
    BackendRow::no_effect("option http-keep-alive", KEPT),
    BackendRow::no_effect("option http-server-close", KEPT),
    BackendRow::no_effect("option httpclose", KEPT),
    BackendRow::no_effect("option forceclose", KEPT),
    BackendRow::no_effect("option prefer-last-server", KEPT),
    BackendRow::no_effect("option http-pretend-keepalive", KEPT),
    BackendRow::no_effect("http-reuse", KEPT),
    BackendRow::no_effect("max-keep-alive-queue", KEPT),
    BackendRow::no_effect("option srvtcpka", "TCP keepalive is on by default"),
    BackendRow::no_effect("option tcpka", "TCP keepalive is on by default"),
    BackendRow::by_hand("srvtcpka-cnt", "`SocketOptions::keepalive`"),
    BackendRow::by_hand("srvtcpka-idle", "`SocketOptions::keepalive`"),
    BackendRow::by_hand("srvtcpka-intvl", "`SocketOptions::keepalive`"),
    BackendRow::no_effect(
        "option http-no-delay",
        "nothing waits for more data to send",
    ),
    BackendRow::no_effect(
        "option abortonclose",
        "a client that leaves cancels its request",
    ),
    BackendRow::maps("source", source, "`SocketOptions::local_address`"),
    BackendRow::no_effect(
        "fullconn",
        "`AdaptiveConcurrency` follows the origin's speed",
    ),
    BackendRow::by_hand("use-server", "a router in front of several proxies"),
    BackendRow::refused("use-fcgi-app", "FastCGI is not spoken"),
    BackendRow::by_hand("server-template", "`MemberSource::dns`"),
    BackendRow::by_hand(
        "http-send-name-header",
        "`OriginProxy::map_request` of each `Member::proxy`",
    ),
];

/// The tables in which a line of a section is looked up, in their order.
///
/// A line may have several rows only if one is its group, such as `stats`.
pub(super) fn rows() -> impl Iterator<Item = &'static BackendRow> {
    ROWS.iter()
        .chain(&check_rows::ROWS)
        .chain(&request_rows::ROWS)
}

/// What becomes of a `mode`, of whatever section.
pub(super) fn mode_of(line: &ConfigLine) -> Outcome {
    match line.word(1) {
        "http" => Outcome::mapped("HTTP"),
        _ => without_http(),
    }
}

/// What becomes of a section that is not in HTTP mode.
pub(super) fn without_http() -> Outcome {
    Outcome::refused("connections without HTTP: `CdnOriginConnector` alone")
}

/// `first`, which fills one server after the other, becomes the default, too.
fn balance(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let algorithm = line.word(1);
    let balance = match algorithm {
        "roundrobin" | "static-rr" => "Balance::round_robin()".to_owned(),
        "leastconn" | "random" | "first" => return Outcome::mapped("`Balance::least_loaded`"),
        "source" => "Balance::by_client_address()".to_owned(),
        _ if algorithm.starts_with("random(") => {
            return Outcome::mapped("`Balance::least_loaded`");
        }
        _ => {
            let name = value::argument(algorithm, "hdr");
            match name.and_then(balance_by_header) {
                Some(balance) => balance,
                None => return Outcome::by_hand("`Balance::by_key`"),
            }
        }
    };
    backend.group.balance(balance, text)
}

/// Zero is no limit in HAProxy, and is not taken over.
fn hash_balance_factor(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    match line.word(1).parse() {
        Ok(0) => Outcome::no_effect("a member gets at most 150 % of its share by default"),
        Ok(percent) => backend.group.max_load(percent, text),
        Err(_) => Outcome::refused("the value is no number"),
    }
}

/// Bounds each attempt, and the whole connect.
fn timeout_connect(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    backend.set_time("timeouts.connect", time_of(line.word(2)), text);
    backend.set_time("timeouts.dial", time_of(line.word(2)), text)
}

fn timeout_server(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    backend.set_time("limits.body_idle_timeout", time_of(line.word(2)), text);
    backend.set_time("limits.response_timeout", time_of(line.word(2)), text)
}

fn timeout_tunnel(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    backend.set_time("upgrades.idle_timeout", time_of(line.word(2)), text)
}

/// HAProxy counts retries, and the crate counts attempts.
fn retries(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    match line.word(1).parse::<u16>() {
        // The first attempt is no retry.
        Ok(count) => backend
            .group
            .fail_over(&format!(".max_attempts({})", u32::from(count) + 1), text),
        Err(_) => Outcome::refused("the value is no number"),
    }
}

/// `response-timeout` is an option of its own, as in nginx.
fn retry_on(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let words = &line.words[1..];
    let has = |word: &str| words.iter().any(|it| it == word);
    if has("none") {
        return backend.group.fail_over_off();
    }
    if has("all-retryable-errors") {
        return Outcome::mapped("failed attempts are repeated where it is safe by default");
    }
    let statuses = [
        ("401", "UNAUTHORIZED"),
        ("403", "FORBIDDEN"),
        ("404", "NOT_FOUND"),
        ("408", "REQUEST_TIMEOUT"),
        ("425", "TOO_EARLY"),
        ("429", "TOO_MANY_REQUESTS"),
        ("500", "INTERNAL_SERVER_ERROR"),
        ("501", "NOT_IMPLEMENTED"),
        ("502", "BAD_GATEWAY"),
        ("503", "SERVICE_UNAVAILABLE"),
        ("504", "GATEWAY_TIMEOUT"),
    ];
    let statuses = statuses.iter().filter(|(word, _)| has(word));
    let statuses: Vec<_> = statuses
        .map(|(_, name)| format!("StatusCode::{name}"))
        .collect();
    let mut calls = format!(".statuses([{}])", statuses.join(", "));
    if !has("response-timeout") {
        calls += ".without_timeouts()";
    }
    backend.group.fail_over(&calls, text)
}

fn redispatch(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    match line.words.first().is_some_and(|word| word == "no") {
        true => backend
            .group
            .fail_over(".max_attempts(1)", "`Failover::max_attempts` of 1"),
        false => Outcome::mapped(text),
    }
}

/// Not appended if a rule removes the client's own value.
fn forwardfor(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let has = |word: &str| line.words.iter().any(|it| it == word);
    if has("header") {
        return Outcome::by_hand("`OriginProxy::map_request` writes a field of another name");
    }
    if backend.replaces_forwarded_for {
        return Outcome::mapped("`ForwardedLayer` writes it");
    }
    backend.set("forwarded.append_unverified", SettingValue::Flag, text);
    if has("except") {
        return Outcome::warning(
            "clients can write the start of the field; the import appends the address of each \
             peer. `ForwardedLayer::trust` believes the networks after `except`",
        );
    }
    match has("if-none") {
        true => Outcome::warning(
            "clients can write the field; the import appends the client's address, and \
             `ForwardedLayer::trust` believes your own proxies alone",
        ),
        false => Outcome::warning(APPENDED),
    }
}

fn forwarded(backend: &mut Backend, _: &ConfigLine, text: &'static str) -> Outcome {
    backend.shared().forward("Forwarded", true);
    Outcome::mapped(text)
}

/// An interface may follow the address.
fn source(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    if line.words.iter().any(|word| word == "usesrc") {
        return Outcome::refused("the local address of a connector is fixed");
    }
    if line.word(2) == "interface" {
        let name = SettingValue::Text(line.word(3).to_owned());
        let outcome = backend.set(
            "socket_options.interface",
            name,
            "`SocketOptions::interface`",
        );
        if outcome.kind != NoteKind::Mapped {
            return outcome;
        }
    }
    set_source(&mut backend.shared().settings, line.word(1), text)
}

/// A duration as an argument, or why there is none.
pub(super) fn time_argument(word: &str) -> Result<String, Outcome> {
    time_of(word).map(duration)
}
