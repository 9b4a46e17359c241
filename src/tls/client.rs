//! The TLS client of one connector: one verifier and one session store, so that all its connections
//! resume each other's sessions.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use rustls::{ClientConfig, client::Resumption};
use rustls_pki_types::ServerName;

use crate::{
    error::TlsOffer,
    name::{DnsName, ExpectedName, Sni},
};

use super::{
    Alpn, EarlyRequests, TlsSettings, chains::Chains, early::Opening, hello::Plan,
    resumption::Sessions, verifier::OriginVerifier,
};

#[derive(Clone, Debug)]
pub(crate) struct TlsClient {
    /// rustls decides by configuration whether SNI is sent: these two differ in nothing else.
    with_sni: Arc<ClientConfig>,
    without_sni: Arc<ClientConfig>,
    /// The verifier of both.
    pub(super) verifier: Arc<OriginVerifier>,
    /// Encrypted ClientHello, if it is used.
    pub(super) ech: Option<Arc<Plan>>,
    pub(super) alpn: Alpn,
    pub(crate) offer: TlsOffer,
    pub(crate) skipped_roots: Vec<String>,
    /// Whether the secrets of connections are written down.
    pub(crate) logs_keys: bool,
    /// Whether there is a client certificate to present.
    pub(super) has_identity: bool,
    /// The names that are expected instead of the origin's expected name.
    pub(super) alternatives: Option<Arc<str>>,
    /// The sessions to be resumed, if they are kept.
    pub(super) sessions: Option<Arc<Sessions>>,
    pub(super) early_requests: EarlyRequests,
    /// What a connection begins with, if the origin takes it before the handshake.
    pub(super) opening: Opening,
    pub(super) chains: Chains,
    pub(super) expiry_notice: Duration,
}

impl TlsClient {
    pub(super) fn new(
        with_sni: ClientConfig,
        verifier: Arc<OriginVerifier>,
        ech: Option<Plan>,
        sessions: Option<Arc<Sessions>>,
        settings: &TlsSettings,
        offer: TlsOffer,
        skipped_roots: Vec<String>,
    ) -> Self {
        // A clone shares verifier and session store.
        let mut without_sni = with_sni.clone();
        without_sni.enable_sni = false;
        Self {
            with_sni: Arc::new(with_sni),
            without_sni: Arc::new(without_sni),
            verifier,
            ech: ech.map(Arc::new),
            alpn: settings.alpn,
            offer,
            skipped_roots,
            logs_keys: settings.parameters.key_log.is_some(),
            has_identity: settings.identity.is_some(),
            alternatives: settings.alternatives(),
            sessions,
            early_requests: settings.early_requests,
            opening: Opening::default(),
            chains: settings.chains.clone(),
            expiry_notice: settings.expiry_notice,
        }
    }

    /// The same client, with the same verifier and sessions, for a connection that has to speak
    /// HTTP/1.1.
    pub(crate) fn http1(&self) -> Arc<Self> {
        self.http1_beginning_with(Bytes::new())
    }

    /// The same, for a connection that begins with these bytes if the origin takes early data.
    pub(crate) fn http1_beginning_with(&self, early: Bytes) -> Arc<Self> {
        let alpn = Alpn::Http1;
        let configured = self.configured(|config| {
            config.alpn_protocols = alpn.for_rustls();
            config.enable_early_data = !early.is_empty();
        });
        Arc::new(Self {
            alpn,
            offer: TlsOffer {
                protocols: alpn.protocols(),
                ..self.offer
            },
            opening: Opening(early),
            ..configured
        })
    }

    /// Whether sessions that it keeps must not be resumed any more.
    pub(crate) fn sessions_are_over(&self) -> bool {
        let sessions = self.sessions.as_ref();
        sessions.is_some_and(|sessions| sessions.are_over())
    }

    /// The same client, with the same verifier, without a past.
    pub(crate) fn with_new_sessions(&self) -> Arc<Self> {
        let sessions = self.sessions.as_ref().map(|past| past.successor());
        let successor = self.configured(|config| {
            if let Some(sessions) = &sessions {
                config.resumption = Resumption::store(sessions.clone());
            }
        });
        Arc::new(Self {
            sessions,
            ..successor
        })
    }

    /// The same client, configured otherwise.
    fn configured(&self, change: impl Fn(&mut ClientConfig)) -> Self {
        let changed = |config: &Arc<ClientConfig>| {
            let mut config = ClientConfig::clone(config);
            change(&mut config);
            Arc::new(config)
        };
        Self {
            with_sni: changed(&self.with_sni),
            without_sni: changed(&self.without_sni),
            ..self.clone()
        }
    }

    #[cfg(test)]
    pub(crate) fn finish_sessions(&self) {
        if let Some(sessions) = &self.sessions {
            sessions.finish();
        }
    }

    /// Whether it has no use for a connection that speaks HTTP/1.1.
    pub(crate) fn requires_http2(&self) -> bool {
        self.alpn == Alpn::Http2
    }

    /// The configuration without ECH, for this SNI, or for one that is not settled yet.
    pub(super) fn config(&self, sni: Option<&Sni>) -> &Arc<ClientConfig> {
        match sni {
            Some(Sni::Omit(_)) => &self.without_sni,
            Some(Sni::Send(_)) | None => &self.with_sni,
        }
    }
}

/// The name that rustls sends in SNI, files sessions under, and verifies unless the verifier has
/// its own.
pub(super) fn name_for_rustls(sni: &Sni, expected_name: &ExpectedName) -> ServerName<'static> {
    match sni {
        Sni::Send(name) => dns_name(name),
        Sni::Omit(_) => server_name(expected_name),
    }
}

pub(super) fn server_name(expected_name: &ExpectedName) -> ServerName<'static> {
    match expected_name {
        ExpectedName::Dns(name) => dns_name(name),
        ExpectedName::Ip(ip) => ServerName::IpAddress((*ip).into()),
    }
}

#[expect(
    clippy::expect_used,
    reason = "our DNS names are a subset of those of rustls; the tests of `name` hold it"
)]
fn dns_name(name: &DnsName) -> ServerName<'static> {
    let name = rustls_pki_types::DnsName::try_from(name.as_str().to_owned());
    ServerName::DnsName(name.expect("a DnsName is a DNS name to rustls"))
}
