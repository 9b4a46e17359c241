//! The table of a route's fields.
//!
//! One row for each field of `envoy.config.route.v3.Route` and of its `RouteAction`. What selects a
//! request (`match`) is a router's task, except for a prefix.

use super::{
    retry_rows,
    route::RouteRow,
    route_fields::{
        add_request, add_response, auto_host, cluster, hash_policy, host_literal, idle_timeout,
        prefix_rewrite, remove_request, remove_response, timeout, upgrades,
    },
};

const LIMITS: &str = "clients are not limited one by one; see `Limits`";
const ROUTER: &str = "a router in front of the proxy, such as axum's";
const COMPUTED: &str = "the Host depends on the request: `HostRewriteLayer::from_fn`";
const NO_COPIES: &str = "requests are not copied";
const DEADLINE: &str = "`ClientDeadline` is read from `grpc-timeout` by default";
const SENT: &str = "read with their fields";

/// The fields of a route and its action.
pub(super) const ROWS: [RouteRow; 70] = [
    RouteRow::no_effect("name", "a name of the file"),
    RouteRow::no_effect(
        "match.prefix",
        "the code has a function that adds the routes",
    ),
    RouteRow::no_effect(
        "match.path_separated_prefix",
        "the code has a function that adds the routes",
    ),
    RouteRow::by_hand("match.path", ROUTER),
    RouteRow::by_hand("match.safe_regex", ROUTER),
    RouteRow::by_hand("match.connect_matcher", ROUTER),
    RouteRow::by_hand("match.path_match_policy", ROUTER),
    RouteRow::by_hand("match.case_sensitive", ROUTER),
    RouteRow::by_hand("match.runtime_fraction", ROUTER),
    RouteRow::by_hand("match.headers", ROUTER),
    RouteRow::by_hand("match.query_parameters", ROUTER),
    RouteRow::by_hand("match.cookies", ROUTER),
    RouteRow::by_hand("match.grpc", ROUTER),
    RouteRow::by_hand("match.tls_context", ROUTER),
    RouteRow::by_hand("match.dynamic_metadata", ROUTER),
    RouteRow::by_hand("match.filter_state", ROUTER),
    RouteRow::maps("request_headers_to_add", add_request, SENT),
    RouteRow::maps(
        "request_headers_to_remove",
        remove_request,
        "`OriginProxy::map_request`",
    ),
    RouteRow::maps("response_headers_to_add", add_response, SENT),
    RouteRow::maps(
        "response_headers_to_remove",
        remove_response,
        "`OriginProxy::map_response`",
    ),
    RouteRow::by_hand("redirect", ROUTER),
    RouteRow::by_hand("direct_response", ROUTER),
    RouteRow::by_hand("filter_action", ROUTER),
    RouteRow::by_hand("non_forwarding_action", ROUTER),
    RouteRow::no_effect("metadata", "routes have no metadata"),
    RouteRow::no_effect("decorator", "a span is named after the request"),
    RouteRow::no_effect("tracing", "`TraceContextLayer`"),
    RouteRow::no_effect(
        "stat_prefix",
        "`MetricsObserver` has counters of each origin",
    ),
    RouteRow::by_hand("typed_per_filter_config", "layers in front of the proxy"),
    RouteRow::no_effect("per_request_buffer_limit_bytes", "bodies are streamed"),
    RouteRow::no_effect("request_body_buffer_limit", "bodies are streamed"),
    RouteRow::maps("route.cluster", cluster, "a section of the code"),
    RouteRow::refused(
        "route.cluster_header",
        "for an origin of each request, see `VirtualHosts`",
    ),
    RouteRow::by_hand(
        "route.weighted_clusters",
        "a router in front of several proxies, or `Member::weight` in one group",
    ),
    RouteRow::by_hand("route.cluster_specifier_plugin", ROUTER),
    RouteRow::by_hand("route.inline_cluster_specifier_plugin", ROUTER),
    RouteRow::by_hand("route.cluster_not_found_response_code", ROUTER),
    RouteRow::refused("route.metadata_match", "members have no metadata"),
    RouteRow::maps(
        "route.host_rewrite_literal",
        host_literal,
        "`CdnOriginBuilder::host`",
    ),
    RouteRow::maps(
        "route.auto_host_rewrite",
        auto_host,
        "the endpoint's name is the Host by default",
    ),
    RouteRow::by_hand("route.host_rewrite_header", COMPUTED),
    RouteRow::by_hand("route.host_rewrite_path_regex", COMPUTED),
    RouteRow::by_hand("route.host_rewrite", COMPUTED),
    RouteRow::no_effect(
        "route.append_x_forwarded_host",
        "`ForwardedLayer` writes X-Forwarded-Host by default",
    ),
    RouteRow::maps(
        "route.prefix_rewrite",
        prefix_rewrite,
        "`OriginProxy::map_path`, of whole segments; redirects and cookies are mapped back",
    ),
    RouteRow::by_hand("route.regex_rewrite", "`OriginProxy::map_request`"),
    RouteRow::by_hand("route.path_rewrite_policy", "`OriginProxy::map_request`"),
    RouteRow::by_hand("route.path_rewrite", "`OriginProxy::map_request`"),
    RouteRow::maps("route.timeout", timeout, "`Limits::request_timeout`"),
    RouteRow::maps(
        "route.idle_timeout",
        idle_timeout,
        "`Limits::response_timeout` until the head of the response, then \
         `Limits::body_idle_timeout`; `Upgrades::idle_timeout` for WebSockets",
    ),
    RouteRow::no_effect(
        "route.flush_timeout",
        "`Limits::unread_timeout` bounds clients that do not read",
    ),
    RouteRow::by_hand("route.early_data_policy", "`Sessions::early_data`"),
    RouteRow::maps("route.retry_policy", retry_rows::retry, "`Failover`"),
    RouteRow::by_hand("route.retry_policy_typed_config", "`Failover`"),
    RouteRow::refused("route.request_mirror_policies", NO_COPIES),
    RouteRow::no_effect("route.priority", "requests have no priority"),
    RouteRow::refused("route.rate_limits", LIMITS),
    RouteRow::no_effect("route.include_vh_rate_limits", LIMITS),
    RouteRow::maps("route.hash_policy", hash_policy, "`Balance::by_key`"),
    RouteRow::by_hand("route.cors", "tower-http's `CorsLayer`"),
    RouteRow::no_effect("route.max_grpc_timeout", DEADLINE),
    RouteRow::no_effect("route.grpc_timeout_offset", DEADLINE),
    RouteRow::maps(
        "route.max_stream_duration.max_stream_duration",
        timeout,
        "`Limits::request_timeout`",
    ),
    RouteRow::no_effect(
        "route.max_stream_duration.grpc_timeout_header_max",
        DEADLINE,
    ),
    RouteRow::no_effect(
        "route.max_stream_duration.grpc_timeout_header_offset",
        DEADLINE,
    ),
    RouteRow::maps(
        "route.upgrade_configs",
        upgrades,
        "WebSockets pass by default: `Upgrades`",
    ),
    RouteRow::refused(
        "route.internal_redirect_policy",
        "redirects are passed to the client",
    ),
    RouteRow::refused(
        "route.internal_redirect_action",
        "redirects are passed to the client",
    ),
    RouteRow::refused(
        "route.max_internal_redirects",
        "redirects are passed to the client",
    ),
    RouteRow::refused("route.hedge_policy", "requests are not sent twice at once"),
];
