//! `TlsClient`: the TLS client of one connector.
//!
//! It has one verifier and one session store, so that all its connections resume each other's
//! sessions.
//!
//! `TlsClient::config` decides whether SNI is sent: `name/sni.rs` says where it is chosen.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rustls::{ClientConfig, Error};

use crate::{
    error::{BuildProblem, EchStatus, TlsOffer, TlsVersion, TrustedRoots},
    name::{ExpectedName, Sni, SniOmission},
};

use super::{
    Alpn,
    early_data::{EarlyBytes, EarlyRequests, FIRST_FLIGHT},
    ech::{ClearConfig, EchPlan, HelloPlan},
    handshake::{ChainCache, HandshakeFailure},
    server_name::name_for_rustls,
    session_store::SessionStore,
    verify::OriginVerifier,
};

/// What all connections of one verify policy and client identity share. A reload makes another one.
#[derive(Clone, Debug)]
pub(crate) struct TlsClient {
    pub(super) configs: ClientConfigs,
    /// The verifier of all configurations.
    pub(super) verifier: Arc<OriginVerifier>,
    /// Encrypted ClientHello, if it is configured.
    pub(super) ech: Option<Arc<EchPlan>>,
    pub(super) alpn: Alpn,
    pub(crate) offer: TlsOffer,
    /// Whether the secrets of connections are logged.
    pub(crate) logs_keys: bool,
    /// Whether there is a client certificate to present.
    pub(super) has_identity: bool,
    /// The names that are expected instead of the origin's expected name.
    pub(super) alternatives: Option<Arc<str>>,
    /// What issuers of certificates are checked against, if they are.
    pub(super) trusted: Option<Arc<TrustedRoots>>,
    /// The sessions to resume, if they are kept. The verifier notes when they end.
    pub(super) sessions: Option<Arc<SessionStore>>,
    pub(super) early_requests: EarlyRequests,
    /// The early data of a new connection, if its session takes some.
    pub(super) early: EarlyBytes,
    pub(super) chains: ChainCache,
    pub(super) expiry_notice: Duration,
}

/// The two configurations in the clear. They differ in SNI alone, which rustls decides by
/// configuration.
#[derive(Clone, Debug)]
pub(super) struct ClientConfigs {
    with_sni: Arc<ClientConfig>,
    without_sni: Arc<ClientConfig>,
}

impl ClientConfigs {
    pub(super) fn new(with_sni: ClientConfig) -> Self {
        // A clone shares verifier and session store.
        let mut without_sni = with_sni.clone();
        without_sni.enable_sni = false;
        Self {
            with_sni: Arc::new(with_sni),
            without_sni: Arc::new(without_sni),
        }
    }

    /// The same configurations with a change.
    pub(super) fn changed(&self, change: impl Fn(&mut ClientConfig)) -> Self {
        let changed = |config: &Arc<ClientConfig>| {
            let mut config = ClientConfig::clone(config);
            change(&mut config);
            Arc::new(config)
        };
        Self {
            with_sni: changed(&self.with_sni),
            without_sni: changed(&self.without_sni),
        }
    }
}

impl TlsClient {
    /// The same client, with the same verifier and sessions, for connections that must speak this
    /// protocol. A connection sends `early` as early data if its session takes it.
    pub(crate) fn offering(&self, alpn: Alpn, early: Bytes) -> Arc<Self> {
        let configs = self.configs.changed(|config| {
            config.alpn_protocols = alpn.for_rustls();
            config.enable_early_data = !early.is_empty();
        });
        Arc::new(Self {
            configs,
            alpn,
            offer: TlsOffer {
                protocols: alpn.protocols(),
                is_narrowed: alpn != self.alpn,
                ..self.offer
            },
            early: EarlyBytes(early),
            ..self.clone()
        })
    }

    /// Why certificates of the system's store were skipped.
    pub(crate) fn skipped_roots(&self) -> &[String] {
        self.verifier.chain.skipped_roots()
    }

    /// Whether its sessions must not be resumed any longer.
    pub(crate) fn sessions_have_expired(&self) -> bool {
        let sessions = self.sessions.as_ref();
        sessions.is_some_and(|sessions| sessions.have_expired())
    }

