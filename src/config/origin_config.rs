//! `OriginConfig`: a connector and its proxy.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::{
    CdnOriginConnector, OriginProxy, connector::CdnOriginBuilder, error::BuildError, origin::Origin,
};

use super::{
    ConfigError, Reloaded, origin_calls::OriginCalls, origin_keys::OriginKeys, unwritten::Unwritten,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OriginConfig(OriginKeys);

impl<'de> Deserialize<'de> for OriginConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys = OriginKeys::deserialize(deserializer)?;
        match keys.url {
            Some(_) => Ok(Self(keys)),
            None => Err(D::Error::missing_field("url")),
        }
    }
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
        Ok(config.0.builder_calls()?.builder(&OriginCalls::default()))
    }
}

impl TryFrom<&CdnOriginBuilder> for OriginConfig {
    type Error = BuildError;

    /// Reads the keys of the connector from a builder.
    ///
    /// Defaults have no key. Keys and certificates are paths: no secret is in the configuration. A
    /// builder knows no keys of the proxy: see [`with_connector`](Self::with_connector).
    ///
    /// # Errors
    ///
    /// Fails with [`Unsupported`](crate::error::BuildProblemKind::Unsupported) for each call that a
    /// file cannot hold, such as a resolver, a transport or a key in memory, also one that was read
    /// from the environment. Fails too for names that cannot be parsed.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, config::OriginConfig};
    ///
    /// let builder = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    ///     .sni("www.example.com");
    /// let config = OriginConfig::try_from(&builder)?;
    /// assert_eq!(
    ///     toml::to_string(&config)?,
    ///     "url = \"https://d1234567890.cloudfront.net\"\nsni = \"www.example.com\"\n",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn try_from(builder: &CdnOriginBuilder) -> Result<Self, BuildError> {
        let mut unwritten = Unwritten::default();
        let keys = OriginKeys::of(builder, &mut unwritten);
        unwritten.check()?;
        Ok(Self(keys))
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
        config.configure(Self::new(CdnOriginConnector::try_from(config)?))
    }
}

impl OriginConfig {
    pub(super) fn keys(&self) -> &OriginKeys {
        &self.0
    }

    /// The proxy. The shared calls come first.
    pub(super) fn proxy(
        &self,
        shared: &OriginCalls,
        table: &str,
    ) -> Result<OriginProxy, ConfigError> {
        let calls = self.0.calls().map_err(|error| error.within(table))?;
        let connector = calls.connector(shared);
        let tables = shared.tables.clone().and(self.0.in_table(table));
        let connector = connector.map_err(|error| tables.locate(error))?;
        Ok(calls.proxy(connector, shared))
    }

    /// What is dialled.
    pub(super) fn dial_target(&self, shared: &OriginCalls) -> Result<String, ConfigError> {
        let builder = self.0.name_calls()?.builder(shared);
        let target = builder.chosen_url().map(|url| {
            let origin = Origin::settle(url, builder.chosen_names());
            origin.dial().to_string()
        });
        Ok(target.unwrap_or_default())
    }

    /// Returns the configuration with the keys of the proxy, and those of a builder's connector.
    ///
    /// Use it to write a configuration whose builder was changed by code.
    ///
    /// # Errors
    ///
    /// Fails as the conversion of the builder does.
    ///
    /// ```
    /// use cdn_origin::{config::OriginConfig, connector::CdnOriginBuilder};
    ///
    /// let text = "url = 'http://origin.example'\n[limits]\nmax_concurrency = 100";
    /// let config: OriginConfig = toml::from_str(text)?;
    /// let builder = CdnOriginBuilder::try_from(&config)?.host("www.example.com");
    /// let written = toml::to_string(&config.with_connector(&builder)?)?;
    /// assert_eq!(
    ///     written,
    ///     "url = \"http://origin.example\"\nhost = \"www.example.com\"\n\n\
    ///      [limits]\nmax_concurrency = 100\n",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_connector(&self, builder: &CdnOriginBuilder) -> Result<Self, BuildError> {
        let connector = Self::try_from(builder)?;
        Ok(Self(self.0.clone().with_connector(connector.0)))
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
    /// let proxy = config.configure(OriginProxy::new(connector))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn configure(&self, proxy: OriginProxy) -> Result<OriginProxy, ConfigError> {
        Ok(self.0.proxy_calls()?.make(proxy))
    }

    /// Applies the changes in a new configuration to a running connector.
    ///
    /// This configuration becomes that of what runs: it keeps the keys that are not applied.
    ///
    /// The call applies `verify` and `client_identity`: new requests use only connections that were
    /// opened with them, see [`CdnOriginConnector::reload`]. One that is the same in both files
    /// stays as it is, even if code has set another. If both are the same and a file of theirs has
    /// changed, the files are read again.
    ///
    /// The other keys need a new connector or proxy: [`Reloaded::not_applied`] lists them. To apply
    /// all keys, use a group with one member. The names of the keys are logged at INFO, without
    /// values, and at WARN if some are not applied.
    ///
    /// # Errors
    ///
    /// Fails if the new configuration is invalid. The old policy and identity then stay in use.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, config::OriginConfig};
    ///
    /// let mut running: OriginConfig = toml::from_str("url = 'http://origin.example'")?;
    /// let connector = CdnOriginConnector::try_from(&running)?;
    ///
    /// let text = "url = 'http://origin.example'\n[limits]\nmax_concurrency = 100";
    /// let new: OriginConfig = toml::from_str(text)?;
    /// assert_eq!(running.reload(&new, &connector)?.not_applied, ["limits"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reload(
        &mut self,
        new: &Self,
        connector: &CdnOriginConnector,
    ) -> Result<Reloaded, ConfigError> {
        // What is not applied has to be valid, too.
        let calls = new.0.calls()?;
        let builder = calls.builder(&OriginCalls::default());
        drop(builder.without_advice().build()?);
        let changed = self.0.changed_keys(&new.0).into_iter().map(str::to_owned);
        let (mut changed, not_applied): (Vec<_>, Vec<_>) =
            changed.partition(|key| APPLIED.contains(&key.as_str()));
        let (policy, identity) = (new.0.policy()?, new.0.identity()?);
        if changed.is_empty() {
            // A renewed certificate has the path of the former one.
            if connector.reload_if_changed()? {
                let keys = new.0.keys_with_files().into_iter();
                changed = keys.map(str::to_owned).collect();
            }
        } else {
            // The application may have set the other one itself.
            let has_changed = |key: &str| changed.iter().any(|it| it == key);
            connector.reload(|mut change| {
                if has_changed("verify") {
                    change = change.verify(policy);
                }
                match identity {
                    _ if !has_changed("client_identity") => change,
                    Some(identity) => change.client_identity(identity),
                    None => change.no_client_identity(),
                }
            })?;
        }
        let reloaded = Reloaded {
            keys: [&*changed, &*not_applied].concat(),
            changed,
            not_applied,
            ..Reloaded::default()
        };
        self.0.verify.clone_from(&new.0.verify);
        self.0.client_identity.clone_from(&new.0.client_identity);
        Ok(reloaded.log())
    }
}

/// The keys that `reload` applies.
const APPLIED: [&str; 2] = ["verify", "client_identity"];
