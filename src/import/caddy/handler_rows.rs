//! The lines of `reverse_proxy`. Those of fields are in `field_lines.rs`.
//!
//! ```text
//! reverse_proxy a.example b.example {      two members of a group
//!     lb_policy least_conn                 nothing: the default
//!     lb_retries 2                         .failover(Failover::default().max_attempts(3))
//!     health_uri /healthz                  .health_check(HealthCheck::get("/healthz"))
//!     fail_duration 30s                    .ejection(Ejection::default().time(30 s))
//!     flush_interval -1                    nothing: responses are streamed
//! }
//! ```

use crate::import::{
    directive::Directive,
    has_settings::HasSettings,
    message_fields::{is_plain_prefix, map_path},
    note::Outcome,
    settings::duration,
    values::balance_by_header,
};

use super::{
    field_lines::{header_down, header_up, trusted_proxies},
    reverse_proxy::{CaddyRow, ReverseProxy, number_of, time_of},
    transport_rows, value,
};

const RESPONSE: &str = "`OriginProxy::map_response` with `cdn_origin::proxy::replace_content`";
const STREAMED: &str = "responses are streamed: not buffered";
const CHECKED: &str = "a check is a request to the member that reads the status";
const FROM_FN: &str = "`Balance::by_key`";

pub(super) const ROWS: [CaddyRow; 42] = [
    CaddyRow::maps("to", to, "`CdnOriginConnector::builder`"),
    CaddyRow::by_hand("dynamic", "`MemberSource::dns`; SRV records are not read"),
    CaddyRow::maps("lb_policy", lb_policy, "`Balance`"),
    CaddyRow::maps("lb_retries", lb_retries, "`Failover::max_attempts`"),
    CaddyRow::maps("lb_try_duration", lb_try_duration, "`Failover::within`"),
    CaddyRow::no_effect("lb_try_interval", "a retry is made at once"),
    CaddyRow::refused("lb_retry_match", "only what is safe is repeated"),
    CaddyRow::maps("health_uri", health_uri, "`HealthCheck::get`"),
    CaddyRow::maps("health_path", health_uri, "`HealthCheck::get`"),
    CaddyRow::refused("health_port", "checks go to the port of the member"),
    CaddyRow::refused("health_upstream", "checks go to the address of the member"),
    CaddyRow::maps(
        "health_interval",
        |proxy, line, text| check_time(proxy, "interval", line, text),
        "`HealthCheck::interval`",
    ),
    CaddyRow::maps(
        "health_timeout",
        |proxy, line, text| check_time(proxy, "timeout", line, text),
        "`HealthCheck::timeout`",
    ),
    CaddyRow::maps("health_status", health_status, "`HealthCheck::statuses`"),
    CaddyRow::maps(
        "health_passes",
        |proxy, line, text| check_count(proxy, "rise", line, text),
        "`HealthCheck::rise`",
    ),
    CaddyRow::maps(
        "health_fails",
        |proxy, line, text| check_count(proxy, "fall", line, text),
        "`HealthCheck::fall`",
    ),
    CaddyRow::maps("health_method", health_method, "`HealthCheck::method`"),
    CaddyRow::refused("health_body", CHECKED),
    CaddyRow::refused("health_request_body", CHECKED),
    CaddyRow::refused("health_follow_redirects", CHECKED),
    CaddyRow::by_hand(
        "health_headers",
        "`HealthCheck::host`; `OriginProxy::map_request` of each `Member::proxy`",
    ),
    CaddyRow::maps("fail_duration", fail_duration, "`Ejection::time`"),
    CaddyRow::maps("max_fails", max_fails, "`Ejection::failures`, in a row"),
    CaddyRow::by_hand("unhealthy_status", "`Failover::statuses`"),
    CaddyRow::refused(
        "unhealthy_latency",
        "`AdaptiveConcurrency` follows the origin's speed",
    ),
    CaddyRow::maps(
        "unhealthy_request_count",
        |proxy, line, text| proxy.set_number("pool.max_connections", line.word(), text),
        "`PoolSettings::max_connections`, of each member",
    ),
    CaddyRow::no_effect("flush_interval", STREAMED),
    CaddyRow::maps(
        "request_buffers",
        request_buffers,
        "`Limits::buffer_requests`",
    ),
    CaddyRow::refused("response_buffers", STREAMED),
    CaddyRow::no_effect("stream_buffer_size", STREAMED),
    CaddyRow::by_hand(
        "stream_timeout",
        "`Upgrades::idle_timeout` ends a stream after silence, not after a time",
    ),
    CaddyRow::by_hand("stream_close_delay", "`OriginProxy::close_tunnels`"),
    CaddyRow::no_effect("verbose_logs", "errors are logged with `tracing`"),
    CaddyRow::maps(
        "trusted_proxies",
        trusted_proxies,
        "`ForwardedLayer::trust`",
    ),
    CaddyRow::maps("header_up", header_up, "`OriginProxy::map_request`"),
    CaddyRow::maps("header_down", header_down, "`OriginProxy::map_response`"),
    CaddyRow::refused("method", "the method of a request is the client's"),
    CaddyRow::maps(
        "rewrite",
        rewrite,
        "`OriginProxy::map_path` for a prefix, else `OriginProxy::map_request`",
    ),
    CaddyRow::maps(
        "transport",
        transport_rows::transport,
        "read with its lines",
    ),
    CaddyRow::by_hand("handle_response", RESPONSE),
    CaddyRow::by_hand("replace_status", RESPONSE),
    CaddyRow::refused(
        "import",
        "snippets are not read: put the content in place of the line",
    ),
];

