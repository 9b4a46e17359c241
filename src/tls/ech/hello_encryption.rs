//! How one ClientHello is encrypted, as a configuration of rustls.

use rustls::{
    ClientConfig, ClientConnection, Error,
    client::{EchGreaseConfig, EchMode},
    crypto::hpke::Hpke,
};
use rustls_pki_types::ServerName;

use super::ClearConfig;

/// How a ClientHello is encrypted: with an `ECHConfig`, or by GREASE.
#[derive(Clone, Debug)]
pub(in crate::tls) struct HelloEncryption(EchMode);

impl HelloEncryption {
    pub(super) fn new(mode: impl Into<EchMode>) -> Self {
        Self(mode.into())
    }

    /// Random bytes in the place of an encrypted hello (RFC 9849 section 6.2).
    pub(super) fn grease(suite: &'static dyn Hpke) -> Result<Self, Error> {
        let (placeholder, _) = suite.generate_key_pair()?;
        Ok(Self::new(EchGreaseConfig::new(suite, placeholder)))
    }

    /// The clear configuration with this encryption added.
    ///
    /// Verifier, identity and session store are the same objects, so that sessions resume with and
    /// without ECH. rustls takes the mode only at the start of a configuration: each encrypted
    /// connection has a configuration of its own, which is cheaper than a cache of them.
    pub(in crate::tls) fn configure(&self, clear: ClearConfig<'_>) -> Result<ClientConfig, Error> {
        let ClearConfig {
            config: clear,
            verifier,
        } = clear;
        let mut config = ClientConfig::builder_with_provider(clear.crypto_provider().clone())
            .with_ech(self.0.clone())?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_cert_resolver(clear.client_auth_cert_resolver.clone());
        config.alpn_protocols.clone_from(&clear.alpn_protocols);
        config.resumption = clear.resumption.clone();
        config.max_fragment_size = clear.max_fragment_size;
        config.enable_sni = clear.enable_sni;
        config.key_log = clear.key_log.clone();
        config.require_ems = clear.require_ems;
        config
            .cert_decompressors
            .clone_from(&clear.cert_decompressors);
        Ok(config)
    }

    /// Encrypts a hello that is not sent, to find an unusable key before a connection needs it.
    pub(super) fn try_out(&self, clear: ClearConfig<'_>) -> Result<(), Error> {
        let Ok(unused) = ServerName::try_from("unused.invalid") else {
            return Ok(());
        };
        let config = self.configure(clear)?;
        ClientConnection::new(config.into(), unused).map(|_| ())
    }
}
