//! The fields of a bootstrap, of listeners and of the filter that has the routes.
//!
//! The parts of a bootstrap around clusters and routes. Routes are found here: in the
//! `HttpConnectionManager` of a listener's filter chains.

use crate::import::note::Outcome;

use super::{
    importer::{EnvoyImporter, FileRow},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
};

const SECTIONS: &str = "each is a section of the code";
const CLIENT: &str =
    "it concerns the client's side: the server in front of the proxy, such as axum";
const PROCESS: &str = "it concerns the process of Envoy";
const CONTROL_PLANE: &str = "nothing comes from a control plane: `OriginGroup::put` and \
                             `CdnOriginConnector::reload` change settings at run time";
const LOGS: &str = "`AccessLogLayer`";
const FORWARDED: &str = "`ForwardedLayer::trust`, by network";
const TRACES: &str = "`TraceContextLayer`";

/// The fields of a bootstrap, and of its resources alone.
pub(super) const ROWS: [FileRow; 49] = [
    FileRow::no_effect("static_resources.clusters", SECTIONS),
    FileRow::maps(
        "static_resources.listeners",
        listeners,
        "read with their routes",
    ),
    FileRow::refused(
        "static_resources.secrets",
        "secrets are in files: `ClientIdentity::pem_files`, `Roots::pem_file`",
    ),
    FileRow::no_effect("clusters", SECTIONS),
    FileRow::maps("listeners", listeners, "read with their routes"),
    FileRow::no_effect("resources", SECTIONS),
    FileRow::no_effect("version_info", PROCESS),
    FileRow::no_effect("type_url", PROCESS),
    FileRow::no_effect("nonce", PROCESS),
    FileRow::refused("dynamic_resources", CONTROL_PLANE),
    FileRow::refused("xds_delegate_extension", CONTROL_PLANE),
    FileRow::refused("xds_config_tracker_extension", CONTROL_PLANE),
    FileRow::refused("xds_managers", CONTROL_PLANE),
    FileRow::refused("config_sources", CONTROL_PLANE),
    FileRow::refused("default_config_source", CONTROL_PLANE),
    FileRow::refused("hds_config", CONTROL_PLANE),
    FileRow::no_effect("admin", PROCESS),
    FileRow::no_effect("node", PROCESS),
    FileRow::no_effect("node_context_params", PROCESS),
    FileRow::no_effect("cluster_manager", PROCESS),
    FileRow::no_effect("flags_path", PROCESS),
    FileRow::no_effect("stats_sinks", "`MetricsObserver`"),
    FileRow::no_effect("stats_config", "`MetricsObserver`"),
    FileRow::no_effect("stats_flush_interval", "`MetricsObserver`"),
    FileRow::no_effect("stats_flush_on_admin", "`MetricsObserver`"),
    FileRow::no_effect("watchdog", PROCESS),
    FileRow::no_effect("watchdogs", PROCESS),
    FileRow::no_effect("tracing", TRACES),
    FileRow::no_effect("layered_runtime", PROCESS),
    FileRow::no_effect("overload_manager", "`Limits`"),
    FileRow::no_effect("enable_dispatcher_stats", PROCESS),
    FileRow::no_effect("header_prefix", PROCESS),
    FileRow::by_hand("typed_dns_resolver_config", "`Dns::resolver`"),
    FileRow::no_effect("bootstrap_extensions", PROCESS),
    FileRow::no_effect("fatal_actions", PROCESS),
    FileRow::refused("certificate_provider_instances", CONTROL_PLANE),
    FileRow::no_effect("deferred_stat_options", PROCESS),
    FileRow::no_effect("stats_eviction_interval", PROCESS),
    FileRow::no_effect("stats_server_version_override", PROCESS),
    FileRow::no_effect("inline_headers", PROCESS),
    FileRow::no_effect("perf_tracing_file_path", PROCESS),
    FileRow::no_effect("default_regex_engine", PROCESS),
    FileRow::no_effect("listener_manager", PROCESS),
    FileRow::no_effect("grpc_async_client_manager_config", PROCESS),
    FileRow::no_effect("memory_allocator_manager", PROCESS),
    FileRow::by_hand("use_tcp_for_dns_lookups", "`Dns::resolver`"),
    FileRow::by_hand("dns_resolution_config", "`Dns::resolver`"),
    FileRow::no_effect("default_socket_interface", PROCESS),
    FileRow::no_effect("application_log_config", "errors are logged with `tracing`"),
];

