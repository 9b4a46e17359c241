//! The fields of `HttpProtocolOptions`, and of the settings of HTTP/1.1 and HTTP/2.
//!
//! Protocol options are in three places, by the age of a file: in
//! `typed_extension_protocol_options`, and before that in two fields of the cluster. One table
//! serves all of them.
//!
//! ```text
//! "explicit_http_config": { "http2_protocol_options": {} }      .alpn(Alpn::Http2)
//! "auto_config": {}                                             nothing: the origin chooses
//! "common_http_protocol_options": { "idle_timeout": "60s" }     pool.idle_timeout = 60s
//! ```

use crate::import::{has_settings::HasSettings, note::Outcome};

use super::{
    cluster::{Cluster, ClusterRow, OnlyProtocol},
    limit_rows::max_uses,
    message::{Mapping, NoteSink, read},
    node::{JsonNode, JsonValue},
};

const CHOSEN: &str = "the origin chooses between HTTP/2 and HTTP/1.1 by default";
const NO_HTTP3: &str = "HTTP/3 is not spoken";
const FILTERS: &str = "a layer in front of the proxy";
const SERVER: &str = "it concerns servers";
const STRICT: &str = "malformed messages are refused";
const FIXED: &str = "the pool has a fixed value";
const FLOODS: &str = "floods of frames are bounded";

pub(super) const ROWS: [ClusterRow; 24] = [
    ClusterRow::maps(
        "common_http_protocol_options.idle_timeout",
        |cluster, node, text| Ok(cluster.set("pool.idle_timeout", node.time()?, text)),
        "`PoolSettings::idle_timeout`",
    ),
    ClusterRow::maps(
        "common_http_protocol_options.max_connection_duration",
        |cluster, node, text| Ok(cluster.set("pool.max_age", node.time()?, text)),
        "`PoolSettings::max_age`",
    ),
    ClusterRow::maps(
        "common_http_protocol_options.max_requests_per_connection",
        max_uses,
        "`PoolSettings::max_uses`",
    ),
    ClusterRow::maps(
        "common_http_protocol_options.max_stream_duration",
        max_stream_duration,
        "`Limits::request_timeout`",
    ),
    ClusterRow::no_effect(
        "common_http_protocol_options.max_headers_count",
        "the size of a head is bounded: `PoolSettings::max_response_head`",
    ),
    ClusterRow::maps(
        "common_http_protocol_options.max_response_headers_kb",
        max_response_head,
        "`PoolSettings::max_response_head`",
    ),
    ClusterRow::no_effect(
        "common_http_protocol_options.headers_with_underscores_action",
        SERVER,
    ),
    ClusterRow::maps(
        "upstream_http_protocol_options.auto_sni",
        auto_sni,
        "`CdnOriginBuilder::sni`, where a route rewrites the Host to a name",
    ),
    ClusterRow::maps(
        "upstream_http_protocol_options.auto_san_validation",
        auto_san_validation,
        "the SNI is expected by default",
    ),
    ClusterRow::refused(
        "upstream_http_protocol_options.override_auto_sni_header",
        "the SNI of a connector is fixed: see `VirtualHosts`",
    ),
    ClusterRow::maps(
        "explicit_http_config.http_protocol_options",
        explicit_http1,
        "`Alpn::Http1`",
    ),
    ClusterRow::maps(
        "explicit_http_config.http2_protocol_options",
        http2,
        "`Alpn::Http2`",
    ),
    ClusterRow::refused("explicit_http_config.http3_protocol_options", NO_HTTP3),
    ClusterRow::maps("auto_config.http_protocol_options", http1, CHOSEN),
    ClusterRow::maps("auto_config.http2_protocol_options", http2_settings, CHOSEN),
    ClusterRow::refused("auto_config.http3_protocol_options", NO_HTTP3),
    ClusterRow::refused("auto_config.alternate_protocols_cache_options", NO_HTTP3),
    ClusterRow::refused(
        "use_downstream_protocol_config",
        "the origin chooses the protocol, whatever the client speaks",
    ),
    ClusterRow::by_hand("http_filters", FILTERS),
    ClusterRow::no_effect("header_validation_config", STRICT),
    ClusterRow::by_hand("outlier_detection", "`Failover::statuses`"),
    ClusterRow::refused("request_mirror_policies", "requests are not copied"),
    ClusterRow::by_hand("hash_policy", "`Balance::by_key`"),
    ClusterRow::by_hand("retry_policy", "`Failover`"),
];

