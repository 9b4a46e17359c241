//! The fields of a route configuration and of a virtual host.
//!
//! Most fields are those of a route, with its functions. `domains` are a router's task.

use super::{
    route::RouteRow,
    route_fields::{
        add_request, add_response, domains, most_specific_wins, remove_request, remove_response,
    },
};

const LIMITS: &str = "clients are not limited one by one; see `Limits`";
const ROUTER: &str = "a router in front of the proxy, such as axum's";
const NO_COPIES: &str = "requests are not copied";
const SENT: &str = "read with their fields";
const ATTEMPTS: &str = "`AccessLogLayer` has the number of attempts";

pub(super) const ROWS: [RouteRow; 33] = [
    RouteRow::no_effect("name", "a name of the file"),
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
    RouteRow::maps(
        "domains",
        domains,
        "`VirtualHosts` chooses an origin by the client's Host",
    ),
    RouteRow::no_effect("virtual_hosts", "read with their routes"),
    RouteRow::no_effect("routes", "read with their fields"),
    RouteRow::by_hand("matcher", ROUTER),
    RouteRow::by_hand("require_tls", ROUTER),
    RouteRow::by_hand("retry_policy", "`Failover`, of a route"),
    RouteRow::by_hand("retry_policy_typed_config", "`Failover`"),
    RouteRow::refused("hedge_policy", "requests are not sent twice at once"),
    RouteRow::refused("request_mirror_policies", NO_COPIES),
    RouteRow::refused("rate_limits", LIMITS),
    RouteRow::by_hand("cors", "tower-http's `CorsLayer`"),
    RouteRow::by_hand("typed_per_filter_config", "layers in front of the proxy"),
    RouteRow::no_effect("virtual_clusters", ATTEMPTS),
    RouteRow::by_hand("include_request_attempt_count", ATTEMPTS),
    RouteRow::by_hand("include_attempt_count_in_response", ATTEMPTS),
    RouteRow::by_hand("include_is_timeout_retry_header", ATTEMPTS),
    RouteRow::no_effect("per_request_buffer_limit_bytes", "bodies are streamed"),
    RouteRow::no_effect("request_body_buffer_limit", "bodies are streamed"),
    RouteRow::no_effect("metadata", "routes have no metadata"),
    RouteRow::refused("vhds", "routes do not come from a control plane"),
    RouteRow::no_effect("internal_only_headers", "no field is internal"),
    RouteRow::maps(
        "most_specific_header_mutations_wins",
        most_specific_wins,
        "changes of fields are made in this order",
    ),
    RouteRow::no_effect(
        "validate_clusters",
        "a route without its cluster has a note",
    ),
    RouteRow::by_hand("cluster_specifier_plugins", ROUTER),
    RouteRow::by_hand("ignore_port_in_host_matching", ROUTER),
    RouteRow::by_hand("ignore_path_parameters_in_path_matching", ROUTER),
    RouteRow::by_hand("vhost_header", ROUTER),
    RouteRow::no_effect("max_direct_response_body_size_bytes", ROUTER),
];
