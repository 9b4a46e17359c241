//! Fields of Envoy that decide together: TLS, changes of fields, ejection and the Host.

use cdn_origin::import::{self, Imported, NoteKind};

use super::envoy_notes::{cluster, kinds};

/// A socket that cannot be imported does not become plain HTTP.
#[test]
fn tls_is_spoken_unless_the_socket_is_that_of_tcp_alone() {
    let tls = r#""typed_config": { "@type": "a.UpstreamTlsContext", "sni": "www.example" }"#;
    let raw = r#""typed_config": { "@type": "a.RawBuffer" }"#;
    let around = |kind: &str, inner: &str| {
        format!(r#""transport_socket": {{ "typed_config": {{ "@type": "a.{kind}", {inner} }} }},"#)
    };
    let wrapped =
        |kind: &str, inner: &str| around(kind, &format!(r#""transport_socket": {{ {inner} }}"#));
    let matches = |sockets: &[&str]| {
        let matches: Vec<_> = sockets
            .iter()
            .map(|socket| format!(r#"{{ "transport_socket": {{ {socket} }} }}"#))
            .collect();
        format!(r#""transport_socket_matches": [{}],"#, matches.join(","))
    };
    let with_context = |field: &str| format!(r#""{field}": {{ "sni": "www.example" }}"#);
    let plain = format!(r#""transport_socket": {{ {raw} }},"#);
    let rows = [
        (String::new(), false, false),
        (plain.clone(), false, false),
        (format!(r#""transport_socket": {{ {tls} }},"#), true, true),
        (r#""transport_socket": {},"#.to_owned(), true, false),
        (
            r#""transport_socket": { "typed_config": { "@type": 1 } },"#.to_owned(),
            true,
            false,
        ),
        (around("Alts", r#""x": 1"#), true, false),
        (
            around(
                "QuicUpstreamTransport",
                &with_context("upstream_tls_context"),
            ),
            true,
            true,
        ),
        (
            around("UpstreamStartTlsConfig", &with_context("tls_socket_config")),
            true,
            true,
        ),
        (wrapped("TapTransport", tls), true, true),
        (wrapped("TapTransport", raw), false, false),
        (wrapped("ProxyProtocolUpstreamTransport", tls), true, true),
        (wrapped("ProxyProtocolUpstreamTransport", raw), false, false),
        (matches(&[raw, tls]), true, false),
        (matches(&[raw]), false, false),
        (format!("{plain}{}", matches(&[tls])), true, false),
    ];
    for (fields, is_tls, has_sni) in rows {
        let imported = cluster(&fields);
        let code = imported.code();
        assert_eq!(code.contains("https://"), is_tls, "{fields}: {code}");
        assert_eq!(code.contains(r#".sni("www.example")"#), has_sni, "{fields}");
    }
}

/// The configuration of the only origin.
fn config(imported: &Imported) -> serde_json::Value {
    let [origin] = imported.origins() else {
        panic!("one origin: {imported:?}");
    };
    serde_json::to_value(&origin.config).unwrap()
}

/// The least specific change comes last, unless the text says otherwise.
#[test]
fn changes_of_fields_are_made_from_the_route_to_its_configuration() {
    let set = |value: &str| {
        format!(
            r#""request_headers_to_add": [{{ "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            "header": {{ "key": "X-A", "value": "{value}" }} }}],"#
        )
    };
    let remove = r#""request_headers_to_remove": ["x-a"],"#.to_owned();
    let add = r#""response_headers_to_add": [{ "header": { "key": "X-A", "value": "1" } }],"#;
    let none = String::new;
    // The configuration, the virtual host, the route, and what each order makes of them.
    let rows = [
        (
            set("1"),
            none(),
            set("2"),
            r#"{"set":{"x-a":"1"}}"#,
            r#"{"set":{"x-a":"2"}}"#,
        ),
        (
            none(),
            set("1"),
            set("2"),
            r#"{"set":{"x-a":"1"}}"#,
            r#"{"set":{"x-a":"2"}}"#,
        ),
        (
            remove.clone(),
            none(),
            set("2"),
            r#"{"remove":["x-a"]}"#,
            r#"{"set":{"x-a":"2"}}"#,
        ),
        (
            set("1"),
            none(),
            remove.clone(),
            r#"{"set":{"x-a":"1"}}"#,
            r#"{"remove":["x-a"]}"#,
        ),
        (
            none(),
            none(),
            format!("{}{remove}", set("2")),
            r#"{"set":{"x-a":"2"}}"#,
            r#"{"set":{"x-a":"2"}}"#,
        ),
        (add.to_owned(), none(), none(), "null", "null"),
    ];
    for (of_config, of_host, of_route, by_default, most_specific) in rows {
        for (flag, expected) in [("false", by_default), ("true", most_specific)] {
            let text = format!(
                r#"[{{ {of_config} "virtual_hosts": [{{ {of_host} "routes": [{{ {of_route}
                "match": {{ "prefix": "/" }}, "route": {{ "cluster": "a" }} }}] }}],
                "most_specific_header_mutations_wins": {flag} }},
                {{ "name": "a", "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [
                {{ "endpoint": {{ "address": {{ "socket_address": {{
                "address": "10.0.0.1", "port_value": 80 }} }} }} }}] }}] }} }}]"#
            );
            let imported = import::envoy(&text).unwrap();
            let config = config(&imported);
            assert_eq!(config["request_fields"].to_string(), expected, "{text}");
            let is_added = config["response_fields"]["add"]["x-a"] == "1";
            assert_eq!(is_added, of_config == add, "{text}");
        }
    }
}

