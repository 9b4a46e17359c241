//! What the formats of files do not agree on: null, keys that are there twice, and what an error
//! shows of a value.

use std::fmt::Debug;

use cdn_origin::{
    OriginProxy,
    config::{GroupConfig, OriginConfig, VirtualHostsConfig},
    connector::CdnOriginBuilder,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{GROUP, HOSTS, ORIGIN, read};

/// A key without a value is null in YAML. Without the keys below it, the origin is less protected.
#[test]
fn a_key_without_a_value_does_not_turn_a_check_off() {
    let rows = [
        "verify:",
        "verify:\n  roots:",
        "verify:\n  pinned:\n  # - sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=",
        "verify:\n  pinned_certificates:",
        "verify:\n  and_pins:",
        "verify:\n  and_certificate_pins:",
        "verify:\n  expecting_any:",
        "verify:\n  crls:",
        "client_identity:",
        "egress_guard:",
        "limits:\n  max_request_body:",
        "tls:\n  min_version:",
    ];
    for row in rows {
        let text = format!("url: https://a.example\n{row}\n");
        let read = serde_yaml_ng::from_str::<OriginConfig>(&text);
        read.expect_err(row);
    }
}

/// The file with null in place of each value, one after the other, and where.
fn with_nulls(value: &Value) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    let mut replace = |key: &str, inner: &Value, with: &dyn Fn(Value) -> Value| {
        files.push((key.to_owned(), with(Value::Null)));
        let changed = with_nulls(inner).into_iter();
        files.extend(changed.map(|(path, changed)| (format!("{key}.{path}"), with(changed))));
    };
    match value {
        Value::Object(table) => {
            for (key, inner) in table {
                replace(key, inner, &|changed| {
                    let mut table = table.clone();
                    table.insert(key.clone(), changed);
                    table.into()
                });
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                replace(&index.to_string(), inner, &|changed| {
                    let mut list = list.clone();
                    list[index] = changed;
                    list.into()
                });
            }
        }
        _ => {}
    }
    files
}

#[test]
fn null_is_no_value_of_any_key() {
    fn check<T: DeserializeOwned + Debug>(text: &str) {
        let file = serde_json::to_value(read::<toml::Table>(text)).unwrap();
        let files = with_nulls(&file);
        assert!(files.len() > 20);
        for (path, file) in files {
            serde_json::from_value::<T>(file).expect_err(&path);
        }
    }
    check::<OriginConfig>(ORIGIN);
    check::<GroupConfig>(GROUP);
    check::<VirtualHostsConfig>(HOSTS);
}

/// Neither JSON nor YAML refuses them by itself.
#[test]
fn a_key_that_is_there_twice_is_refused() {
    let host = r#""a.example": { "origin": { "url": "https://a.example" } }"#;
    let hosts = format!(r#"{{ "hosts": {{ {host}, {host} }} }}"#);
    let error = serde_json::from_str::<VirtualHostsConfig>(&hosts).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(r#"duplicate key "a.example""#), "{error}");
    for key in [
        r#""request_fields": { "set": { "x-a": "1", "x-a": "2" } }"#,
        r#""response_fields": { "add": { "x-a": "1", "x-a": "2" } }"#,
        r#""dns": { "resolve_to": { "a.example": ["192.0.2.1"], "a.example": ["192.0.2.2"] } }"#,
        r#""sni": "a.example", "sni": "b.example""#,
    ] {
        let text = format!(r#"{{ "url": "https://a.example", {key} }}"#);
        let error = serde_json::from_str::<OriginConfig>(&text).expect_err(key);
        assert!(error.to_string().contains("duplicate"), "{error}");
    }
}

/// The value of one of the two would be lost.
#[test]
fn two_spellings_of_a_key_are_refused() {
    let config = |text: &str| read::<OriginConfig>(&format!("url = 'https://a.example'\n{text}"));
    let rows = [
        (
            "request_fields.set = { X-A = '1', x-a = '2' }",
            r#"request_fields.set: "x-a" is the same field as "X-A""#,
        ),
        (
            "response_fields.set = { X-A = '1', x-a = '2' }",
            r#"response_fields.set: "x-a" is the same field as "X-A""#,
        ),
    ];
    for (text, expected) in rows {
        let error = OriginProxy::try_from(&config(text)).expect_err(text);
        assert_eq!(error.to_string(), expected);
    }
    let names = "dns.resolve_to = { 'a.test.' = ['192.0.2.1'], 'A.test' = ['192.0.2.2'] }";
    let error = CdnOriginBuilder::try_from(&config(names)).expect_err(names);
    assert_eq!(
        error.to_string(),
        r#"dns.resolve_to: "a.test." is the same name as "A.test""#
    );
}

/// A template was expanded once too often.
#[test]
fn a_secret_in_place_of_a_path_or_a_name_is_not_shown() {
    let secret = "-----BEGIN PRIVATE KEY-----\\nsekret\\n-----END PRIVATE KEY-----";
    let rows = [
        format!(r#"chain = {{ file = "a.pem" }}, key = {{ env = "{secret}" }}"#),
        format!(r#"chain = {{ env = "CDN_ORIGIN_UNSET" }}, key = {{ file = "{secret}" }}"#),
        format!(r#"key = {{ env = "CDN_ORIGIN_UNSET" }}, chain = {{ file = "{secret}" }}"#),
        format!(r#"chain = {{ file = "{secret}" }}, key = {{ file = "{secret}" }}"#),
    ];
    let identities = rows.map(|row| format!("client_identity = {{ {row} }}"));
    let fields = r#"request_fields.set = { X-Key = { env = "sekret.token" } }"#;
    let fields = [fields.to_owned()];
    for text in identities.iter().chain(&fields) {
        let config: OriginConfig = read(&format!("url = 'https://a.example'\n{text}"));
        assert!(!format!("{config:?}").contains("sekret"), "{config:?}");
        let error = OriginProxy::try_from(&config).expect_err(text);
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("sekret"), "{shown}");
        }
    }
}

#[test]
fn an_unset_secret_is_named_with_its_field() {
    let text = "url = 'https://a.example'\n\
                request_fields.set = { X-Own = '1', X-Key = { env = 'CDN_ORIGIN_UNSET' } }";
    let error = OriginProxy::try_from(&read::<OriginConfig>(text)).expect_err("it is not set");
    let error = error.to_string();
    assert!(error.starts_with("request_fields.set.X-Key: "), "{error}");
}

/// A key that was pasted into the file is in no error.
#[test]
fn a_private_key_in_a_file_is_not_shown() {
    let secret = "-----BEGIN PRIVATE KEY-----\\nsekret\\n-----END PRIVATE KEY-----";
    for key in [
        format!(r#""{secret}""#),
        format!(r#"{{ "pem": "{secret}" }}"#),
        format!(r#"{{ "{secret}": "key" }}"#),
        format!(r#"["{secret}"]"#),
    ] {
        let text = format!(
            r#"{{ "url": "https://a.example", "client_identity":
            {{ "chain": {{ "file": "a.pem" }}, "key": {key} }} }}"#
        );
        let error = serde_json::from_str::<OriginConfig>(&text).expect_err(&key);
        let error = error.to_string();
        assert!(!error.contains("sekret"), "{error}");
        let expected = r#"expected { file = "path" } or { env = "NAME" }"#;
        assert!(error.starts_with(expected), "{error}");
    }
}
