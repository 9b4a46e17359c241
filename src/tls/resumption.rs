//! Sessions to be resumed: how many are kept, and for how long.
//!
//! A resumed handshake judges no certificate: it relies on the judgement of the first one. So the sessions of one trust are its
//! own (rustls compares the verifier and the identity, too), a new trust starts without any, and none is resumed after the end of
//! the certificate that it began with.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use rustls::{
    ClientConfig, NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Resumption as RustlsResumption,
        Tls12ClientSessionValue, Tls13ClientSessionValue,
    },
};
use rustls_pki_types::{ServerName, UnixTime};

use crate::error::{BuildProblem, BuildProblemKind};

/// Whether sessions are resumed, and of how many names they are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Resumption {
    Names(usize),
    Off,
}

impl Default for Resumption {
    fn default() -> Self {
        Self::Names(32)
    }
}

impl Resumption {
    /// Gives the configuration a store of its own, if sessions are kept.
    pub(super) fn apply(
        self,
        config: &mut ClientConfig,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Arc<Sessions>> {
        const MOST_NAMES: usize = 65_536;
        match self {
            Self::Off => {
                config.resumption = RustlsResumption::disabled();
                None
            }
            Self::Names(names @ 1..=MOST_NAMES) => {
                let sessions = Arc::new(Sessions::new(names));
                config.resumption = RustlsResumption::store(sessions.clone());
                Some(sessions)
            }
            Self::Names(names) => {
                let why = format!(
                    "the sessions of {names} names cannot be kept: it takes 1 to {MOST_NAMES}, and `no_session_resumption()` \
                     keeps none"
                );
                problems.push(BuildProblem::new(
                    "session_capacity",
                    BuildProblemKind::OutOfRange,
                    why,
                ));
                None
            }
        }
    }
}

/// The sessions of one trust.
pub(super) struct Sessions {
    names: usize,
    kept: RwLock<ClientSessionMemoryCache>,
    /// The earliest end of a certificate that a session may have begun with, in seconds since 1970.
    end: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Sessions {
    fn new(names: usize) -> Self {
        Self {
            names,
            kept: RwLock::new(cache(names)),
            end: AtomicU64::new(NEVER),
        }
    }

    /// Takes note of the end of a certificate that was accepted. One that had ended by then was accepted nevertheless, and will be
    /// again.
    pub(super) fn begin_with(&self, not_after: SystemTime) {
        let since = not_after.duration_since(SystemTime::UNIX_EPOCH);
        let end = since.map_or(0, |since| since.as_secs());
        if end > UnixTime::now().as_secs() {
            self.end.fetch_min(end, Ordering::Relaxed);
        }
    }

    /// The sessions; all of them are forgotten as soon as the first certificate has ended.
    fn present(&self) -> RwLockReadGuard<'_, ClientSessionMemoryCache> {
        let end = self.end.load(Ordering::Relaxed);
        if end < UnixTime::now().as_secs() {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            let forget =
                self.end
                    .compare_exchange(end, NEVER, Ordering::Relaxed, Ordering::Relaxed);
            if forget.is_ok() {
                *kept = cache(self.names);
            }
        }
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// rustls counts eight sessions for each name.
fn cache(names: usize) -> ClientSessionMemoryCache {
    ClientSessionMemoryCache::new(names * 8)
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.present().set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.present().kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.present().set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.present().tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.present().remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        self.present().insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        self.present().take_tls13_ticket(server_name)
    }
}

/// Never what is kept: it holds secrets.
impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> ServerName<'static> {
        ServerName::try_from("www.example.test").unwrap()
    }

    /// Everything that is kept of a name is forgotten at one time, and a hint is what can be made by hand.
    fn remembers(sessions: &Sessions) -> bool {
        sessions.kx_hint(&name()).is_some()
    }

    #[test]
    fn nothing_is_remembered_after_the_first_certificate_has_ended() {
        let sessions = Sessions::new(1);
        sessions.set_kx_hint(name(), NamedGroup::X25519);
        let now = SystemTime::now();
        sessions.begin_with(now + std::time::Duration::from_secs(1_000));
        sessions.begin_with(now + std::time::Duration::from_secs(2_000));
        assert!(remembers(&sessions));
        let end = sessions.end.load(Ordering::Relaxed);
        assert!(
            end.abs_diff(UnixTime::now().as_secs() + 1_000) <= 2,
            "{end}"
        );

        sessions.end.store(1, Ordering::Relaxed);
        assert!(!remembers(&sessions));
        // The next ones are kept until the next end.
        sessions.set_kx_hint(name(), NamedGroup::X25519);
        assert!(remembers(&sessions));
    }

    #[test]
    fn a_certificate_that_was_accepted_after_its_end_ends_no_session() {
        let sessions = Sessions::new(1);
        sessions.set_kx_hint(name(), NamedGroup::X25519);
        sessions.begin_with(SystemTime::now() - std::time::Duration::from_secs(1_000));
        sessions.begin_with(SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1_000));
        assert!(remembers(&sessions));
    }
}
