//! The directives about connections, timeouts and name servers.
//!
//! From the module ngx_http_proxy_module: timeouts, sockets and retries; and `resolver` of the
//! core.
//!
//! ```text
//! proxy_read_timeout 5s;        limits.response_timeout = 5s, limits.body_idle_timeout = 5s,
//!                               upgrades.idle_timeout = 5s
//! proxy_next_upstream error http_503;
//!                               .failover(Failover::default().statuses([SERVICE_UNAVAILABLE])
//!                                   .without_timeouts())
//! proxy_buffering off;          a note: nothing is buffered
//! ```

use crate::import::{
    directive::Directive,
    has_settings::HasSettings,
    local_address::{set_local_address, split_port},
    note::Outcome,
    settings::{SettingValue, duration},
    values,
};

use super::{
    location::{Location, NginxRow, refused_unless_off, time_of},
    value,
};

pub(super) const ROWS: [NginxRow; 30] = [
    NginxRow::maps(
        "proxy_connect_timeout",
        connect_timeout,
        "`Timeouts::dial`, and as long again for TLS: `Timeouts::tls_handshake`; \
         `Timeouts::connect` bounds both",
    ),
    NginxRow::maps(
        "proxy_read_timeout",
        read_timeout,
        "`Limits::response_timeout` until the head of the response, then \
         `Limits::body_idle_timeout`; `Upgrades::idle_timeout` for WebSockets",
    ),
    NginxRow::no_effect(
        "proxy_send_timeout",
        "an upload that makes no progress ends with `Limits::response_timeout`",
    ),
    NginxRow::maps("proxy_bind", bind, "`SocketOptions::local_address`"),
    NginxRow::refused(
        "proxy_bind_dynamic",
        "the local address of a connector is fixed",
    ),
    NginxRow::maps(
        "proxy_socket_keepalive",
        socket_keepalive,
        "`SocketOptions::keepalive`, on",
    ),
    NginxRow::maps(
        "proxy_socket_rcvbuf",
        |location, line, text| set_size(location, "socket_options.receive_buffer", line, text),
        "`SocketOptions::receive_buffer`",
    ),
    NginxRow::maps(
        "proxy_socket_sndbuf",
        |location, line, text| set_size(location, "socket_options.send_buffer", line, text),
        "`SocketOptions::send_buffer`",
    ),
    NginxRow::no_effect("proxy_send_lowat", "only FreeBSD has it"),
    NginxRow::maps(
        "proxy_http_version",
        http_version,
        "`Alpn::Http1`, or `Alpn::Http2`; without the call, the origin chooses",
    ),
    NginxRow::maps(
        "resolver",
        resolver,
        "the system's resolver; `DnsCache::ttl` for `valid=`",
    ),
    NginxRow::no_effect(
        "resolver_timeout",
        "resolving is a part of `Timeouts::dial`",
    ),
    NginxRow::maps(
        "proxy_next_upstream",
        next_upstream,
        "`Failover::statuses`, for safe methods",
    ),
    NginxRow::maps(
        "proxy_next_upstream_tries",
        next_upstream_tries,
        "`Failover::max_attempts`",
    ),
    NginxRow::maps(
        "proxy_next_upstream_timeout",
        next_upstream_timeout,
        "`Failover::within`",
    ),
    NginxRow::refused(
        "proxy_allow_upstream",
        "the addresses that may be dialled are set with `CdnOriginBuilder::egress_guard`",
    ),
    NginxRow::refused("proxy_limit_rate", "bandwidth is not limited"),
    NginxRow::maps(
        "proxy_ignore_client_abort",
        refused_unless_off,
        "a client that leaves cancels its request",
    ),
    NginxRow::maps(
        "proxy_request_buffering",
        request_buffering,
        "`Limits::buffer_requests`, of the size of `client_max_body_size`",
    ),
    NginxRow::no_effect("proxy_buffering", "responses are streamed: not buffered"),
    NginxRow::no_effect("proxy_buffers", "responses are streamed: not buffered"),
    NginxRow::maps(
        "proxy_buffer_size",
        buffer_size,
        "a head may have 128 KiB by default",
    ),
    NginxRow::no_effect(
        "proxy_busy_buffers_size",
        "responses are streamed: not buffered",
    ),
    NginxRow::no_effect("proxy_max_temp_file_size", "no temporary files are written"),
    NginxRow::no_effect(
        "proxy_temp_file_write_size",
        "no temporary files are written",
    ),
    NginxRow::no_effect("proxy_temp_path", "no temporary files are written"),
    NginxRow::no_effect("proxy_headers_hash_bucket_size", "there is no such table"),
    NginxRow::no_effect("proxy_headers_hash_max_size", "there is no such table"),
    NginxRow::refused(
        "proxy_request_dynamic",
        "the request is built once, before it is sent",
    ),
    NginxRow::by_hand("health_check", "`HealthCheck::get` of an `OriginGroup`"),
];

/// nginx's time holds for TCP and for the TLS handshake, each. The sum bounds both.
fn connect_timeout(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let time = match time_of(directive.word()) {
        Ok(time) => time,
        Err(outcome) => return outcome,
    };
    location.set("timeouts.tls_handshake", time, text);
    location.set("timeouts.connect", time.saturating_mul(2), text);
    location.set("timeouts.dial", time, text)
}

/// nginx counts it between two reads, so one directive becomes three settings.
fn read_timeout(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let word = directive.word();
    location.set_time("upgrades.idle_timeout", time_of(word), text);
    location.set_time("limits.body_idle_timeout", time_of(word), text);
    location.set_time("limits.response_timeout", time_of(word), text)
}

