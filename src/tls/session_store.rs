//! The sessions that later handshakes resume, and when they expire.
//!
//! A resumed handshake verifies no certificate: it relies on the verification of the first one. So
//! each pair of verify policy and client identity has a store of its own, and a reload starts an
//! empty one. rustls compares the verifier and the identity, too. No session is resumed after a
//! day, or after the end of the leaf certificate that it began with.
//!
//! The store itself enforces that, because a `ClientConfig` of a connector may be used by others.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::error::PeerCertificate;

/// The sessions of one verify policy and client identity, until the first of them expires.
///
/// An expired store stays closed: connections that are still open go on to put new tickets of old
/// sessions into it. A new client has a new store.
pub(super) struct SessionStore {
    names: usize,
    grace: Duration,
    /// Created by the first handshake, because it allocates for all names at once.
    kept: OnceLock<ClientSessionMemoryCache>,
    /// When they expire, in seconds since 1970.
    expiry: AtomicU64,
}

/// The longest lifetime of a session: roots, revocation lists and dates are checked again at least
/// once a day.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

impl SessionStore {
    pub(super) fn new(names: usize, grace: Duration) -> Self {
        Self {
            names,
            grace,
            kept: OnceLock::new(),
            expiry: AtomicU64::new(UnixTime::now().as_secs() + MAX_LIFETIME.as_secs()),
        }
    }

    fn kept(&self) -> &ClientSessionMemoryCache {
        // rustls counts eight sessions for each name.
        let new = || ClientSessionMemoryCache::new(self.names * 8);
        self.kept.get_or_init(new)
    }

    /// The sessions, unless they have expired.
    fn usable(&self) -> Option<&ClientSessionMemoryCache> {
        (!self.have_expired()).then(|| self.kept())
    }

    /// Notes the end of a certificate that was accepted for a new session.
    ///
    /// A certificate that has ended already was accepted within its grace period, or because the
    /// policy checks no dates.
    pub(super) fn begin_with(&self, leaf: &CertificateDer<'_>) {
        if let Some(not_after) = PeerCertificate::new(leaf).end() {
            self.end_with(not_after);
        }
    }

    fn end_with(&self, not_after: SystemTime) {
        let now = UnixTime::now().as_secs();
        let since = not_after.duration_since(SystemTime::UNIX_EPOCH);
        let end = since.map_or(0, |since| since.as_secs());
        let with_grace = end.saturating_add(self.grace.as_secs());
        if let Some(end) = [end, with_grace].into_iter().find(|end| *end > now) {
            self.expiry.fetch_min(end, Ordering::Relaxed);
        }
    }

    /// Whether some sessions must not be resumed any longer.
    pub(super) fn have_expired(&self) -> bool {
        self.expiry.load(Ordering::Relaxed) <= UnixTime::now().as_secs()
    }

    /// The most early data that the next session to be resumed takes.
    pub(super) fn early_data_limit(&self, name: &ServerName<'static>) -> usize {
        // The store only shows a ticket by handing it out. The one put back is the next again.
        let Some(ticket) = self.take_tls13_ticket(name) else {
            return 0;
        };
        let limit = ticket.max_early_data_size();
        self.insert_tls13_ticket(name.clone(), ticket);
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    #[cfg(test)]
    pub(super) fn expire(&self) {
        self.expiry.store(0, Ordering::Relaxed);
    }
}

/// Hints prove nothing, so they have no end.
impl ClientSessionStore for SessionStore {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.kept().set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept().kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        if let Some(sessions) = self.usable() {
            sessions.set_tls12_session(server_name, value);
        }
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.usable()?.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.kept().remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        if let Some(sessions) = self.usable() {
            sessions.insert_tls13_ticket(server_name, value);
        }
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        self.usable()?.take_tls13_ticket(server_name)
    }
}

