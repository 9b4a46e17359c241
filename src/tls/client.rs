//! The TLS client of one connector: one `ClientConfig`, so that all its connections share one verifier and resume each
//! other's sessions.

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
    pub(super) config: Arc<ClientConfig>,
    pub(super) alpn: Alpn,
    pub(crate) offer: TlsOffer,
    pub(crate) skipped_roots: Vec<String>,
}

impl TlsClient {
    pub(super) fn new(
        mut config: ClientConfig,
        sends_sni: bool,
        alpn: Alpn,
        offer: TlsOffer,
        skipped_roots: Vec<String>,
    ) -> Self {
        config.enable_sni = sends_sni;
        Self {
            config: Arc::new(config),
            alpn,
            offer,
            skipped_roots,
        }
    }

    pub(crate) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }
}

/// The name that rustls sends in SNI if it is a DNS name, files sessions under, and verifies unless the verifier has its own.
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
