//! What the proxy rewrites: Host, paths and responses.

use serde::{Deserialize, Serialize};

use crate::{
    OriginProxy,
    host_rewrite::HostRewriteLayer,
    name::HostAuthority,
    response_rewrite::{PathPrefix, ResponseRewriteLayer},
};

use super::{ConfigError, calls::Calls, is_default::is_default, text_value::Text};

/// The Host that the origin gets.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum HostRewriteConfig {
    /// The client's Host.
    Preserve,
    /// The name of the client's Host, in lower case and without port.
    PreserveName,
    /// A fixed name.
    To(Text<HostAuthority>),
}

impl HostRewriteConfig {
    pub(super) fn layer(&self) -> Result<HostRewriteLayer, ConfigError> {
        match self {
            Self::Preserve => Ok(HostRewriteLayer::preserve()),
            Self::PreserveName => Ok(HostRewriteLayer::preserve_name()),
            Self::To(name) => HostRewriteLayer::to(name.as_str())
                .map_err(|_| ConfigError::invalid("host_rewrite.to", "not a host")),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { names = ["origin.example"] }"#
)]
pub(super) struct ResponseRewriteConfig {
    /// Rewrites nothing.
    #[serde(skip_serializing_if = "is_default")]
    off: bool,
    /// Rewrites only cookies.
    #[serde(skip_serializing_if = "is_default")]
    cookies_only: bool,
    /// More names of the origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<Text<HostAuthority>>,
    /// Path prefixes of the client, and those of the origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    map_path: Vec<PathMapConfig>,
    #[serde(skip_serializing_if = "is_default")]
    keep_alt_svc: bool,
    #[serde(skip_serializing_if = "is_default")]
    dangerously_drop_secure_over_http: bool,
}

impl ResponseRewriteConfig {
    pub(super) fn layer(&self) -> Result<ResponseRewriteLayer, ConfigError> {
        if self.off {
            let alone = Self {
                off: true,
                ..Self::default()
            };
            ConfigError::check_alone("response_rewrite.off", *self == alone)?;
            return Ok(ResponseRewriteLayer::off());
        }
        let mut layer = match self.cookies_only {
            true => ResponseRewriteLayer::cookies_only(),
            false => ResponseRewriteLayer::new(),
        };
        for name in &self.names {
            layer = layer.name((**name).clone());
        }
        for map in &self.map_path {
            let (client, origin) = map.prefixes();
            layer = layer.map_path(client, origin);
        }
        if self.keep_alt_svc {
            layer = layer.keep_alt_svc();
        }
        if self.dangerously_drop_secure_over_http {
            layer = layer.dangerously_drop_secure_over_http();
        }
        Ok(layer)
    }
}

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
    pub(super) fn add_to(&self, calls: &mut Calls<OriginProxy>) {
        calls.add(
            Some(self.prefixes()),
            |proxy: OriginProxy, (client, origin)| proxy.map_path(client, origin),
        );
    }

    fn prefixes(&self) -> (PathPrefix, PathPrefix) {
        ((*self.client).clone(), (*self.origin).clone())
    }
}
