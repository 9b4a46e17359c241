//! What the proxy tells the origin of the client and of itself.
//!
//! ```toml
//! [forwarded]
//! fields = ["X-Forwarded-For", "X-Forwarded-Proto"]
//! trust = ["10.0.0.0/8"]
//!
//! [via]
//! name = "edge-7.example"
//! ```

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    forwarded::{ForwardedField, ForwardedLayer},
    origin::Scheme,
    proxy::{Pseudonym, Via},
};

use super::{ConfigError, given::given, is_default::is_default, text_value::Text};

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
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    fields: Option<Vec<FieldConfig>>,
    /// Networks of the proxies to trust.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trust: Vec<Text<IpNet>>,
    /// Trusts X-Forwarded-Host of trusted proxies too.
    #[serde(skip_serializing_if = "is_default")]
    trust_host: bool,
    /// Trusts X-Forwarded-Port of trusted proxies too.
    #[serde(skip_serializing_if = "is_default")]
    trust_port: bool,
    /// Forwards the fields of trusted proxies unchanged.
    #[serde(skip_serializing_if = "is_default")]
    pass_trusted: bool,
    /// Keeps X-Forwarded-For of other peers, and appends to it.
    #[serde(skip_serializing_if = "is_default")]
    append_unverified: bool,
    /// In bytes.
    ///
    /// The length of X-Forwarded-For. The default is 1024.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_chain: Option<usize>,
    /// The scheme that clients use, where the server does not report it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    client_scheme: Option<SchemeConfig>,
}

/// By their names on the wire.
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
    /// Keys that are absent keep the layer's defaults.
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
    #[serde(skip_serializing_if = "is_default")]
    off: bool,
    /// The default is a random name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    name: Option<Text<Pseudonym>>,
    /// Also writes CDN-Loop (RFC 8586), with this name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    cdn_loop: Option<Text<Pseudonym>>,
}

impl ViaConfig {
    /// `off` and a name contradict each other. `CDN-Loop` is independent of both.
    pub(super) fn via(&self) -> Result<Via, ConfigError> {
        let via = match (self.off, &self.name) {
            (true, Some(_)) => {
                return Err(ConfigError::invalid("via.off", "set either this or `name`"));
            }
            (true, None) => Via::off(),
            (false, Some(name)) => Via::signed_as((**name).clone()),
            (false, None) => Via::default(),
        };
        Ok(match &self.cdn_loop {
            Some(name) => via.looped_as((**name).clone()),
            None => via,
        })
    }
}
