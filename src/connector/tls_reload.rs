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
    tls::{
        ClientIdentity, FileFingerprint, LoadedTls, Reread, TlsClient, TlsSettings, VerifyPolicy,
    },
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

/// The current TLS client, and what the next one is made of.
///
/// Those that share their settings have a client each: the expected name is part of it, and a
/// session relies on the name that was verified.
pub(super) struct ReloadableTls {
    /// Read for every connection, written by reloads.
    current: RwLock<Arc<TlsClient>>,
    /// How often a reload has replaced it.
    reloads: AtomicU64,
    source: Arc<TlsSource>,
    expected_name: Option<ExpectedName>,
}

impl fmt::Debug for ReloadableTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadableTls").finish_non_exhaustive()
    }
}

/// What the TLS clients of all users are made of.
struct TlsSource {
    /// Locked for a whole reload, so that concurrent reloads do not undo each other.
    reloading: Mutex<()>,
    /// Requests wait for it: no file is read while it is locked.
    state: Mutex<SourceState>,
}

/// The settings and what was loaded for them, and their users.
struct SourceState {
    settings: TlsSettings,
    /// What the last successful read has loaded. New users get the same.
    loaded: LoadedTls,
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
    loaded: LoadedTls,
    files: FileFingerprint,
    /// The number of reloads before this one.
    reloads: u64,
}

impl ReloadableTls {
    /// Reads the files and builds the first client.
    pub(super) fn new(
        settings: &TlsSettings,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Arc<Self>> {
        // Taken before the read, so that a file that changes meanwhile is read again.
        let files = settings.fingerprint();
        let loaded = settings.load(Reread::IfChanged);
        let loaded = loaded.map_err(|found| problems.extend(found)).ok()?;
        let source = Arc::new(TlsSource {
            reloading: Mutex::default(),
            state: Mutex::new(SourceState {
                settings: settings.clone(),
                loaded,
                files,
                reloads: 0,
                users: Vec::new(),
            }),
        });
        Some(Self::of_source(&source, expected_name))
    }

    /// One with the same settings that expects this name. Reloads of one change both.
    pub(super) fn sharing(&self, expected_name: Option<&ExpectedName>) -> Arc<Self> {
        Self::of_source(&self.source, expected_name)
    }

    /// The TLS of this source for this name: one that exists, or a new one.
    fn of_source(source: &Arc<TlsSource>, expected_name: Option<&ExpectedName>) -> Arc<Self> {
        let mut state = source.lock();
        if let Some(same) = state.user_of(expected_name) {
            return same;
        }
        let tls = Arc::new(Self {
            current: RwLock::new(Arc::new(state.loaded.client(expected_name))),
            reloads: AtomicU64::new(0),
            source: source.clone(),
            expected_name: expected_name.cloned(),
        });
        state.users.retain(|user| user.strong_count() > 0);
        state.users.push(Arc::downgrade(&tls));
        tls
    }

    /// The client for a new connection. It does not resume expired sessions.
    pub(super) fn client(&self) -> Arc<TlsClient> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if !current.sessions_have_expired() {
            return current.clone();
        }
        drop(current);
        // Before `current` is locked: a reload locks both in this order.
        let next = self.new_client();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.sessions_have_expired() {
            *current = next;
        }
        current.clone()
    }

    fn new_client(&self) -> Arc<TlsClient> {
        let expected_name = self.expected_name.as_ref();
        Arc::new(self.source.lock().loaded.client(expected_name))
    }

    /// How many reloads the client of the next connection has at least.
    pub(super) fn reloads(&self) -> u64 {
        self.reloads.load(Ordering::Acquire)
    }

    pub(super) fn policy(&self) -> VerifyPolicy {
        self.source.lock().settings.verify.clone()
    }

    pub(super) fn settings(&self) -> TlsSettings {
        self.source.lock().settings.clone()
    }

    /// Whether reloads of one change both.
    #[cfg(feature = "serde")]
    pub(super) fn shares_reloads_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }

    pub(super) fn reload(
        &self,
        change: impl FnOnce(TlsReload) -> TlsReload,
    ) -> Result<(), BuildError> {
        let _alone = self.source.lock_reloads();
        let TlsReload(settings) = change(TlsReload(self.settings()));
        self.source.read(settings)?.apply(&self.source);
        Ok(())
    }

    /// Returns whether a file had changed.
    pub(super) fn reload_if_changed(&self) -> Result<bool, BuildError> {
        let _alone = self.source.lock_reloads();
        let read = self.source.read_if_changed()?;
        Ok(read.is_some_and(|read| read.apply(&self.source)))
    }

    /// Reads the files if one of them has changed, and changes nothing yet.
    #[cfg(feature = "serde")]
    pub(super) fn read_if_changed(&self) -> Result<Option<ReadTls>, BuildError> {
        let _alone = self.source.lock_reloads();
        self.source.read_if_changed()
    }

    /// Applies what [`read_if_changed`](Self::read_if_changed) has read. Returns whether it did: a
    /// reload in between has read the files, too.
    #[cfg(feature = "serde")]
    pub(super) fn apply(&self, read: ReadTls) -> bool {
        let _alone = self.source.lock_reloads();
        read.apply(&self.source)
    }
}

