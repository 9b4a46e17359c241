//! `transport_socket`, and the fields of `UpstreamTlsContext`.
//!
//! ```text
//! "transport_socket": { "typed_config": {
//!     "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
//!     "sni": "www.example.com",                                .sni("www.example.com")
//!     "common_tls_context": {
//!         "tls_params": { "tls_minimum_protocol_version": "TLSv1_3" },
//!         "validation_context": { .. } } } }                   see `validation_rows.rs`
//! ```
//!
//! A transport socket may wrap another, such as that of the PROXY protocol around that of TLS.

use crate::import::{
    draft::SniChoice,
    has_settings::HasSettings,
    note::Outcome,
    settings::{SettingValue, Settings},
    values,
};

use super::{
    certificate_rows,
    cluster::{Cluster, ClusterRow},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
    validation_rows,
};

const SECRETS: &str = "secrets do not come from a control plane: `CdnOriginConnector::reload`";
const PARAMETERS: &str = "`TlsParameters` has a call for each list";
const OLD_TLS: &str = "versions before TLS 1.2 are not offered; the default stays";

/// The fields of `UpstreamTlsContext`.
pub(super) const ROWS: [ClusterRow; 28] = [
    ClusterRow::maps(
        "sni",
        sni,
        "`CdnOriginBuilder::sni`, which the expected name follows",
    ),
    ClusterRow::maps(
        "auto_host_sni",
        auto_host_sni,
        "the endpoint's name is the SNI by default",
    ),
    ClusterRow::maps(
        "auto_sni_san_validation",
        auto_sni_san_validation,
        "the SNI is expected by default",
    ),
    ClusterRow::refused("allow_renegotiation", "TLS is never renegotiated"),
    ClusterRow::maps("max_session_keys", max_session_keys, "`Sessions::capacity`"),
    ClusterRow::refused("enforce_rsa_key_usage", "key usage is not checked"),
    ClusterRow::maps(
        "common_tls_context.tls_params.tls_minimum_protocol_version",
        min_version,
        "`CdnOriginBuilder::tls_versions`",
    ),
    ClusterRow::maps(
        "common_tls_context.tls_params.tls_maximum_protocol_version",
        max_version,
        "`CdnOriginBuilder::tls_versions`",
    ),
    ClusterRow::by_hand(
        "common_tls_context.tls_params.cipher_suites",
        "the default has only AEAD suites with forward secrecy; `TlsParameters::cipher_suites` \
         takes IANA names",
    ),
    ClusterRow::by_hand("common_tls_context.tls_params.ecdh_curves", PARAMETERS),
    ClusterRow::by_hand(
        "common_tls_context.tls_params.signature_algorithms",
        PARAMETERS,
    ),
    ClusterRow::by_hand(
        "common_tls_context.tls_params.compliance_policies",
        "`TlsParameters::require_fips`",
    ),
    ClusterRow::maps(
        "common_tls_context.tls_certificates",
        certificate_rows::certificates,
        "`CdnOriginBuilder::client_identity`",
    ),
    ClusterRow::refused(
        "common_tls_context.tls_certificate_sds_secret_configs",
        SECRETS,
    ),
    ClusterRow::refused(
        "common_tls_context.tls_certificate_provider_instance",
        SECRETS,
    ),
    ClusterRow::refused(
        "common_tls_context.tls_certificate_certificate_provider",
        SECRETS,
    ),
    ClusterRow::refused(
        "common_tls_context.tls_certificate_certificate_provider_instance",
        SECRETS,
    ),
    ClusterRow::by_hand(
        "common_tls_context.custom_tls_certificate_selector",
        "`ClientIdentity::resolver`",
    ),
    ClusterRow::maps(
        "common_tls_context.validation_context",
        validation_rows::validation,
        "`CdnOriginBuilder::verify`",
    ),
    ClusterRow::maps(
        "common_tls_context.combined_validation_context.default_validation_context",
        validation_rows::validation,
        "`CdnOriginBuilder::verify`",
    ),
    ClusterRow::maps(
        "common_tls_context.combined_validation_context.validation_context_sds_secret_config",
        provided_roots,
        "roots do not come from a control plane: the import trusts those of `trusted_ca` or the \
         system's",
    ),
    ClusterRow::maps(
        "common_tls_context.combined_validation_context.validation_context_certificate_provider",
        provided_roots,
        "roots do not come from a control plane: the import trusts those of `trusted_ca` or the \
         system's",
    ),
    ClusterRow::maps(
        "common_tls_context.validation_context_sds_secret_config",
        provided_roots,
        "roots do not come from a control plane: the import trusts the system's",
    ),
    ClusterRow::maps(
        "common_tls_context.validation_context_certificate_provider",
        provided_roots,
        "roots do not come from a control plane: the import trusts the system's",
    ),
    ClusterRow::maps(
        "common_tls_context.validation_context_certificate_provider_instance",
        provided_roots,
        "roots do not come from a control plane: the import trusts the system's",
    ),
    ClusterRow::maps(
        "common_tls_context.alpn_protocols",
        alpn_protocols,
        "`CdnOriginBuilder::alpn`",
    ),
    ClusterRow::refused(
        "common_tls_context.custom_handshaker",
        "rustls does the handshake",
    ),
    ClusterRow::by_hand("common_tls_context.key_log", "`TlsParameters::key_log`"),
];