/// Shows no session: they hold secrets.
impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{ops::Bound, sync::Arc};

    use rcgen::{CertificateParams, KeyPair};
    use rustls::{
        ClientConfig, ClientConnection, Connection, HandshakeKind, ServerConfig, ServerConnection,
    };
    use rustls_pki_types::PrivatePkcs8KeyDer;
    use time::OffsetDateTime;

    use super::*;
    use crate::tls::{
        CertificatePin, Reread, TlsSettings, TlsVersion, VerifyPolicy, crypto_provider::choose,
    };

    fn seconds_left(sessions: &SessionStore) -> u64 {
        let end = sessions.expiry.load(Ordering::Relaxed);
        end.saturating_sub(UnixTime::now().as_secs())
    }

    fn sessions(grace: u64) -> SessionStore {
        SessionStore::new(1, Duration::from_secs(grace))
    }

    #[test]
    fn sessions_have_expired_after_a_day_or_with_the_first_certificate() {
        let sessions = sessions(0);
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(24 * 3600) <= 60, "{left}");
        let now = SystemTime::now();
        sessions.end_with(now + Duration::from_secs(2_000));
        sessions.end_with(now + Duration::from_secs(1_000_000));
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(2_000) <= 60, "{left}");
        assert!(!sessions.have_expired());
        sessions.expire();
        assert!(sessions.have_expired());
    }

    #[test]
    fn a_certificate_accepted_within_its_grace_period_ends_sessions_with_it() {
        let sessions = sessions(3_000);
        sessions.end_with(SystemTime::now() - Duration::from_secs(1_000));
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(2_000) <= 60, "{left}");
    }

    #[test]
    fn a_certificate_whose_end_does_not_count_ends_no_session() {
        let sessions = sessions(0);
        sessions.end_with(SystemTime::now() - Duration::from_secs(1_000));
        sessions.end_with(SystemTime::UNIX_EPOCH - Duration::from_secs(1_000));
        let left = seconds_left(&sessions);
        assert!(left.abs_diff(24 * 3600) <= 60, "{left}");
    }

    /// A server whose certificate ends in this many seconds.
    fn server(seconds: u64) -> (Arc<ServerConfig>, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new([String::from("www.example.test")]).unwrap();
        leaf.not_after = OffsetDateTime::now_utc() + Duration::from_secs(seconds);
        let leaf = leaf.self_signed(&key).unwrap().der().clone();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let config = ServerConfig::builder_with_provider(choose(None).unwrap())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.clone()], key);
        (Arc::new(config.unwrap()), leaf)
    }

    /// Passes on what one side sends. Returns whether there was something.
    fn pass(from: &mut Connection, to: &mut Connection) -> bool {
        let mut sent = Vec::new();
        while from.wants_write() {
            from.write_tls(&mut sent).unwrap();
        }
        let mut rest = &sent[..];
        while !rest.is_empty() {
            to.read_tls(&mut rest).unwrap();
            to.process_new_packets().unwrap();
        }
        !sent.is_empty()
    }

    /// A handshake in memory, until the tickets have arrived.
    fn handshake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> HandshakeKind {
        let name = ServerName::try_from("www.example.test").unwrap();
        let client = ClientConnection::new(client.clone(), name).unwrap();
        let (mut client, server) = (client.into(), ServerConnection::new(server.clone()));
        let mut server = server.unwrap().into();
        while pass(&mut client, &mut server) | pass(&mut server, &mut client) {}
        client.handshake_kind().expect("a whole handshake")
    }

    /// The configuration may be in use by code that never asks whether its sessions have expired.
    #[test]
    fn an_expired_store_takes_no_session_and_returns_none() {
        for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
            let (server, leaf) = server(2_000);
            let settings = TlsSettings {
                verify: VerifyPolicy::pinned_certificate(CertificatePin::of_certificate(&leaf)),
                versions: (Bound::Included(version), Bound::Included(version)),
                ..TlsSettings::default()
            };
            let loaded = settings.load(Reread::IfChanged);
            let client = loaded.expect("valid settings").client(None);
            let sessions = client.sessions.clone().expect("a store");
            let config = client.config_without_dns(None).expect("a configuration");
            assert_eq!(handshake(&config, &server), HandshakeKind::Full);
            assert_eq!(handshake(&config, &server), HandshakeKind::Resumed);
            let left = seconds_left(&sessions);
            assert!(left.abs_diff(2_000) <= 60, "{left}");
            sessions.expire();
            assert_eq!(handshake(&config, &server), HandshakeKind::Full);
            assert_eq!(handshake(&config, &server), HandshakeKind::Full);
        }
    }
}
