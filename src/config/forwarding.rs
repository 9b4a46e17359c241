//! What the proxy writes into requests and rewrites in responses.

use humantime::Duration;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    forwarded::{ForwardedField, ForwardedLayer},
    host_rewrite::HostRewriteLayer,
    name::HostAuthority,
    origin::Scheme,
    proxy::{Pseudonym, Upgrades, Via},
    response_rewrite::{PathPrefix, ResponseRewriteLayer},
};

use super::{ConfigError, text_value::Text, tls::is_false};

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

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum SchemeConfig {
    Http,
    Https,
}

impl SchemeConfig {
    fn scheme(self) -> Scheme {
        match self {
            Self::Http => Scheme::Http,
            Self::Https => Scheme::Https,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { trust = ["10.0.0.0/8"] }"#
)]
pub(super) struct ForwardedConfig {
    /// The fields that are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<FieldConfig>>,
    /// Networks of the proxies to trust.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trust: Vec<Text<IpNet>>,
    #[serde(skip_serializing_if = "is_false")]
    trust_host: bool,
    #[serde(skip_serializing_if = "is_false")]
    trust_port: bool,
    #[serde(skip_serializing_if = "is_false")]
    pass_trusted: bool,
    #[serde(skip_serializing_if = "is_false")]
    append_unverified: bool,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_chain: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_scheme: Option<SchemeConfig>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum FieldConfig {
    #[serde(rename = "Forwarded")]
    Forwarded,
    #[serde(rename = "X-Forwarded-For")]
    XForwardedFor,
    #[serde(rename = "X-Forwarded-Host")]
    XForwardedHost,
    #[serde(rename = "X-Forwarded-Port")]
    XForwardedPort,
    #[serde(rename = "X-Forwarded-Proto")]
    XForwardedProto,
    #[serde(rename = "X-Real-IP")]
    XRealIp,
}

impl FieldConfig {
    fn field(self) -> ForwardedField {
        match self {
            Self::Forwarded => ForwardedField::Forwarded,
            Self::XForwardedFor => ForwardedField::XForwardedFor,
            Self::XForwardedHost => ForwardedField::XForwardedHost,
            Self::XForwardedPort => ForwardedField::XForwardedPort,
            Self::XForwardedProto => ForwardedField::XForwardedProto,
            Self::XRealIp => ForwardedField::XRealIp,
        }
    }
}

impl ForwardedConfig {
    pub(super) fn layer(&self) -> ForwardedLayer {
        let mut layer = ForwardedLayer::new();
        if let Some(fields) = &self.fields {
            layer = layer.fields(fields.iter().map(|field| field.field()));
        }
        layer = layer.trust(self.trust.iter().map(|network| **network));
        if self.trust_host {
            layer = layer.trust_host();
        }
        if self.trust_port {
            layer = layer.trust_port();
        }
        if self.pass_trusted {
            layer = layer.pass_trusted();
        }
        if self.append_unverified {
            layer = layer.append_unverified();
        }
        if let Some(bytes) = self.max_chain {
            layer = layer.max_chain(bytes);
        }
        if let Some(scheme) = self.client_scheme {
            layer = layer.client_scheme(scheme.scheme());
        }
        layer
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
    #[serde(skip_serializing_if = "is_false")]
    off: bool,
    /// Rewrites only cookies.
    #[serde(skip_serializing_if = "is_false")]
    cookies_only: bool,
    /// More names of the origin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    names: Vec<Text<HostAuthority>>,
    /// Path prefixes of the origin, and those of the client.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathConfig>,
    #[serde(skip_serializing_if = "is_false")]
    keep_alt_svc: bool,
    #[serde(skip_serializing_if = "is_false")]
    dangerously_drop_secure_over_http: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { origin = "/app", client = "/shop" }"#
)]
struct PathConfig {
    origin: Text<PathPrefix>,
    client: Text<PathPrefix>,
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
        for path in &self.paths {
            layer = layer.path((*path.origin).clone(), (*path.client).clone());
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

/// The proxy's name in `Via` and `CDN-Loop`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { name = "edge-7.example" }"#
)]
pub(super) struct ViaConfig {
    /// Writes no `Via`.
    #[serde(skip_serializing_if = "is_false")]
    off: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text<Pseudonym>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cdn_loop: Option<Text<Pseudonym>>,
}

impl ViaConfig {
    pub(super) fn via(&self) -> Result<Via, ConfigError> {
        let via = match (self.off, &self.name) {
            (true, Some(_)) => {
                return Err(ConfigError::invalid("via.off", "set either this or `name`"));
            }
            (true, None) => Via::off(),
            (false, Some(name)) => Via::named((**name).clone()),
            (false, None) => Via::default(),
        };
        Ok(match &self.cdn_loop {
            Some(name) => via.cdn_loop((**name).clone()),
            None => via,
        })
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { idle_timeout = "10m" }"#
)]
pub(super) struct UpgradesConfig {
    /// The protocols that a connection may be upgraded to, such as `"websocket"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocols: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_timeout: Option<Text<Duration>>,
}

impl UpgradesConfig {
    pub(super) fn upgrades(&self) -> Result<Upgrades, ConfigError> {
        let mut upgrades = Upgrades::default();
        if let Some(protocols) = &self.protocols {
            upgrades = Upgrades::none();
            for protocol in protocols {
                let refused = |_| {
                    let problem = "not a protocol name, or a version of HTTP";
                    ConfigError::invalid("upgrades.protocols", problem)
                };
                upgrades = upgrades.and(protocol).map_err(refused)?;
            }
        }
        if let Some(time) = &self.idle_timeout {
            upgrades = upgrades.idle_timeout(***time);
        }
        Ok(upgrades)
    }
}
