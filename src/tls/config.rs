//! What was asked of TLS becomes a `rustls::ClientConfig`.

use std::{ops::Bound, path::Path, sync::Arc, time::Duration};

use rustls::{ClientConfig, crypto::CryptoProvider};

use crate::{
    error::{BuildProblem, BuildProblemKind, OfferedParameters, TlsOffer, TlsVersion},
    name::ExpectedName,
};

use super::{
    Alpn, ClientIdentity, Ech, TlsClient, VerifyPolicy,
    asking::Asking,
    chains::Chains,
    client::server_name,
    early::EarlyRequests,
    files::Fingerprint,
    hello::Rejections,
    parameters::Parameters,
    policy::{Names, Trust},
    provider,
    resumption::Resumption,
    verifier::OriginVerifier,
    versions::Versions,
};

/// What the builder was told about TLS.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    pub(crate) versions: (Bound<TlsVersion>, Bound<TlsVersion>),
    pub(crate) verify: VerifyPolicy,
    pub(crate) identity: Option<ClientIdentity>,
    pub(crate) alpn: Alpn,
    pub(crate) provider: Option<Arc<CryptoProvider>>,
    pub(crate) parameters: Parameters,
    pub(crate) resumption: Resumption,
    pub(crate) early_requests: EarlyRequests,
    pub(crate) ech: Option<Ech>,
    /// How long before the end of a certificate a warning is logged.
    pub(crate) expiry_notice: Duration,
    pub(crate) chains: Chains,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            versions: (Bound::Unbounded, Bound::Unbounded),
            verify: VerifyPolicy::default(),
            identity: None,
            alpn: Alpn::default(),
            provider: None,
            parameters: Parameters::default(),
            resumption: Resumption::default(),
            early_requests: EarlyRequests::default(),
            ech: None,
            expiry_notice: Duration::from_secs(14 * 24 * 60 * 60),
            chains: Chains::default(),
        }
    }
}

impl TlsSettings {
    /// Builds the client. `expected_name` is the one that was chosen for all connections, if one
    /// was.
    pub(crate) fn build(
        &self,
        expected_name: Option<&ExpectedName>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<TlsClient> {
        let before = problems.len();
        let versions = note(self.offered(), problems);
        let provider = note(provider::choose(self.provider.clone()), problems)?;
        // Roots that cannot be used are told even where no version can, and so on: all problems at
        // once.
        let judge = self.verify.judge(&provider, problems);
        let identity = self.identity.as_ref();
        let identity = identity.map(|identity| note(identity.load(&provider), problems));
        let versions = versions?;
        let schemes = self.parameters.schemes(&provider, versions, problems);
        let provider = self.parameters.narrow(&provider, versions, problems);
        let (judge, skipped_roots) = judge.filter(|_| problems.len() == before)?;
        let verifier = Arc::new(OriginVerifier {
            judge,
            names: self.verify.names.clone(),
            pins: self.verify.pins.clone(),
            expected_name: expected_name.map(server_name),
            algorithms: provider.signature_verification_algorithms,
            schemes,
        });
        let ech = match &self.ech {
            Some(ech) => Some(note(
                ech.plan(self.parameters.fips, self.rejections()),
                problems,
            )?),
            None => None,
        };
        let config = self.config(provider, versions, verifier.clone());
        let mut config = note(config, problems)?;
        let identity = identity.flatten();
        let identity = identity.unwrap_or_else(|| config.client_auth_cert_resolver.clone());
        config.client_auth_cert_resolver = Arc::new(Asking(identity));
        self.parameters.apply(&mut config, problems);
        let grace = self.verify.expiry_grace().unwrap_or_default();
        let sessions = self.resumption.apply(grace, &mut config, problems);
        let offer = TlsOffer {
            oldest: versions.oldest,
            newest: versions.newest,
            protocols: self.alpn.protocols(),
            parameters: self.offered_parameters(),
        };
        let client = TlsClient::new(config, verifier, ech, sessions, self, offer, skipped_roots);
        note(client.check_ech(), problems)?;
        Some(client)
    }

    /// Who is asked for no certificate, or for no name in it, could reject in anybody's name.
    fn rejections(&self) -> Rejections {
        match self.verify.is_unverified() || self.verify.ignores_names() {
            true => Rejections::Doubted,
            false => Rejections::Believed,
        }
    }

    /// Whether somebody has chosen the key exchange groups, by name or by a crypto provider.
    pub(crate) fn are_groups_chosen(&self) -> bool {
        self.parameters.groups.is_some() || self.provider.is_some()
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

    /// Whether the name in SNI is hidden.
    pub(crate) fn hides_sni(&self) -> bool {
        self.ech.as_ref().is_some_and(Ech::encrypts)
    }

    /// Whether that takes DNS.
    pub(crate) fn reads_ech_from_dns(&self) -> bool {
        self.ech.as_ref().is_some_and(Ech::reads_dns)
    }

    /// The versions of a hello without ECH.
    fn offered(&self) -> Result<Versions, BuildProblem> {
        let versions = Versions::in_range(&self.versions)?;
        match &self.ech {
            None => Ok(versions),
            Some(ech) => ech.versions(versions),
        }
    }

    /// What the files that these settings name look like now.
    pub(crate) fn fingerprint(&self) -> TlsFiles {
        TlsFiles(Fingerprint::of(self.files()))
    }

    /// The names to expect instead of the origin's expected name, if that is how it is.
    pub(super) fn alternatives(&self) -> Option<Arc<str>> {
        let Names::AnyOf(names) = &self.verify.names else {
            return None;
        };
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        Some(names.join(" or ").into())
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let roots = match &self.verify.trust {
            Trust::Roots(roots) => Some(roots.files()),
            _ => None,
        };
        let crls = self.verify.crls.iter().flat_map(|crls| crls.files());
        let identity = self.identity.iter().flat_map(ClientIdentity::files);
        roots.into_iter().flatten().chain(crls).chain(identity)
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
                BuildProblem::new("crypto_provider", BuildProblemKind::CryptoProvider, error)
            })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = self.alpn.for_rustls();
        Ok(config)
    }
}

/// What the files of some settings looked like at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TlsFiles(Fingerprint);

/// The value, or a note of the problem.
fn note<T>(result: Result<T, BuildProblem>, problems: &mut Vec<BuildProblem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}