#[test]
fn only_conditions_that_are_enforced_eject_members() {
    let endpoint = |port: u16| {
        format!(
            r#"{{ "endpoint": {{ "address": {{ "socket_address": {{
            "address": "10.0.0.1", "port_value": {port} }} }} }} }}"#
        )
    };
    let rows = [
        ("", None),
        (r#""consecutive_5xx": 7"#, Some(".failures(7)")),
        (
            r#""consecutive_gateway_failure": 3, "consecutive_5xx": 20"#,
            Some(".failures(20)"),
        ),
        (
            r#""consecutive_gateway_failure": 3, "enforcing_consecutive_gateway_failure": 100,
            "consecutive_5xx": 20"#,
            Some(".failures(3)"),
        ),
        (
            r#""consecutive_local_origin_failure": 3, "consecutive_5xx": 20"#,
            Some(".failures(20)"),
        ),
        (
            r#""consecutive_local_origin_failure": 3, "enforcing_consecutive_5xx": 0,
            "consecutive_5xx": 20, "split_external_local_origin_errors": true"#,
            Some(".failures(3)"),
        ),
        (
            r#""consecutive_5xx": 7, "enforcing_consecutive_5xx": 0, "max_ejection_percent": 40"#,
            Some(".max_share(0)"),
        ),
    ];
    for (fields, call) in rows {
        let text = format!(
            r#"{{ "name": "a", "outlier_detection": {{ {fields} }}, "load_assignment": {{
            "endpoints": [{{ "lb_endpoints": [{}, {}] }}] }} }}"#,
            endpoint(80),
            endpoint(81)
        );
        let imported = import::envoy(&text).unwrap();
        let expected = call.map(|call| format!("Ejection::default(){call})"));
        let code = imported.code();
        assert_eq!(
            code.contains("Ejection"),
            call.is_some(),
            "{fields}: {code}"
        );
        assert!(
            expected.is_none_or(|call| code.contains(&call)),
            "{fields}: {code}"
        );
    }
}

/// Envoy knows the endpoints of a static cluster by their addresses, which are no names.
#[test]
fn a_static_endpoint_without_a_name_gets_the_host_of_the_client() {
    let socket = r#""socket_address": { "address": "10.0.0.1", "port_value": 80 }"#;
    let pipe = r#""pipe": { "path": "/run/a.sock" }"#;
    let named = r#""hostname": "www.example","#;
    let rows = [
        ("", "", socket, "preserve", ""),
        (r#""type": "STATIC","#, "", socket, "preserve", ""),
        ("", "", pipe, "preserve", ""),
        ("", named, socket, "", "http://www.example"),
        ("", named, pipe, "", "http://www.example"),
        (
            r#""type": "STRICT_DNS","#,
            "",
            socket,
            "",
            "http://10.0.0.1",
        ),
    ];
    for (kind, name, address, rewrite, url) in rows {
        let text = format!(
            r#"[{{ "match": {{ "prefix": "/" }},
            "route": {{ "cluster": "a", "auto_host_rewrite": true }} }},
            {{ "name": "a", {kind} "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [
            {{ "endpoint": {{ {name} "address": {{ {address} }} }} }}] }}] }} }}]"#
        );
        let imported = import::envoy(&text).unwrap();
        let config = config(&imported);
        let found = config["host_rewrite"].as_str().unwrap_or_default();
        assert_eq!(found, rewrite, "{text}");
        assert!(url.is_empty() || config["url"] == url, "{config}");
        let warned = kinds(&imported, "endpoint.hostname");
        assert_eq!(
            warned.contains(&NoteKind::Warning),
            url.is_empty(),
            "{text}"
        );
    }
}
