//! The settings of an origin and its proxy, as keys of the configuration and as calls.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value as Json, json};

use crate::config::OriginConfig;

use super::note::Outcome;

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SettingValue {
    /// A value that the configuration and the call write differently: as JSON, and as Rust. Code
    /// that starts with a dot has the names of its calls.
    Both(Json, String),
    /// A call without arguments.
    Flag,
    Number(u64),
    Text(String),
    Time(Duration),
}

impl From<u32> for SettingValue {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for SettingValue {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for SettingValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Duration> for SettingValue {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

impl SettingValue {
    pub(super) fn both(json: impl Into<Json>, code: impl Into<String>) -> Self {
        Self::Both(json.into(), code.into())
    }

    fn json(&self) -> Json {
        match self {
            Self::Both(json, _) => json.clone(),
            Self::Flag => Json::Bool(true),
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Time(time) => json!(time_text(*time)),
        }
    }

    /// The arguments of the call.
    fn arguments(&self) -> String {
        match self {
            Self::Both(_, code) => code.clone(),
            Self::Flag => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::Time(time) => duration(*time),
        }
    }
}

/// Adds a call to a chain of calls, or the item of a list to a list.
fn join(code: &mut String, more: &str) {
    match more.strip_prefix('[') {
        Some(item) if code.ends_with(']') => {
            code.pop();
            code.push_str(", ");
            code.push_str(item);
        }
        _ => code.push_str(more),
    }
}

/// A duration, as text.
pub(super) fn time_text(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// A duration, as code.
pub(super) fn duration(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        return format!("Duration::from_secs({})", time.as_secs());
    }
    match time.subsec_micros() % 1000 {
        0 => format!("Duration::from_millis({})", time.as_millis()),
        _ => format!("Duration::from_micros({})", time.as_micros()),
    }
}

/// Keys of the configuration with their values.
///
/// A key is a path such as `limits.response_timeout`. Its last part is the name of the call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings(BTreeMap<&'static str, SettingValue>);

impl Settings {
    /// Whether the configuration accepts the value.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(super) fn check(key: &'static str, value: impl Into<SettingValue>) -> Result<(), Outcome> {
        let inserted = Self::default().insert(key, value);
        inserted.map_err(|problem| Outcome::unusable(&problem))
    }

    /// Sets a key, if the configuration accepts the value.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub(super) fn insert(
        &mut self,
        key: &'static str,
        value: impl Into<SettingValue>,
    ) -> Result<(), String> {
        let value = value.into();
        let url = ("url", "http://origin.invalid".into());
        Self(BTreeMap::from([url, (key, value.clone())])).config()?;
        self.0.insert(key, value);
        Ok(())
    }

