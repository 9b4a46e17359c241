//! The TLS settings of a builder, and what is loaded for them.

use std::{ops::Bound, path::Path, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, NamedGroup, client::Resumption as RustlsResumption, crypto::CryptoProvider,
};

use crate::error::{
    BuildProblem, BuildProblemKind, KeyShare, OfferedParameters, TlsOffer, TlsVersion,
};

use super::{
    Alpn, ClientIdentity, TlsClient, TlsParameters, VerifyPolicy, crypto_provider,
    crypto_selection::{select_provider, select_schemes},
    early_data::{EarlyBytes, EarlyRequests},
    ech::Ech,
    file_fingerprint::FileFingerprint,
    handshake::{ChainCache, ClientCertObserver},
    loaded_tls::LoadedTls,
    resumption::Resumption,
    tls_client::ClientConfigs,
    verify::{ChainVerifier, OriginVerifier, Reread},
    versions::Versions,
};

/// The TLS settings of a builder.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    pub(crate) versions: (Bound<TlsVersion>, Bound<TlsVersion>),
    pub(crate) verify: VerifyPolicy,
    pub(crate) identity: Option<ClientIdentity>,
    pub(crate) alpn: Alpn,
    pub(crate) parameters: TlsParameters,
    /// The group that is offered first unless groups or a crypto provider are chosen.
    pub(crate) first_group: Option<&'static str>,
    pub(crate) resumption: Resumption,
    pub(crate) early_requests: EarlyRequests,
    pub(crate) ech: Option<Ech>,
    /// How long before the end of a certificate a warning is logged.
    pub(crate) expiry_notice: Duration,
    pub(crate) chains: ChainCache,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            versions: (Bound::Unbounded, Bound::Unbounded),
            verify: VerifyPolicy::default(),
            identity: None,
            alpn: Alpn::default(),
            parameters: TlsParameters::default(),
            first_group: None,
            resumption: Resumption::default(),
            early_requests: EarlyRequests::default(),
            ech: None,
            expiry_notice: Duration::from_secs(14 * 24 * 60 * 60),
            chains: ChainCache::default(),
        }
    }
}

impl TlsSettings {
    /// Reads files and roots. Fails with every problem that there is.
    pub(crate) fn load(&self, reread: Reread) -> Result<LoadedTls, Vec<BuildProblem>> {
        let mut problems = Vec::new();
        let loaded = self.load_parts(reread, &mut problems);
        loaded.ok_or(problems)
    }

    fn load_parts(&self, reread: Reread, problems: &mut Vec<BuildProblem>) -> Option<LoadedTls> {
        let versions = note(self.offered_versions(), problems);
        let provider = note(
            crypto_provider::choose(self.parameters.provider.clone()),
            problems,
        )?;
        // Every part is loaded even if an earlier one has failed, to report all problems at once.
        let chain = ChainVerifier::build(&self.verify, reread, &provider, problems);
        let identity = self.identity.as_ref();
        let identity = identity.map(|identity| note(identity.load(&provider), problems));
        let versions = versions?;
        let schemes = select_schemes(&self.parameters, &provider, versions, problems);
        let provider = select_provider(
            &self.parameters,
            self.first_group,
            &provider,
            versions,
            problems,
        );
        let chain = chain.filter(|_| problems.is_empty())?;
        let trusted = chain.trusted_roots();
        let pins = &self.verify.pins;
        let pins = pins.keys.len() + pins.certificates.len();
        let trusted = trusted.map(|roots| Arc::new(roots.with_pins(pins)));
        let verifier = Arc::new(OriginVerifier {
            chain: Arc::new(chain),
            names: self.verify.names.clone(),
            pins: self.verify.pins.clone(),
            expected_name: None,
            algorithms: provider.signature_verification_algorithms,
            schemes,
            sessions: None,
        });
        let ech = match &self.ech {
            Some(ech) => Some(note(
                ech.plan(self.parameters.fips, &self.verify),
                problems,
            )?),
            None => None,
        };
        let offer = self.offer(versions, &provider);
        let config = self.config(provider, versions, verifier.clone());
        let mut config = note(config, problems)?;
        let identity = identity.flatten();
        let identity = identity.unwrap_or_else(|| config.client_auth_cert_resolver.clone());
        config.client_auth_cert_resolver = Arc::new(ClientCertObserver(identity));
        // Each client has a store of its own.
        config.resumption = RustlsResumption::disabled();
        self.parameters.apply(&mut config, problems);
        self.resumption.check(problems);
        let grace = self.verify.expiry_grace().unwrap_or_default();
        let nameless = TlsClient {
            configs: ClientConfigs::new(config),
            verifier,
            ech: ech.map(Arc::new),
            alpn: self.alpn,
            offer,
            logs_keys: self.parameters.key_log.is_some(),
            has_identity: self.identity.is_some(),
            alternatives: self.verify.alternatives().map(Into::into),
            trusted,
            sessions: None,
            early_requests: self.early_requests,
            early: EarlyBytes::default(),
            chains: self.chains.clone(),
            expiry_notice: self.expiry_notice,
        };
        note(nameless.check_ech(), problems)?;
        problems
            .is_empty()
            .then(|| LoadedTls::new(nameless, self.resumption, grace))
    }

