//! The directives of an `upstream`, and the parameters of its servers.
//!
//! From ngx_http_upstream_module. Directives marked as part of the commercial subscription are
//! included, where the crate has the same.
//!
//! ```text
//! upstream app {
//!     least_conn;                              nothing: the default
//!     keepalive 32;                            pool.max_idle = 32
//!     server a.example:443 weight=3;           Member::new(a).weight(3)
//!     server b.example:443 max_fails=2;        .ejection(Ejection::default().failures(2))
//!     server c.example:443 backup;             a second tier
//! }
//! ```

use crate::import::{
    directive::Directive,
    has_settings::HasSettings,
    note::Outcome,
    settings::{Settings, duration},
};

use super::location::{Location, MemberLine, NginxRow, time_of};

pub(super) const ROWS: [NginxRow; 19] = [
    NginxRow::maps(
        "keepalive",
        |location, line, text| location.set_number("pool.max_idle", line.word(), text),
        "`PoolSettings::max_idle`, for all threads together; nginx counts for each worker process",
    ),
    NginxRow::maps(
        "keepalive_requests",
        |location, line, text| location.set_number("pool.max_uses", line.word(), text),
        "`PoolSettings::max_uses`",
    ),
    NginxRow::maps(
        "keepalive_time",
        |location, line, text| location.set_time("pool.max_age", time_of(line.word()), text),
        "`PoolSettings::max_age`",
    ),
    NginxRow::maps(
        "keepalive_timeout",
        |location, line, text| location.set_time("pool.idle_timeout", time_of(line.word()), text),
        "`PoolSettings::idle_timeout`",
    ),
    NginxRow::maps("ip_hash", ip_hash, "`Balance::by_client_address`"),
    NginxRow::maps("hash", hash, "`Balance::by_key`"),
    NginxRow::maps(
        "least_conn",
        least_loaded,
        "`Balance::least_loaded`, the default",
    ),
    NginxRow::maps(
        "least_time",
        least_loaded,
        "`Balance::least_loaded`, the default",
    ),
    NginxRow::maps(
        "random",
        least_loaded,
        "`Balance::least_loaded`, the default",
    ),
    NginxRow::by_hand(
        "sticky",
        "`Balance::by_cookie`, of a cookie that the application sets",
    ),
    NginxRow::maps(
        "queue",
        queue,
        "`PoolSettings::max_queued`, `PoolSettings::queue_timeout`",
    ),
    NginxRow::no_effect("zone", "the members of a group share their state"),
    NginxRow::by_hand("state", "`OriginGroup::put` changes members at run time"),
    NginxRow::refused(
        "ntlm",
        "NTLM does not work: a connection that carried its credentials serves no further request",
    ),
    NginxRow::by_hand(
        "resolver",
        "the system's resolver is used; see `Dns::resolver`",
    ),
    NginxRow::no_effect(
        "resolver_timeout",
        "resolving is a part of `Timeouts::dial`",
    ),
    NginxRow::no_effect("server", "read with its parameters"),
    NginxRow::by_hand("match", "`HealthCheck::statuses`"),
    NginxRow::no_effect(
        "status_zone",
        "`OriginGroup::snapshot` has the counters of each member",
    ),
];

/// The parameters of `server`. The function gets the value in place of a directive's first word.
pub(super) const PARAMETERS: [NginxRow; 11] = [
    NginxRow::maps("weight", weight, "`Member::weight`"),
    NginxRow::maps("max_conns", max_conns, "`PoolSettings::max_connections`"),
    NginxRow::maps("max_fails", max_fails, "`Ejection::failures`, in a row"),
    NginxRow::maps(
        "fail_timeout",
        |location, line, text| eject_for(location, "time", line.word(), text),
        "`Ejection::time`",
    ),
    NginxRow::maps(
        "slow_start",
        |location, line, text| eject_for(location, "slow_start", line.word(), text),
        "`Ejection::slow_start`",
    ),
    NginxRow::maps("backup", backup, "a second `OriginGroupBuilder::tier`"),
    NginxRow::no_effect("down", "the server is left out"),
    NginxRow::by_hand(
        "resolve",
        "`MemberSource::dns`; a name is resolved again when its TTL ends",
    ),
    NginxRow::refused("service", "SRV records are not read"),
    NginxRow::refused("route", "affinity is by a key: `Balance::by_key`"),
    NginxRow::by_hand("drain", "`OriginGroup::set_weight` with 0"),
];

