//! From a builder back to a configuration: each call is written, or refused by name.

use std::{collections::BTreeSet, time::Duration};

use cdn_origin::{
    CdnOriginConnector, TlsVersion, VerifyPolicy,
    config::OriginConfig,
    connector::{CdnOriginBuilder, Sessions, Timeouts},
    dial::Dns,
};
use serde_json::Value;

use super::{ORIGIN, calls, read, refusals::refusals, schema};

const URL: &str = "https://www.example.com";

/// One key each, with another value than its default.
const KEYS: &[&str] = &[
    "url = 'http://origin.example:8080'",
    "dial = '192.0.2.1:8443'",
    "dial = 'unix:/run/origin.sock'",
    "sni = 'a.example'",
    "omit_sni = true",
    "expected_name = '2001:db8::1'",
    "host = 'a.example:8443'",
    "label = 'shop'",
    "alpn = ['http/1.1']",
    "alpn = ['h2']",
    "proxy_protocol = 'v1'",
    "proxy_protocol = 'v2'",
    "without_edge_profile = true",
    "verify.roots = { native = true, pem_files = ['a.pem', 'b.pem'] }",
    "verify.roots = { bundled = true }",
    "verify.platform = true",
    "verify.pinned = ['sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=']",
    "verify.pinned_certificates = \
     ['0000000000000000000000000000000000000000000000000000000000000000']",
    "verify.and_pins = ['sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=']",
    "verify.and_certificate_pins = \
     ['0000000000000000000000000000000000000000000000000000000000000000']",
    "verify.expecting_any = [{ dns = 'a.example' }, { dns_suffix = 'b.example' }, \
     { ip = '192.0.2.1' }, { spiffe_trust_domain = 'c.example' }, { uri = 'spiffe://d.example/e' }]",
    "verify.crls = { pem_files = ['a.pem'], leaf_only = true }",
    "verify.crls = { pem_files = ['a.pem'], unknown_status = 'allow' }",
    "verify.crls = { pem_files = ['a.pem'], expired_lists = 'allow' }",
    "verify.danger.certificate = 'accept_any'",
    "verify.danger.names = 'ignore'",
    "verify.danger.accept_expired = '7days'",
    "client_identity = { chain = { file = 'a.pem' }, key = { file = 'a.key' } }",
    "tls.min_version = '1.3'",
    "tls.max_version = '1.2'",
    "tls.cipher_suites = ['TLS_AES_128_GCM_SHA256']",
    "tls.key_exchange_groups = ['X25519', 'secp256r1']",
    "tls.signature_schemes = ['ecdsa_secp256r1_sha256']",
    "tls.max_record_size = 4096",
    "tls.require_extended_master_secret = true",
    "tls.require_fips = true",
    "tls.compressed_certificates = true",
    "tls.key_log_from_environment = true",
    "sessions.off = true",
    "sessions.capacity = 33",
    "sessions.early_data = true",
    "timeouts.connect = '1m 30s'",
    "timeouts.dial = '1ms 500us'",
    "timeouts.tls_handshake = '3s'",
    "dns.resolve_to = { 'a.example' = ['192.0.2.1', '2001:db8::1'], 'b.example' = [] }",
    "dns.cache.off = true",
    "dns.cache = { min_ttl = '1s', max_ttl = '2h' }",
    "dns.cache.without_ttl = '6s'",
    "dns.cache.stale = '0s'",
    "dns.cache.failures = '2s'",
    "happy_eyeballs.families = 'only_v4'",
    "happy_eyeballs.families = 'only_v6'",
    "happy_eyeballs.families = 'prefer_v4'",
    "happy_eyeballs.families = 'prefer_v6'",
    "happy_eyeballs.attempt_delay = '300ms'",
    "happy_eyeballs.resolution_delay = '0s'",
    "happy_eyeballs.first_family_count = 2",
    "socket_options.dscp = 10",
    "socket_options.interface = 'eth0'",
    "socket_options.keepalive = 'off'",
    "socket_options.keepalive.probe = { idle = '1s', interval = '2s', retries = 4 }",
    "socket_options.local_address = '192.0.2.10'",
    "socket_options.local_address = '2001:db8::10'",
    "socket_options.mark = 1",
    "socket_options.nagle = true",
    "socket_options.receive_buffer = 65536",
    "socket_options.send_buffer = 65536",
    "socket_options.user_timeout = '30s'",
    "egress_guard.start = 'deny_private'",
    "egress_guard.start = 'deny_all'",
    "egress_guard = { start = 'allow_all', allow = ['10.1.0.0/16'], deny = ['2001:db8::/32'], \
     allow_names = ['a.example'], deny_names = ['b.example'] }",
    "advice.silence = ['bucket_with_dots', 'early_data_unused', 'expected_name_unused', \
     'expiry_grace', 'host_differs_from_sni', 'host_is_ip_address', 'http_only_endpoint', \
     'https_forced', 'keys_logged', 'names_ignored', 'no_sni_for_ip_address', 'no_tls13', \
     'plain_http_on_tls_port', 'port_not_served', 'skipped_roots', 'tls_unused', \
     'verification_off']",
    "advice.expiry_notice = '0s'",
];

