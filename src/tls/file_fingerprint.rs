//! Whether files with certificates, keys and revocation lists have changed.
//!
//! `connector/tls_reload.rs` compares the fingerprints, and reads the files again.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The state of files at one moment, or their absence.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FileFingerprint(Vec<(PathBuf, Option<FileState>)>);

/// The state of one file.
#[derive(Clone, Debug, Eq, PartialEq)]
struct FileState {
    length: u64,
    modified: SystemTime,
    /// `None` where the system has none.
    identity: Option<FileIdentity>,
}

/// The device and inode of a file, and the time of the last change of the inode: a file that is
/// renamed over another may have the same length and time of modification.
type FileIdentity = (u64, u64, i64, i64);

impl FileFingerprint {
    pub(super) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let look = |path: &Path| (path.to_owned(), look(path));
        Self(paths.into_iter().map(look).collect())
    }
}

fn look(path: &Path) -> Option<FileState> {
    let found = fs::metadata(path).ok()?;
    Some(FileState {
        length: found.len(),
        modified: found.modified().ok()?,
        identity: identity(&found),
    })
}

#[cfg(unix)]
fn identity(found: &Metadata) -> Option<FileIdentity> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino(), found.ctime(), found.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<FileIdentity> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_renamed_over_another_of_the_same_length_and_time_is_noticed() {
        let folder = std::env::temp_dir().join(format!("cdn-origin-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (current, next) = (folder.join("current.pem"), folder.join("next.pem"));
        let time = SystemTime::UNIX_EPOCH;
        for (path, text) in [(&current, "one"), (&next, "two")] {
            fs::write(path, text).unwrap();
            fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        let fingerprint = || FileFingerprint::of([&*current]);
        let before = fingerprint();
        assert_eq!(before, fingerprint());
        fs::rename(&next, &current).unwrap();
        assert_ne!(before, fingerprint());
        fs::remove_dir_all(&folder).unwrap();
    }
}
