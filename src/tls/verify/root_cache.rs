//! `RootCache`: shares the roots that were read with all of their users.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use crate::{error::BuildProblem, tls::file_fingerprint::FileFingerprint};

use super::loaded_roots::LoadedRoots;

/// Whether roots are read although nothing shows that they have changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reread {
    Always,
    IfChanged,
}

/// The roots that were read last, while a connector uses them.
#[derive(Debug, Default)]
pub(super) struct RootCache(Mutex<Option<CachedRoots>>);

#[derive(Debug)]
struct CachedRoots {
    roots: Weak<LoadedRoots>,
    /// The fingerprint of the files before they were read.
    files: FileFingerprint,
    read_at: Instant,
}

impl RootCache {
    /// The cached roots if they have not changed, or else what `read` returns.
    ///
    /// Roots are current while their files have this fingerprint, for at most `max_age`. If a read
    /// returns the same roots, the cached ones stay in use.
    pub(super) fn get(
        &self,
        files: FileFingerprint,
        max_age: Duration,
        reread: Reread,
        read: impl FnOnce() -> Result<LoadedRoots, BuildProblem>,
    ) -> Result<Arc<LoadedRoots>, BuildProblem> {
        // Locked while it reads, so concurrent builds get the same roots.
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cached.as_ref().and_then(|cached| cached.roots.upgrade());
        if let (Some(cached), Some(roots), Reread::IfChanged) = (&*cached, &known, reread)
            && cached.files == files
            && cached.read_at.elapsed() < max_age
        {
            return Ok(roots.clone());
        }
        let read_at = Instant::now();
        let read = read()?;
        let roots = match known {
            Some(known) if known.has_roots_of(&read) => known,
            _ => Arc::new(read),
        };
        *cached = Some(CachedRoots {
            roots: Arc::downgrade(&roots),
            files,
            read_at,
        });
        Ok(roots)
    }
}