    fn offer(&self, versions: Versions, provider: &CryptoProvider) -> TlsOffer {
        TlsOffer {
            oldest: versions.oldest,
            newest: versions.newest,
            protocols: self.alpn.protocols(),
            is_narrowed: false,
            parameters: self.offered_parameters(),
            key_share: key_share(provider),
        }
    }

    /// Whether the key exchange groups are chosen, by name or by a crypto provider.
    pub(crate) fn are_groups_chosen(&self) -> bool {
        self.parameters.groups.is_some() || self.parameters.provider.is_some()
    }

    fn offered_parameters(&self) -> OfferedParameters {
        let parameters = &self.parameters;
        let are_chosen = self.are_groups_chosen()
            || parameters.cipher_suites.is_some()
            || parameters.signature_schemes.is_some();
        match are_chosen {
            true => OfferedParameters::Chosen,
            false => OfferedParameters::Usual,
        }
    }

    /// Whether ECH hides the name in SNI.
    pub(crate) fn hides_sni(&self) -> bool {
        self.ech.as_ref().is_some_and(Ech::encrypts)
    }

    /// Whether the ECH configuration comes from DNS.
    pub(crate) fn reads_ech_from_dns(&self) -> bool {
        self.ech.as_ref().is_some_and(Ech::reads_dns)
    }

    /// The versions of a hello without ECH.
    fn offered_versions(&self) -> Result<Versions, BuildProblem> {
        let versions = Versions::in_range(&self.versions)?;
        match &self.ech {
            None => Ok(versions),
            Some(ech) => ech.versions(versions),
        }
    }

    /// The state of the files that these settings name.
    pub(crate) fn fingerprint(&self) -> FileFingerprint {
        FileFingerprint::of(self.files())
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let identity = self.identity.iter().flat_map(ClientIdentity::files);
        self.verify.files().chain(identity)
    }

    fn config(
        &self,
        provider: Arc<CryptoProvider>,
        versions: Versions,
        verifier: Arc<OriginVerifier>,
    ) -> Result<ClientConfig, BuildProblem> {
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions.supported())
            .map_err(|error| {
                BuildProblem::new(
                    "TlsParameters::crypto_provider",
                    BuildProblemKind::Unsupported,
                    error,
                )
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = self.alpn.for_rustls();
        Ok(config)
    }
}

/// The key share of a ClientHello for TLS 1.3, which is of the first group.
fn key_share(provider: &CryptoProvider) -> KeyShare {
    match provider.kx_groups.first().map(|group| group.name()) {
        Some(
            NamedGroup::X25519MLKEM768
            | NamedGroup::secp256r1MLKEM768
            | NamedGroup::MLKEM512
            | NamedGroup::MLKEM768
            | NamedGroup::MLKEM1024,
        ) => KeyShare::PostQuantum,
        _ => KeyShare::Classical,
    }
}

/// The value, if there is one. A problem is added to `problems`.
fn note<T>(result: Result<T, BuildProblem>, problems: &mut Vec<BuildProblem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