/// The fields of the transport socket that sends PROXY protocol headers.
pub(super) const PROXY_ROWS: [ClusterRow; 6] = [
    ClusterRow::maps(
        "config.version",
        proxy_version,
        "`CdnOriginBuilder::proxy_protocol`",
    ),
    ClusterRow::by_hand("config.pass_through_tlvs", "`ProxyProtocol`"),
    ClusterRow::by_hand("config.added_tlvs", "`ProxyProtocol`"),
    ClusterRow::no_effect("allow_unspecified_address", "the client's address is sent"),
    ClusterRow::no_effect("tlv_as_pool_key", "`ProxyProtocol`"),
    ClusterRow::maps(
        "transport_socket",
        transport_socket,
        "the socket inside of it",
    ),
];

/// Reads a transport socket by its type.
///
/// Without `typed_config`, the name decides, as in older files. A socket that is refused means TLS,
/// unless there is another in it: in plain HTTP, its requests could be read.
pub(super) fn transport_socket(
    cluster: &mut Cluster,
    node: &JsonNode,
    text: &'static str,
) -> Mapping {
    if is_plain(node) {
        cluster.tls_line = None;
        return Ok(Outcome::mapped("`http://` in the URL"));
    }
    cluster.tls_line = Some(node.line);
    let Some(config) = node.get("typed_config") else {
        return match node.get("name").map(JsonNode::text) {
            Some(Ok("envoy.transport_sockets.tls" | "tls")) => Ok(Outcome::mapped(text)),
            _ => Err(Outcome::refused(
                "there is no `typed_config`: the import speaks TLS",
            )),
        };
    };
    let outcome = match type_name(config) {
        "UpstreamTlsContext" => return tls_context(cluster, config, text),
        "ProxyProtocolUpstreamTransport" => {
            read(cluster, "", config, &PROXY_ROWS);
            version_by_default(cluster, config);
            return Ok(Outcome::mapped("`CdnOriginBuilder::proxy_protocol`"));
        }
        "QuicUpstreamTransport" => "HTTP/3 is not spoken: the import speaks TLS over TCP",
        _ => {
            "connections are TCP or TLS: the import speaks TLS, or what the socket in this one \
             does. `CdnOriginBuilder::transport` dials in other ways"
        }
    };
    if let Some(inner) = config.get("transport_socket") {
        let outcome = transport_socket(cluster, inner, text).unwrap_or_else(|outcome| outcome);
        cluster.note(inner.line, "transport_socket", outcome);
    }
    for field in ["upstream_tls_context", "tls_socket_config"] {
        if let Some(context) = config.get(field) {
            let outcome = tls_context(cluster, context, text).unwrap_or_else(|outcome| outcome);
            cluster.note(context.line, field, outcome);
        }
    }
    Err(Outcome::refused(outcome))
}

