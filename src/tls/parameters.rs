//! Cipher suites, groups, signature schemes and the like: what was asked for, matched with what the
//! crypto provider has.

use std::sync::Arc;

use rustls::{ClientConfig, KeyLog, KeyLogFile, SignatureScheme, crypto::CryptoProvider};

use crate::error::{BuildProblem, BuildProblemKind, TlsVersion};

use super::{iana, versions::Versions};

/// What the builder was told; nothing where the provider's defaults hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters {
    pub(crate) cipher_suites: Option<Vec<String>>,
    pub(crate) groups: Option<Vec<String>>,
    /// The group that goes before the others, where none are chosen.
    pub(crate) first_group: Option<&'static str>,
    pub(crate) signature_schemes: Option<Vec<String>>,
    pub(crate) record_size: Option<usize>,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    pub(crate) fips: Fips,
    pub(crate) master_secret: MasterSecret,
    #[cfg(feature = "certificate-compression")]
    pub(crate) compression: Compression,
}

/// Whether a connector that is not in FIPS mode is refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Fips {
    #[default]
    NotAsked,
    Required,
}

/// Whether TLS 1.2 without an extended master secret (RFC 7627) is refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum MasterSecret {
    #[default]
    Either,
    Extended,
}

/// Whether certificates may come compressed (RFC 8879).
#[cfg(feature = "certificate-compression")]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Compression {
    #[default]
    Plain,
    Offered,
}

impl Parameters {
    /// The log that the environment names, if it names one.
    pub(crate) fn key_log_of_environment() -> Option<Arc<dyn KeyLog>> {
        std::env::var_os("SSLKEYLOGFILE")?;
        Some(Arc::new(KeyLogFile::new()))
    }

    /// The provider with nothing but what was asked for, in the order in which it was asked for.
    pub(super) fn narrow(
        &self,
        provider: &Arc<CryptoProvider>,
        versions: Versions,
        problems: &mut Vec<BuildProblem>,
    ) -> Arc<CryptoProvider> {
        if self.cipher_suites.is_none() && self.groups.is_none() && self.first_group.is_none() {
            return provider.clone();
        }
        let mut narrowed = CryptoProvider::clone(provider);
        if let Some(names) = &self.cipher_suites {
            let known = narrowed.cipher_suites.iter();
            let known = known.map(|suite| (iana::cipher_suite(suite.suite()), *suite));
            let suites = select("cipher_suites", names, known, problems);
            demand("cipher_suites", "cipher suite", versions, problems, |it| {
                let wire = Versions::wire(it);
                suites.iter().any(|suite| suite.version().version == wire)
            });
            narrowed.cipher_suites = suites;
        }
        if let Some(names) = &self.groups {
            let known = narrowed.kx_groups.iter();
            let known = known.map(|group| (iana::group(group.name()), *group));
            let groups = select("key_exchange_groups", names, known, problems);
            demand("key_exchange_groups", "group", versions, problems, |it| {
                let wire = Versions::wire(it);
                groups.iter().any(|group| group.usable_for_version(wire))
            });
            narrowed.kx_groups = groups;
        } else if let Some(first) = self.first_group {
            // The sort is stable: the others stay in their order.
            let groups = &mut narrowed.kx_groups;
            groups.sort_by_key(|group| iana::group(group.name()) != first);
        }
        Arc::new(narrowed)
    }

    /// The signature schemes to offer.
    pub(super) fn schemes(
        &self,
        provider: &CryptoProvider,
        versions: Versions,
        problems: &mut Vec<BuildProblem>,
    ) -> Vec<SignatureScheme> {
        let known = provider
            .signature_verification_algorithms
            .supported_schemes();
        let Some(names) = &self.signature_schemes else {
            return known;
        };
        let known = known.iter();
        let known = known.map(|scheme| (iana::signature_scheme(*scheme), *scheme));
        let schemes = select("signature_schemes", names, known, problems);
        demand(
            "signature_schemes",
            "signature scheme",
            versions,
            problems,
            |it| {
                let mut schemes = schemes.iter();
                schemes.any(|scheme| it < TlsVersion::V1_3 || iana::signs_tls13(*scheme))
            },
        );
        schemes
    }

    /// What is left to say in the configuration itself.
    pub(super) fn apply(&self, config: &mut ClientConfig, problems: &mut Vec<BuildProblem>) {
        /// The bounds of rustls, which counts the five bytes of the record's header.
        const RECORD_SIZES: std::ops::RangeInclusive<usize> = 32..=16_389;
        if let Some(size) = self.record_size {
            config.max_fragment_size = Some(size);
            if !RECORD_SIZES.contains(&size) {
                let why =
                    format!("{size} bytes is no size of a record: it lies between 32 and 16389");
                problems.push(BuildProblem::new(
                    "max_record_size",
                    BuildProblemKind::OutOfRange,
                    why,
                ));
            }
        }
        if let Some(key_log) = &self.key_log {
            config.key_log = key_log.clone();
        }
        if self.master_secret == MasterSecret::Extended {
            config.require_ems = true;
        }
        self.apply_compression(config);
        if self.fips == Fips::Required && !config.fips() {
            let why = "the crypto provider, or what was chosen of it, is not FIPS-approved: rustls' feature `fips` \
                       brings a provider that is";
            problems.push(BuildProblem::new(
                "require_fips",
                BuildProblemKind::CryptoProvider,
                why,
            ));
        }
    }

    /// rustls offers compression as soon as any crate of the program asks for its code; here it is
    /// the builder that decides.
    fn apply_compression(&self, config: &mut ClientConfig) {
        #[cfg(feature = "certificate-compression")]
        if self.compression == Compression::Offered {
            return;
        }
        config.cert_decompressors = Vec::new();
    }
}

/// Every offered version must be served by one of the values: rustls would quietly not offer it, or
/// fail later.
fn demand(
    setter: &'static str,
    what: &str,
    versions: Versions,
    problems: &mut Vec<BuildProblem>,
    serves: impl Fn(TlsVersion) -> bool,
) {
    // A name that is not known has been told; what it leaves out is not told again.
    if problems.iter().any(|problem| problem.setter() == setter) {
        return;
    }
    for version in versions.offered().filter(|version| !serves(*version)) {
        let why = format!(
            "none of these is a {what} of {version}, which is offered: add one, or narrow `tls_versions(..)`"
        );
        problems.push(BuildProblem::new(
            setter,
            BuildProblemKind::Contradiction,
            why,
        ));
    }
}

/// The known values with these names, in the order of the names.
fn select<T: Copy>(
    setter: &'static str,
    names: &[String],
    known: impl Iterator<Item = (&'static str, T)>,
    problems: &mut Vec<BuildProblem>,
) -> Vec<T> {
    let known: Vec<_> = known.collect();
    let mut selected: Vec<(&str, T)> = Vec::new();
    for name in names {
        let found = known
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match found {
            Some(found) if selected.iter().any(|(known, _)| *known == found.0) => {}
            Some(found) => selected.push(*found),
            None => problems.push(unknown(setter, name, &known)),
        }
    }
    if names.is_empty() {
        let why = "nothing is listed, so that no handshake could succeed";
        problems.push(BuildProblem::new(setter, BuildProblemKind::EmptyNames, why));
    }
    selected.into_iter().map(|(_, value)| value).collect()
}

fn unknown<T>(setter: &'static str, name: &str, known: &[(&'static str, T)]) -> BuildProblem {
    let known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    let why = format!(
        "the crypto provider has no {name:?}; it has {}",
        known.join(", ")
    );
    BuildProblem::new(setter, BuildProblemKind::CryptoProvider, why)
}
