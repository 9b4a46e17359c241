//! The facts of a connection: everything that was observed.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use crate::{name::HostAuthority, origin::Origin};

use super::{
    Alert, CertificateChain, ChainFindings, ClientCertificate, DialAttempt, EarlyData, EchAnswer,
    EchOffer, Elapsed, ExceededLimit, ExchangeTimeout, HostKnowledge, HttpFault, NotRetried,
    PeerCertificate, ReachedLimit, Resolution, ServiceBinding, TlsOffer, TlsSession, TrustedRoots,
};

/// Everything that was observed while connecting and while exchanging a request.
///
/// The facts of a failed connection are in the [`Error`](super::Error), those of an open one in its
/// [`ConnectionInfo`](crate::connector::ConnectionInfo). They contain names and addresses, but no
/// header values except the Host, no paths and no secret keys.
///
/// ```
/// use cdn_origin::error::Facts;
///
/// fn log(facts: &Facts) {
///     if let Some(session) = facts.tls_session() {
///         println!("{} with {}", session.version, session.cipher_suite);
///     }
///     if let Some(leaf) = facts.certificates().first() {
///         println!("certificate for {:?}", leaf.names());
///     }
///     println!("handshake took {:?}", facts.elapsed().handshake);
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub(crate) origin: Option<Arc<Origin>>,
    pub(crate) host: Option<HostAuthority>,
    pub(crate) host_knowledge: HostKnowledge,
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
    pub(crate) findings: ChainFindings,
    pub(crate) alternatives: Option<Arc<str>>,
    pub(crate) trusted: Option<Arc<TrustedRoots>>,
    pub(crate) client_identity: bool,
    pub(crate) client_certificate: ClientCertificate,
    pub(crate) reused: bool,
    pub(crate) idle: Option<Duration>,
    pub(crate) answered_before: bool,
    pub(crate) alert: Option<Alert>,
    /// The HTTP/2 frame by which the peer ended the exchange.
    pub(crate) last_frame: Option<Arc<str>>,
    pub(crate) not_retried: Option<NotRetried>,
    pub(crate) first_bytes: Vec<u8>,
    pub(crate) elapsed: Elapsed,
    pub(crate) deadline: Option<Duration>,
    pub(crate) timeout: ExchangeTimeout,
    pub(crate) limit: Option<ReachedLimit>,
    pub(crate) exceeded: Option<ExceededLimit>,
    /// The request had content of unknown length.
    pub(crate) chunked: bool,
    /// The status of a response that is an error.
    pub(crate) status: Option<http::StatusCode>,
    /// The rule of HTTP that the response breaks.
    pub(crate) http_fault: Option<HttpFault>,
    pub(crate) called_with: Option<HostAuthority>,
}

impl Facts {
    /// Records the peer's answer to an encrypted ClientHello.
    pub(crate) fn note_ech(&mut self, answer: EchAnswer) {
        if let Some(offer) = &mut self.ech {
            offer.note(answer);
        }
    }

    /// The same facts, for a request that found the connection open.
    pub(crate) fn found_open(self, reused: bool) -> Self {
        let not_early = |session| TlsSession {
            early_data: EarlyData::NotSent,
            ..session
        };
        Self {
            resolutions: Vec::new(),
            attempts: Vec::new(),
            elapsed: Elapsed::default(),
            session: self.session.map(not_early),
            reused,
            ..self
        }
    }

    /// The same facts, with the deadline that passed.
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

    /// The same facts, with the limit that was reached.
    pub(crate) fn at_limit(self, limit: Option<ReachedLimit>) -> Self {
        Self { limit, ..self }
    }

    /// Returns the four names as they were used.
    ///
    /// `None` where no origin was involved yet, as in most refusals of a request from a client.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// if let Some(origin) = error.facts().origin() {
    ///     println!("dialled {}, SNI {:?}", origin.dial(), origin.sni());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }

    /// Returns the `Host` or `:authority` of the request, or the origin's default if there is none.
    /// [`check`](crate::adapt::check) does not see the request: it takes the URL's or the default.
    #[must_use]
    pub fn host(&self) -> Option<&HostAuthority> {
        self.host
            .as_ref()
            .or_else(|| self.origin().map(Origin::host))
    }

