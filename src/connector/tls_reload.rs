//! `ReloadableTls`: the TLS client of a connector, and its reload.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    error::{BuildError, BuildProblem},
    name::ExpectedName,
    tls::{ClientIdentity, FileFingerprint, Reread, TlsClient, TlsSettings, VerifyPolicy},
};

/// The settings that a [reload](crate::CdnOriginConnector::reload) can change.
///
/// All other settings stay the same. A reload always reads files and the system's roots again.
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
    ///
    /// ```
    /// use cdn_origin::{BuildError, CdnOriginConnector, connector::TlsReload, tls::ClientIdentity};
    ///
    /// /// Takes over a renewed certificate.
    /// fn renew(
    ///     connector: &CdnOriginConnector,
    ///     chain: Vec<u8>,
    ///     key: Vec<u8>,
    /// ) -> Result<(), BuildError> {
    ///     let change = |tls: TlsReload| tls.client_identity(ClientIdentity::pem(chain, key));
    ///     connector.reload(change)
    /// }
    /// ```
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.0.identity = Some(identity);
        self
    }

    /// Removes the client certificate from new connections.
    ///
    /// ```
    /// use cdn_origin::{BuildError, CdnOriginConnector, connector::TlsReload};
    ///
    /// fn stop_presenting(connector: &CdnOriginConnector) -> Result<(), BuildError> {
    ///     connector.reload(TlsReload::no_client_identity)
    /// }
    /// ```
    pub fn no_client_identity(mut self) -> Self {
        self.0.identity = None;
        self
    }
}

/// The current TLS client, and the settings that build the next one.
///
/// Those that share their settings have a client each: the expected name is part of it, and a
/// session relies on the name that was verified.
pub(super) struct ReloadableTls {
    /// Read for every connection, written by reloads.
    current: RwLock<Arc<TlsClient>>,
    /// How often a reload has replaced it.
    reloads: AtomicU64,
    /// Locked for a whole reload, so that concurrent reloads do not undo each other.
    source: Arc<Mutex<TlsSource>>,
    expected_name: Option<ExpectedName>,
}

impl fmt::Debug for ReloadableTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadableTls").finish_non_exhaustive()
    }
}

/// The settings and files that a TLS client is built from.
struct TlsSource {
    settings: TlsSettings,
    /// The fingerprint of the files before the last successful read.
    files: FileFingerprint,
    /// The number of reloads.
    reloads: u64,
    /// The users of these settings, which a reload changes.
    users: Vec<Weak<ReloadableTls>>,
}

/// What a reload has read and checked, before it is applied.
pub(super) struct ReadTls {
    settings: TlsSettings,
    files: FileFingerprint,
    /// The number of reloads before this one.
    reloads: u64,
    clients: Vec<(Arc<ReloadableTls>, TlsClient)>,
}

impl ReloadableTls {
    /// Builds the first client.
    pub(super) fn new(
        settings: &TlsSettings,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Arc<Self>> {
        let source = Arc::new(Mutex::new(TlsSource {
            files: settings.fingerprint(),
            settings: settings.clone(),
            reloads: 0,
            users: Vec::new(),
        }));
        Self::of_source(&source, expected_name, problems)
    }

    /// One with the same settings that expects this name. Reloads of one change both.
    pub(super) fn sharing(
        &self,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Arc<Self>> {
        Self::of_source(&self.source, expected_name, problems)
    }

    /// The TLS of this source for this name: one that exists, or a new one.
    fn of_source(
        source: &Arc<Mutex<TlsSource>>,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Arc<Self>> {
        let mut locked = lock(source);
        let mut users = locked.users.iter().filter_map(Weak::upgrade);
        let same = users.find(|tls| tls.expected_name.as_ref() == expected_name);
        drop(users);
        if same.is_some() {
            return same;
        }
        let settings = &locked.settings;
        let client = settings.build(Reread::IfChanged, expected_name, problems)?;
        let tls = Arc::new(Self {
            current: RwLock::new(Arc::new(client)),
            reloads: AtomicU64::new(0),
            source: source.clone(),
            expected_name: expected_name.cloned(),
        });
        locked.users.retain(|user| user.strong_count() > 0);
        locked.users.push(Arc::downgrade(&tls));
        Some(tls)
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

    /// How many reloads the client of the next connection has at least.
    pub(super) fn reloads(&self) -> u64 {
        self.reloads.load(Ordering::Acquire)
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
        source.read(settings)?.apply(&mut source);
        Ok(())
    }

    /// Returns whether a file had changed.
    pub(super) fn reload_if_changed(&self) -> Result<bool, BuildError> {
        let mut source = self.lock();
        let read = source.read_if_changed()?;
        Ok(read.is_some_and(|read| read.apply(&mut source)))
    }

    /// Reads the files if one of them has changed, and changes nothing yet.
    #[cfg(feature = "serde")]
    pub(super) fn read_if_changed(&self) -> Result<Option<ReadTls>, BuildError> {
        self.lock().read_if_changed()
    }

    /// Applies what [`read_if_changed`](Self::read_if_changed) has read. Returns whether it did: a
    /// reload in between has read the files, too.
    #[cfg(feature = "serde")]
    pub(super) fn apply(&self, read: ReadTls) -> bool {
        read.apply(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, TlsSource> {
        lock(&self.source)
    }
}

impl TlsSource {
    fn read_if_changed(&self) -> Result<Option<ReadTls>, BuildError> {
        match self.settings.fingerprint() == self.files {
            true => Ok(None),
            false => self.read(self.settings.clone()).map(Some),
        }
    }

    /// Builds the clients of all users.
    fn read(&self, settings: TlsSettings) -> Result<ReadTls, BuildError> {
        // Taken before the read, so that a file that changes meanwhile is read again.
        let files = settings.fingerprint();
        let (mut problems, mut clients) = (Vec::new(), Vec::new());
        let mut reread = Reread::Always;
        for user in self.users.iter().filter_map(Weak::upgrade) {
            let expected_name = user.expected_name.as_ref();
            let client = settings.build(reread, expected_name, &mut problems);
            clients.extend(client.map(|client| (user.clone(), client)));
            // The first has read the files.
            reread = Reread::IfChanged;
        }
        BuildError::from_problems(problems)?;
        Ok(ReadTls {
            settings,
            files,
            reloads: self.reloads,
            clients,
        })
    }
}

impl ReadTls {
    /// Replaces the current clients of all users, unless another reload did so meanwhile.
    fn apply(self, source: &mut TlsSource) -> bool {
        if source.reloads != self.reloads {
            return false;
        }
        for (user, client) in self.clients {
            let mut current = user.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(client);
            // Later: a reader that sees the number gets the new client.
            user.reloads.fetch_add(1, Ordering::Release);
        }
        source.settings = self.settings;
        source.files = self.files;
        source.reloads += 1;
        true
    }
}

/// Locks the source. Poison is ignored: a closure that panics has changed nothing.
fn lock(source: &Mutex<TlsSource>) -> MutexGuard<'_, TlsSource> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
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
        let tls = ReloadableTls::new(&settings, None, &mut Vec::new()).expect("a TLS client");
        let first = tls.client();
        assert!(Arc::ptr_eq(&first, &tls.client()));
        first.expire_sessions();
        let second = tls.client();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(!second.sessions_have_expired());
        assert!(Arc::ptr_eq(&second, &tls.client()));
    }
}
