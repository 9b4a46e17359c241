//! `ConfigError`: why a configuration cannot be used.

use std::{fmt, io, path::PathBuf};

use thiserror::Error;

use crate::{
    diagnosis::in_keys,
    error::{BuildError, BuildProblem},
};

use super::key_path::path_within;

/// Why a configuration cannot be used.
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
        /// The path of the key, such as `verify.pinned` or `tier[0].members[1].origin.sni`.
        key: String,
        /// The problem.
        problem: String,
    },
    /// A file that a key names cannot be read.
    #[error("{key}: cannot read {}", path.display())]
    #[non_exhaustive]
    File {
        /// The path of the key, such as `client_identity.key`.
        key: String,
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
        key: String,
        /// The variable.
        name: String,
    },
    /// The connector, the group or the tenant cannot be built.
    ///
    /// `Display` names the keys of the file, and not the calls of the builder.
    #[error("{}", in_file(error))]
    #[non_exhaustive]
    Build {
        /// The path of the first problem's key, such as `hosts."shop.example".origin.sni`.
        key: String,
        /// The values that the builder refuses.
        error: BuildError,
    },
}

/// The problems, each with its key in place of the setter.
fn in_file(error: &BuildError) -> String {
    let shown = |problem: &BuildProblem| format!("{}: {}", problem.key(), in_keys(&problem.why()));
    let problems = error.problems().iter().map(shown);
    problems.collect::<Vec<_>>().join("; ")
}

impl From<BuildError> for ConfigError {
    fn from(error: BuildError) -> Self {
        let key = error.problems().first().map(BuildProblem::key);
        Self::Build {
            key: key.unwrap_or_default(),
            error,
        }
    }
}

impl ConfigError {
    pub(super) fn invalid(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            key: key.into(),
            problem: problem.into(),
        }
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

    /// The same error, with the path of the table that the key is in.
    pub(super) fn within(self, table: impl fmt::Display) -> Self {
        let table = table.to_string();
        match self {
            Self::Build { error, .. } => error.with_keys(|key| path_within(&table, key)).into(),
            Self::Invalid { key, problem } => Self::Invalid {
                key: path_within(&table, &key),
                problem,
            },
            Self::File { key, path, source } => Self::File {
                key: path_within(&table, &key),
                path,
                source,
            },
            Self::Environment { key, name } => Self::Environment {
                key: path_within(&table, &key),
                name,
            },
        }
    }
}
