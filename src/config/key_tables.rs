//! `KeyTables`: where the keys of an origin are written, for errors and the log.

use crate::error::BuildError;

use super::{ConfigError, key_path::path_within};

/// The tables that an origin has its keys from. A key of a later one replaces that of an earlier.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTables(Vec<KeyTable>);

/// A table with keys of an origin.
#[derive(Clone, Debug)]
pub(super) struct KeyTable {
    pub(super) path: String,
    pub(super) keys: Vec<&'static str>,
    /// Those of them that name certificate files.
    pub(super) with_files: Vec<&'static str>,
}

impl KeyTables {
    /// These tables, and then one.
    pub(super) fn and(mut self, table: KeyTable) -> Self {
        self.0.push(table);
        self
    }

    /// These tables, and then the others.
    pub(super) fn then(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    /// The error of an origin with these keys. Each problem gets the path of its key.
    pub(super) fn locate(&self, error: BuildError) -> ConfigError {
        ConfigError::from(error.with_keys(|key| self.path_of(key)))
    }

    /// The paths of the keys that name the certificate files of the origin.
    pub(super) fn keys_of_files(&self) -> Vec<String> {
        let with_files = |key: &&str| {
            self.table_of(key)
                .is_some_and(|it| it.with_files.contains(key))
        };
        let keys = ["verify", "client_identity"].into_iter().filter(with_files);
        keys.map(|key| self.path_of(key)).collect()
    }

    /// In the table that has it, else in that of the origin.
    fn path_of(&self, key: &str) -> String {
        let name = key.split('.').next().unwrap_or_default();
        match self.table_of(name).or_else(|| self.0.last()) {
            Some(table) => path_within(&table.path, key),
            None => key.to_owned(),
        }
    }

    fn table_of(&self, key: &str) -> Option<&KeyTable> {
        self.0.iter().rfind(|table| table.keys.contains(&key))
    }
}
