//! `SharedKeys`: the keys that several origins have in common.

use serde::{Deserialize, Serialize};

use super::{ConfigError, origin_calls::OriginCalls, origin_keys::OriginKeys};

/// The keys of an origin without its URL. An origin that has a key itself replaces this one.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "OriginKeys")]
pub(super) struct SharedKeys(OriginKeys);

impl TryFrom<OriginKeys> for SharedKeys {
    type Error = &'static str;

    fn try_from(keys: OriginKeys) -> Result<Self, &'static str> {
        match keys.url {
            Some(_) => Err("unknown field `url`: each origin has its own"),
            None => Ok(Self(keys)),
        }
    }
}

impl SharedKeys {
    /// The calls, with the name of this table in errors.
    pub(super) fn calls(&self, table: &'static str) -> Result<OriginCalls, ConfigError> {
        self.0.calls().map_err(|error| error.within(table))
    }

    /// The calls for the four names alone, which read no files.
    pub(super) fn names(&self) -> Result<OriginCalls, ConfigError> {
        self.0.name_calls()
    }

    /// The first of the four names that is set.
    pub(super) fn chosen_name(&self) -> Option<&'static str> {
        self.0.chosen_name()
    }
}
