//! The fields of `retry_policy`.
//!
//! ```text
//! "retry_policy": { "retry_on": "5xx,connect-failure", "num_retries": 2 }
//!
//! .failover(Failover::default().statuses([500, 502, 503, 504]).max_attempts(3))
//! ```
//!
//! Conditions about connections need no call: such failures are retried by default, where that is
//! safe.

use crate::import::{has_settings::HasSettings, note::Outcome};

use super::{
    message::{Mapping, read},
    node::JsonNode,
    route::{Route, RouteRow},
};

const NO_WAIT: &str = "a retry is made at once, under `PoolSettings::retry_budget`";
const SAFE: &str = "what is safe is repeated, whatever the fields are";
const OTHERS: &str = "another member gets the retry by default";

pub(super) const ROWS: [RouteRow; 13] = [
    RouteRow::maps(
        "retry_policy.retry_on",
        retry_on,
        "`Failover::statuses`, for safe methods",
    ),
    RouteRow::maps(
        "retry_policy.num_retries",
        num_retries,
        "`Failover::max_attempts`",
    ),
    RouteRow::no_effect(
        "retry_policy.retriable_status_codes",
        "read with `retry_on`",
    ),
    RouteRow::maps(
        "retry_policy.per_try_timeout",
        per_try_timeout,
        "`Limits::response_timeout`, until the head of the response",
    ),
    RouteRow::maps(
        "retry_policy.per_try_idle_timeout",
        per_try_timeout,
        "`Limits::response_timeout`, until the head of the response",
    ),
    RouteRow::no_effect("retry_policy.retry_priority", OTHERS),
    RouteRow::no_effect("retry_policy.retry_host_predicate", OTHERS),
    RouteRow::no_effect("retry_policy.host_selection_retry_max_attempts", OTHERS),
    RouteRow::refused("retry_policy.retry_options_predicates", SAFE),
    RouteRow::no_effect("retry_policy.retry_back_off", NO_WAIT),
    RouteRow::refused("retry_policy.rate_limited_retry_back_off", NO_WAIT),
    RouteRow::refused("retry_policy.retriable_headers", SAFE),
    RouteRow::refused("retry_policy.retriable_request_headers", SAFE),
];

/// Statuses of `retry_on` and `retriable_status_codes` are one list, sorted, each once.
pub(super) fn retry(route: &mut Route, node: &JsonNode, _: &'static str) -> Mapping {
    read(route, "retry_policy", node, &ROWS);
    // The statuses are in one of two fields, or in both.
    let conditions = node.get("retry_on").map_or(Ok(""), JsonNode::text)?;
    let words: Vec<_> = conditions.split(',').map(str::trim).collect();
    let mut statuses = Vec::new();
    for (word, codes) in [
        ("5xx", &[500, 502, 503, 504][..]),
        ("gateway-error", &[502, 503, 504]),
        ("envoy-ratelimited", &[429]),
        ("retriable-4xx", &[409]),
    ] {
        if words.contains(&word) {
            statuses.extend_from_slice(codes);
        }
    }
    if words.contains(&"retriable-status-codes") {
        for code in node
            .get("retriable_status_codes")
            .map_or(&[][..], JsonNode::elements)
        {
            statuses.push(code.small_count()?);
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    let is_status = |status: &u32| (100..1000).contains(status);
    if !statuses.iter().all(is_status) {
        return Err(Outcome::refused("a status has three digits"));
    }
    let list = statuses
        .iter()
        .map(|status| format!("StatusCode::from_u16({status})?"));
    let list: Vec<_> = list.collect();
    let call = format!(".statuses([{}])", list.join(", "));
    Ok(route.group.fail_over(&call, "`Failover`"))
}

fn retry_on(_: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    node.text()?;
    Ok(Outcome::mapped(text))
}

fn num_retries(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    // The first attempt is no retry.
    let attempts = u64::from(node.small_count()?) + 1;
    Ok(route
        .group
        .fail_over(&format!(".max_attempts({attempts})"), text))
}

fn per_try_timeout(route: &mut Route, node: &JsonNode, text: &'static str) -> Mapping {
    if node.duration()?.is_zero() {
        return Ok(Outcome::no_effect(
            "`Limits::response_timeout` is 60 s by default",
        ));
    }
    Ok(route.set("limits.response_timeout", node.time()?, text))
}
