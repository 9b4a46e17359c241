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
#[error(transparent)]
pub struct ConfigError(ConfigProblem);

#[derive(Debug, Error)]
enum ConfigProblem {
    /// A key has a value that cannot be used, or contradicts another key.
    #[error("{key}: {problem}")]
    Invalid { key: String, problem: String },
    /// A file that a key names cannot be read.
    #[error("{key}: cannot read {}", path.display())]
    File {
        key: String,
        path: PathBuf,
        source: io::Error,
    },
    /// An environment variable that a key names is not set, or is not Unicode.
    #[error("{key}: the environment variable {name:?} is not set, or is not Unicode")]
    Environment { key: String, name: String },
    /// The connector, the group or the tenant cannot be built. The key is of the first problem.
    ///
    /// `Display` names the keys of the file, and not the calls of the builder.
    #[error("{}", in_file(error))]
    Build { key: String, error: BuildError },
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
        Self(ConfigProblem::Build {
            key: key.unwrap_or_default(),
            error,
        })
    }
}

impl ConfigError {
    /// Returns the path of the key, such as `tier[0].members[1].origin.sni`.
    ///
    /// If several values cannot be used, it is that of the first.
    #[must_use]
    pub fn key(&self) -> &str {
        match &self.0 {
            ConfigProblem::Invalid { key, .. }
            | ConfigProblem::File { key, .. }
            | ConfigProblem::Environment { key, .. }
            | ConfigProblem::Build { key, .. } => key,
        }
    }

    /// Returns the values that the builder of a connector, a group or a tenant refuses. Empty if
    /// none was called yet.
    #[must_use]
    pub fn problems(&self) -> &[BuildProblem] {
        match &self.0 {
            ConfigProblem::Build { error, .. } => error.problems(),
            _ => &[],
        }
    }

    pub(super) fn invalid(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self(ConfigProblem::Invalid {
            key: key.into(),
            problem: problem.into(),
        })
    }

    /// A file cannot be read.
    pub(super) fn file(key: &str, path: PathBuf, source: io::Error) -> Self {
        let key = key.to_owned();
        Self(ConfigProblem::File { key, path, source })
    }

    /// An environment variable is not set, or is not Unicode.
    pub(super) fn environment(key: &str, name: &str) -> Self {
        Self(ConfigProblem::Environment {
            key: key.to_owned(),
            name: name.to_owned(),
        })
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
        let within = |key: &str| path_within(&table, key);
        Self(match self.0 {
            ConfigProblem::Build { error, .. } => return error.with_keys(within).into(),
            ConfigProblem::Invalid { key, problem } => ConfigProblem::Invalid {
                key: within(&key),
                problem,
            },
            ConfigProblem::File { key, path, source } => ConfigProblem::File {
                key: within(&key),
                path,
                source,
            },
            ConfigProblem::Environment { key, name } => ConfigProblem::Environment {
                key: within(&key),
                name,
            },
        })
    }
}
