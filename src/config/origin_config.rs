//! `OriginConfig`: all keys, and what they make.

use serde::{Deserialize, Serialize};
use tracing::info;

use crate::{
    CdnOriginConnector, OriginProxy,
    connector::CdnOriginBuilder,
    name::{DialTarget, ExpectedName, HostAuthority, Sni},
    origin::OriginUrl,
    tls::VerifyPolicy,
};

use super::{
    ConfigError,
    advice::AdviceConfig,
    dialling::{
        DnsConfig, EgressGuardConfig, HappyEyeballsConfig, ProxyProtocolConfig, SocketConfig,
        TimeoutsConfig,
    },
    fields::{ErrorPagesConfig, PathMapConfig, RequestFieldsConfig, ResponseFieldsConfig},
    forwarding::{
        ForwardedConfig, HostRewriteConfig, ResponseRewriteConfig, UpgradesConfig, ViaConfig,
    },
    identity::IdentityConfig,
    pool::{LimitsConfig, PoolConfig},
    text_value::Text,
    tls::{ProtocolConfig, SessionsConfig, TlsConfig, is_false},
    verify::VerifyConfig,
};

/// Settings of a connector and its proxy, read from a file.
///
/// Read it with any format of serde, and convert it into a [`CdnOriginBuilder`], a
/// [`CdnOriginConnector`] or an [`OriginProxy`]. See the [module](super) for the keys.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, config::OriginConfig, connector::CdnOriginBuilder};
///
/// let config: OriginConfig = toml::from_str("url = 'http://origin.example'")?;
/// // Settings that no file can hold go to the builder.
/// let builder = CdnOriginBuilder::try_from(&config)?;
/// let connector: CdnOriginConnector = builder.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { url = "https://www.example.com" }"#
)]
pub struct OriginConfig {
    // The four names.
    url: Text<OriginUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dial: Option<Text<DialTarget>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sni: Option<Text<Sni>>,
    #[serde(default, skip_serializing_if = "is_false")]
    omit_sni: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected_name: Option<Text<ExpectedName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<Text<HostAuthority>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alpn: Option<Vec<ProtocolConfig>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_protocol: Option<ProxyProtocolConfig>,
    #[serde(default, skip_serializing_if = "is_false")]
    without_edge_profile: bool,
    // The proxy.
    #[serde(default, skip_serializing_if = "is_false")]
    disclose_diagnosis: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host_rewrite: Option<HostRewriteConfig>,
    // Tables, which TOML wants last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verify: Option<VerifyConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_identity: Option<IdentityConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<TlsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sessions: Option<SessionsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeouts: Option<TimeoutsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dns: Option<DnsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    happy_eyeballs: Option<HappyEyeballsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    socket_options: Option<SocketConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    egress_guard: Option<EgressGuardConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    advice: Option<AdviceConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool: Option<PoolConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forwarded: Option<ForwardedConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_rewrite: Option<ResponseRewriteConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    via: Option<ViaConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upgrades: Option<UpgradesConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_fields: Option<RequestFieldsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response_fields: Option<ResponseFieldsConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_pages: Option<ErrorPagesConfig>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    map_path: Vec<PathMapConfig>,
}

impl TryFrom<&OriginConfig> for CdnOriginBuilder {
    type Error = ConfigError;

    /// Calls the builder for each key of the connector.
    ///
    /// # Errors
    ///
    /// Fails if keys contradict each other, if a value needs a feature that is off, or if a key or
    /// certificate cannot be read. Other invalid values fail in [`build`](CdnOriginBuilder::build).
    fn try_from(config: &OriginConfig) -> Result<Self, ConfigError> {
        let mut builder = config.with_names(CdnOriginConnector::builder((*config.url).clone()))?;
        if let Some(protocols) = &config.alpn {
            builder = builder.alpn(ProtocolConfig::alpn(protocols)?);
        }
        if let Some(verify) = &config.verify {
            builder = builder.verify(verify.policy()?);
        }
        if let Some(identity) = &config.client_identity {
            builder = builder.client_identity(identity.identity()?);
        }
        if let Some(tls) = &config.tls {
            builder = tls.apply(builder)?;
        }
        if let Some(sessions) = &config.sessions {
            builder = builder.sessions(sessions.sessions()?);
        }
        if let Some(timeouts) = &config.timeouts {
            builder = builder.timeouts(timeouts.timeouts());
        }
        if let Some(dns) = &config.dns {
            builder = builder.dns(dns.dns()?);
        }
        if let Some(settings) = &config.happy_eyeballs {
            builder = builder.happy_eyeballs(settings.settings());
        }
        if let Some(options) = &config.socket_options {
            builder = builder.socket_options(options.options());
        }
        if let Some(protocol) = config.proxy_protocol {
            builder = builder.proxy_protocol(protocol.protocol());
        }
        if let Some(guard) = &config.egress_guard {
            builder = builder.egress_guard(guard.guard());
        }
        if let Some(advice) = &config.advice {
            builder = builder.advice(advice.settings());
        }
        if config.without_edge_profile {
            builder = builder.without_edge_profile();
        }
        Ok(builder)
    }
}

