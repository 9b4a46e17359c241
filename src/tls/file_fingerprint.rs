//! Whether files with certificates, keys and revocation lists have changed.
//!
//! `connector/tls_reload.rs` compares the fingerprints, and reads the files again.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The state of files at one moment: length and time of change, or their absence.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FileFingerprint(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl FileFingerprint {
    pub(super) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let look = |path: &Path| (path.to_owned(), look(path));
        Self(paths.into_iter().map(look).collect())
    }
}

fn look(path: &Path) -> Option<(u64, SystemTime)> {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}
