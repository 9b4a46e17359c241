//! How the members of a group share the requests.
//!
//! ```toml
//! balance = "round_robin"
//! balance = { by_key = { key = { cookie = "session" }, max_load = 120 } }
//! ```

use http::HeaderName;
use serde::{Deserialize, Serialize};

use crate::group::Balance;

use super::{ConfigError, given::given, keyed_enum::KeyedEnum};

/// The constructors of [`Balance`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum BalanceConfig {
    /// The default: the less loaded one of two random members.
    LeastLoaded,
    /// One member after the other, in the ratio of their weights.
    RoundRobin,
    /// The same member for the same key.
    ByKey(ByKeyConfig),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { key = { cookie = "session" } }"#
)]
pub(super) struct ByKeyConfig {
    /// What the requests of one client have in common.
    key: KeyedEnum<AffinityKeyConfig>,
    /// In percent of the fair share.
    ///
    /// The default is 150.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    max_load: Option<u32>,
}

/// The constructors of [`Balance`] by a key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum AffinityKeyConfig {
    /// The IP address of the client's connection.
    ClientAddress,
    /// The name of a cookie.
    Cookie(String),
    /// The name of a field.
    Header(String),
}

impl BalanceConfig {
    pub(super) fn balance(&self) -> Result<Balance, ConfigError> {
        Ok(match self {
            Self::LeastLoaded => Balance::least_loaded(),
            Self::RoundRobin => Balance::round_robin(),
            Self::ByKey(by) => {
                let balance = by.key.balance()?;
                match by.max_load {
                    Some(percent) => balance.max_load(percent),
                    None => balance,
                }
            }
        })
    }
}

impl AffinityKeyConfig {
    fn balance(&self) -> Result<Balance, ConfigError> {
        Ok(match self {
            Self::ClientAddress => Balance::by_client_address(),
            Self::Cookie(name) => Balance::by_cookie(name),
            Self::Header(name) => {
                let refused =
                    |_| ConfigError::invalid("balance.by_key.key.header", "not a valid field name");
                Balance::by_header(HeaderName::try_from(name).map_err(refused)?)
            }
        })
    }
}
