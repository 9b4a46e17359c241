//! Reads files with certificates, keys and revocation lists.
//!
//! `connector/tls_reload.rs` reads them again, and `file_fingerprint.rs` notices a change.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::error::{BuildProblem, BuildProblemKind};

/// The largest file that is read: more than any bundle of roots or revocation list needs.
const MAX_LENGTH: u64 = 64 * 1024 * 1024;

/// Reads a file that was passed to `setter`.
pub(super) fn read(setter: &'static str, path: &Path) -> Result<Vec<u8>, BuildProblem> {
    let unreadable = |why: String| {
        let why = format!("{} cannot be read: {why}", shown(path));
        BuildProblem::new(setter, BuildProblemKind::UnreadableFile, why)
    };
    let failed = |error: io::Error| unreadable(error.to_string());
    // Checked before the file is opened, since opening a pipe waits for a writer.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(unreadable("it is not a regular file".into()));
    }
    let mut content = Vec::new();
    // The length in the metadata is no guide: files of /proc report 0.
    let file = File::open(path).map_err(failed)?;
    let mut file = file.take(MAX_LENGTH + 1);
    file.read_to_end(&mut content).map_err(failed)?;
    match content.len() as u64 > MAX_LENGTH {
        true => Err(unreadable("it is larger than 64 MiB".into())),
        false => Ok(content),
    }
}

/// The path, for a message. A text that was taken for a path may be a private key.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    match text.contains("-----BEGIN") {
        true => String::from("a path that is the content of a PEM file"),
        false => text,
    }
}
