//! The certificate revocation lists.
//!
//! ```toml
//! [verify.crls]
//! pem_files = ["ca.crl.pem"]
//! unknown_status = "allow"
//! ```
//!
//! Each key that weakens the check has to be written out with the word `allow`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::tls::{CrlDepth, CrlExpiry, CrlSource, Crls, UnknownStatus};

use super::{ConfigError, given::given, is_default::is_default, unwritten::Unwritten};

/// The reason for a list that cannot be written to a file.
const IN_MEMORY: &str = "the list is in memory: a file has paths, see `Crls::pem_file`";

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { pem_files = ["ca.crl.pem"] }"#
)]
pub(super) struct CrlsConfig {
    /// Files with lists in PEM.
    pem_files: Vec<PathBuf>,
    /// Checks only the origin's own certificate.
    #[serde(default, skip_serializing_if = "is_default")]
    leaf_only: bool,
    /// Accepts certificates that no list covers.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    unknown_status: Option<Allow>,
    /// Uses lists whose next update is overdue.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    expired_lists: Option<Allow>,
}

/// `"allow"`: written out, so that no empty value and no `false` can weaken verification.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Allow {
    Allow,
}

impl CrlsConfig {
    /// Lists in memory cannot be written.
    pub(super) fn of(crls: &Crls, unwritten: &mut Unwritten) -> Self {
        let Crls {
            sources,
            depth,
            unknown,
            expiry,
        } = crls;
        let mut pem_files = Vec::new();
        for source in sources {
            match source {
                CrlSource::Der(_) => unwritten.refuse("Crls::der", IN_MEMORY),
                CrlSource::File(path) => pem_files.push(path.clone()),
                CrlSource::Pem(_) => unwritten.refuse("Crls::pem", IN_MEMORY),
            }
        }
        Self {
            pem_files,
            leaf_only: matches!(depth, CrlDepth::Leaf),
            unknown_status: matches!(unknown, UnknownStatus::Allow).then_some(Allow::Allow),
            expired_lists: matches!(expiry, CrlExpiry::Ignore).then_some(Allow::Allow),
        }
    }

    /// An empty list of files is an error: it would check nothing.
    pub(super) fn crls(&self) -> Result<Crls, ConfigError> {
        let files = self.pem_files.iter().map(Crls::pem_file);
        let none = ConfigError::invalid("verify.crls.pem_files", "the list is empty");
        let mut crls = files.reduce(Crls::and).ok_or(none)?;
        if self.leaf_only {
            crls = crls.leaf_only();
        }
        if let Some(Allow::Allow) = self.unknown_status {
            crls = crls.allow_unknown_status();
        }
        if let Some(Allow::Allow) = self.expired_lists {
            crls = crls.ignore_expiry();
        }
        Ok(crls)
    }
}
