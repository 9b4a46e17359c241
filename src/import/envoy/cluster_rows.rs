//! The table of a cluster's fields.
//!
//! One row for each field of `envoy.config.cluster.v3.Cluster`, in the order of the reference.
//! Nested messages have tables of their own.

use super::{
    cluster::ClusterRow,
    cluster_fields::{
        connect_timeout, discovery, dns_lookup_family, dns_refresh_rate, lb_policy, max_load,
        panic_threshold, respect_dns_ttl, slow_start,
    },
    endpoint_rows, health_rows, limit_rows, outlier_rows, protocol_rows, socket_rows,
    transport_rows,
};

const CONTROL_PLANE: &str = "endpoints do not come from a control plane: `OriginGroup::put` \
                             changes members at run time";
const NO_METADATA: &str = "members have neither metadata nor zones: a group for each subset";
const STATISTICS: &str = "`MetricsObserver` has counters of each origin";
const RAMP: &str = "`Ejection::slow_start` has a ramp of its own";
const RENDEZVOUS: &str = "affinity by a key uses rendezvous hashing";
const RESOLVER: &str = "`Dns::resolver` with a `HickoryResolver`";
const V2: &str = "the API of version 2: `load_assignment`";

pub(super) const ROWS: [ClusterRow; 76] = [
    ClusterRow::no_effect("name", "a name of the file"),
    ClusterRow::no_effect("alt_stat_name", STATISTICS),
    ClusterRow::maps("type", discovery, "the addresses of a name are raced"),
    ClusterRow::refused(
        "cluster_type",
        "for an origin of each request, see `VirtualHosts`, or a connector without a fixed \
         origin behind `CdnOriginBuilder::egress_guard`",
    ),
    ClusterRow::refused("eds_cluster_config", CONTROL_PLANE),
    ClusterRow::no_effect("load_assignment.cluster_name", "a name of the file"),
    ClusterRow::maps(
        "load_assignment.endpoints",
        endpoint_rows::endpoints,
        "read with their fields",
    ),
    ClusterRow::refused("load_assignment.named_endpoints", CONTROL_PLANE),
    ClusterRow::refused(
        "load_assignment.policy.drop_overloads",
        "`AdaptiveConcurrency` follows the origin's speed",
    ),
    ClusterRow::no_effect(
        "load_assignment.policy.overprovisioning_factor",
        "the next tier gets requests only when no member of this one is available",
    ),
    ClusterRow::no_effect(
        "load_assignment.policy.weighted_priority_health",
        "the next tier gets requests only when no member of this one is available",
    ),
    ClusterRow::refused("load_assignment.policy.endpoint_stale_after", CONTROL_PLANE),
    ClusterRow::refused("hosts", V2),
    ClusterRow::maps(
        "connect_timeout",
        connect_timeout,
        "`Timeouts::connect`, with the TLS handshake in it",
    ),
    ClusterRow::no_effect(
        "per_connection_buffer_limit_bytes",
        "bodies are streamed, with bounded buffers",
    ),
    ClusterRow::maps("lb_policy", lb_policy, "`Balance`"),
    ClusterRow::by_hand("load_balancing_policy", "`Balance`"),
    ClusterRow::refused("lb_subset_config", NO_METADATA),
    ClusterRow::no_effect("ring_hash_lb_config", RENDEZVOUS),
    ClusterRow::no_effect("maglev_lb_config", RENDEZVOUS),
    ClusterRow::refused(
        "original_dst_lb_config",
        "the address of a connector is fixed",
    ),
    ClusterRow::no_effect(
        "least_request_lb_config.choice_count",
        "the less loaded of two members is chosen",
    ),
    ClusterRow::no_effect(
        "least_request_lb_config.active_request_bias",
        "the less loaded of two members is chosen",
    ),
    ClusterRow::maps(
        "least_request_lb_config.slow_start_config.slow_start_window",
        slow_start,
        "`Ejection::slow_start`",
    ),
    ClusterRow::no_effect("least_request_lb_config.slow_start_config.aggression", RAMP),
    ClusterRow::no_effect(
        "least_request_lb_config.slow_start_config.min_weight_percent",
        RAMP,
    ),
    ClusterRow::maps(
        "round_robin_lb_config.slow_start_config.slow_start_window",
        slow_start,
        "`Ejection::slow_start`",
    ),
    ClusterRow::no_effect("round_robin_lb_config.slow_start_config.aggression", RAMP),
    ClusterRow::no_effect(
        "round_robin_lb_config.slow_start_config.min_weight_percent",
        RAMP,
    ),
    ClusterRow::maps(
        "common_lb_config.healthy_panic_threshold.value",
        panic_threshold,
        "`OriginGroupBuilder::panic_threshold`",
    ),
    ClusterRow::refused("common_lb_config.zone_aware_lb_config", NO_METADATA),
    ClusterRow::refused("common_lb_config.locality_weighted_lb_config", NO_METADATA),
    ClusterRow::maps(
        "common_lb_config.consistent_hashing_lb_config.hash_balance_factor",
        max_load,
        "`Balance::max_load`",
    ),
    ClusterRow::no_effect(
        "common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing",
        "`Member::name` decides which member gets which key",
    ),
    ClusterRow::no_effect(
        "common_lb_config.update_merge_window",
        "changes of a group are applied at once",
    ),
    ClusterRow::no_effect(
        "common_lb_config.ignore_new_hosts_until_first_hc",
        "a member serves until it fails",
    ),
    ClusterRow::no_effect(
        "common_lb_config.close_connections_on_host_set_change",
        "rendezvous hashing moves only the keys of the member that changed",
    ),
    ClusterRow::refused("common_lb_config.override_host_status", NO_METADATA),
    ClusterRow::maps("health_checks", health_rows::checks, "`HealthCheck::get`"),
    ClusterRow::maps(
        "outlier_detection",
        outlier_rows::outliers,
        "read with its fields",
    ),
    ClusterRow::maps(
        "circuit_breakers",
        limit_rows::circuit_breakers,
        "read with their fields",
    ),
    ClusterRow::maps(
        "typed_extension_protocol_options",
        protocol_rows::extensions,
        "read with their fields",
    ),
    ClusterRow::maps(
        "max_requests_per_connection",
        limit_rows::max_uses,
        "`PoolSettings::max_uses`",
    ),
    ClusterRow::maps(
        "common_http_protocol_options",
        protocol_rows::common,
        "read with its fields",
    ),
    ClusterRow::maps(
        "upstream_http_protocol_options",
        protocol_rows::upstream,
        "read with its fields",
    ),
    ClusterRow::maps(
        "http_protocol_options",
        protocol_rows::http1,
        "read with its fields",
    ),
    ClusterRow::maps(
        "http2_protocol_options",
        protocol_rows::http2,
        "`Alpn::Http2`",
    ),
    ClusterRow::refused(
        "protocol_selection",
        "the origin chooses the protocol, whatever the client speaks",
    ),
    ClusterRow::maps(
        "dns_lookup_family",
        dns_lookup_family,
        "`HappyEyeballs::families`",
    ),
    ClusterRow::maps(
        "dns_refresh_rate",
        dns_refresh_rate,
        "`DnsCache::ttl`; with `respect_dns_ttl`, `DnsCache::without_ttl`",
    ),
    ClusterRow::maps(
        "respect_dns_ttl",
        respect_dns_ttl,
        "the TTL counts by default, where the resolver knows it",
    ),
    ClusterRow::by_hand("dns_failure_refresh_rate", "`DnsCache::failures`"),
    ClusterRow::no_effect("dns_jitter", "a name is resolved when it is dialled"),
    ClusterRow::by_hand("dns_resolvers", RESOLVER),
    ClusterRow::by_hand("dns_resolution_config", RESOLVER),
    ClusterRow::by_hand("typed_dns_resolver_config", RESOLVER),
    ClusterRow::by_hand("use_tcp_for_dns_lookups", RESOLVER),
    ClusterRow::no_effect(
        "wait_for_warm_on_init",
        "a name is resolved when it is dialled",
    ),
    ClusterRow::no_effect("cleanup_interval", "no endpoints are discovered"),
    ClusterRow::maps(
        "upstream_bind_config",
        socket_rows::bind,
        "read with its fields",
    ),
    ClusterRow::maps(
        "upstream_connection_options",
        socket_rows::connection_options,
        "read with its fields",
    ),
    ClusterRow::maps(
        "transport_socket",
        transport_rows::transport_socket,
        "`https://` in the URL",
    ),
    ClusterRow::refused(
        "transport_socket_matches",
        "members have neither metadata nor zones: if one of the sockets is for TLS, the import \
         speaks TLS to all members",
    ),
    ClusterRow::refused("transport_socket_matcher", NO_METADATA),
    ClusterRow::maps(
        "tls_context",
        transport_rows::tls_context,
        "`https://` in the URL",
    ),
    ClusterRow::refused(
        "filters",
        "connections have no filters: `CdnOriginBuilder::transport`",
    ),
    ClusterRow::refused(
        "upstream_config",
        "requests are sent by the proxy's own pool",
    ),
    ClusterRow::no_effect(
        "close_connections_on_host_health_failure",
        "requests of a member that fails go on",
    ),
    ClusterRow::no_effect(
        "ignore_health_on_host_removal",
        "changes of a group are applied at once",
    ),
    ClusterRow::no_effect("metadata", NO_METADATA),
    ClusterRow::no_effect("lrs_server", STATISTICS),
    ClusterRow::no_effect("lrs_report_endpoint_metrics", STATISTICS),
    ClusterRow::no_effect("track_timeout_budgets", STATISTICS),
    ClusterRow::no_effect("track_cluster_stats", STATISTICS),
    ClusterRow::by_hand(
        "preconnect_policy",
        "`OriginProxy::prewarm`, `PoolSettings::min_idle`",
    ),
    ClusterRow::refused(
        "connection_pool_per_downstream_connection",
        "connections are shared by all clients",
    ),
];
