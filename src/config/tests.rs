//! The committed JSON schema is that of the keys.

use std::{borrow::Cow, env, fs, path::Path};

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    transform::{RecursiveTransform, Transform},
};
use serde_json::{Value, json};

use super::{
    GroupConfig, OriginConfig, VirtualHostsConfig, keyed_enum::KeyedEnum, origin_keys::OriginKeys,
    shared_keys::SharedKeys, size::Size, source_file::SourceFile, text_value::Text,
};

/// What a file can describe.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum ConfigFile {
    Origin(Box<OriginConfig>),
    Group(Box<GroupConfig>),
    VirtualHosts(Box<VirtualHostsConfig>),
}

/// `BLESS=1 cargo test --all-features --lib config` writes the schema.
#[test]
fn the_committed_schema_has_all_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/schema.json");
    let mut schema = schemars::schema_for!(ConfigFile);
    RecursiveTransform(without_null).transform(&mut schema);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).expect("the schema can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, text, "BLESS=1 writes it anew");
}

/// A key that is present has a value (`given.rs`).
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|it| it != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(choices)) = schema.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| choice["type"] != "null");
    if let [only] = &choices[..]
        && let Ok(only) = Schema::try_from(only.clone())
    {
        schema.remove("anyOf");
        for (key, value) in only.as_object().into_iter().flatten() {
            schema.insert(key.clone(), value.clone());
        }
    }
}

impl JsonSchema for OriginConfig {
    fn schema_name() -> Cow<'static, str> {
        "OriginConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<OriginKeys>();
        schema.insert("required".to_owned(), json!(["url"]));
        schema
    }
}

impl JsonSchema for SharedKeys {
    fn schema_name() -> Cow<'static, str> {
        "SharedKeys".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<OriginKeys>();
        schema.insert("properties".to_owned(), json!({ "url": false }));
        schema
    }
}

impl<T: JsonSchema> JsonSchema for KeyedEnum<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        SizeSchema::json_schema(generator)
    }
}

/// A size: a number of bytes, or a text with a unit.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum SizeSchema {
    Bytes(u64),
    Text(String),
}

impl<T> JsonSchema for Text<T> {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

impl JsonSchema for SourceFile {
    fn schema_name() -> Cow<'static, str> {
        "SourceFile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

#[test]
fn a_table_of_an_origin_replaces_that_of_the_template_as_a_whole() {
    let template = "tls.max_version = '1.2'\nlimits = {}";
    let template: SharedKeys = toml::from_str(template).expect("a template");
    let origin = "url = 'https://a.example'\ntls.max_record_size = 4096";
    let origin: OriginKeys = toml::from_str(origin).expect("an origin");
    let shared = template.calls("template").expect("valid keys");
    let calls = origin.calls().expect("valid keys");
    let connector = calls.connector(&shared).expect("a connector");
    let offer = connector.tls_offer().expect("TLS");
    assert_eq!(offer.newest, crate::error::TlsVersion::V1_3);
}

/// Else it could not replace `true` of a template.
#[test]
fn false_is_not_the_same_as_an_absent_key_of_an_origin() {
    let schema = schemars::schema_for!(OriginKeys);
    let keys = schema.get("properties").and_then(Value::as_object);
    let keys = keys.expect("an origin has keys").iter();
    let is_bool = |schema: &Value| schema["type"].to_string().contains("boolean");
    let switches: Vec<_> = keys.filter(|(_, it)| is_bool(it)).collect();
    assert_eq!(switches.len(), 3);
    for (key, _) in switches {
        let origin: OriginKeys = serde_json::from_value(json!({ key: false })).expect("a switch");
        assert_eq!(OriginKeys::default().changed_keys(&origin), [key]);
    }
}