/// Reads the address of a `server`; its parameters follow by [`PARAMETERS`].
///
/// Servers are counted before, so the group is known.
pub(super) fn server(location: &mut Location, directive: &Directive) -> Outcome {
    location.members.push(MemberLine {
        line: directive.line,
        address: directive.word().to_owned(),
        weight: None,
        is_backup: false,
        max_connections: None,
    });
    match location.group.is_group {
        true => Outcome::mapped("a member of `OriginGroup::builder`"),
        false => Outcome::mapped("`CdnOriginConnector::builder`"),
    }
}

fn ip_hash(location: &mut Location, _: &Directive, text: &'static str) -> Outcome {
    let balance = "Balance::by_client_address()";
    location.group.balance(balance.to_owned(), text)
}

/// Only keys that `AffinityKey` has as a constructor; others are by hand.
fn hash(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let key = directive.word();
    let balance = if matches!(key, "$remote_addr" | "$binary_remote_addr") {
        "Balance::by_client_address()".to_owned()
    } else if let Some(name) = key.strip_prefix("$cookie_") {
        format!("Balance::by_cookie({name:?})")
    } else {
        return Outcome::by_hand("`Balance::by_key`");
    };
    location.group.balance(balance, text)
}

fn least_loaded(_: &mut Location, _: &Directive, text: &'static str) -> Outcome {
    Outcome::mapped(text)
}

/// The number, and then `timeout=`.
fn queue(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    if let Some(time) = directive
        .words
        .iter()
        .find_map(|word| word.strip_prefix("timeout="))
    {
        location.set_time("pool.queue_timeout", time_of(time), text);
    }
    location.set_number("pool.max_queued", directive.word(), text)
}

fn weight(location: &mut Location, parameter: &Directive, text: &'static str) -> Outcome {
    let Ok(weight) = parameter.word().parse() else {
        return Outcome::refused("the value is no number");
    };
    match location.members.last_mut() {
        Some(member) if location.group.is_group => {
            member.weight = Some(weight);
            Outcome::mapped(text)
        }
        _ => Outcome::no_effect("there is one server"),
    }
}

/// Checked here, and set with the server.
fn max_conns(location: &mut Location, parameter: &Directive, text: &'static str) -> Outcome {
    let count: u64 = match parameter.word().parse() {
        Ok(0) => return Outcome::no_effect("a pool has at most 256 connections by default"),
        Ok(count) => count,
        Err(_) => return Outcome::refused("the value is no number"),
    };
    if let Err(outcome) = Settings::check("pool.max_connections", count) {
        return outcome;
    }
    if let Some(member) = location.members.last_mut() {
        member.max_connections = Some(count);
    }
    Outcome::mapped(text)
}

/// A setting of the whole group: the last server's value holds.
fn max_fails(location: &mut Location, parameter: &Directive, text: &'static str) -> Outcome {
    match parameter.word().parse::<u32>() {
        Ok(0) if !location.group.is_group => Outcome::no_effect("there is one server"),
        Ok(0) => {
            location.group.eject(".max_share(0)", text);
            Outcome::warning("imported as `Ejection::max_share` of 0, for all members of the group")
        }
        Ok(count) => location.group.eject(&format!(".failures({count})"), text),
        Err(_) => Outcome::refused("the value is no number"),
    }
}

/// A setting of the whole group as well.
fn eject_for(location: &mut Location, call: &str, word: &str, text: &'static str) -> Outcome {
    match time_of(word) {
        Ok(time) => {
            let time = duration(time);
            location.group.eject(&format!(".{call}({time})"), text)
        }
        Err(outcome) => outcome,
    }
}

/// All backups are one tier.
fn backup(location: &mut Location, _: &Directive, text: &'static str) -> Outcome {
    match location.members.last_mut() {
        Some(member) if location.group.is_group => {
            member.is_backup = true;
            Outcome::mapped(text)
        }
        _ => Outcome::no_effect("there is one server"),
    }
}
