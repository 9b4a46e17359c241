//! Configuration files: each call has a key, each mistake an error with its place, and what a file
//! describes is what a request gets.

mod formats;
mod groups;
mod not_applied;
mod origin;
mod refusals;
mod reload;
mod reloaded_files;
mod reloaded_health;
mod reloaded_trust;
mod secrets;
mod shared_keys;
mod tenants;
mod written;

use std::{collections::BTreeSet, fmt::Debug, fs, path::Path};

use cdn_origin::config::{GroupConfig, OriginConfig, VirtualHostsConfig};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const ORIGIN: &str = include_str!("../../../examples/config/origin.toml");
const ORIGIN_YAML: &str = include_str!("../../../examples/config/origin.yaml");
const GROUP: &str = include_str!("../../../examples/config/group.toml");
const GROUP_YAML: &str = include_str!("../../../examples/config/group.yaml");
const HOSTS: &str = include_str!("../../../examples/config/virtual_hosts.toml");
const HOSTS_YAML: &str = include_str!("../../../examples/config/virtual_hosts.yaml");

fn read<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The error of a text that a format refuses.
fn refused<T: DeserializeOwned + Debug>(text: &str) -> String {
    let error = toml::from_str::<T>(text).expect_err(text);
    error.to_string()
}

/// The calls that have no key, and why.
const WITHOUT_KEY: &[(&str, &str)] = &[
    ("build", "is what the conversion does"),
    ("transport", "takes a Rust value"),
    ("ech", "needs a resolver that is a Rust value"),
    ("tls_versions", "is `tls.min_version` and `tls.max_version`"),
    ("tls_parameters", "is `tls`"),
    ("crypto_provider", "takes a Rust value"),
    ("key_log", "takes a Rust value"),
    ("each", "takes a function"),
    ("share_with", "takes another connector"),
    ("map_request", "takes a function"),
    ("map_response", "takes a function"),
    ("new", "makes the value"),
    ("close_tunnels", "acts on a running proxy"),
    ("drain", "acts on a running proxy"),
    ("prewarm", "acts on a running proxy"),
    ("retire_connections", "acts on a running proxy"),
    ("snapshot", "reads a running proxy"),
    ("and", "is `upgrades.protocols`"),
    ("tier_from", "is `tier.dns`"),
    ("watch", "takes a Rust value"),
    ("get", "is `health_check.path`"),
    ("by_client_address", "is `balance.by_key.key`"),
    ("by_cookie", "is `balance.by_key.key`"),
    ("by_header", "is `balance.by_key.key`"),
    ("no_keepalive", "is `socket_options.keepalive`"),
    ("connector", "is the keys of `origin`"),
    ("proxy", "is the keys of `origin`"),
    ("select", "takes a function"),
    ("on_demand", "takes a function"),
    ("insert", "is `hosts`"),
    ("insert_group", "is `hosts`"),
    ("remove", "acts on a running service"),
    ("proxies", "reads a running service"),
    ("ttl", "is `dns.cache.min_ttl` and `dns.cache.max_ttl`"),
];

#[test]
fn every_call_has_a_key_or_a_reason_to_have_none() {
    let mut keys = BTreeSet::new();
    collect_keys(&schema(), &mut keys);
    let types = [
        "CdnOriginBuilder",
        "Timeouts",
        "Sessions",
        "TlsParameters",
        "DnsCache",
        "HappyEyeballs",
        "SocketOptions",
        "AdviceSettings",
        "PoolSettings",
        "Limits",
        "AdaptiveConcurrency",
        "ForwardedLayer",
        "OriginProxy",
        "Upgrades",
        "OriginGroupBuilder",
        "Member",
        "MemberSource",
        "Balance",
        "Failover",
        "Ejection",
        "HealthCheck",
        "VirtualHosts",
        "Tenant",
    ];
    let (mut missing, mut unused) = (Vec::new(), WITHOUT_KEY.to_vec());
    for name in types {
        for call in calls(name) {
            let excepted = WITHOUT_KEY.iter().any(|(excepted, _)| *excepted == call);
            if !keys.contains(&call) && !excepted {
                missing.push(format!("{name}::{call}"));
            }
            unused.retain(|(excepted, _)| *excepted != call);
        }
    }
    assert!(unused.is_empty(), "no such calls: {unused:?}");
    assert!(
        missing.is_empty(),
        "no key in the configuration: {missing:?}"
    );
}

/// The methods of a type in the list of the public API.
fn calls(of: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/public-api.txt");
    let api = fs::read_to_string(path).expect("the list of the public API is committed");
    let is_start = |line: &&str| {
        let name = line
            .strip_prefix("struct ")
            .and_then(|it| it.strip_prefix(of));
        name.is_some_and(|rest| rest.starts_with([' ', '(']))
    };
    let lines = api.lines().skip_while(|line| !is_start(line)).skip(1);
    let lines = lines.take_while(|line| line.starts_with("    "));
    let calls = lines.filter_map(|line| line.trim().strip_prefix("fn "));
    let names = calls.filter_map(|call| call.split(['(', '<']).next());
    names.map(str::to_owned).collect()
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../src/config/schema.json")).expect("a schema is JSON")
}