/// `transparent` and variables need an address for each client.
///
/// The port, which nginx accepts since 1.11.2, is left out with a warning. nginx refuses port 0.
fn bind(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let word = location.expand(directive.word());
    if word == "off" {
        return Outcome::mapped("the system chooses by default");
    }
    if word.contains('$') || directive.words.get(1).is_some_and(|it| it == "transparent") {
        return Outcome::refused("the local address of a connector is fixed");
    }
    match split_port(&word) {
        Some((_, Some(0))) | None => Outcome::refused("the value is no address"),
        Some((address, port)) => {
            let settings = &mut location.shared().settings;
            set_local_address(settings, address, port.is_some(), text)
        }
    }
}

/// On by default here, so that only `off` has an effect.
fn socket_keepalive(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word() {
        "off" => {
            let value = SettingValue::both("off", ".no_keepalive()");
            location.set(
                "socket_options.keepalive",
                value,
                "`SocketOptions::no_keepalive`",
            )
        }
        _ => Outcome::mapped(text),
    }
}

/// In bytes, with nginx's units.
fn set_size(
    location: &mut Location,
    key: &'static str,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    match value::size(directive.word()) {
        Some(bytes) => location.set(key, bytes, text),
        None => Outcome::refused("the value is no size"),
    }
}

/// More than the default is taken over; less would refuse responses for nothing.
///
/// nginx's buffer has to hold the head of a response; the default here is 128 KiB.
fn buffer_size(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match value::size(directive.word()) {
        Some(bytes) if bytes > 128 << 10 => {
            let value = bytes;
            location.set(
                "pool.max_response_head",
                value,
                "`PoolSettings::max_response_head`",
            )
        }
        Some(_) => Outcome::no_effect(text),
        None => Outcome::refused("the value is no size"),
    }
}

/// `1.0` and `1.1` are both HTTP/1.1 here.
fn http_version(location: &mut Location, directive: &Directive, _: &'static str) -> Outcome {
    match directive.word() {
        "2" => location.set("alpn", values::http2(), "`Alpn::Http2`"),
        _ if location.is_https() => {
            let text = "`Alpn::Http1`; without the call, the origin chooses HTTP/2 or HTTP/1.1";
            location.set("alpn", values::http1(), text)
        }
        _ => Outcome::mapped("an origin without TLS gets HTTP/1.1"),
    }
}

/// The addresses of name servers stay a task for the operator: they need a feature of the crate.
fn resolver(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let mut has_servers = false;
    for word in &directive.words {
        match word.split_once('=') {
            Some(("valid", time)) => {
                let time = match time_of(time) {
                    Ok(time) => time,
                    Err(outcome) => return outcome,
                };
                location.set("dns.cache", values::fixed_ttl(time), text);
            }
            Some(("ipv6", "off")) => set_family(location, "only_v4", "OnlyV4", text),
            Some(("ipv4", "off")) => set_family(location, "only_v6", "OnlyV6", text),
            Some(("ipv4" | "ipv6" | "status_zone" | "local" | "timeout", _)) => {}
            _ => has_servers = true,
        }
    }
    match has_servers {
        true => Outcome::by_hand(
            "the system's resolver is used; `Dns::resolver` with a `HickoryResolver` asks these \
             servers. `valid=` and `ipv6=off` are mapped",
        ),
        false => Outcome::mapped(text),
    }
}

/// The size follows from `client_max_body_size`, in `absent_lines`.
fn request_buffering(_: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word() {
        "off" => Outcome::mapped("uploads are streamed by default"),
        _ => Outcome::mapped(text),
    }
}

fn set_family(location: &mut Location, name: &str, variant: &str, text: &'static str) {
    let value = values::families(name, variant);
    location.set("happy_eyeballs.families", value, text);
}

/// Of the conditions, statuses and `timeout` are options. Failed connections are retried by
/// default.
fn next_upstream(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let words: Vec<_> = directive.words.iter().map(String::as_str).collect();
    if words.contains(&"off") {
        return location.group.fail_over_off();
    }
    let statuses = [
        ("http_403", "FORBIDDEN"),
        ("http_404", "NOT_FOUND"),
        ("http_429", "TOO_MANY_REQUESTS"),
        ("http_500", "INTERNAL_SERVER_ERROR"),
        ("http_502", "BAD_GATEWAY"),
        ("http_503", "SERVICE_UNAVAILABLE"),
        ("http_504", "GATEWAY_TIMEOUT"),
    ];
    let statuses = statuses.iter().filter(|(word, _)| words.contains(word));
    let statuses: Vec<_> = statuses
        .map(|(_, name)| format!("StatusCode::{name}"))
        .collect();
    let mut calls = format!(".statuses([{}])", statuses.join(", "));
    if !words.contains(&"timeout") {
        calls += ".without_timeouts()";
    }
    let outcome = location.group.fail_over(&calls, text);
    match words.contains(&"non_idempotent") && location.group.is_group {
        true => Outcome::refused(
            "`non_idempotent`: an origin may have done what a POST asks for; the other conditions \
             are mapped to `Failover::statuses`",
        ),
        false => outcome,
    }
}

/// Zero is unlimited in nginx.
fn next_upstream_tries(
    location: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    match directive.word().parse::<u32>() {
        Ok(0) => Outcome::refused("the number of tries has a bound, 3 by default"),
        Ok(count) => location
            .group
            .fail_over(&format!(".max_attempts({count})"), text),
        Err(_) => Outcome::refused("the value is no number"),
    }
}

fn next_upstream_timeout(
    location: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    if directive.word() == "0" {
        return Outcome::mapped("there is no limit by default");
    }
    match time_of(directive.word()) {
        Ok(time) => location
            .group
            .fail_over(&format!(".within({})", duration(time)), text),
        Err(outcome) => outcome,
    }
}
