//! The keywords of `server` and `default-server` lines.

use crate::import::{draft, note::Finding, settings::Value};

use super::{
    backend::{Backend, ServerDraft, time_of},
    section_rows::time_argument,
};

/// A keyword and the number of its arguments.
pub(super) struct Keyword {
    pub(super) row: crate::import::row::Row<Map>,
    pub(super) arguments: usize,
}

/// Maps a keyword. The last argument is the text of its row.
pub(super) type Map = fn(&mut ServerDraft, &mut Backend, &str, &'static str) -> Finding;

type Row = crate::import::row::Row<Map>;

pub(super) const fn flag(row: Row) -> Keyword {
    Keyword { row, arguments: 0 }
}

pub(super) const fn one(row: Row) -> Keyword {
    Keyword { row, arguments: 1 }
}

const CHECKS: &str = "checks connect as requests do";
const AGENT: &str = "agents are not asked: `Members::set_weight` sets a weight";

/// Those of TLS are in `server_tls_rows.rs`, those of sockets in `server_socket_rows.rs`.
pub(super) const KEYWORDS: [Keyword; 48] = [
    one(Row::maps("weight", weight, "`Member::weight`")),
    flag(Row::maps(
        "backup",
        backup,
        "a second `OriginGroupBuilder::tier`",
    )),
    flag(Row::no_effect("no-backup", "a member of the first tier")),
    flag(Row::maps("disabled", disabled, "the server is left out")),
    flag(Row::no_effect("enabled", "the default")),
    one(Row::maps(
        "maxconn",
        maxconn,
        "`PoolSettings::max_connections`",
    )),
    one(Row::maps(
        "maxqueue",
        maxqueue,
        "`PoolSettings::max_queued`",
    )),
    one(Row::no_effect(
        "minconn",
        "`AdaptiveConcurrency` follows the origin's speed",
    )),
    one(Row::maps(
        "max-reuse",
        max_reuse,
        "`PoolSettings::max_uses`",
    )),
    one(Row::maps(
        "pool-max-conn",
        pool_max_conn,
        "`PoolSettings::max_idle`",
    )),
    one(Row::no_effect(
        "pool-low-conn",
        "idle connections are shared by all threads",
    )),
    one(Row::maps(
        "pool-purge-delay",
        pool_purge_delay,
        "`PoolSettings::idle_timeout`",
    )),
    one(Row::no_effect(
        "pool-conn-name",
        "a pool has one origin and one identity",
    )),
    one(Row::no_effect(
        "idle-ping",
        "a connection that died is replaced, and the request retried",
    )),
    flag(Row::no_effect("strict-maxconn", "a pool has one limit")),
    one(Row::maps("slowstart", slowstart, "`Ejection::slow_start`")),
    one(Row::no_effect(
        "observe",
        "failed requests eject a member by default",
    )),
    one(Row::maps(
        "error-limit",
        error_limit,
        "`Ejection::failures`",
    )),
    one(Row::no_effect("on-error", "`Ejection`")),
    one(Row::no_effect(
        "on-marked-down",
        "requests of an ejected member go on",
    )),
    one(Row::no_effect(
        "on-marked-up",
        "requests of other members go on",
    )),
    flag(Row::maps(
        "check",
        check,
        "`HealthCheck::get` with `option httpchk`",
    )),
    flag(Row::no_effect("no-check", "no checks")),
    one(Row::maps("inter", inter, "`HealthCheck::interval`")),
    one(Row::no_effect(
        "fastinter",
        "one interval for all: `HealthCheck::interval`",
    )),
    one(Row::no_effect(
        "downinter",
        "one interval for all: `HealthCheck::interval`",
    )),
    one(Row::maps("rise", rise, "`HealthCheck::rise`")),
    one(Row::maps("fall", fall, "`HealthCheck::fall`")),
    one(Row::refused(
        "addr",
        "checks go to the address of the server",
    )),
    one(Row::refused("port", "checks go to the port of the server")),
    one(Row::by_hand("healthcheck", "`HealthCheck::get`")),
    one(Row::no_effect(
        "init-state",
        "a member serves until it fails",
    )),
    flag(Row::no_effect("check-reuse-pool", CHECKS)),
    flag(Row::no_effect("no-check-reuse-pool", CHECKS)),
    flag(Row::no_effect("check-send-proxy", CHECKS)),
    flag(Row::no_effect("check-via-socks4", CHECKS)),
    one(Row::no_effect("check-pool-conn-name", CHECKS)),
    one(Row::no_effect("check-proto", CHECKS)),
    flag(Row::refused("agent-check", AGENT)),
    flag(Row::no_effect("no-agent-check", "no agents are asked")),
    one(Row::refused("agent-send", AGENT)),
    one(Row::refused("agent-inter", AGENT)),
    one(Row::refused("agent-addr", AGENT)),
    one(Row::refused("agent-port", AGENT)),
    one(Row::by_hand(
        "cookie",
        "`AffinityKey::cookie`, of a cookie that the application sets",
    )),
    flag(Row::no_effect("non-stick", "`Balance::by_key`")),
    flag(Row::no_effect("stick", "`Balance::by_key`")),
    one(Row::by_hand(
        "hash-key",
        "`Member::name` decides which member gets which key",
    )),
];

fn set(server: &mut ServerDraft, key: &'static str, value: Value, text: &'static str) -> Finding {
    draft::set(&mut server.settings, key, value, text)
}

fn number(server: &mut ServerDraft, key: &'static str, word: &str, text: &'static str) -> Finding {
    match word.parse() {
        Ok(number) => set(server, key, Value::Number(number), text),
        Err(_) => Finding::refused("the value is no number"),
    }
}

fn weight(
    server: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match word.parse() {
        Ok(_) if !backend.is_group() => Finding::no_effect("there is one server"),
        Ok(weight) => {
            server.weight = Some(weight);
            Finding::mapped(text)
        }
        Err(_) => Finding::refused("the value is no number"),
    }
}

fn backup(server: &mut ServerDraft, backend: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_backup = true;
    match backend.is_group() {
        true => Finding::mapped(text),
        false => Finding::no_effect("there is one server"),
    }
}

fn disabled(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_disabled = true;
    Finding::no_effect(text)
}

fn maxconn(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match word {
        "0" => Finding::no_effect("a pool has at most 256 connections by default"),
        _ => number(server, "pool.max_connections", word, text),
    }
}

fn maxqueue(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match word {
        "0" => Finding::no_effect("a queue has at most 1024 requests by default"),
        _ => number(server, "pool.max_queued", word, text),
    }
}

fn max_reuse(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match word {
        "-1" => Finding::mapped("connections are used without a limit by default"),
        _ => number(server, "pool.max_uses", word, text),
    }
}

fn pool_max_conn(
    server: &mut ServerDraft,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match word {
        "-1" => Finding::no_effect("idle connections have a limit"),
        _ => number(server, "pool.max_idle", word, text),
    }
}

fn pool_purge_delay(
    server: &mut ServerDraft,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match time_of(word) {
        Ok(time) => set(server, "pool.idle_timeout", Value::Time(time), text),
        Err(finding) => finding,
    }
}

fn slowstart(
    _: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match time_argument(word) {
        Ok(time) => backend.eject(&format!(".slow_start({time})"), text),
        Err(finding) => finding,
    }
}

fn error_limit(
    _: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match word.parse::<u32>() {
        Ok(count) => backend.eject(&format!(".failures({count})"), text),
        Err(_) => Finding::refused("the value is no number"),
    }
}

fn check(_: &mut ServerDraft, backend: &mut Backend, _: &str, text: &'static str) -> Finding {
    backend.check.is_on = true;
    match backend.check.path {
        Some(_) if backend.is_group() => Finding::mapped(text),
        _ => Finding::by_hand("`HealthCheck::get` of an `OriginGroup`; no path is given here"),
    }
}

fn inter(_: &mut ServerDraft, backend: &mut Backend, word: &str, text: &'static str) -> Finding {
    match time_argument(word) {
        Ok(time) => backend.check(format!(".interval({time})"), text),
        Err(finding) => finding,
    }
}

fn rise(_: &mut ServerDraft, backend: &mut Backend, word: &str, text: &'static str) -> Finding {
    count(backend, "rise", word, text)
}

fn fall(_: &mut ServerDraft, backend: &mut Backend, word: &str, text: &'static str) -> Finding {
    count(backend, "fall", word, text)
}

fn count(backend: &mut Backend, call: &str, word: &str, text: &'static str) -> Finding {
    match word.parse::<u32>() {
        Ok(count) => backend.check(format!(".{call}({count})"), text),
        Err(_) => Finding::refused("the value is no number"),
    }
}