/// The fields of a listener.
pub(super) const LISTENER_ROWS: [FileRow; 43] = [
    FileRow::maps(
        "listeners.filter_chains.filters",
        filters,
        "read with their routes",
    ),
    FileRow::maps(
        "listeners.default_filter_chain.filters",
        filters,
        "read with their routes",
    ),
    FileRow::no_effect("listeners.name", CLIENT),
    FileRow::no_effect("listeners.address", CLIENT),
    FileRow::no_effect("listeners.additional_addresses", CLIENT),
    FileRow::no_effect("listeners.stat_prefix", CLIENT),
    FileRow::no_effect("listeners.traffic_direction", CLIENT),
    FileRow::no_effect("listeners.per_connection_buffer_limit_bytes", CLIENT),
    FileRow::no_effect("listeners.listener_filters", CLIENT),
    FileRow::no_effect("listeners.socket_options", CLIENT),
    FileRow::no_effect("listeners.filter_chains.filter_chain_match", CLIENT),
    FileRow::maps(
        "listeners.filter_chains.transport_socket",
        client_tls,
        CLIENT,
    ),
    FileRow::no_effect("listeners.filter_chains.name", CLIENT),
    FileRow::by_hand("listeners.access_log", LOGS),
    FileRow::no_effect("listeners.fcds_config", CLIENT),
    FileRow::no_effect("listeners.filter_chain_matcher", CLIENT),
    FileRow::no_effect("listeners.use_original_dst", CLIENT),
    FileRow::no_effect("listeners.deprecated_v1", CLIENT),
    FileRow::no_effect("listeners.drain_type", CLIENT),
    FileRow::no_effect("listeners.listener_filters_timeout", CLIENT),
    FileRow::no_effect("listeners.continue_on_listener_filters_timeout", CLIENT),
    FileRow::no_effect("listeners.transparent", CLIENT),
    FileRow::no_effect("listeners.freebind", CLIENT),
    FileRow::no_effect("listeners.tcp_fast_open_queue_length", CLIENT),
    FileRow::no_effect("listeners.tcp_keepalive", CLIENT),
    FileRow::no_effect("listeners.udp_listener_config", CLIENT),
    FileRow::no_effect("listeners.api_listener", CLIENT),
    FileRow::no_effect("listeners.connection_balance_config", CLIENT),
    FileRow::no_effect("listeners.reuse_port", CLIENT),
    FileRow::no_effect("listeners.enable_reuse_port", CLIENT),
    FileRow::no_effect("listeners.tcp_backlog_size", CLIENT),
    FileRow::no_effect(
        "listeners.max_connections_to_accept_per_socket_event",
        CLIENT,
    ),
    FileRow::no_effect("listeners.bind_to_port", CLIENT),
    FileRow::no_effect("listeners.internal_listener", CLIENT),
    FileRow::no_effect("listeners.enable_mptcp", CLIENT),
    FileRow::no_effect("listeners.ignore_global_conn_limit", CLIENT),
    FileRow::no_effect("listeners.bypass_overload_manager", CLIENT),
    FileRow::no_effect("listeners.metadata", CLIENT),
    FileRow::no_effect("listeners.filter_chains.use_proxy_proto", CLIENT),
    FileRow::no_effect(
        "listeners.filter_chains.transport_socket_connect_timeout",
        CLIENT,
    ),
    FileRow::no_effect("listeners.filter_chains.metadata", CLIENT),
    FileRow::maps(
        "listeners.default_filter_chain.transport_socket",
        client_tls,
        CLIENT,
    ),
    FileRow::no_effect("listeners.default_filter_chain.name", CLIENT),
];

