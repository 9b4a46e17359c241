//! `Trust`: the TLS client of a connector, and its reload.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use crate::{
    error::{BuildError, BuildProblem},
    name::ExpectedName,
    tls::{ClientIdentity, FileFingerprint, Reread, TlsClient, TlsSettings, VerifyPolicy},
};

/// The settings that a [reload](crate::CdnOriginConnector::reload) can change.
///
/// The other settings stay the same. Files and the system's roots are read again in any case.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, connector::TlsReload};
///
/// # fn renew(connector: &CdnOriginConnector, ca: &[u8]) -> Result<(), cdn_origin::BuildError> {
/// let change = |tls: TlsReload| tls.verify(VerifyPolicy::roots(Roots::pem(ca)));
/// connector.reload(change)
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a change does nothing until the closure returns it"]
pub struct TlsReload(TlsSettings);

impl TlsReload {
    /// Sets the verify policy of new connections.
    pub fn verify(mut self, policy: VerifyPolicy) -> Self {
        self.0.verify = policy;
        self
    }

    /// Sets the client certificate of new connections.
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.0.identity = Some(identity);
        self
    }

    /// Removes the client certificate from new connections.
    pub fn no_client_identity(mut self) -> Self {
        self.0.identity = None;
        self
    }
}

/// The result of [`reload_if_changed`](crate::CdnOriginConnector::reload_if_changed).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reloaded {
    /// A file has changed, and its content is now in use.
    Applied,
    /// No file has changed.
    Unchanged,
}

/// The current TLS client, and the settings that build the next one.
pub(super) struct Trust {
    /// Read for every connection, written by reloads.
    current: RwLock<Arc<TlsClient>>,
    /// Locked for a whole reload, so that concurrent reloads do not undo each other.
    source: Mutex<TrustSource>,
    expected_name: Option<ExpectedName>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

/// The settings and files that a TLS client is built from.
struct TrustSource {
    settings: TlsSettings,
    /// The fingerprint of the files before the last successful read.
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
        let client = settings.build(Reread::IfChanged, expected_name, problems)?;
        Some(Self {
            current: RwLock::new(Arc::new(client)),
            source: Mutex::new(TrustSource {
                settings: settings.clone(),
                files,
            }),
            expected_name: expected_name.cloned(),
        })
    }

    /// The client for a new connection. It does not resume expired sessions.
    pub(super) fn client(&self) -> Arc<TlsClient> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if !current.sessions_have_expired() {
            return current.clone();
        }
        drop(current);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.sessions_have_expired() {
            *current = current.with_new_sessions();
        }
        current.clone()
    }

    /// The configured expected name of all connections.
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

    /// Builds a client and replaces the current one. A failure changes nothing.
    fn replace(&self, source: &mut TrustSource, settings: TlsSettings) -> Result<(), BuildError> {
        // Taken before the read, so that a file that changes meanwhile is read again.
        let files = settings.fingerprint();
        let mut problems = Vec::new();
        let expected_name = self.expected_name.as_ref();
        let client = settings.build(Reread::Always, expected_name, &mut problems);
        BuildError::from_problems(problems)?;
        if let Some(client) = client {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(client);
            *source = TrustSource { settings, files };
        }
        Ok(())
    }

    /// Locks the source. Poison is ignored: a closure that panics has changed nothing.
    fn lock(&self) -> MutexGuard<'_, TrustSource> {
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
