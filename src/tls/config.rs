//! What was asked of TLS becomes a `rustls::ClientConfig`.

use std::{ops::Bound, sync::Arc};

use rustls::{ClientConfig, client::WebPkiServerVerifier, crypto::CryptoProvider};

use crate::{
    error::{BuildProblem, BuildProblemKind, TlsOffer, TlsVersion},
    name::ExpectedName,
};

use super::{
    Alpn, TlsClient, VerifyPolicy,
    client::server_name,
    policy::Trust,
    provider,
    verifier::{Judge, OriginVerifier},
    versions::Versions,
};

/// What the builder was told about TLS.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    pub(crate) versions: (Bound<TlsVersion>, Bound<TlsVersion>),
    pub(crate) verify: VerifyPolicy,
    pub(crate) alpn: Alpn,
    pub(crate) provider: Option<Arc<CryptoProvider>>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            versions: (Bound::Unbounded, Bound::Unbounded),
            verify: VerifyPolicy::default(),
            alpn: Alpn::default(),
            provider: None,
        }
    }
}

impl TlsSettings {
    /// Builds the client. `expected_name` is the one that was chosen for all connections, if one was.
    pub(crate) fn build(
        &self,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<TlsClient> {
        let versions = note(Versions::in_range(&self.versions), problems);
        let provider = note(provider::choose(self.provider.clone()), problems);
        // Roots that cannot be used are told even where no version can.
        let judge = provider.as_ref().map(|provider| self.judge(provider));
        let judge = judge.and_then(|judge| note(judge, problems));
        let ((versions, provider), (judge, skipped_roots)) = versions.zip(provider).zip(judge)?;
        let verifier = OriginVerifier {
            judge,
            pins: self.verify.pins.clone(),
            expected_name: expected_name.map(server_name),
            algorithms: provider.signature_verification_algorithms,
        };
        let config = note(self.config(provider, versions, verifier), problems)?;
        let offer = TlsOffer {
            oldest: versions.oldest,
            newest: versions.newest,
            protocols: self.alpn.protocols(),
        };
        Some(TlsClient::new(config, self.alpn, offer, skipped_roots))
    }

    fn judge(&self, provider: &Arc<CryptoProvider>) -> Result<(Judge, Vec<String>), BuildProblem> {
        let roots = match &self.verify.trust {
            Trust::Roots(roots) => roots.load()?,
            Trust::Pins => return Ok((Judge::Pins, Vec::new())),
            Trust::Anybody(unverified) => return Ok((Judge::Nobody(*unverified), Vec::new())),
        };
        let webpki =
            WebPkiServerVerifier::builder_with_provider(roots.store.into(), provider.clone())
                .build()
                .map_err(|error| {
                    BuildProblem::new("verify", BuildProblemKind::InvalidCertificate, error)
                })?;
        Ok((Judge::Chain(webpki), roots.skipped))
    }

    fn config(
        &self,
        provider: Arc<CryptoProvider>,
        versions: Versions,
        verifier: OriginVerifier,
    ) -> Result<ClientConfig, BuildProblem> {
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions.supported())
            .map_err(|error| {
                BuildProblem::new("crypto_provider", BuildProblemKind::CryptoProvider, error)
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let protocols = self.alpn.protocols();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Ok(config)
    }
}

/// The value, or a note of the problem.
fn note<T>(result: Result<T, BuildProblem>, problems: &mut Vec<BuildProblem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
