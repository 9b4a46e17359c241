//! The TLS client of one connector: one verifier and one session store, so that all its connections resume each other's
//! sessions.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use crate::{
    error::TlsOffer,
    name::{DnsName, ExpectedName, Sni},
};

use super::Alpn;

#[derive(Clone, Debug)]
pub(crate) struct TlsClient {
    /// rustls decides by configuration whether SNI is sent: these two differ in nothing else.
    with_sni: Arc<ClientConfig>,
    without_sni: Arc<ClientConfig>,
    pub(super) alpn: Alpn,
    pub(crate) offer: TlsOffer,
    pub(crate) skipped_roots: Vec<String>,
}

impl TlsClient {
    pub(super) fn new(
        with_sni: ClientConfig,
        alpn: Alpn,
        offer: TlsOffer,
        skipped_roots: Vec<String>,
    ) -> Self {
        // A clone shares verifier and session store.
        let mut without_sni = with_sni.clone();
        without_sni.enable_sni = false;
        Self {
            with_sni: Arc::new(with_sni),
            without_sni: Arc::new(without_sni),
            alpn,
            offer,
            skipped_roots,
        }
    }

    /// The same client, with the same verifier and sessions, for a connection that has to speak HTTP/1.1. None where HTTP/2 is
    /// required.
    pub(crate) fn http1(&self) -> Option<Self> {
        if self.alpn == Alpn::Http2 {
            return None;
        }
        let protocols = Alpn::Http1.protocols();
        let mut with_sni = ClientConfig::clone(&self.with_sni);
        with_sni.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let offer = TlsOffer {
            protocols,
            ..self.offer
        };
        Some(Self::new(with_sni, Alpn::Http1, offer, Vec::new()))
    }

    /// The configuration for this SNI, or for one that is not settled yet.
    pub(crate) fn config(&self, sni: Option<&Sni>) -> &Arc<ClientConfig> {
        match sni {
            Some(Sni::Omit(_)) => &self.without_sni,
            Some(Sni::Send(_)) | None => &self.with_sni,
        }
    }
}

/// The name that rustls sends in SNI, files sessions under, and verifies unless the verifier has its own.
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
