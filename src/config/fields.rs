//! Fields that the proxy sets and removes, path prefixes that it maps, and its error pages.

use std::{collections::BTreeMap, path::PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    Error, OriginProxy,
    proxy::{problem_details, remove_ambiguous_names, replace_content},
    response_rewrite::PathPrefix,
};

use super::{ConfigError, identity::SecretSource, text_value::Text, tls::is_false};

/// A prefix of the client's paths, and the origin's for it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { client = "/shop", origin = "/v2" }"#
)]
pub(super) struct PathMapConfig {
    client: Text<PathPrefix>,
    origin: Text<PathPrefix>,
}

impl PathMapConfig {
    pub(super) fn add(&self, proxy: OriginProxy) -> OriginProxy {
        proxy.map_path((*self.client).clone(), (*self.origin).clone())
    }
}

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
    #[serde(skip_serializing_if = "is_false")]
    remove_ambiguous_names: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    set: BTreeMap<String, ValueConfig>,
    /// Adds a field line, and keeps those with the same name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
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
    fn value(&self, key: &'static str) -> Result<HeaderValue, ConfigError> {
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

fn fields(
    key: &'static str,
    fields: &BTreeMap<String, ValueConfig>,
) -> Result<FieldValues, ConfigError> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| Ok((field_name(key, name)?, value.value(key)?)))
        .collect()
}

fn names(key: &'static str, names: &[String]) -> Result<Vec<HeaderName>, ConfigError> {
    names.iter().map(|name| field_name(key, name)).collect()
}

fn field_name(key: &'static str, name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::try_from(name).map_err(|_| ConfigError::invalid(key, "not a valid field name"))
}

fn remove_and_set(headers: &mut HeaderMap, remove: &[HeaderName], set: &FieldValues) {
    for name in remove {
        headers.remove(name);
    }
    for (name, value) in set {
        headers.insert(name, value.clone());
    }
}

impl RequestFieldsConfig {
    pub(super) fn add_to(&self, proxy: OriginProxy) -> Result<OriginProxy, ConfigError> {
        let remove = names("request_fields.remove", &self.remove)?;
        let set = fields("request_fields.set", &self.set)?;
        let proxy = match self.remove_ambiguous_names {
            true => proxy.map_request(remove_ambiguous_names),
            false => proxy,
        };
        Ok(proxy.map_request(move |parts| remove_and_set(&mut parts.headers, &remove, &set)))
    }
}

impl ResponseFieldsConfig {
    pub(super) fn add_to(&self, proxy: OriginProxy) -> Result<OriginProxy, ConfigError> {
        let remove = names("response_fields.remove", &self.remove)?;
        let set = fields("response_fields.set", &self.set)?;
        let add = fields("response_fields.add", &self.add)?;
        Ok(proxy.map_response(move |mut response| {
            let headers = response.headers_mut();
            remove_and_set(headers, &remove, &set);
            for (name, value) in &add {
                headers.append(name, value.clone());
            }
            response
        }))
    }
}

/// The content of error responses.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table such as { problem_details = true }"
)]
pub(super) struct ErrorPagesConfig {
    /// Sends the proxy's own errors as problem details (RFC 9457), unless they have a page.
    #[serde(skip_serializing_if = "is_false")]
    problem_details: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageConfig>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { statuses = [502, 503], file = "50x.html" }"#
)]
struct PageConfig {
    statuses: Vec<u16>,
    /// The path of the page, which is read once.
    file: PathBuf,
    #[serde(default = "html")]
    media_type: String,
    /// Also replaces the origin's responses with these statuses.
    #[serde(default, skip_serializing_if = "is_false")]
    intercept: bool,
}

fn html() -> String {
    String::from("text/html; charset=utf-8")
}

/// A page that was read.
struct Page {
    statuses: Vec<StatusCode>,
    content: Bytes,
    media_type: HeaderValue,
    intercept: bool,
}

impl PageConfig {
    fn page(&self) -> Result<Page, ConfigError> {
        let invalid = |key, problem| move |_| ConfigError::invalid(key, problem);
        let file = SecretSource::File(self.file.clone());
        let statuses = self.statuses.iter().copied().map(StatusCode::from_u16);
        let statuses = statuses.collect::<Result<_, _>>();
        Ok(Page {
            statuses: statuses.map_err(|_| {
                ConfigError::invalid(
                    "error_pages.pages.statuses",
                    "not a status code (100 to 999)",
                )
            })?,
            content: file.read("error_pages.pages.file")?.into(),
            media_type: HeaderValue::try_from(&self.media_type).map_err(invalid(
                "error_pages.pages.media_type",
                "not a valid field value",
            ))?,
            intercept: self.intercept,
        })
    }
}

impl ErrorPagesConfig {
    pub(super) fn add_to(&self, proxy: OriginProxy) -> Result<OriginProxy, ConfigError> {
        let pages = self.pages.iter().map(PageConfig::page);
        let pages = pages.collect::<Result<Vec<_>, _>>()?;
        let problem_details_else = self.problem_details;
        Ok(proxy.map_response(move |response| {
            let is_own = response.extensions().get::<Error>().is_some();
            let status = response.status();
            let page = pages
                .iter()
                .find(|page| (is_own || page.intercept) && page.statuses.contains(&status));
            match page {
                Some(page) => {
                    replace_content(response, page.media_type.clone(), page.content.clone())
                }
                None if problem_details_else => problem_details(response),
                None => response,
            }
        }))
    }
}
