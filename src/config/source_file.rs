//! `SourceFile`: a file that is read when a configuration is used.

use std::{
    fmt,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use hmac_sha256::Hash;
use serde::{Deserialize, Serialize, Serializer};

use crate::tls::shown_path;

use super::ConfigError;

/// A file that is read when a configuration is used.
///
/// Two are equal if their paths are, and the contents that were read. One that was not read yet is
/// equal to all of its path. So a reload sees that a secret was renewed in its file.
#[derive(Clone, Deserialize)]
#[serde(from = "PathBuf")]
pub(super) struct SourceFile {
    path: PathBuf,
    /// The SHA-256 digest of the content, once it was read.
    digest: OnceLock<[u8; 32]>,
}

impl From<PathBuf> for SourceFile {
    fn from(path: PathBuf) -> Self {
        Self {
            path,
            digest: OnceLock::new(),
        }
    }
}

impl SourceFile {
    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The content. The error has the path, unless that is a private key.
    pub(super) fn read(&self, key: &str) -> Result<Vec<u8>, ConfigError> {
        let content = read_whole(&self.path)
            .map_err(|source| ConfigError::file(key, self.shown().into(), source))?;
        self.digest.get_or_init(|| Hash::hash(&content));
        Ok(content)
    }

    /// The path in errors, unless it is a private key.
    pub(super) fn shown(&self) -> String {
        shown_path(&self.path)
    }
}

/// Reads a file that is not written meanwhile.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let before = fs::metadata(path)?;
    let content = fs::read(path)?;
    let after = fs::metadata(path)?;
    let state = |file: &Metadata| (file.len(), file.modified().ok());
    // Files such as those of `/proc` have no length.
    let is_whole = after.len() == 0 || after.len() == content.len() as u64;
    match is_whole && state(&before) == state(&after) {
        true => Ok(content),
        false => Err(io::Error::other("the file was changed while it was read")),
    }
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        let digests = self.digest.get().zip(other.digest.get());
        self.path == other.path && digests.is_none_or(|(own, other)| own == other)
    }
}

impl Serialize for SourceFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.path.serialize(serializer)
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown(), f)
    }
}
