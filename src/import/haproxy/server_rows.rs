//! The keywords of `server` and `default-server` lines.
//!
//! From the manual's section about `server` and `default-server`. There are two tables, because a
//! line is a list of words without separators: some keywords have an argument.
//!
//! ```text
//! server a a.example:80 weight 10 backup maxconn 100
//!                       └─ one ─┘ flag   └── one ──┘
//! ```

use std::mem;

use crate::import::{has_settings::HasSettings, note::Outcome};

use super::{
    backend::{Backend, ServerLine, time_of},
    section_rows::time_argument,
};

/// Maps a keyword. The last argument is the text of its row.
pub(super) type MapParameter = fn(&mut ServerLine, &mut Backend, &str, &'static str) -> Outcome;

/// A row about a keyword.
pub(super) type ServerRow = crate::import::directive_row::DirectiveRow<MapParameter>;

const CHECKS: &str = "checks connect as requests do";
const AGENT: &str = "agents are not asked: `OriginGroup::set_weight` sets a weight";

/// Keywords without an argument, such as `backup`.
///
/// Those of TLS are in `server_tls_rows.rs`, those of sockets in `server_socket_rows.rs`.
pub(super) const FLAGS: [ServerRow; 15] = [
    ServerRow::maps("backup", backup, "a second `OriginGroupBuilder::tier`"),
    ServerRow::maps(
        "no-backup",
        |server, _, _, text| reset(mem::replace(&mut server.is_backup, false), text),
        "a member of the first tier",
    ),
    ServerRow::maps("disabled", disabled, "the server is left out"),
    ServerRow::maps(
        "enabled",
        |server, _, _, text| reset(mem::replace(&mut server.is_disabled, false), text),
        "the default",
    ),
    ServerRow::no_effect("strict-maxconn", "a pool has one limit"),
    ServerRow::maps("check", check, "`HealthCheck::get` with `option httpchk`"),
    ServerRow::maps(
        "no-check",
        |server, _, _, text| reset(mem::replace(&mut server.is_checked, false), text),
        "no checks",
    ),
    ServerRow::no_effect("check-reuse-pool", CHECKS),
    ServerRow::no_effect("no-check-reuse-pool", CHECKS),
    ServerRow::no_effect("check-send-proxy", CHECKS),
    ServerRow::no_effect("check-via-socks4", CHECKS),
    ServerRow::refused("agent-check", AGENT),
    ServerRow::no_effect("no-agent-check", "no agents are asked"),
    ServerRow::no_effect("non-stick", "`Balance::by_key`"),
    ServerRow::no_effect("stick", "`Balance::by_key`"),
];

/// Keywords with one argument, such as `weight 10`.
pub(super) const ARGUMENTS: [ServerRow; 33] = [
    ServerRow::maps("weight", weight, "`Member::weight`"),
    ServerRow::maps("maxconn", maxconn, "`PoolSettings::max_connections`"),
    ServerRow::maps("maxqueue", maxqueue, "`PoolSettings::max_queued`"),
    ServerRow::no_effect(
        "minconn",
        "`AdaptiveConcurrency` follows the origin's speed",
    ),
    ServerRow::maps("max-reuse", max_reuse, "`PoolSettings::max_uses`"),
    ServerRow::maps("pool-max-conn", pool_max_conn, "`PoolSettings::max_idle`"),
    ServerRow::no_effect(
        "pool-low-conn",
        "idle connections are shared by all threads",
    ),
    ServerRow::maps(
        "pool-purge-delay",
        |server, _, word, text| server.set_time("pool.idle_timeout", time_of(word), text),
        "`PoolSettings::idle_timeout`",
    ),
    ServerRow::no_effect("pool-conn-name", "a pool has one origin and one identity"),
    ServerRow::no_effect(
        "idle-ping",
        "a connection that died is replaced, and the request retried",
    ),
    ServerRow::maps("slowstart", slowstart, "`Ejection::slow_start`"),
    ServerRow::no_effect("observe", "failed requests eject a member by default"),
    ServerRow::maps("error-limit", error_limit, "`Ejection::failures`"),
    ServerRow::no_effect("on-error", "`Ejection`"),
    ServerRow::no_effect("on-marked-down", "requests of an ejected member go on"),
    ServerRow::no_effect("on-marked-up", "requests of other members go on"),
    ServerRow::maps("inter", inter, "`HealthCheck::interval`"),
    ServerRow::no_effect("fastinter", "one interval for all: `HealthCheck::interval`"),
    ServerRow::no_effect("downinter", "one interval for all: `HealthCheck::interval`"),
    ServerRow::maps(
        "rise",
        |server, backend, word, text| count(server, backend, "rise", word, text),
        "`HealthCheck::rise`",
    ),
    ServerRow::maps(
        "fall",
        |server, backend, word, text| count(server, backend, "fall", word, text),
        "`HealthCheck::fall`",
    ),
    ServerRow::refused("addr", "checks go to the address of the server"),
    ServerRow::refused("port", "checks go to the port of the server"),
    ServerRow::by_hand("healthcheck", "`HealthCheck::get`"),
    ServerRow::no_effect("init-state", "a member serves until it fails"),
    ServerRow::no_effect("check-pool-conn-name", CHECKS),
    ServerRow::no_effect("check-proto", CHECKS),
    ServerRow::refused("agent-send", AGENT),
    ServerRow::refused("agent-inter", AGENT),
    ServerRow::refused("agent-addr", AGENT),
    ServerRow::refused("agent-port", AGENT),
    ServerRow::by_hand(
        "cookie",
        "`Balance::by_cookie`, of a cookie that the application sets",
    ),
    ServerRow::by_hand(
        "hash-key",
        "`Member::name` decides which member gets which key",
    ),
];

/// What becomes of a keyword that undoes another one, which `default-server` may have.
pub(super) fn reset(was_set: bool, text: &'static str) -> Outcome {
    match was_set {
        true => Outcome::mapped("the value of `default-server` is dropped"),
        false => Outcome::no_effect(text),
    }
}

/// Drops a value that `default-server` may have.
fn unset(server: &mut ServerLine, key: &'static str, text: &'static str) -> Outcome {
    reset(server.settings.take(key).is_some(), text)
}

fn weight(
    server: &mut ServerLine,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match word.parse() {
        Ok(_) if !backend.group.is_group => Outcome::no_effect("there is one server"),
        Ok(weight) => {
            server.weight = Some(weight);
            Outcome::mapped(text)
        }
        Err(_) => Outcome::refused("the value is no number"),
    }
}

fn backup(server: &mut ServerLine, backend: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.is_backup = true;
    match backend.group.is_group {
        true => Outcome::mapped(text),
        false => Outcome::no_effect("there is one server"),
    }
}

fn disabled(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.is_disabled = true;
    Outcome::no_effect(text)
}

fn maxconn(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    match word {
        "0" => unset(
            server,
            "pool.max_connections",
            "a pool has at most 256 connections by default",
        ),
        _ => server.set_number("pool.max_connections", word, text),
    }
}

fn maxqueue(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    match word {
        "0" => unset(
            server,
            "pool.max_queued",
            "a queue has at most 1024 requests by default",
        ),
        _ => server.set_number("pool.max_queued", word, text),
    }
}

fn max_reuse(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    match word {
        "-1" => unset(
            server,
            "pool.max_uses",
            "connections are used without a limit by default",
        ),
        _ => server.set_number("pool.max_uses", word, text),
    }
}

fn pool_max_conn(
    server: &mut ServerLine,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match word {
        "-1" => unset(server, "pool.max_idle", "idle connections have a limit"),
        _ => server.set_number("pool.max_idle", word, text),
    }
}

fn slowstart(
    server: &mut ServerLine,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match time_argument(word) {
        Ok(time) => {
            server.ejection.insert("slow_start", time);
            backend.of_group(text)
        }
        Err(outcome) => outcome,
    }
}

fn error_limit(
    server: &mut ServerLine,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match word.parse::<u32>() {
        Ok(count) => {
            server.ejection.insert("failures", count.to_string());
            backend.of_group(text)
        }
        Err(_) => Outcome::refused("the value is no number"),
    }
}

fn check(server: &mut ServerLine, backend: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.is_checked = true;
    match backend.group.check.path {
        Some(_) if backend.group.is_group => Outcome::mapped(text),
        _ => Outcome::by_hand("`HealthCheck::get` of an `OriginGroup`; no path is given here"),
    }
}

fn inter(
    server: &mut ServerLine,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match time_argument(word) {
        Ok(time) => {
            server.checks.insert("interval", time);
            backend.group.checked(text)
        }
        Err(outcome) => outcome,
    }
}

fn count(
    server: &mut ServerLine,
    backend: &mut Backend,
    call: &'static str,
    word: &str,
    text: &'static str,
) -> Outcome {
    match word.parse::<u32>() {
        Ok(count) => {
            server.checks.insert(call, count.to_string());
            backend.group.checked(text)
        }
        Err(_) => Outcome::refused("the value is no number"),
    }
}
