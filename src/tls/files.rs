//! Files with certificates, keys and lists: how they are read, and how a change is noticed.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::error::{BuildProblem, BuildProblemKind};

/// More than any bundle of roots or list of revoked certificates holds.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The content of a file that `setter` was given.
pub(super) fn read(setter: &'static str, path: &Path) -> Result<Vec<u8>, BuildProblem> {
    let unreadable = |why: String| {
        let why = format!("{} cannot be read: {why}", path.display());
        BuildProblem::new(setter, BuildProblemKind::UnreadableFile, why)
    };
    let failed = |error: io::Error| unreadable(error.to_string());
    // Before it is opened: opening a pipe waits for a writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unreadable("it is not a regular file".into()));
    }
    let mut content = Vec::new();
    // Not what it says of its length: files of /proc say 0.
    let file = File::open(path).map_err(failed)?;
    let mut file = file.take(LARGEST + 1);
    file.read_to_end(&mut content).map_err(failed)?;
    match content.len() as u64 > LARGEST {
        true => Err(unreadable("it is larger than 64 MiB".into())),
        false => Ok(content),
    }
}

/// What files looked like at one moment: length and time of change, or that there was no such file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Fingerprint(Vec<(PathBuf, Option<(u64, SystemTime)>)>);

impl Fingerprint {
    pub(super) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let look = |path: &Path| (path.to_owned(), look(path));
        Self(paths.into_iter().map(look).collect())
    }
}

fn look(path: &Path) -> Option<(u64, SystemTime)> {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}