/// The fields of the settings of HTTP/1.1 and HTTP/2.
pub(super) const VERSION_ROWS: [ClusterRow; 29] = [
    ClusterRow::no_effect("http_protocol_options.allow_absolute_url", SERVER),
    ClusterRow::no_effect("http_protocol_options.accept_http_10", SERVER),
    ClusterRow::no_effect("http_protocol_options.default_host_for_http_10", SERVER),
    ClusterRow::no_effect("http_protocol_options.ignore_http_11_upgrade", SERVER),
    ClusterRow::no_effect("http_protocol_options.use_balsa_parser", FIXED),
    ClusterRow::no_effect(
        "http_protocol_options.enable_trailers",
        "trailers are passed by default",
    ),
    ClusterRow::refused(
        "http_protocol_options.header_key_format",
        "names of fields are sent in one form",
    ),
    ClusterRow::refused("http_protocol_options.allow_chunked_length", STRICT),
    ClusterRow::no_effect(
        "http_protocol_options.override_stream_error_on_invalid_http_message",
        STRICT,
    ),
    ClusterRow::refused(
        "http_protocol_options.send_fully_qualified_url",
        "requests to an origin have a path: RFC 9112 section 3.2.1",
    ),
    ClusterRow::no_effect(
        "http_protocol_options.allow_custom_methods",
        "the method of a request is the client's",
    ),
    ClusterRow::no_effect("http2_protocol_options.hpack_table_size", FIXED),
    ClusterRow::no_effect(
        "http2_protocol_options.max_concurrent_streams",
        "the origin announces how many it accepts",
    ),
    ClusterRow::no_effect("http2_protocol_options.initial_stream_window_size", FIXED),
    ClusterRow::no_effect(
        "http2_protocol_options.initial_connection_window_size",
        FIXED,
    ),
    ClusterRow::no_effect("http2_protocol_options.connection_keepalive", FIXED),
    ClusterRow::no_effect("http2_protocol_options.allow_connect", SERVER),
    ClusterRow::refused(
        "http2_protocol_options.allow_metadata",
        "METADATA frames are no standard",
    ),
    ClusterRow::no_effect("http2_protocol_options.max_metadata_size", FLOODS),
    ClusterRow::no_effect("http2_protocol_options.max_outbound_frames", FLOODS),
    ClusterRow::no_effect("http2_protocol_options.max_outbound_control_frames", FLOODS),
    ClusterRow::no_effect(
        "http2_protocol_options.max_consecutive_inbound_frames_with_empty_payload",
        FLOODS,
    ),
    ClusterRow::no_effect(
        "http2_protocol_options.max_inbound_priority_frames_per_stream",
        FLOODS,
    ),
    ClusterRow::no_effect(
        "http2_protocol_options.max_inbound_window_update_frames_per_data_frame_sent",
        FLOODS,
    ),
    ClusterRow::no_effect(
        "http2_protocol_options.override_stream_error_on_invalid_http_message",
        STRICT,
    ),
    ClusterRow::refused("http2_protocol_options.custom_settings_parameters", FIXED),
    ClusterRow::no_effect(
        "http2_protocol_options.stream_error_on_invalid_http_messaging",
        STRICT,
    ),
    ClusterRow::no_effect("http2_protocol_options.use_oghttp2_codec", FIXED),
    ClusterRow::no_effect("http2_protocol_options.enable_huffman_encoding", FIXED),
];

/// The options of a cluster, by their types.
///
/// Options of other types are unmapped.
pub(super) fn extensions(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    const HTTP: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let JsonValue::Object(options) = &node.value else {
        return Err(Outcome::refused("the value is no object"));
    };
    for (name, options) in options {
        match name.as_str() {
            HTTP => read(cluster, "", options, &ROWS),
            name => {
                let path = format!("typed_extension_protocol_options.{name}");
                cluster.note(options.line, &path, Outcome::unmapped());
            }
        }
    }
    Ok(Outcome::mapped(text))
}

/// The older place of `common_http_protocol_options`, in the cluster itself.
pub(super) fn common(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "common_http_protocol_options", node, &ROWS);
    Ok(Outcome::mapped(text))
}

/// The older place of `upstream_http_protocol_options`, in the cluster itself.
pub(super) fn upstream(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "upstream_http_protocol_options", node, &ROWS);
    Ok(Outcome::mapped(text))
}

/// Settings of HTTP/1.1 that do not choose the protocol.
pub(super) fn http1(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "http_protocol_options", node, &VERSION_ROWS);
    Ok(Outcome::mapped(text))
}

fn explicit_http1(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.protocol = Some((node.line, OnlyProtocol::Http1));
    http1(cluster, node, text)
}

/// Settings of HTTP/2 that choose the protocol.
pub(super) fn http2(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.protocol = Some((node.line, OnlyProtocol::Http2));
    http2_settings(cluster, node, text)
}

fn http2_settings(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "http2_protocol_options", node, &VERSION_ROWS);
    Ok(Outcome::mapped(text))
}

fn max_stream_duration(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    if node.duration()?.is_zero() {
        return Ok(Outcome::mapped("there is no limit by default"));
    }
    Ok(cluster.set("limits.request_timeout", node.time()?, text))
}

/// More than the default is taken over; less would refuse responses for nothing.
///
/// In KiB.
fn max_response_head(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let bytes = u64::from(node.small_count()?) << 10;
    Ok(match bytes > 128 << 10 {
        true => cluster.set("pool.max_response_head", bytes, text),
        false => Outcome::no_effect("a head may have 128 KiB by default"),
    })
}

fn auto_sni(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    if node.boolean()? {
        cluster.names.sni_from_host = Some(node.line);
        return Ok(Outcome::mapped(text));
    }
    Ok(Outcome::no_effect("`sni` decides"))
}

fn auto_san_validation(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.names.is_checked |= node.boolean()?;
    Ok(Outcome::mapped(text))
}