    #[cfg(test)]
    pub(crate) fn expire_sessions(&self) {
        if let Some(sessions) = &self.sessions {
            sessions.expire();
        }
    }

    /// Whether a connection that speaks HTTP/1.1 is of no use.
    pub(crate) fn requires_http2(&self) -> bool {
        self.alpn == Alpn::Http2
    }

    /// The most early data that the next connection may send.
    ///
    /// Zero, unless the session that it would resume takes early data.
    pub(crate) fn early_data_limit(&self, sni: &Sni, expected_name: &ExpectedName) -> usize {
        // An encrypted hello may be rejected, and the early data with it.
        let (EarlyRequests::Safe, Some(sessions), None) =
            (self.early_requests, &self.sessions, &self.ech)
        else {
            return 0;
        };
        let name = name_for_rustls(sni, expected_name);
        sessions.early_data_limit(&name).min(FIRST_FLIGHT)
    }

    /// Whether early data is allowed but can never be sent.
    pub(crate) fn never_sends_early_data(&self) -> bool {
        let can = self.offer.newest >= TlsVersion::V1_3
            && self.sessions.is_some()
            && self.ech.is_none()
            && !self.requires_http2();
        self.early_requests == EarlyRequests::Safe && !can
    }

    /// The first hello with this SNI. `published` is the `ech` value of the `HTTPS` record.
    pub(crate) fn first_hello(
        &self,
        sni: &Sni,
        published: Option<&[u8]>,
    ) -> Result<HelloPlan, HandshakeFailure> {
        let Some(plan) = &self.ech else {
            return Ok(HelloPlan::clear(EchStatus::NotSent));
        };
        let hello = plan.first_hello(sni, published, self.clear_config(None));
        hello.map_err(HandshakeFailure::new)
    }

    /// The hello after this failure, if it is a rejection of ECH and a second attempt is allowed.
    pub(crate) fn second_hello(&self, failure: &HandshakeFailure) -> Option<HelloPlan> {
        let (plan, rejection) = (self.ech.as_ref()?, failure.rejection.as_ref()?);
        plan.second_hello(rejection, self.clear_config(None))
    }

    /// Whether the configured ECH can be used.
    pub(super) fn check_ech(&self) -> Result<(), BuildProblem> {
        let plan = self.ech.as_ref();
        plan.map_or(Ok(()), |plan| plan.check(self.clear_config(None)))
    }

    /// The configuration for this SNI, or for an SNI that is not known yet, without a look at DNS.
    pub(crate) fn config_without_dns(&self, sni: Option<&Sni>) -> Option<Arc<ClientConfig>> {
        let unsettled = Sni::omitted(SniOmission::Requested);
        let hello = self.first_hello(sni.unwrap_or(&unsettled), None).ok()?;
        self.config_for(sni, &hello).ok()
    }

    /// The configuration for this SNI and hello.
    pub(super) fn config_for(
        &self,
        sni: Option<&Sni>,
        hello: &HelloPlan,
    ) -> Result<Arc<ClientConfig>, Error> {
        let clear = self.clear_config(sni);
        match &hello.encryption {
            None => Ok(clear.config.clone()),
            Some(encryption) => encryption.configure(clear).map(Arc::new),
        }
    }

    /// What this hello offers.
    pub(super) fn offer_of(&self, hello: &HelloPlan) -> TlsOffer {
        match &hello.encryption {
            None => self.offer,
            Some(_) => TlsOffer {
                oldest: TlsVersion::V1_3,
                newest: TlsVersion::V1_3,
                ..self.offer
            },
        }
    }

    /// The configuration without ECH for this SNI, or for an SNI that is not known yet.
    pub(super) fn config(&self, sni: Option<&Sni>) -> &Arc<ClientConfig> {
        match sni.and_then(Sni::omission) {
            Some(_) => &self.configs.without_sni,
            None => &self.configs.with_sni,
        }
    }

    fn clear_config(&self, sni: Option<&Sni>) -> ClearConfig<'_> {
        ClearConfig {
            config: self.config(sni),
            verifier: &self.verifier,
        }
    }
}