    /// The words after the Host, where no request had one yet, or another one may have been sent.
    pub(crate) fn host_remark(&self) -> &'static str {
        match self.host {
            Some(_) => self.host_knowledge.remark(),
            None => HostKnowledge::Configured.remark(),
        }
    }

    /// Returns the connection attempts, in the order in which they began. Empty with a custom
    /// transport, and for a request on a connection that was open before.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// for attempt in error.facts().attempts() {
    ///     // 192.0.2.1:443: connection refused
    ///     println!("{attempt}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn attempts(&self) -> &[DialAttempt] {
        &self.attempts
    }

    /// The failed connection attempts, in the order in which they began.
    pub(crate) fn failed_attempts(&self) -> impl Iterator<Item = &DialAttempt> {
        self.attempts.iter().filter(|attempt| attempt.is_failed())
    }

    /// Returns the resolvers' answers for the dialled name, in the order of arrival. Empty for a
    /// request on a connection that was open before.
    #[must_use]
    pub fn resolutions(&self) -> &[Resolution] {
        &self.resolutions
    }

    /// Returns the address of the peer, once TCP was connected.
    ///
    /// `None` for a Unix socket and a transport without addresses.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The `HTTPS` record that led to the peer's address, if one did.
    pub(crate) fn service(&self) -> Option<&ServiceBinding> {
        self.service.as_ref()
    }

    /// Whether a PROXY protocol header was sent to the peer.
    pub(crate) fn has_proxy_header(&self) -> bool {
        self.proxy_header
    }

    /// Returns what the ClientHello offered: the row `offered` of a report, such as `TLS 1.2 to TLS
    /// 1.3; ALPN h2, http/1.1`. `None` without TLS.
    #[must_use]
    pub fn tls_offer(&self) -> Option<impl fmt::Display> {
        self.offer.as_ref()
    }

    /// How Encrypted ClientHello was offered in the last handshake, and the peer's answer: the row
    /// `ECH` of a report. `None` if it was not configured.
    pub(crate) fn ech_offer(&self) -> Option<&EchOffer> {
        self.ech.as_ref()
    }

    /// The public name of an encrypted ClientHello, sent in the clear in place of the name in SNI.
    pub(crate) fn ech_public_name(&self) -> Option<&str> {
        self.ech.as_ref()?.public_name()
    }

    /// Returns what the handshake agreed on; `None` until it is complete.
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// match info.facts().tls_session() {
    ///     Some(session) => println!("{session}"),
    ///     None => println!("no TLS"),
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn tls_session(&self) -> Option<&TlsSession> {
        self.session.as_ref()
    }

    /// The leaf certificate that the peer presented, even if it was refused.
    pub(crate) fn certificate(&self) -> Option<&PeerCertificate> {
        self.chain.first()
    }

    /// Returns the whole chain that the peer presented, in its order, the leaf first. In a resumed
    /// session, the chain of the original handshake.
    ///
    /// The peer chooses which intermediates it sends, and may send others than the path needs.
    #[must_use]
    pub fn certificates(&self) -> &[PeerCertificate] {
        &self.chain
    }

    /// Returns whether the [`VerifyPolicy`](crate::VerifyPolicy) accepted the peer's certificate,
    /// in this handshake or in the original one of a resumed session. False without TLS.
    ///
    /// No proof of identity where a call of [`danger`](crate::tls::danger) relaxes the policy: with
    /// `accept_any_certificate`, it is true for every peer.
    #[must_use]
    pub fn is_accepted_by_policy(&self) -> bool {
        self.accepted
    }

    /// What the certificate was checked against: the row `trusted` of a report. `None` unless its
    /// issuer is unknown.
    pub(crate) fn trusted_roots(&self) -> Option<&TrustedRoots> {
        self.trusted.as_deref()
    }

    /// The names that the policy accepts in place of the expected name, as text.
    pub(crate) fn expected_alternatives(&self) -> Option<&str> {
        self.alternatives.as_deref()
    }

    /// Whether a client certificate is configured.
    pub(crate) fn has_client_identity(&self) -> bool {
        self.client_identity
    }

    /// Returns whether the peer requested a client certificate, and received one. Only a full
    /// handshake shows that: a resumed one has no such request.
    ///
    /// ```
    /// use cdn_origin::error::ClientCertificate;
    ///
    /// # fn log(error: &cdn_origin::Error) {
    /// if error.facts().client_certificate() == ClientCertificate::Withheld {
    ///     eprintln!("the origin asks for a client certificate, and none is configured");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn client_certificate(&self) -> ClientCertificate {
        self.client_certificate
    }

    /// Returns whether the connection had served another request before this one.
    ///
    /// A failure on a reused connection often means that the origin closed it while it was idle.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// let age = if error.facts().is_reused() { "reused" } else { "new" };
    /// println!("{error} (on a {age} connection)");
    /// # }
    /// ```
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    /// Returns how long the connection had been idle before a request that got no response; `None`
    /// if it was opened for the request, or served others at the same time. Only in the facts of an
    /// [`Error`](super::Error).
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// if let Some(idle) = error.facts().idle() {
    ///     println!("the connection had been idle for {} s", idle.as_secs());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        self.idle
    }

    /// Whether the origin has answered before, over this connection or another. Then scheme and
    /// protocol are right.
    pub(crate) fn has_answered_before(&self) -> bool {
        self.reused || self.answered_before
    }

    /// The rule of HTTP that the origin's response breaks.
    pub(crate) fn http_fault(&self) -> Option<HttpFault> {
        self.http_fault
    }

    /// The host of the `Uri` that the connector was called with, where a caller has given one.
    pub(crate) fn called_with(&self) -> Option<&HostAuthority> {
        self.called_with.as_ref()
    }

    /// Returns the fatal alert that the peer sent.
    ///
    /// `None` if the peer closed the connection without one.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// if error.facts().alert().is_some_and(|alert| alert.name() == "unrecognized_name") {
    ///     eprintln!("the origin does not know the name in SNI");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        self.alert
    }

    /// Returns the first bytes, at most 64, from a peer whose handshake failed, or that does not
    /// speak HTTP/1. For an unexpected HTTP message, these are its first line.
    ///
    /// The peer chose them: escape them before they are shown.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// let bytes = error.facts().first_bytes();
    /// if bytes.starts_with(b"SSH-") {
    ///     println!("an SSH server listens there: {}", bytes.escape_ascii());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn first_bytes(&self) -> &[u8] {
        &self.first_bytes
    }

    /// Clears the facts of a handshake that is repeated over another connection.
    pub(crate) fn forget_handshake(&mut self) {
        self.chain = CertificateChain::default();
        self.accepted = false;
        self.findings = ChainFindings::default();
        self.client_certificate = ClientCertificate::default();
        self.alert = None;
        self.first_bytes.clear();
    }

    /// Returns the time that each stage took for this request.
    #[must_use]
    pub fn elapsed(&self) -> Elapsed {
        self.elapsed
    }

    /// Returns the deadline that passed, if one did.
    ///
    /// The configured duration, as for [`Timeouts`](crate::connector::Timeouts), and not the time
    /// that was spent. `None` for an error that is no timeout.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}
