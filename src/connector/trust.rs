//! The trust of a connector that can be changed while it works.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use crate::{
    error::{BuildError, BuildProblem},
    name::ExpectedName,
    tls::{ClientIdentity, FileFingerprint, TlsClient, TlsSettings, VerifyPolicy},
};

/// What a [reload](crate::CdnOriginConnector::reload) may change. What is not said stays as it is;
/// files and the system's store are read again in any case.
#[derive(Clone, Debug)]
#[must_use = "a change does nothing until the closure returns it"]
pub struct TlsReload(TlsSettings);

impl TlsReload {
    /// Judges certificates by this policy from now on.
    pub fn verify(mut self, policy: VerifyPolicy) -> Self {
        self.0.verify = policy;
        self
    }

    /// Presents this identity from now on.
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.0.identity = Some(identity);
        self
    }

    /// Presents no identity any more.
    pub fn no_client_identity(mut self) -> Self {
        self.0.identity = None;
        self
    }
}

/// What [`reload_if_changed`](crate::CdnOriginConnector::reload_if_changed) found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reloaded {
    /// Some file had changed, and its content is in use now.
    Applied,
    /// No file had changed.
    Unchanged,
}

/// The TLS client in use, and what the next one is built from.
pub(super) struct Trust {
    /// Read for every connection, written by reloads.
    present: RwLock<Arc<TlsClient>>,
    /// Held during a whole reload, so that two of them do not undo each other.
    source: Mutex<Source>,
    expected_name: Option<ExpectedName>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

struct Source {
    settings: TlsSettings,
    /// The files as they were before they were last read with success.
    files: FileFingerprint,
}

impl Trust {
    /// Builds the first client.
    pub(super) fn new(
        settings: &TlsSettings,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Self> {
        let files = settings.fingerprint();
        let client = settings.build(expected_name, problems)?;
        Some(Self {
            present: RwLock::new(Arc::new(client)),
            source: Mutex::new(Source {
                settings: settings.clone(),
                files,
            }),
            expected_name: expected_name.cloned(),
        })
    }

    /// The client for a new connection. It resumes no session that began too long ago.
    pub(super) fn client(&self) -> Arc<TlsClient> {
        let present = self.present.read().unwrap_or_else(PoisonError::into_inner);
        if !present.sessions_have_expired() {
            return present.clone();
        }
        drop(present);
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        if present.sessions_have_expired() {
            *present = present.with_new_sessions();
        }
        present.clone()
    }

    /// The expected name that was chosen for all connections, if one was.
    pub(super) fn expected_name(&self) -> Option<&ExpectedName> {
        self.expected_name.as_ref()
    }

    pub(super) fn policy(&self) -> VerifyPolicy {
        self.lock().settings.verify.clone()
    }

    pub(super) fn settings(&self) -> TlsSettings {
        self.lock().settings.clone()
    }

    pub(super) fn reload(
        &self,
        change: impl FnOnce(TlsReload) -> TlsReload,
    ) -> Result<(), BuildError> {
        let mut source = self.lock();
        let TlsReload(settings) = change(TlsReload(source.settings.clone()));
        self.replace(&mut source, settings)
    }

    pub(super) fn reload_if_changed(&self) -> Result<Reloaded, BuildError> {
        let mut source = self.lock();
        if source.settings.fingerprint() == source.files {
            return Ok(Reloaded::Unchanged);
        }
        let settings = source.settings.clone();
        self.replace(&mut source, settings)?;
        Ok(Reloaded::Applied)
    }

    /// A client that cannot be built changes nothing.
    fn replace(&self, source: &mut Source, settings: TlsSettings) -> Result<(), BuildError> {
        // Before reading: a file that changes meanwhile is then read once more.
        let files = settings.fingerprint();
        let mut problems = Vec::new();
        let client = settings.build(self.expected_name.as_ref(), &mut problems);
        BuildError::from_problems(problems)?;
        if let Some(client) = client {
            let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
            *present = Arc::new(client);
            *source = Source { settings, files };
        }
        Ok(())
    }

    /// A closure that panics has changed nothing, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::SpkiPin;

    #[test]
    fn a_client_is_used_until_its_sessions_have_expired() {
        let settings = TlsSettings {
            verify: VerifyPolicy::pinned(SpkiPin::sha256([0; 32])),
            ..TlsSettings::default()
        };
        let trust = Trust::new(&settings, None, &mut Vec::new()).expect("a trust");
        let first = trust.client();
        assert!(Arc::ptr_eq(&first, &trust.client()));
        first.expire_sessions();
        let second = trust.client();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(!second.sessions_have_expired());
        assert!(Arc::ptr_eq(&second, &trust.client()));
    }
}