/// A matcher of responses, such as `@error`, which `handle_response` names.
pub(super) const RESPONSE_MATCHER: &str = RESPONSE;

fn to(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    for word in &line.words {
        proxy.add_upstream(line.line, word);
    }
    match line.words.is_empty() {
        true => Outcome::refused("there is no address"),
        false => Outcome::mapped(text),
    }
}

fn lb_policy(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let balance = match line.word() {
        "random" | "random_choose" | "least_conn" => {
            return Outcome::mapped("`Balance::least_loaded`, the default");
        }
        "round_robin" => "Balance::round_robin()".to_owned(),
        "weighted_round_robin" => {
            let weights = line.words[1..].iter().map(|word| word.parse().ok());
            let Some(weights) = weights.collect() else {
                return Outcome::refused("a weight is no number");
            };
            proxy.weights = weights;
            "Balance::round_robin()".to_owned()
        }
        "ip_hash" | "client_ip_hash" => "Balance::by_client_address()".to_owned(),
        "header" => {
            let name = line.words.get(1);
            match name.and_then(|name| balance_by_header(name)) {
                Some(balance) => balance,
                None => return Outcome::refused("the name is not a valid field name"),
            }
        }
        "first" => return Outcome::by_hand("`OriginGroupBuilder::tier` for each origin"),
        "cookie" => {
            return Outcome::by_hand(
                "`Balance::by_cookie`, of a cookie that the application sets: Caddy sets its own",
            );
        }
        "uri_hash" | "query" => return Outcome::by_hand(FROM_FN),
        _ => return Outcome::refused("the policy is not known"),
    };
    proxy.group.balance(balance, text)
}

fn lb_retries(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match number_of(line) {
        // The first attempt is no retry.
        Ok(count) => {
            let call = format!(".max_attempts({})", u64::from(count) + 1);
            proxy.group.fail_over(&call, text)
        }
        Err(outcome) => outcome,
    }
}

fn lb_try_duration(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match time_of(line) {
        Ok(time) => proxy
            .group
            .fail_over(&format!(".within({})", duration(time)), text),
        Err(outcome) => outcome,
    }
}

fn health_uri(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let path = line.word();
    if !path.starts_with('/') || path.contains('{') {
        return Outcome::refused("the value is no path");
    }
    proxy.group.check.is_on = true;
    proxy.group.check.path = Some(path.to_owned());
    proxy.group.checked(text)
}

fn check_time(
    proxy: &mut ReverseProxy,
    call: &str,
    line: &Directive,
    text: &'static str,
) -> Outcome {
    match time_of(line) {
        Ok(time) => {
            let call = format!(".{call}({})", duration(time));
            proxy.group.check(call, text)
        }
        Err(outcome) => outcome,
    }
}

fn health_status(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word().parse::<u16>() {
        Ok(status) if (100..1000).contains(&status) => {
            let call = format!(".statuses([StatusCode::from_u16({status})?])");
            proxy.group.check(call, text)
        }
        _ => Outcome::by_hand("`HealthCheck::statuses` takes a list of statuses"),
    }
}

fn check_count(
    proxy: &mut ReverseProxy,
    call: &str,
    line: &Directive,
    text: &'static str,
) -> Outcome {
    match number_of(line) {
        Ok(count) => proxy.group.check(format!(".{call}({count})"), text),
        Err(outcome) => outcome,
    }
}

fn health_method(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        "GET" => Outcome::mapped("GET is the default"),
        method @ ("HEAD" | "OPTIONS") => proxy
            .group
            .check(format!(".method(Method::{method})"), text),
        _ => Outcome::refused("checks change nothing: GET, HEAD or OPTIONS"),
    }
}

fn fail_duration(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match time_of(line) {
        Ok(time) => proxy
            .group
            .eject(&format!(".time({})", duration(time)), text),
        Err(outcome) => outcome,
    }
}

fn max_fails(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match number_of(line) {
        Ok(count) => proxy.group.eject(&format!(".failures({count})"), text),
        Err(outcome) => outcome,
    }
}

fn request_buffers(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match value::size(line.word()) {
        Some(bytes) => proxy.set("limits.buffer_requests", bytes, text),
        None => Outcome::refused("the value is no size"),
    }
}

/// `/prefix{uri}`: each path gets a prefix.
fn rewrite(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let prefix = line.word().strip_suffix("{uri}").unwrap_or_default();
    let origin = format!("{prefix}/");
    let settings = &mut proxy.shared().settings;
    match !prefix.is_empty() && is_plain_prefix(&origin) && !settings.has("map_path") {
        true => map_path(settings, "/", &origin),
        false => Outcome::by_hand(text),
    }
}