impl TryFrom<&OriginConfig> for CdnOriginConnector {
    type Error = ConfigError;

    /// Builds the connector.
    ///
    /// # Errors
    ///
    /// Fails as the conversion to a [`CdnOriginBuilder`] and [`build`](CdnOriginBuilder::build) do.
    fn try_from(config: &OriginConfig) -> Result<Self, ConfigError> {
        Ok(CdnOriginBuilder::try_from(config)?.build()?)
    }
}

impl TryFrom<&OriginConfig> for OriginProxy {
    type Error = ConfigError;

    /// Builds the connector and its proxy.
    ///
    /// # Errors
    ///
    /// Fails as the conversion to a [`CdnOriginConnector`] does, or if keys of the proxy contradict
    /// each other.
    fn try_from(config: &OriginConfig) -> Result<Self, ConfigError> {
        config.with_proxy_settings(Self::new(CdnOriginConnector::try_from(config)?))
    }
}

impl OriginConfig {
    fn with_names(&self, mut builder: CdnOriginBuilder) -> Result<CdnOriginBuilder, ConfigError> {
        if let Some(target) = &self.dial {
            builder = builder.dial((**target).clone());
        }
        match (&self.sni, self.omit_sni) {
            (Some(_), true) => {
                return Err(ConfigError::invalid("omit_sni", "set either this or sni"));
            }
            (Some(name), false) => builder = builder.sni((**name).clone()),
            (None, true) => builder = builder.omit_sni(),
            (None, false) => {}
        }
        if let Some(name) = &self.expected_name {
            builder = builder.expected_name((**name).clone());
        }
        if let Some(name) = &self.host {
            builder = builder.host((**name).clone());
        }
        Ok(builder)
    }

