//! The keywords of `server` and `default-server` lines.
//!
//! From the manual's section about `server` and `default-server`. A row has the number of words
//! that follow the keyword, because a line is a list of words without separators:
//!
//! ```text
//! server a a.example:80 weight 10 backup maxconn 100
//!                       └─ one ─┘ flag   └── one ──┘
//! ```

use std::mem;

use crate::import::{draft, note::Finding, settings::SettingValue};

use super::{
    backend::{Backend, ServerDraft, time_of},
    section_rows::time_argument,
};

/// A keyword and the number of its arguments.
pub(super) struct Keyword {
    pub(super) row: crate::import::directive_row::DirectiveRow<MapParameter>,
    pub(super) arguments: usize,
}

/// Maps a keyword. The last argument is the text of its row.
pub(super) type MapParameter = fn(&mut ServerDraft, &mut Backend, &str, &'static str) -> Finding;

pub(super) type ServerRow = crate::import::directive_row::DirectiveRow<MapParameter>;

/// Such as `backup`.
pub(super) const fn flag(row: ServerRow) -> Keyword {
    Keyword { row, arguments: 0 }
}

/// Such as `weight 10`.
pub(super) const fn one(row: ServerRow) -> Keyword {
    Keyword { row, arguments: 1 }
}

const CHECKS: &str = "checks connect as requests do";
const AGENT: &str = "agents are not asked: `OriginGroup::set_weight` sets a weight";

/// Those of TLS are in `server_tls_rows.rs`, those of sockets in `server_socket_rows.rs`.
pub(super) const KEYWORDS: [Keyword; 48] = [
    one(ServerRow::maps("weight", weight, "`Member::weight`")),
    flag(ServerRow::maps(
        "backup",
        backup,
        "a second `OriginGroupBuilder::tier`",
    )),
    flag(ServerRow::maps(
        "no-backup",
        no_backup,
        "a member of the first tier",
    )),
    flag(ServerRow::maps(
        "disabled",
        disabled,
        "the server is left out",
    )),
    flag(ServerRow::maps("enabled", enabled, "the default")),
    one(ServerRow::maps(
        "maxconn",
        maxconn,
        "`PoolSettings::max_connections`",
    )),
    one(ServerRow::maps(
        "maxqueue",
        maxqueue,
        "`PoolSettings::max_queued`",
    )),
    one(ServerRow::no_effect(
        "minconn",
        "`AdaptiveConcurrency` follows the origin's speed",
    )),
    one(ServerRow::maps(
        "max-reuse",
        max_reuse,
        "`PoolSettings::max_uses`",
    )),
    one(ServerRow::maps(
        "pool-max-conn",
        pool_max_conn,
        "`PoolSettings::max_idle`",
    )),
    one(ServerRow::no_effect(
        "pool-low-conn",
        "idle connections are shared by all threads",
    )),
    one(ServerRow::maps(
        "pool-purge-delay",
        pool_purge_delay,
        "`PoolSettings::idle_timeout`",
    )),
    one(ServerRow::no_effect(
        "pool-conn-name",
        "a pool has one origin and one identity",
    )),
    one(ServerRow::no_effect(
        "idle-ping",
        "a connection that died is replaced, and the request retried",
    )),
    flag(ServerRow::no_effect(
        "strict-maxconn",
        "a pool has one limit",
    )),
    one(ServerRow::maps(
        "slowstart",
        slowstart,
        "`Ejection::slow_start`",
    )),
    one(ServerRow::no_effect(
        "observe",
        "failed requests eject a member by default",
    )),
    one(ServerRow::maps(
        "error-limit",
        error_limit,
        "`Ejection::failures`",
    )),
    one(ServerRow::no_effect("on-error", "`Ejection`")),
    one(ServerRow::no_effect(
        "on-marked-down",
        "requests of an ejected member go on",
    )),
    one(ServerRow::no_effect(
        "on-marked-up",
        "requests of other members go on",
    )),
    flag(ServerRow::maps(
        "check",
        check,
        "`HealthCheck::get` with `option httpchk`",
    )),
    flag(ServerRow::maps("no-check", no_check, "no checks")),
    one(ServerRow::maps("inter", inter, "`HealthCheck::interval`")),
    one(ServerRow::no_effect(
        "fastinter",
        "one interval for all: `HealthCheck::interval`",
    )),
    one(ServerRow::no_effect(
        "downinter",
        "one interval for all: `HealthCheck::interval`",
    )),
    one(ServerRow::maps("rise", rise, "`HealthCheck::rise`")),
    one(ServerRow::maps("fall", fall, "`HealthCheck::fall`")),
    one(ServerRow::refused(
        "addr",
        "checks go to the address of the server",
    )),
    one(ServerRow::refused(
        "port",
        "checks go to the port of the server",
    )),
    one(ServerRow::by_hand("healthcheck", "`HealthCheck::get`")),
    one(ServerRow::no_effect(
        "init-state",
        "a member serves until it fails",
    )),
    flag(ServerRow::no_effect("check-reuse-pool", CHECKS)),
    flag(ServerRow::no_effect("no-check-reuse-pool", CHECKS)),
    flag(ServerRow::no_effect("check-send-proxy", CHECKS)),
    flag(ServerRow::no_effect("check-via-socks4", CHECKS)),
    one(ServerRow::no_effect("check-pool-conn-name", CHECKS)),
    one(ServerRow::no_effect("check-proto", CHECKS)),
    flag(ServerRow::refused("agent-check", AGENT)),
    flag(ServerRow::no_effect(
        "no-agent-check",
        "no agents are asked",
    )),
    one(ServerRow::refused("agent-send", AGENT)),
    one(ServerRow::refused("agent-inter", AGENT)),
    one(ServerRow::refused("agent-addr", AGENT)),
    one(ServerRow::refused("agent-port", AGENT)),
    one(ServerRow::by_hand(
        "cookie",
        "`Balance::by_cookie`, of a cookie that the application sets",
    )),
    flag(ServerRow::no_effect("non-stick", "`Balance::by_key`")),
    flag(ServerRow::no_effect("stick", "`Balance::by_key`")),
    one(ServerRow::by_hand(
        "hash-key",
        "`Member::name` decides which member gets which key",
    )),
];

/// What becomes of a keyword that undoes another one, which `default-server` may have.
pub(super) fn reset(was_set: bool, text: &'static str) -> Finding {
    match was_set {
        true => Finding::mapped("the value of `default-server` is dropped"),
        false => Finding::no_effect(text),
    }
}

fn set(
    server: &mut ServerDraft,
    key: &'static str,
    value: SettingValue,
    text: &'static str,
) -> Finding {
    draft::set(&mut server.settings, key, value, text)
}

/// Drops a value that `default-server` may have.
fn unset(server: &mut ServerDraft, key: &'static str, text: &'static str) -> Finding {
    reset(server.settings.take(key).is_some(), text)
}

fn number(server: &mut ServerDraft, key: &'static str, word: &str, text: &'static str) -> Finding {
    match word.parse() {
        Ok(number) => set(server, key, SettingValue::Number(number), text),
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
        Ok(_) if !backend.group.is_group => Finding::no_effect("there is one server"),
        Ok(weight) => {
            server.weight = Some(weight);
            Finding::mapped(text)
        }
        Err(_) => Finding::refused("the value is no number"),
    }
}

fn backup(server: &mut ServerDraft, backend: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_backup = true;
    match backend.group.is_group {
        true => Finding::mapped(text),
        false => Finding::no_effect("there is one server"),
    }
}

fn no_backup(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    reset(mem::replace(&mut server.is_backup, false), text)
}

fn enabled(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    reset(mem::replace(&mut server.is_disabled, false), text)
}

fn disabled(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_disabled = true;
    Finding::no_effect(text)
}

fn maxconn(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match word {
        "0" => unset(
            server,
            "pool.max_connections",
            "a pool has at most 256 connections by default",
        ),
        _ => number(server, "pool.max_connections", word, text),
    }
}

fn maxqueue(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match word {
        "0" => unset(
            server,
            "pool.max_queued",
            "a queue has at most 1024 requests by default",
        ),
        _ => number(server, "pool.max_queued", word, text),
    }
}

fn max_reuse(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match word {
        "-1" => unset(
            server,
            "pool.max_uses",
            "connections are used without a limit by default",
        ),
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
        "-1" => unset(server, "pool.max_idle", "idle connections have a limit"),
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
        Ok(time) => set(server, "pool.idle_timeout", SettingValue::Time(time), text),
        Err(finding) => finding,
    }
}

fn slowstart(
    server: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match time_argument(word) {
        Ok(time) => {
            server.ejection.insert("slow_start", time);
            backend.of_group(text)
        }
        Err(finding) => finding,
    }
}

fn error_limit(
    server: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match word.parse::<u32>() {
        Ok(count) => {
            server.ejection.insert("failures", count.to_string());
            backend.of_group(text)
        }
        Err(_) => Finding::refused("the value is no number"),
    }
}

fn check(server: &mut ServerDraft, backend: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_checked = true;
    match backend.group.check.path {
        Some(_) if backend.group.is_group => Finding::mapped(text),
        _ => Finding::by_hand("`HealthCheck::get` of an `OriginGroup`; no path is given here"),
    }
}

fn no_check(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    reset(mem::replace(&mut server.is_checked, false), text)
}

fn inter(
    server: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match time_argument(word) {
        Ok(time) => {
            server.checks.insert("interval", time);
            backend.group.checked(text)
        }
        Err(finding) => finding,
    }
}

fn rise(
    server: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    count(server, backend, "rise", word, text)
}

fn fall(
    server: &mut ServerDraft,
    backend: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    count(server, backend, "fall", word, text)
}

fn count(
    server: &mut ServerDraft,
    backend: &mut Backend,
    call: &'static str,
    word: &str,
    text: &'static str,
) -> Finding {
    match word.parse::<u32>() {
        Ok(count) => {
            server.checks.insert(call, count.to_string());
            backend.group.checked(text)
        }
        Err(_) => Finding::refused("the value is no number"),
    }
}