/// The fields of `HttpConnectionManager`.
pub(super) const MANAGER_ROWS: [FileRow; 59] = [
    FileRow::maps("route_config", route_config, "read with its routes"),
    FileRow::refused("rds", CONTROL_PLANE),
    FileRow::refused("scoped_routes", CONTROL_PLANE),
    FileRow::maps("http_filters", http_filters, "layers in front of the proxy"),
    FileRow::by_hand("access_log", LOGS),
    FileRow::by_hand("access_log_options", LOGS),
    FileRow::no_effect("tracing", TRACES),
    FileRow::no_effect("codec_type", CLIENT),
    FileRow::no_effect("stat_prefix", CLIENT),
    FileRow::no_effect("common_http_protocol_options", CLIENT),
    FileRow::no_effect("http_protocol_options", CLIENT),
    FileRow::no_effect("http2_protocol_options", CLIENT),
    FileRow::no_effect("http3_protocol_options", CLIENT),
    FileRow::no_effect("server_name", CLIENT),
    FileRow::no_effect("server_header_transformation", CLIENT),
    FileRow::by_hand(
        "scheme_header_transformation",
        "`ForwardedLayer::client_scheme`",
    ),
    FileRow::no_effect("max_request_headers_kb", "`Limits::max_request_head`"),
    FileRow::by_hand(
        "stream_idle_timeout",
        "`Limits::response_timeout`, `Limits::body_idle_timeout`",
    ),
    FileRow::by_hand("request_timeout", "`Limits::request_timeout`"),
    FileRow::no_effect("request_headers_timeout", CLIENT),
    FileRow::no_effect("drain_timeout", "`OriginProxy::drain`"),
    FileRow::no_effect("delayed_close_timeout", CLIENT),
    FileRow::by_hand("use_remote_address", FORWARDED),
    FileRow::by_hand("xff_num_trusted_hops", FORWARDED),
    FileRow::by_hand("original_ip_detection_extensions", "`ClientAddress`"),
    FileRow::by_hand("internal_address_config", FORWARDED),
    FileRow::by_hand("skip_xff_append", "`ForwardedLayer::pass_trusted`"),
    FileRow::no_effect("via", "`Via` is sent by default: `OriginProxy::via`"),
    FileRow::no_effect("generate_request_id", TRACES),
    FileRow::no_effect("preserve_external_request_id", TRACES),
    FileRow::no_effect("always_set_request_id_in_response", TRACES),
    FileRow::no_effect("request_id_extension", TRACES),
    FileRow::by_hand("forward_client_cert_details", "`OriginProxy::map_request`"),
    FileRow::by_hand(
        "set_current_client_cert_details",
        "`OriginProxy::map_request`",
    ),
    FileRow::no_effect("proxy_100_continue", "the origin answers `Expect`"),
    FileRow::maps(
        "upgrade_configs",
        upgrades,
        "WebSockets pass by default: `Upgrades`",
    ),
    FileRow::no_effect(
        "normalize_path",
        "a path with `..` gets 400 where prefixes are mapped",
    ),
    FileRow::no_effect("merge_slashes", "paths are passed as they are"),
    FileRow::no_effect(
        "path_with_escaped_slashes_action",
        "paths are passed as they are",
    ),
    FileRow::by_hand(
        "strip_matching_host_port",
        "`HostRewriteLayer::preserve_name`",
    ),
    FileRow::by_hand("strip_any_host_port", "`HostRewriteLayer::preserve_name`"),
    FileRow::by_hand("local_reply_config", "`OriginProxy::map_response`"),
    FileRow::no_effect("proxy_status_config", "`Proxy-Status` is sent by default"),
    FileRow::by_hand(
        "append_x_forwarded_port",
        "`ForwardedField::XForwardedPort`",
    ),
    FileRow::no_effect("add_user_agent", CLIENT),
    FileRow::no_effect("http1_safe_max_connection_duration", CLIENT),
    FileRow::no_effect("stream_flush_timeout", CLIENT),
    FileRow::by_hand("access_log_flush_interval", LOGS),
    FileRow::by_hand("flush_access_log_on_new_request", LOGS),
    FileRow::by_hand(
        "early_header_mutation_extensions",
        "`OriginProxy::map_request`",
    ),
    FileRow::by_hand("forward_client_cert_matcher", "`OriginProxy::map_request`"),
    FileRow::no_effect("represent_ipv4_remote_address_as_ipv4_mapped_ipv6", CLIENT),
    FileRow::no_effect("stream_error_on_invalid_http_message", CLIENT),
    FileRow::no_effect("path_normalization_options", "paths are passed as they are"),
    FileRow::by_hand(
        "strip_trailing_host_dot",
        "`HostRewriteLayer::preserve_name`",
    ),
    FileRow::no_effect("typed_header_validation_config", CLIENT),
    FileRow::no_effect("append_local_overload", CLIENT),
    FileRow::no_effect("add_proxy_protocol_connection_state", CLIENT),
    FileRow::no_effect("forward_proto_config", CLIENT),
];