    /// Applies the keys of the proxy to an existing proxy.
    ///
    /// Use it if the connector has settings that no file can hold.
    ///
    /// # Errors
    ///
    /// Fails if keys contradict each other, or if a size does not fit the call's type.
    ///
    /// ```
    /// use cdn_origin::{OriginProxy, config::OriginConfig, connector::CdnOriginBuilder};
    ///
    /// let config: OriginConfig = toml::from_str("url = 'http://origin.example'")?;
    /// let connector = CdnOriginBuilder::try_from(&config)?.build()?;
    /// let proxy = config.with_proxy_settings(OriginProxy::new(connector))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_proxy_settings(&self, mut proxy: OriginProxy) -> Result<OriginProxy, ConfigError> {
        if self.disclose_diagnosis {
            proxy = proxy.disclose_diagnosis();
        }
        if let Some(rewrite) = &self.host_rewrite {
            proxy = proxy.host_rewrite(rewrite.layer()?);
        }
        if let Some(pool) = &self.pool {
            proxy = proxy.pool(pool.settings()?);
        }
        if let Some(limits) = &self.limits {
            proxy = proxy.limits(limits.limits()?);
        }
        if let Some(forwarded) = &self.forwarded {
            proxy = proxy.forwarded(forwarded.layer());
        }
        if let Some(rewrite) = &self.response_rewrite {
            proxy = proxy.response_rewrite(rewrite.layer()?);
        }
        if let Some(via) = &self.via {
            proxy = proxy.via(via.via()?);
        }
        if let Some(upgrades) = &self.upgrades {
            proxy = proxy.upgrades(upgrades.upgrades()?);
        }
        for map in &self.map_path {
            proxy = map.add(proxy);
        }
        if let Some(fields) = &self.request_fields {
            proxy = fields.add_to(proxy)?;
        }
        // Before the fields, which may be set on an error page too.
        if let Some(pages) = &self.error_pages {
            proxy = pages.add_to(proxy)?;
        }
        if let Some(fields) = &self.response_fields {
            proxy = fields.add_to(proxy)?;
        }
        Ok(proxy)
    }

    /// Applies a new configuration to a running connector, and returns the keys not applied.
    ///
    /// The call applies `verify` and `client_identity`: new connections use them, see
    /// [`CdnOriginConnector::reload`]. The returned keys need a new connector or proxy. An empty
    /// list means that all changes were applied. Applied and other keys are logged at INFO.
    ///
    /// # Errors
    ///
    /// Fails if the new policy or identity cannot be used. The old ones then stay in use.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, config::OriginConfig};
    ///
    /// let old: OriginConfig = toml::from_str("url = 'http://origin.example'")?;
    /// let connector = CdnOriginConnector::try_from(&old)?;
    ///
    /// let text = "url = 'http://origin.example'\n[limits]\nmax_concurrency = 100";
    /// let new: OriginConfig = toml::from_str(text)?;
    /// assert_eq!(old.reload(&new, &connector)?, ["limits"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reload(
        &self,
        new: &Self,
        connector: &CdnOriginConnector,
    ) -> Result<Vec<&'static str>, ConfigError> {
        let changed = self.changed_keys(new);
        let (applied, left): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|key| APPLIED.contains(key));
        if !applied.is_empty() {
            let policy = match &new.verify {
                Some(verify) => verify.policy()?,
                None => VerifyPolicy::default(),
            };
            let identity = match &new.client_identity {
                Some(identity) => Some(identity.identity()?),
                None => None,
            };
            connector.reload(|change| {
                let change = change.verify(policy);
                match identity {
                    Some(identity) => change.client_identity(identity),
                    None => change.no_client_identity(),
                }
            })?;
        }
        info!(?applied, ?left, "configuration reloaded");
        Ok(left)
    }

    fn changed_keys(&self, new: &Self) -> Vec<&'static str> {
        let keys = [
            ("url", self.url != new.url),
            ("dial", self.dial != new.dial),
            ("sni", self.sni != new.sni),
            ("omit_sni", self.omit_sni != new.omit_sni),
            ("expected_name", self.expected_name != new.expected_name),
            ("host", self.host != new.host),
            ("alpn", self.alpn != new.alpn),
            ("proxy_protocol", self.proxy_protocol != new.proxy_protocol),
            (
                "without_edge_profile",
                self.without_edge_profile != new.without_edge_profile,
            ),
            (
                "disclose_diagnosis",
                self.disclose_diagnosis != new.disclose_diagnosis,
            ),
            ("host_rewrite", self.host_rewrite != new.host_rewrite),
            ("verify", self.verify != new.verify),
            (
                "client_identity",
                self.client_identity != new.client_identity,
            ),
            ("tls", self.tls != new.tls),
            ("sessions", self.sessions != new.sessions),
            ("timeouts", self.timeouts != new.timeouts),
            ("dns", self.dns != new.dns),
            ("happy_eyeballs", self.happy_eyeballs != new.happy_eyeballs),
            ("socket_options", self.socket_options != new.socket_options),
            ("egress_guard", self.egress_guard != new.egress_guard),
            ("advice", self.advice != new.advice),
            ("pool", self.pool != new.pool),
            ("limits", self.limits != new.limits),
            ("forwarded", self.forwarded != new.forwarded),
            (
                "response_rewrite",
                self.response_rewrite != new.response_rewrite,
            ),
            ("via", self.via != new.via),
            ("upgrades", self.upgrades != new.upgrades),
            ("request_fields", self.request_fields != new.request_fields),
            (
                "response_fields",
                self.response_fields != new.response_fields,
            ),
            ("error_pages", self.error_pages != new.error_pages),
            ("map_path", self.map_path != new.map_path),
        ];
        let changed = keys.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(key, _)| key).collect()
    }
}

/// The keys that `reload` applies.
const APPLIED: [&str; 2] = ["verify", "client_identity"];