/// The calls that are no key by themselves, and the reason.
const OTHERWISE: &[(&str, &str)] = &[
    ("any_origin", "has no URL"),
    ("build", "makes the connector"),
    ("builder", "is `url`"),
    ("tls_versions", "is `tls.min_version` and `tls.max_version`"),
    ("tls_parameters", "is `tls`"),
    ("ttl", "is `dns.cache.min_ttl` and `dns.cache.max_ttl`"),
    ("allow_unknown_status", "is `verify.crls.unknown_status`"),
    ("ignore_expiry", "is `verify.crls.expired_lists`"),
    ("no_keepalive", "is `socket_options.keepalive`"),
    ("and", "is the next item of a list"),
    ("and_pin", "is `verify.and_pins`"),
    ("and_certificate_pin", "is `verify.and_certificate_pins`"),
    ("pinned_certificate", "is `verify.pinned_certificates`"),
    ("native_roots", "is the default"),
    ("pem_file", "is `pem_files`"),
    ("pem_files", "is `client_identity`"),
    ("allow_name", "is `egress_guard.allow_names`"),
    ("deny_name", "is `egress_guard.deny_names`"),
];

fn config(keys: &str) -> OriginConfig {
    let url = match keys.starts_with("url") {
        true => String::new(),
        false => format!("url = '{URL}'\n"),
    };
    read(&format!("{url}{keys}"))
}

fn builder() -> CdnOriginBuilder {
    CdnOriginConnector::builder(URL)
}