/// The line of `transport_socket_matches`, if one of its sockets is not that of TCP alone.
pub(super) fn matched_tls_line(cluster: &JsonNode) -> Option<usize> {
    let matches = cluster.get("transport_socket_matches")?;
    let elements = matches.elements().iter();
    let mut sockets = elements.filter_map(|element| element.get("transport_socket"));
    (!sockets.all(is_plain)).then_some(matches.line)
}

/// Whether the socket is that of TCP alone.
fn is_plain(socket: &JsonNode) -> bool {
    match socket.get("typed_config") {
        Some(config) => type_name(config) == "RawBuffer",
        None => matches!(
            socket.get("name").map(JsonNode::text),
            Some(Ok("envoy.transport_sockets.raw_buffer"))
        ),
    }
}

/// The last part of the URL in `@type`, or an empty text.
fn type_name(config: &JsonNode) -> &str {
    let name = config.get("@type").and_then(|name| name.text().ok());
    let name = name.unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default()
}

pub(super) fn tls_context(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.tls_line = Some(node.line);
    read(cluster, "", node, &ROWS);
    Ok(Outcome::mapped(text))
}

fn sni(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let name = node.text()?;
    if name.is_empty() {
        return Ok(Outcome::no_effect("an empty name is none"));
    }
    // The name is checked here, so that the note has its line.
    Settings::check("sni", name)?;
    cluster.shared.tls.sni = SniChoice::Name(name.to_owned());
    Ok(Outcome::mapped(text))
}

fn auto_host_sni(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.names.sni_from_endpoint = node.boolean()?;
    Ok(Outcome::mapped(text))
}

fn auto_sni_san_validation(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.names.is_checked |= node.boolean()?;
    Ok(Outcome::mapped(text))
}

fn max_session_keys(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    Ok(match node.small_count()? {
        0 => cluster.set("sessions.off", SettingValue::Flag, "`Sessions::off`"),
        count => cluster.set("sessions.capacity", count, text),
    })
}

fn min_version(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    match node.text()? {
        "TLS_AUTO" => Ok(Outcome::mapped("TLS 1.2 is the default")),
        "TLSv1_2" => Ok(cluster.set("tls.min_version", values::tls_version(false), text)),
        "TLSv1_3" => Ok(cluster.set("tls.min_version", values::tls_version(true), text)),
        _ => Err(Outcome::refused(OLD_TLS)),
    }
}

fn max_version(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    match node.text()? {
        "TLS_AUTO" => Ok(Outcome::mapped(
            "TLS 1.3 is the default, where the origin has it",
        )),
        "TLSv1_2" => Ok(cluster.set("tls.max_version", values::tls_version(false), text)),
        "TLSv1_3" => Ok(cluster.set("tls.max_version", values::tls_version(true), text)),
        _ => Err(Outcome::refused(OLD_TLS)),
    }
}

/// Validation whose roots are elsewhere.
fn provided_roots(cluster: &mut Cluster, _: &JsonNode, text: &'static str) -> Mapping {
    cluster.has_roots = true;
    Err(Outcome::refused(text))
}

fn alpn_protocols(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let value = match node.texts()?.as_slice() {
        ["h2"] => values::http2(),
        ["http/1.1"] => values::http1(),
        ["h2", "http/1.1"] | ["http/1.1", "h2"] => {
            return Ok(Outcome::mapped("both are offered by default"));
        }
        [] => return Ok(Outcome::no_effect("both are offered by default")),
        _ => return Err(Outcome::refused("neither HTTP/1.1 nor HTTP/2")),
    };
    Ok(cluster.set("alpn", value, text))
}

fn proxy_version(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let value = match node.text()? {
        "V1" => values::proxy_protocol(false),
        "V2" => values::proxy_protocol(true),
        _ => return Err(Outcome::refused("the value is neither V1 nor V2")),
    };
    Ok(cluster.set("proxy_protocol", value, text))
}

/// Version 1 is the default of the message.
fn version_by_default(cluster: &mut Cluster, config: &JsonNode) {
    if config.at(&["config", "version"]).is_none() {
        let value = values::proxy_protocol(false);
        let outcome = cluster.set("proxy_protocol", value, "`ProxyProtocol::V1`, the default");
        cluster.note(config.line, "config.version", outcome);
    }
}