    /// Takes over the keys of others.
    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Removes a key.
    pub(super) fn take(&mut self, key: &str) -> Option<SettingValue> {
        self.0.remove(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Adds the entry of `addition`, a list or a table with one entry, to that of this key.
    ///
    /// Only the new entry is checked, and nothing is copied: a text may have many of them.
    pub(super) fn append(
        &mut self,
        key: &'static str,
        addition: Json,
        call: &str,
        text: &'static str,
    ) -> Outcome {
        const MAX_ENTRIES: usize = 1000;
        let entries = match self.0.get(key) {
            Some(SettingValue::Both(Json::Array(list), _)) => list.len(),
            Some(SettingValue::Both(Json::Object(table), _)) => table.len(),
            _ => 0,
        };
        if entries >= MAX_ENTRIES {
            return Outcome::refused("more than 1000 of these lines");
        }
        let alone = SettingValue::both(addition.clone(), call);
        if let Err(outcome) = Self::check(key, alone) {
            return outcome;
        }
        match (self.0.get_mut(key), addition) {
            (Some(SettingValue::Both(Json::Array(list), calls)), Json::Array(one)) => {
                list.extend(one);
                join(calls, call);
            }
            (Some(SettingValue::Both(Json::Object(table), calls)), Json::Object(one)) => {
                table.extend(one);
                join(calls, call);
            }
            (_, addition) => drop(self.0.insert(key, SettingValue::both(addition, call))),
        }
        Outcome::mapped(text)
    }

    /// Whether the list of this key has the entry, or its table this name.
    pub(super) fn lists(&self, key: &str, entry: &Json) -> bool {
        match self.0.get(key) {
            Some(SettingValue::Both(Json::Array(list), _)) => list.contains(entry),
            Some(SettingValue::Both(Json::Object(table), _)) => {
                entry.as_str().is_some_and(|name| table.contains_key(name))
            }
            _ => false,
        }
    }

    /// The keys whose values differ; `None` if the calls differ too.
    pub(super) fn differing(&self, other: &Self) -> Option<Vec<&'static str>> {
        if !self.0.keys().eq(other.0.keys()) {
            return None;
        }
        let pairs = self.0.iter().zip(other.0.values());
        let pairs = pairs.filter(|((_, own), other)| own != other);
        let is_chain = |value: &SettingValue| value.arguments().starts_with('.');
        pairs
            .map(|((key, own), _)| (!is_chain(own)).then_some(*key))
            .collect()
    }

    /// Replaces the argument of a call by a variable, and returns its name.
    pub(super) fn put_variable(&mut self, key: &'static str) -> &'static str {
        let name = key.rsplit('.').next().unwrap_or(key);
        if let Some(value) = self.0.get_mut(key) {
            *value = SettingValue::Both(value.json(), name.to_owned());
        }
        name
    }

    /// The argument of the call of a key.
    pub(super) fn argument(&self, key: &str) -> String {
        self.0
            .get(key)
            .map(SettingValue::arguments)
            .unwrap_or_default()
    }

    /// The configuration with these keys.
    pub(super) fn config(&self) -> Result<OriginConfig, String> {
        let mut root = Map::new();
        for (key, value) in &self.0 {
            let mut table = &mut root;
            let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
            for part in path.split('.').filter(|part| !part.is_empty()) {
                let inner = table.entry(part).or_insert_with(|| json!({}));
                let Json::Object(inner) = inner else {
                    return Err(format!("{key} contradicts another key"));
                };
                table = inner;
            }
            table.insert(last.to_owned(), value.json());
        }
        serde_json::from_value(Json::Object(root)).map_err(|error| error.to_string())
    }

    /// The calls of the builder, after `CdnOriginConnector::builder(..)`.
    pub(super) fn builder_calls(&self) -> Vec<String> {
        let names = ["dial", "sni", "omit_sni", "expected_name", "host", "alpn"];
        let mut calls: Vec<_> = names.iter().filter_map(|key| self.call(key)).collect();
        let (oldest, newest) = (self.0.get("tls.min_version"), self.0.get("tls.max_version"));
        if oldest.is_some() || newest.is_some() {
            let oldest = oldest.map(SettingValue::arguments).unwrap_or_default();
            let newest = newest.map(|newest| format!("={}", newest.arguments()));
            let newest = newest.unwrap_or_default();
            calls.push(format!("tls_versions({oldest}..{newest})"));
        }
        calls.extend(
            ["verify", "client_identity"]
                .iter()
                .filter_map(|key| self.call(key)),
        );
        calls.extend(BUILDER_PARTS.iter().filter_map(|part| self.part(part)));
        calls.extend(self.call("proxy_protocol"));
        calls
    }

    /// The calls of the proxy, after `OriginProxy::new(..)`.
    pub(super) fn proxy_calls(&self) -> Vec<String> {
        let calls = self.call("host_rewrite").into_iter();
        let parts = PROXY_PARTS.iter().filter_map(|part| self.part(part));
        // Each of these is a chain of calls.
        let keys = [
            "map_path",
            "request_fields.remove",
            "request_fields.set",
            "response_fields.remove",
            "response_fields.set",
            "response_fields.add",
        ];
        let chains = keys.iter().filter_map(|key| self.0.get(key));
        let chains = chains.map(|value| value.arguments().trim_start_matches('.').to_owned());
        calls.chain(parts).chain(chains).collect()
    }

    fn call(&self, key: &str) -> Option<String> {
        let value = self.0.get(key)?;
        Some(format!("{key}({})", value.arguments()))
    }

    /// The call of a part, with a line for each of its own calls.
    fn part(&self, part: &Part) -> Option<String> {
        let mut constructor = format!("{}::{}()", part.type_name, part.new);
        let mut calls = String::new();
        let mut is_empty = true;
        for (key, value) in &self.0 {
            let Some(call) = key
                .strip_prefix(part.key)
                .and_then(|it| it.strip_prefix('.'))
            else {
                continue;
            };
            if call == "min_version" || call == "max_version" {
                continue;
            }
            is_empty = false;
            match (call, value.arguments()) {
                // The importers set no other list than the empty one.
                ("protocols", _) => constructor = format!("{}::none()", part.type_name),
                ("off" | "cookies_only", _) => {
                    constructor = format!("{}::{call}()", part.type_name);
                }
                (_, own) if own.starts_with('.') => calls += &own,
                (call, arguments) => calls += &format!(".{call}({arguments})"),
            }
        }
        (!is_empty).then(|| format!("{}({constructor}{calls})", part.call))
    }
}

/// A table of the configuration, and the type that the call takes.
struct Part {
    key: &'static str,
    call: &'static str,
    type_name: &'static str,
    new: &'static str,
}

impl Part {
    const fn new(key: &'static str, type_name: &'static str) -> Self {
        Self {
            key,
            call: key,
            type_name,
            new: "default",
        }
    }
}

const BUILDER_PARTS: [Part; 6] = [
    Part {
        call: "tls_parameters",
        ..Part::new("tls", "TlsParameters")
    },
    Part::new("sessions", "Sessions"),
    Part::new("timeouts", "Timeouts"),
    Part::new("dns", "Dns"),
    Part::new("happy_eyeballs", "HappyEyeballs"),
    Part::new("socket_options", "SocketOptions"),
];

const PROXY_PARTS: [Part; 5] = [
    Part {
        new: "new",
        ..Part::new("forwarded", "ForwardedLayer")
    },
    Part::new("limits", "Limits"),
    Part::new("pool", "PoolSettings"),
    Part {
        new: "new",
        ..Part::new("response_rewrite", "ResponseRewriteLayer")
    },
    Part::new("upgrades", "Upgrades"),
];
