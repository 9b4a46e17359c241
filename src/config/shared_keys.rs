//! `SharedKeys`: the keys that several origins have in common.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError, key_path::paths_within, key_tables::KeyTables, origin_calls::OriginCalls,
    origin_keys::OriginKeys,
};

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
        let calls = self.0.calls().map_err(|error| error.within(table))?;
        Ok(OriginCalls {
            tables: KeyTables::default().and(self.0.in_table(table)),
            ..calls
        })
    }

    /// The paths of the keys that differ between two tables of this name.
    pub(super) fn changed(former: Option<&Self>, new: Option<&Self>, table: &str) -> Vec<String> {
        let none = Self::default();
        let (former, new) = (former.unwrap_or(&none), new.unwrap_or(&none));
        paths_within(table, former.0.changed_keys(&new.0))
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
