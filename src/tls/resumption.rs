//! Sessions to be resumed: how many are kept, and for how long.
//!
//! A resumed handshake judges no certificate: it relies on the judgement of the first one. So the
//! sessions of one trust are its own (rustls compares the verifier and the identity, too), a new
//! trust starts without any, and none is resumed after a day, or after the end of the certificate
//! that it began with.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
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
        grace: Duration,
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
                let sessions = Arc::new(Sessions::new(names, grace));
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

/// The sessions of one trust, until the first of them must not be resumed any more. Then others
/// take their place: connections that are open by then go on to bring new tickets of old sessions,
/// which end up in what nobody reads.
pub(super) struct Sessions {
    names: usize,
    grace: Duration,
    kept: ClientSessionMemoryCache,
    /// When they are over, in seconds since 1970.
    end: AtomicU64,
}

/// How long after its beginning a session may be resumed: roots, lists and dates count again at
/// least once a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Sessions {
    fn new(names: usize, grace: Duration) -> Self {
        Self {
            names,
            grace,
            // rustls counts eight sessions for each name.
            kept: ClientSessionMemoryCache::new(names * 8),
            end: AtomicU64::new(UnixTime::now().as_secs() + LONGEST.as_secs()),
        }
    }

    /// As many, and none of them.
    pub(super) fn successor(&self) -> Arc<Self> {
        Arc::new(Self::new(self.names, self.grace))
    }

    /// Takes note of the end of a certificate that was accepted. One that had ended by then was
    /// accepted for its grace, or because ends do not count.
    pub(super) fn begin_with(&self, not_after: SystemTime) {
        let now = UnixTime::now().as_secs();
        let since = not_after.duration_since(SystemTime::UNIX_EPOCH);
        let end = since.map_or(0, |since| since.as_secs());
        let with_grace = end.saturating_add(self.grace.as_secs());
        if let Some(end) = [end, with_grace].into_iter().find(|end| *end > now) {
            self.end.fetch_min(end, Ordering::Relaxed);
        }
    }

    /// Whether some of them must not be resumed any more.
    pub(super) fn are_over(&self) -> bool {
        self.end.load(Ordering::Relaxed) <= UnixTime::now().as_secs()
    }

    /// How much early data the session takes that is resumed next.
    pub(super) fn early_room(&self, name: &ServerName<'static>) -> usize {
        // A ticket is seen only by whoever takes it; the one that is put back is the next again.
        let Some(ticket) = self.kept.take_tls13_ticket(name) else {
            return 0;
        };
        let room = ticket.max_early_data_size();
        self.kept.insert_tls13_ticket(name.clone(), ticket);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    #[cfg(test)]
    pub(super) fn finish(&self) {
        self.end.store(0, Ordering::Relaxed);
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.kept.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.kept.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        self.kept.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        self.kept.take_tls13_ticket(server_name)
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

    /// Everything that is kept of a name is forgotten at one time, and a hint is what can be made
    /// by hand.
    fn remembers(sessions: &Sessions) -> bool {
        sessions.kx_hint(&name()).is_some()
    }

    fn seconds_left(sessions: &Sessions) -> u64 {
        let end = sessions.end.load(Ordering::Relaxed);
        end.saturating_sub(UnixTime::now().as_secs())
    }

    fn sessions(grace: u64) -> Sessions {
        Sessions::new(1, Duration::from_secs(grace))
    }

    #[test]
    fn sessions_are_over_after_a_day_or_with_the_first_certificate() {
        let sessions = sessions(0);
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(24 * 3600) <= 60, "{left}");
        let now = SystemTime::now();
        sessions.begin_with(now + Duration::from_secs(2_000));
        sessions.begin_with(now + Duration::from_secs(1_000_000));
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(2_000) <= 60, "{left}");
        assert!(!sessions.are_over());
        sessions.finish();
        assert!(sessions.are_over());
    }

    #[test]
    fn a_certificate_that_is_accepted_for_its_grace_ends_sessions_with_it() {
        let sessions = sessions(3_000);
        sessions.begin_with(SystemTime::now() - Duration::from_secs(1_000));
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(2_000) <= 60, "{left}");
    }

    #[test]
    fn a_certificate_whose_end_does_not_count_ends_no_session() {
        let sessions = sessions(0);
        sessions.begin_with(SystemTime::now() - Duration::from_secs(1_000));
        sessions.begin_with(SystemTime::UNIX_EPOCH - Duration::from_secs(1_000));
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(24 * 3600) <= 60, "{left}");
    }

    #[test]
    fn successors_know_nothing_and_what_comes_late_stays_with_the_past() {
        let first = sessions(0);
        let next = first.successor();
        first.set_kx_hint(name(), NamedGroup::X25519);
        assert!(remembers(&first));
        assert!(!remembers(&next));
    }
}
