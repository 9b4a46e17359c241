//! `ConfigError`: why a configuration cannot be used.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::error::BuildError;

/// Why an [`OriginConfig`](crate::config::OriginConfig) cannot be used.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, config::OriginConfig};
///
/// let config: OriginConfig =
///     toml::from_str("url = 'https://www.example.com'\nsni = 'a.example'\nomit_sni = true")?;
/// let error = CdnOriginConnector::try_from(&config).expect_err("two keys contradict each other");
/// assert_eq!(error.to_string(), "omit_sni: set either this or sni");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key has a value that cannot be used, or contradicts another key.
    #[error("{key}: {problem}")]
    #[non_exhaustive]
    Invalid {
        /// The path of the key, such as `verify.pinned`.
        key: &'static str,
        /// The problem.
        problem: &'static str,
    },
    /// A file that a key names cannot be read.
    #[error("{key}: cannot read {}", path.display())]
    #[non_exhaustive]
    File {
        /// The path of the key, such as `client_identity.key`.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// An environment variable that a key names is not set, or is not Unicode.
    #[error("{key}: the environment variable {name:?} is not set, or is not Unicode")]
    #[non_exhaustive]
    Environment {
        /// The path of the key, such as `client_identity.key`.
        key: &'static str,
        /// The variable.
        name: String,
    },
    /// The connector cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl ConfigError {
    pub(super) fn invalid(key: &'static str, problem: &'static str) -> Self {
        Self::Invalid { key, problem }
    }

    /// Refuses further keys beside one that decides its whole section, such as `off`.
    pub(super) fn check_alone(key: &'static str, is_alone: bool) -> Result<(), Self> {
        match is_alone {
            true => Ok(()),
            false => Err(Self::invalid(
                key,
                "the other keys of this section have no effect: remove them or this one",
            )),
        }
    }
}