fn listeners(importer: &mut EnvoyImporter, node: &JsonNode, text: &'static str) -> Mapping {
    for listener in node.list()? {
        read_listener(importer, listener);
    }
    Ok(Outcome::mapped(text))
}

pub(super) fn read_listener(importer: &mut EnvoyImporter, listener: &JsonNode) {
    read(importer, "listeners", listener, &LISTENER_ROWS);
}

fn filters(importer: &mut EnvoyImporter, node: &JsonNode, text: &'static str) -> Mapping {
    for filter in node.list()? {
        let config = filter.get("typed_config");
        let type_name = config.and_then(|config| config.get("@type"));
        let type_name = type_name.map_or(Ok(""), JsonNode::text)?;
        match (config, type_name.rsplit('.').next()) {
            (Some(config), Some("HttpConnectionManager")) => {
                read(importer, "", config, &MANAGER_ROWS);
            }
            _ => {
                let text = "connections without HTTP: `CdnOriginConnector` alone";
                let outcome = match checks_access(filter) {
                    true => Outcome::access(),
                    false => Outcome::refused(text),
                };
                importer.note(filter.line, "filters", outcome);
            }
        }
    }
    Ok(Outcome::mapped(text))
}

fn route_config(importer: &mut EnvoyImporter, node: &JsonNode, text: &'static str) -> Mapping {
    importer.add_configuration(node);
    Ok(Outcome::mapped(text))
}

/// Filters that check access have a note each.
fn http_filters(importer: &mut EnvoyImporter, node: &JsonNode, text: &'static str) -> Mapping {
    let filters = node.list()?;
    for filter in filters.iter().filter(|filter| checks_access(filter)) {
        importer.note(filter.line, "http_filters", Outcome::access());
    }
    Ok(match filters.iter().all(is_router) {
        true => Outcome::no_effect("the router is the proxy itself"),
        false => Outcome::by_hand(text),
    })
}

fn is_router(filter: &JsonNode) -> bool {
    let name = kind_names(filter).next().unwrap_or_default();
    name.split('.').any(|part| part == "router")
}

/// Whether a filter lets only some clients in.
fn checks_access(filter: &JsonNode) -> bool {
    let kinds = [
        "api_key_auth",
        "basic_auth",
        "client_ssl_auth",
        "csrf",
        "ext_authz",
        "jwt_authn",
        "oauth2",
        "rbac",
    ];
    kind_names(filter).any(|name| name.split('.').any(|part| kinds.contains(&part)))
}

/// The names of a filter's kind: its type, and then its own name, which may be any beside a type.
///
/// The type is a URL such as `type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC`. That
/// of a `TypedStruct` is in its `type_url`.
fn kind_names(filter: &JsonNode) -> impl Iterator<Item = &str> {
    let paths: [&[&str]; 3] = [
        &["typed_config", "type_url"],
        &["typed_config", "@type"],
        &["name"],
    ];
    let nodes = paths.into_iter().filter_map(move |path| filter.at(path));
    nodes.filter_map(|node| node.text().ok())
}

/// The TLS of clients is of the server in front of the proxy, which may need their certificates.
fn client_tls(_: &mut EnvoyImporter, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match needs_certificate(node)? {
        true => Outcome::access(),
        false => Outcome::no_effect(text),
    })
}

/// Whether the TLS context in a transport socket, or in a socket inside of it, needs a certificate.
fn needs_certificate(node: &JsonNode) -> Result<bool, Outcome> {
    if let Some(requires) = node.get("require_client_certificate") {
        return requires.boolean();
    }
    let inner = [
        "typed_config",
        "downstream_tls_context",
        "tls_socket_config",
        "transport_socket",
    ];
    for field in inner {
        if let Some(inner) = node.get(field)
            && needs_certificate(inner)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn upgrades(_: &mut EnvoyImporter, node: &JsonNode, text: &'static str) -> Mapping {
    for upgrade in node.list()? {
        let kind = upgrade.get("upgrade_type").map_or(Ok(""), JsonNode::text)?;
        if !kind.eq_ignore_ascii_case("websocket") {
            return Ok(Outcome::by_hand("`Upgrades::and`"));
        }
    }
    Ok(Outcome::mapped(text))
}
