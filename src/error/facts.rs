//! Everything that was observed while connecting.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{name::HostAuthority, origin::Origin};

use super::{
    Alert, CertificateChain, ClientCertificate, DialAttempt, EchAnswer, EchOffer, PeerCertificate,
    Resolution, ServiceBinding, TlsOffer, TlsSession,
};

/// What was dialled, said and seen. A failed connection has its facts in the
/// [`Error`](super::Error), an open one in its
/// [`ConnectionInfo`](crate::connector::ConnectionInfo).
///
/// Facts hold names and addresses, never header values, paths or keys.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub(crate) origin: Option<Arc<Origin>>,
    pub(crate) host: Option<HostAuthority>,
    pub(crate) resolutions: Vec<Resolution>,
    pub(crate) attempts: Vec<DialAttempt>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) service: Option<ServiceBinding>,
    pub(crate) proxy_header: bool,
    pub(crate) offer: Option<TlsOffer>,
    pub(crate) ech: Option<EchOffer>,
    pub(crate) session: Option<TlsSession>,
    pub(crate) chain: CertificateChain,
    pub(crate) accepted: bool,
    pub(crate) alternatives: Option<Arc<str>>,
    pub(crate) client_identity: bool,
    pub(crate) client_certificate: ClientCertificate,
    pub(crate) reused: bool,
    pub(crate) answered_before: bool,
    pub(crate) alert: Option<Alert>,
    pub(crate) first_bytes: Vec<u8>,
    pub(crate) elapsed: Elapsed,
    pub(crate) deadline: Option<Duration>,
    pub(crate) timeout: ExchangeTimeout,
}

/// Which timeout of an exchange passed, where [`Facts::deadline`] belongs to one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum ExchangeTimeout {
    /// The wait for the head of the response.
    #[default]
    Response,
    /// A pause within a body.
    BodyIdle,
    /// The wait for a client that does not read the response.
    Unread,
    /// The whole exchange.
    Request,
}

impl Facts {
    /// What the peer made of an encrypted hello.
    pub(crate) fn note_ech(&mut self, answer: EchAnswer) {
        if let Some(offer) = &mut self.ech {
            offer.note(answer);
        }
    }

    /// The same, and that this deadline passed.
    pub(crate) fn after(self, deadline: Duration) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    /// The same facts, with the timeout that the deadline belongs to.
    pub(crate) fn with_timeout(self, timeout: ExchangeTimeout) -> Self {
        Self { timeout, ..self }
    }

    /// The four names as they were used.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }

    /// The `Host` or `:authority` of the request, or the origin's own where no request is known.
    #[must_use]
    pub fn host(&self) -> Option<&HostAuthority> {
        self.host
            .as_ref()
            .or_else(|| self.origin().map(Origin::host))
    }

    /// The addresses that were tried, in the order in which the attempts began. There are none of a
    /// transport of the caller's own.
    #[must_use]
    pub fn attempts(&self) -> &[DialAttempt] {
        &self.attempts
    }

    /// The addresses that failed, in the order in which they were tried.
    pub fn failed_attempts(&self) -> impl Iterator<Item = &DialAttempt> {
        self.attempts.iter().filter(|attempt| attempt.is_failed())
    }

    /// What resolvers told about the dialled name, in the order in which they did.
    #[must_use]
    pub fn resolutions(&self) -> &[Resolution] {
        &self.resolutions
    }

    /// The address of the peer, once TCP was connected.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// What the `HTTPS` record said that led to the peer, if one did.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceBinding> {
        self.service.as_ref()
    }

    /// Whether the peer was sent a header of the [PROXY protocol](crate::dial::ProxyProtocol).
    #[must_use]
    pub fn has_proxy_header(&self) -> bool {
        self.proxy_header
    }

    /// What the ClientHello offered, if TLS was spoken.
    #[must_use]
    pub fn tls_offer(&self) -> Option<&TlsOffer> {
        self.offer.as_ref()
    }

    /// How Encrypted ClientHello was offered in the last handshake, and what came of it; `None`
    /// where it plays no role.
    #[must_use]
    pub fn ech_offer(&self) -> Option<&EchOffer> {
        self.ech.as_ref()
    }

    /// What the handshake agreed on, once it was done.
    #[must_use]
    pub fn tls_session(&self) -> Option<&TlsSession> {
        self.session.as_ref()
    }

    /// The leaf certificate that the peer presented, also when it was refused.
    #[must_use]
    pub fn certificate(&self) -> Option<&PeerCertificate> {
        self.chain.first()
    }

    /// All certificates that the peer presented, in its order: the leaf, then those that vouch for
    /// it. In a resumed session, those of the first handshake.
    #[must_use]
    pub fn certificates(&self) -> &[PeerCertificate] {
        &self.chain
    }

    /// Whether the peer's certificate was accepted, in this handshake or in the one that it
    /// resumes.
    #[must_use]
    pub fn is_certificate_accepted(&self) -> bool {
        self.accepted
    }

    /// The names that the policy accepts instead of the expected one, in words, if it names any.
    #[must_use]
    pub fn expected_alternatives(&self) -> Option<&str> {
        self.alternatives.as_deref()
    }

    /// Whether there was a client certificate to present, had the peer asked for one.
    #[must_use]
    pub fn has_client_identity(&self) -> bool {
        self.client_identity
    }

    /// Whether the peer asked for a client certificate, and whether it got one. A session that is
    /// resumed relies on what was asked when it began, which is not known here.
    #[must_use]
    pub fn client_certificate(&self) -> ClientCertificate {
        self.client_certificate
    }

    /// Whether the connection had served another request before the one that failed. Of an open
    /// connection, nothing is known of this.
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    /// Whether the origin has answered before, over this connection or another: it speaks what it
    /// is spoken to.
    pub(crate) fn has_answered_before(&self) -> bool {
        self.reused || self.answered_before
    }

    /// The fatal alert that the peer sent.
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        self.alert
    }

    /// The first bytes, 64 at most, of a peer that failed the handshake.
    #[must_use]
    pub fn first_bytes(&self) -> &[u8] {
        &self.first_bytes
    }

    /// Nothing of a handshake that is done again, over another connection.
    pub(crate) fn forget_handshake(&mut self) {
        self.chain = CertificateChain::default();
        self.accepted = false;
        self.client_certificate = ClientCertificate::default();
        self.alert = None;
        self.first_bytes.clear();
    }

    /// Time spent in each stage.
    #[must_use]
    pub fn elapsed(&self) -> Elapsed {
        self.elapsed
    }

    /// The deadline that passed, if one did.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

/// The time spent in each stage; `None` for a stage that was not reached or not needed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Elapsed {
    pub(crate) resolve: Option<Duration>,
    pub(crate) dial: Option<Duration>,
    pub(crate) handshake: Option<Duration>,
}

impl Elapsed {
    /// The DNS lookup.
    #[must_use]
    pub fn resolve(&self) -> Option<Duration> {
        self.resolve
    }

    /// Connecting, over all addresses tried.
    #[must_use]
    pub fn dial(&self) -> Option<Duration> {
        self.dial
    }

    /// The TLS handshake.
    #[must_use]
    pub fn handshake(&self) -> Option<Duration> {
        self.handshake
    }
}
