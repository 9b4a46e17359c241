//! The protocols that a connection may be upgraded to.

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::proxy::Upgrades;

use super::{ConfigError, given::given, text_value::Text};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { idle_timeout = "10m" }"#
)]
pub(super) struct UpgradesConfig {
    /// The protocols that a connection may be upgraded to, such as `"websocket"`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    protocols: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
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
