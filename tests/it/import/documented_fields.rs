//! The fields that the protobuf files of Envoy have, and the lines that Caddy reads: the importers
//! know each of them. Envoy 1.37 and Caddy 2.11.

use cdn_origin::import::{self, Imported, NoteKind};

use super::notes_of;

/// A line for each message: where it is, and its fields. `[]` is a list, and `.` a cluster itself. A
/// path that begins with `@` is not one of a cluster.
const ENVOY: &str = include_str!("envoy_fields.txt");

/// The lines of `reverse_proxy`.
const CADDY: &str = "\
    dynamic fail_duration flush_interval handle_response header_down header_up health_body \
    health_fails health_follow_redirects health_headers health_interval health_method \
    health_passes health_path health_port health_request_body health_status health_timeout \
    health_upstream health_uri lb_policy lb_retries lb_retry_match lb_try_duration \
    lb_try_interval max_fails method replace_status request_buffers response_buffers rewrite \
    stream_buffer_size stream_close_delay stream_timeout to transport trusted_proxies \
    unhealthy_latency unhealthy_request_count unhealthy_status verbose_logs";

/// The lines of `transport http`.
const CADDY_TRANSPORT: &str = "\
    compression dial_fallback_delay dial_timeout expect_continue_timeout forward_proxy_url \
    keepalive keepalive_idle_conns keepalive_idle_conns_per_host keepalive_interval \
    local_address max_conns_per_host max_idle_conns_per_host max_response_header network_proxy \
    proxy_protocol read_buffer read_timeout resolvers response_header_timeout tls \
    tls_client_auth tls_curves tls_except_ports tls_insecure_skip_verify tls_renegotiation \
    tls_server_name tls_timeout tls_trust_pool tls_trusted_ca_certs versions write_buffer \
    write_timeout";

const ENVOY_GUIDE: &str = include_str!("../../../src/guide/from-envoy.md");
const CADDY_GUIDE: &str = include_str!("../../../src/guide/from-caddy.md");

/// The field inside of the messages of this path.
fn nest(path: &str, field: &str) -> String {
    let inner = format!(r#"{{ "{field}": {{ "x": 1 }} }}"#);
    let segments = path.split('/').rev();
    segments
        .filter(|segment| !segment.is_empty() && *segment != ".")
        .fold(inner, |inner, segment| match segment.strip_suffix("[]") {
            Some(name) => format!(r#"{{ "{name}": [{inner}] }}"#),
            None => format!(r#"{{ "{segment}": {inner} }}"#),
        })
}

/// A text with the field in it.
fn envoy(path: &str, field: &str) -> Imported {
    let (start, rest) = path.split_once('/').unwrap_or((path, ""));
    let manager = "type.googleapis.com/a.HttpConnectionManager";
    let text = match start {
        "@route" => format!(
            r#"{{ "virtual_hosts": [{{ "routes": [{}] }}] }}"#,
            nest(rest, field)
        ),
        "@vhost" => format!(r#"{{ "virtual_hosts": [{}] }}"#, nest("", field)),
        "@config" => format!(r#"[{{ "@type": "a.RouteConfiguration", "{field}": 1 }}]"#),
        "@manager" => format!(
            r#"{{ "filter_chains": [{{ "filters": [{{ "typed_config": {{ "@type": "{manager}",
            "{field}": 1 }} }}] }}] }}"#
        ),
        "@listener" => format!(r#"[{{ "@type": "a.Listener", "{field}": 1 }}]"#),
        "@chain" => format!(r#"{{ "filter_chains": [{}] }}"#, nest("", field)),
        "@bootstrap" => format!(r#"[{{ "@type": "a.Bootstrap", "{field}": 1 }}]"#),
        _ => format!(r#"{{ "clusters": [{}] }}"#, nest(path, field)),
    };
    import::envoy(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_field_of_envoy_is_known() {
    for line in ENVOY.lines() {
        let (path, fields) = line.split_once(": ").unwrap();
        for field in fields.split(' ') {
            let imported = envoy(path, field);
            let mut unknown = notes_of(&imported, NoteKind::Unmapped);
            // What is inside of the field is none of its fields.
            let is_outer = |name: &str| !name.ends_with(".x") && name != "x";
            let unknown = unknown.find(|note| is_outer(&note.directive));
            assert!(unknown.is_none(), "{path}/{field}: {unknown:?}");
            assert!(!imported.notes().is_empty(), "{path}/{field}");
            assert!(ENVOY_GUIDE.contains(field), "{field}");
        }
    }
}

#[test]
fn each_line_of_caddy_is_known_and_has_a_row_in_the_guide() {
    let transport = CADDY_TRANSPORT.split_whitespace();
    let transport = transport.map(|line| format!("transport http {{\n{line} 1\n}}"));
    let lines = CADDY.split_whitespace().map(|line| format!("{line} 1"));
    for line in lines.chain(transport) {
        let text = format!("a.example {{\nreverse_proxy b.example {{\n{line}\n}}\n}}\n");
        let imported = import::caddy(&text).unwrap();
        assert_eq!(notes_of(&imported, NoteKind::Unmapped).count(), 0, "{line}");
    }
    for name in CADDY
        .split_whitespace()
        .chain(CADDY_TRANSPORT.split_whitespace())
    {
        assert!(CADDY_GUIDE.contains(&format!("| `{name}` | ")), "{name}");
    }
}