fn written(config: &OriginConfig) -> OriginConfig {
    let builder = CdnOriginBuilder::try_from(config).unwrap_or_else(|error| panic!("{error}"));
    OriginConfig::try_from(&builder).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn each_key_is_written_as_it_was_read() {
    for keys in KEYS {
        let config = config(keys);
        assert_ne!(config, read(&format!("url = '{URL}'")), "{keys}");
        assert_eq!(written(&config), config, "{keys}");
    }
}

#[test]
fn every_key_of_the_connector_is_written() {
    let (schema, keys) = (schema(), written_keys());
    let tables = [
        "AdviceConfig",
        "CrlsConfig",
        "DangerConfig",
        "DnsCacheConfig",
        "DnsConfig",
        "EgressGuardConfig",
        "HappyEyeballsConfig",
        "IdentityConfig",
        "RootsConfig",
        "SessionsConfig",
        "SocketConfig",
        "TimeoutsConfig",
        "TlsConfig",
        "VerifyConfig",
    ];
    for table in tables {
        let properties = schema["$defs"][table]["properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("{table} is no table of the schema"));
        let missing: Vec<_> = properties.keys().filter(|it| !keys.contains(*it)).collect();
        assert!(missing.is_empty(), "{table}: {missing:?}");
    }
}

#[test]
fn every_call_of_the_connector_is_written_or_refused() {
    let keys = written_keys();
    let refusals = refusals();
    let types = [
        "AdviceSettings",
        "CdnOriginBuilder",
        "ClientIdentity",
        "Crls",
        "Dns",
        "DnsCache",
        "EgressGuard",
        "HappyEyeballs",
        "ProxyProtocol",
        "Roots",
        "SanMatcher",
        "Sessions",
        "SocketOptions",
        "Timeouts",
        "TlsParameters",
        "VerifyPolicy",
    ];
    let mut missing = Vec::new();
    for name in types {
        for call in calls(name) {
            let path = format!("{name}::{call}");
            let mut setters = refusals.iter().map(|(_, setter)| *setter);
            let is_refused = setters.any(|it| it == path || it == call)
                // One name for all identities in memory.
                || name == "ClientIdentity" && call != "pem_files";
            let is_other = OTHERWISE.iter().any(|(other, _)| *other == call);
            if !keys.contains(&call) && !is_refused && !is_other {
                missing.push(path);
            }
        }
    }
    assert!(
        missing.is_empty(),
        "neither written nor refused: {missing:?}"
    );
}

#[test]
fn the_example_is_written_without_its_defaults() {
    let in_memory = "key = { env = \"ORIGIN_CLIENT_KEY\" }";
    assert!(ORIGIN.contains(in_memory));
    let example = ORIGIN.replace(in_memory, "key = { file = \"client.key\" }");
    let config: OriginConfig = read(&example);
    let mut left: toml::Table = read(&example);
    for path in PROXY.iter().chain(DEFAULTS) {
        let mut keys = path.split('.');
        let last = keys.next_back().expect("a path has a key");
        let table = keys.fold(&mut left, |table, key| {
            table[key]
                .as_table_mut()
                .expect("a path leads through tables")
        });
        table
            .remove(last)
            .unwrap_or_else(|| panic!("the example has no {path}"));
    }
    let left: OriginConfig = left.try_into().expect("the rest is a configuration");
    assert_eq!(written(&config), left);
}

#[test]
fn the_keys_of_the_proxy_are_kept_beside_those_of_a_builder() {
    let file = "key = { file = \"client.key\" }";
    let config: OriginConfig = read(&ORIGIN.replace("key = { env = \"ORIGIN_CLIENT_KEY\" }", file));
    let builder = CdnOriginBuilder::try_from(&config).expect("the example is valid");
    let written = config.with_connector(&builder);
    let written = written.expect("each key of the connector is written");
    let again = CdnOriginBuilder::try_from(&written).expect("what is written is valid");
    assert_eq!(
        OriginConfig::try_from(&again).ok(),
        OriginConfig::try_from(&builder).ok()
    );
    let value = |config| toml::Value::try_from(config).expect("every key can be written in TOML");
    let (read, written) = (value(&config), value(&written));
    for key in PROXY {
        assert!(read.get(key).is_some(), "the example has no {key}");
        assert_eq!(written.get(key), read.get(key), "{key}");
    }
}

#[test]
fn a_key_from_the_environment_is_refused_by_the_name_of_its_call() {
    let keys = "client_identity = { chain = { file = 'Cargo.toml' }, key = { env = 'PATH' } }";
    let builder = CdnOriginBuilder::try_from(&config(keys)).expect("both are read");
    let error = OriginConfig::try_from(&builder).expect_err("the key is in memory");
    let setters: Vec<_> = error.problems().iter().map(|it| it.setter()).collect();
    assert_eq!(setters, ["client_identity"]);
}

/// The keys of the proxy.
const PROXY: &[&str] = &[
    "disclose_diagnosis",
    "error_pages",
    "forwarded",
    "host_rewrite",
    "limits",
    "map_path",
    "pool",
    "request_fields",
    "response_fields",
    "response_rewrite",
    "upgrades",
    "via",
];

/// The keys of the example with a default.
const DEFAULTS: &[&str] = &[
    "advice.expiry_notice",
    "alpn",
    "dns.cache.failures",
    "dns.cache.max_ttl",
    "dns.cache.min_ttl",
    "dns.cache.without_ttl",
    "happy_eyeballs.attempt_delay",
    "happy_eyeballs.first_family_count",
    "happy_eyeballs.resolution_delay",
    "sessions.capacity",
    "socket_options.keepalive",
    "timeouts",
    "tls.max_version",
    "tls.min_version",
];

#[test]
fn defaults_and_the_order_of_calls_make_no_difference() {
    let defaults = builder()
        .timeouts(Timeouts::default())
        .verify(VerifyPolicy::native_roots())
        .tls_versions(TlsVersion::V1_2..)
        .dns(Dns::default())
        .sessions(Sessions::default());
    let config = OriginConfig::try_from(&defaults).expect("all calls have keys");
    assert_eq!(config, read(&format!("url = '{URL}'")));
}

#[test]
fn a_timeout_that_is_off_is_written() {
    let builder = builder().timeouts(Timeouts::default().connect(Duration::MAX));
    let config = OriginConfig::try_from(&builder).expect("all calls have keys");
    let text = toml::to_string(&config).expect("every key can be written in TOML");
    assert_eq!(read::<OriginConfig>(&text), written(&config));
}

/// The names of the keys in [`KEYS`], at any depth, and of enumerated values.
fn written_keys() -> BTreeSet<String> {
    let leaves = KEYS.iter().flat_map(|keys| leaves(&config(keys)));
    let mut names = BTreeSet::new();
    for leaf in leaves {
        names.extend(leaf.split(['/', '"', ' ']).map(str::to_owned));
    }
    names
}

/// The values of a configuration with their paths.
fn leaves(config: &OriginConfig) -> BTreeSet<String> {
    let value = serde_json::to_value(config).expect("every key can be written in JSON");
    let mut leaves = BTreeSet::new();
    collect_leaves(&value, "", &mut leaves);
    leaves
}

fn collect_leaves(value: &Value, path: &str, leaves: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect_leaves(value, &format!("{path}/{name}"), leaves);
            }
        }
        other => {
            leaves.insert(format!("{path} {other}"));
        }
    }
}
