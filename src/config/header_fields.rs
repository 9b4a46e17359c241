//! Fields of requests and responses that the proxy sets and removes.
//!
//! ```toml
//! [request_fields]
//! remove = ["Cookie"]
//! set = { X-Tier = "edge", X-Key = { env = "ORIGIN_KEY" } }
//!
//! [response_fields]
//! remove = ["X-Powered-By"]
//! ```
//!
//! A secret value comes from a file or the environment. It is marked as sensitive, so that it is
//! neither logged nor put into HPACK's dynamic table.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::{OriginProxy, proxy::remove_ambiguous_names};

use super::{
    ConfigError, calls::Calls, is_default::is_default, secret_source::SecretSource,
    unique_keys::unique_keys,
};

/// Fields of requests to the origin. They are set last, as by `map_request`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { set = { X-Tier = "edge" } }"#
)]
pub(super) struct RequestFieldsConfig {
    /// Removes fields whose names have characters other than letters, digits and hyphens.
    #[serde(skip_serializing_if = "is_default")]
    remove_ambiguous_names: bool,
    /// By name, in any case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
    /// Replaces what is there.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_keys"
    )]
    set: BTreeMap<String, ValueConfig>,
}

/// Fields of responses to clients.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { remove = ["X-Powered-By"] }"#
)]
pub(super) struct ResponseFieldsConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_keys"
    )]
    set: BTreeMap<String, ValueConfig>,
    /// Adds a field line, and keeps those with the same name.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_keys"
    )]
    add: BTreeMap<String, ValueConfig>,
}

/// The value of a field: a text, or where to read a secret one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = r#"expected a text, { env = "NAME" } or { file = "path" }"#
)]
enum ValueConfig {
    Text(String),
    Secret(SecretSource),
}

impl ValueConfig {
    /// Spaces and line ends around a secret are removed: files end in a newline.
    fn value(&self, key: &str) -> Result<HeaderValue, ConfigError> {
        let refused = |_| ConfigError::invalid(key, "not a valid field value");
        match self {
            Self::Text(text) => HeaderValue::try_from(text).map_err(refused),
            Self::Secret(source) => {
                let bytes = source.read(key)?;
                let mut value = HeaderValue::from_bytes(bytes.trim_ascii()).map_err(refused)?;
                value.set_sensitive(true);
                Ok(value)
            }
        }
    }
}

type FieldValues = Vec<(HeaderName, HeaderValue)>;

/// The fields to set. A second spelling of a name would replace the value of the first.
fn fields_to_set(
    key: &'static str,
    set: &BTreeMap<String, ValueConfig>,
) -> Result<FieldValues, ConfigError> {
    let values = fields(key, set)?;
    let mut seen = HashMap::new();
    for ((name, _), spelling) in values.iter().zip(set.keys()) {
        if let Some(other) = seen.insert(name, spelling) {
            let problem = format!("{spelling:?} is the same field as {other:?}");
            return Err(ConfigError::invalid(key, problem));
        }
    }
    Ok(values)
}

/// Errors name the key of the field, and not the value.
fn fields(
    key: &'static str,
    fields: &BTreeMap<String, ValueConfig>,
) -> Result<FieldValues, ConfigError> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| {
            let key = key_of(key, name);
            Ok((field_name(&key, name)?, value.value(&key)?))
        })
        .collect()
}

fn names(key: &'static str, names: &[String]) -> Result<Vec<HeaderName>, ConfigError> {
    names.iter().map(|name| field_name(key, name)).collect()
}

fn field_name(key: &str, name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::try_from(name).map_err(|_| ConfigError::invalid(key, "not a valid field name"))
}

/// The key of one field, quoted where TOML needs that.
fn key_of(table: &str, name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => format!("{table}.{name}"),
        false => format!("{table}.{name:?}"),
    }
}

/// A name in both is set.
fn remove_and_set(headers: &mut HeaderMap, remove: &[HeaderName], set: &FieldValues) {
    for name in remove {
        headers.remove(name);
    }
    for (name, value) in set {
        headers.insert(name, value.clone());
    }
}

impl RequestFieldsConfig {
    pub(super) fn add_to(&self, calls: &mut Calls<OriginProxy>) -> Result<(), ConfigError> {
        let remove = names("request_fields.remove", &self.remove)?;
        let set = fields_to_set("request_fields.set", &self.set)?;
        calls.add_if(self.remove_ambiguous_names, |proxy: OriginProxy| {
            proxy.map_request(remove_ambiguous_names)
        });
        calls.add(Some(Arc::new((remove, set))), |proxy, fields| {
            proxy.map_request(move |parts| {
                let (remove, set) = &*fields;
                remove_and_set(&mut parts.headers, remove, set);
            })
        });
        Ok(())
    }
}

impl ResponseFieldsConfig {
    pub(super) fn add_to(&self, calls: &mut Calls<OriginProxy>) -> Result<(), ConfigError> {
        let remove = names("response_fields.remove", &self.remove)?;
        let set = fields_to_set("response_fields.set", &self.set)?;
        let add = fields("response_fields.add", &self.add)?;
        calls.add(Some(Arc::new((remove, set, add))), |proxy, fields| {
            proxy.map_response(move |mut response| {
                let (remove, set, add) = &*fields;
                let headers = response.headers_mut();
                remove_and_set(headers, remove, set);
                for (name, value) in add {
                    headers.append(name, value.clone());
                }
                response
            })
        });
        Ok(())
    }
}