impl TlsSource {
    /// Poison is ignored: nothing panics halfway through a change.
    fn lock(&self) -> MutexGuard<'_, SourceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Poison is ignored: a closure that panics has changed nothing.
    fn lock_reloads(&self) -> MutexGuard<'_, ()> {
        let reloading = self.reloading.lock();
        reloading.unwrap_or_else(PoisonError::into_inner)
    }

    fn read_if_changed(&self) -> Result<Option<ReadTls>, BuildError> {
        let state = self.lock();
        let (settings, files) = (state.settings.clone(), state.files.clone());
        drop(state);
        match settings.fingerprint() == files {
            true => Ok(None),
            false => self.read(settings).map(Some),
        }
    }

    fn read(&self, settings: TlsSettings) -> Result<ReadTls, BuildError> {
        let reloads = self.lock().reloads;
        // Taken before the read, so that a file that changes meanwhile is read again.
        let files = settings.fingerprint();
        let loaded = settings.load(Reread::Always).map_err(BuildError::of_all)?;
        Ok(ReadTls {
            loaded,
            settings,
            files,
            reloads,
        })
    }
}

impl SourceState {
    fn users(&self) -> impl Iterator<Item = Arc<ReloadableTls>> {
        self.users.iter().filter_map(Weak::upgrade)
    }

    fn user_of(&self, expected_name: Option<&ExpectedName>) -> Option<Arc<ReloadableTls>> {
        let mut users = self.users();
        users.find(|tls| tls.expected_name.as_ref() == expected_name)
    }
}

impl ReadTls {
    /// Replaces the clients of all users, unless another reload did so meanwhile.
    fn apply(self, source: &TlsSource) -> bool {
        let mut state = source.lock();
        if state.reloads != self.reloads {
            return false;
        }
        for user in state.users() {
            let client = self.loaded.client(user.expected_name.as_ref());
            let mut current = user.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(client);
            // Later: a reader that sees the number gets the new client.
            user.reloads.fetch_add(1, Ordering::Release);
        }
        state.settings = self.settings;
        state.loaded = self.loaded;
        state.files = self.files;
        state.reloads += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::SpkiPin;

    fn pinned(pin: u8) -> TlsSettings {
        TlsSettings {
            verify: VerifyPolicy::pinned(SpkiPin::sha256([pin; 32])),
            ..TlsSettings::default()
        }
    }

    /// A request of an inactive tenant arrives while the files are read.
    #[test]
    fn a_user_that_is_added_during_a_reload_is_reloaded_too() {
        let tls = ReloadableTls::new(&pinned(0), None, &mut Vec::new()).expect("a TLS client");
        let read = tls.source.read(pinned(1)).expect("valid settings");
        let name = ExpectedName::try_from("tenant.example").expect("a name");
        let added = tls.sharing(Some(&name));
        let before = added.client();
        assert!(read.apply(&tls.source));
        assert_eq!((tls.reloads(), added.reloads()), (1, 1));
        assert!(!Arc::ptr_eq(&before, &added.client()));
    }

    /// The settings of the connector are read while a closure of the application runs.
    #[test]
    fn a_reload_does_not_keep_requests_waiting() {
        let tls = ReloadableTls::new(&pinned(0), None, &mut Vec::new()).expect("a TLS client");
        let change = |change: TlsReload| change.verify(tls.policy());
        tls.reload(change).expect("valid settings");
        assert_eq!(tls.reloads(), 1);
    }

    #[test]
    fn a_client_is_used_until_its_sessions_have_expired() {
        let tls = ReloadableTls::new(&pinned(0), None, &mut Vec::new()).expect("a TLS client");
        let first = tls.client();
        assert!(Arc::ptr_eq(&first, &tls.client()));
        first.expire_sessions();
        let second = tls.client();
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(!second.sessions_have_expired());
        assert!(Arc::ptr_eq(&second, &tls.client()));
    }
}
