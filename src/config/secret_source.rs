//! `SecretSource`: where to read a text that may be secret.

use std::{env, fmt, path::PathBuf};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::{ConfigError, source_file::SourceFile};

/// Where to read a text that may be secret.
///
/// The text is read when the configuration is used, and is in no error and no log.
#[derive(Clone, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum SecretSource {
    /// The path of a file.
    File(SourceFile),
    /// The name of an environment variable.
    Env(String),
}

impl SecretSource {
    pub(super) fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into().into())
    }

    /// Reads a text that is not empty: a file may be truncated before it is written anew.
    ///
    /// The error has the path or the name of the variable.
    pub(super) fn read(&self, key: &str) -> Result<Vec<u8>, ConfigError> {
        let text = self.read_any(key)?;
        if !text.trim_ascii().is_empty() {
            return Ok(text);
        }
        let problem = match self {
            Self::File(file) => format!("{} is empty", file.shown()),
            Self::Env(name) if is_usual(name) => {
                format!("the environment variable {name:?} is empty")
            }
            Self::Env(_) => String::from("the environment variable is empty"),
        };
        Err(ConfigError::invalid(key, problem))
    }

    fn read_any(&self, key: &str) -> Result<Vec<u8>, ConfigError> {
        match self {
            Self::File(file) => file.read(key),
            // The error of `var` has the value in it.
            Self::Env(name) => match env::var(name) {
                Ok(text) => Ok(text.into_bytes()),
                Err(_) if is_usual(name) => Err(ConfigError::environment(key, name)),
                Err(_) => Err(ConfigError::invalid(
                    key,
                    "the environment variable is not set, or is not Unicode; its name is not \
                     shown, as it has more than capitals, digits and underscores",
                )),
            },
        }
    }
}

/// Whether it looks like the name of a variable: POSIX uses capitals, digits and underscores.
fn is_usual(name: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 64 && name.bytes().all(is_usual)
}

/// Without the tag that YAML would have, which cannot be read beside a plain text.
impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(Some(1))?;
        match self {
            Self::File(file) => table.serialize_entry("file", file)?,
            Self::Env(name) => table.serialize_entry("env", name)?,
        }
        table.end()
    }
}

/// The secret itself may have been written in place of the name or the path.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.debug_tuple("File").field(file).finish(),
            Self::Env(name) if is_usual(name) => f.debug_tuple("Env").field(name).finish(),
            Self::Env(_) => f.debug_tuple("Env").finish_non_exhaustive(),
        }
    }
}