/// The names of all properties and enumerated values, at any depth.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "properties" {
                    keys.extend(
                        value
                            .as_object()
                            .into_iter()
                            .flat_map(|it| it.keys().cloned()),
                    );
                }
                collect_keys(value, keys);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Value::String(text) => {
            keys.insert(text.clone());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn the_examples_have_every_key() {
    let schema = schema();
    let origin = tables_within(&schema, "OriginKeys", &BTreeSet::new());
    // Written as others: one with a URL, and one without.
    let origin = &origin | &BTreeSet::from(["OriginConfig".into(), "SharedKeys".into()]);
    let group = tables_within(&schema, "GroupConfig", &origin);
    let hosts = tables_within(&schema, "VirtualHostsConfig", &(&origin | &group));
    for (example, tables) in [(ORIGIN, &origin), (GROUP, &group), (HOSTS, &hosts)] {
        let text = example.replace("# ", "");
        for table in tables {
            let mut keys = BTreeSet::new();
            collect_properties(&schema["$defs"][table], &mut keys);
            keys.retain(|key| {
                let forms = [
                    format!("{key} ="),
                    format!("{key}."),
                    format!("[{key}"),
                    format!(".{key}]"),
                ];
                !forms.iter().any(|form| text.contains(form))
            });
            assert!(keys.is_empty(), "{table}: {keys:?}");
        }
    }
}

/// A table of the schema, and those that it refers to, at any depth. Those that are known are left
/// out, with what they refer to.
fn tables_within(schema: &Value, table: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let (mut found, mut next) = (BTreeSet::new(), vec![table.to_owned()]);
    while let Some(table) = next.pop() {
        if known.contains(&table) || !found.insert(table.clone()) {
            continue;
        }
        let table = &schema["$defs"][&table];
        assert!(table.is_object(), "a table of the schema");
        collect_references(table, &mut next);
    }
    found
}

fn collect_references(value: &Value, tables: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            tables.extend(
                reference
                    .and_then(|it| it.strip_prefix("#/$defs/"))
                    .map(str::to_owned),
            );
            fields
                .values()
                .for_each(|it| collect_references(it, tables));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_references(it, tables)),
        _ => {}
    }
}

/// The names of the properties, without those of tables that are referred to.
fn collect_properties(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let properties = fields.get("properties").and_then(Value::as_object);
            names.extend(properties.into_iter().flat_map(|it| it.keys().cloned()));
            fields.values().for_each(|it| collect_properties(it, names));
        }
        Value::Array(items) => items.iter().for_each(|it| collect_properties(it, names)),
        _ => {}
    }
}

#[test]
fn a_configuration_is_written_as_it_was_read() {
    is_written_as_it_was_read::<OriginConfig>(ORIGIN, ORIGIN_YAML);
    is_written_as_it_was_read::<GroupConfig>(GROUP, GROUP_YAML);
    is_written_as_it_was_read::<VirtualHostsConfig>(HOSTS, HOSTS_YAML);
}

fn is_written_as_it_was_read<T>(toml: &str, yaml: &str)
where
    T: Debug + DeserializeOwned + PartialEq + Serialize,
{
    let from_yaml = serde_yaml_ng::from_str(yaml).expect("the example is valid");
    for config in [read::<T>(toml), from_yaml] {
        let toml = toml::to_string(&config).expect("every key can be written in TOML");
        assert_eq!(read::<T>(&toml), config);
        let json = serde_json::to_string(&config).expect("every key can be written in JSON");
        let again: T = serde_json::from_str(&json).expect("it is what was written");
        assert_eq!(again, config);
        let yaml = serde_yaml_ng::to_string(&config).expect("every key can be written in YAML");
        let again: T = serde_yaml_ng::from_str(&yaml).expect("it is what was written");
        assert_eq!(again, config);
    }
}

/// Enums with a value have the same form in YAML as in TOML: a table with one key.
#[test]
fn yaml_has_the_form_of_toml() {
    let yaml = "url: https://a.example\nhost_rewrite: { to: b.example }\n\
                client_identity: { chain: { file: a.pem }, key: { env: KEY } }\n\
                socket_options: { keepalive: { probe: { idle: 1s, interval: 1s, retries: 3 } } }\n\
                pool: { retry_budget: { share: { percent: 20 } } }\n\
                verify: { expecting_any: [{ dns: a.example }] }";
    let toml = "url = 'https://a.example'\nhost_rewrite = { to = 'b.example' }\n\
                client_identity = { chain = { file = 'a.pem' }, key = { env = 'KEY' } }\n\
                socket_options.keepalive.probe = { idle = '1s', interval = '1s', retries = 3 }\n\
                pool.retry_budget.share.percent = 20\n\
                verify.expecting_any = [{ dns = 'a.example' }]";
    let config: OriginConfig = serde_yaml_ng::from_str(yaml).expect("the YAML is valid");
    assert_eq!(config, read(toml));
    let two = "url: https://a.example\nhost_rewrite: { to: b.example, preserve: null }";
    serde_yaml_ng::from_str::<OriginConfig>(two).expect_err("a rewrite has one key");
}
