//! The cryptography that `TlsParameters` selects from what the crypto provider has.

use std::sync::Arc;

use rustls::{SignatureScheme, crypto::CryptoProvider};

use crate::error::{BuildProblem, BuildProblemKind, TlsVersion};

use super::{TlsParameters, iana_names, versions::Versions};

const CIPHER_SUITES: &str = "TlsParameters::cipher_suites";
const KEY_EXCHANGE_GROUPS: &str = "TlsParameters::key_exchange_groups";
const SIGNATURE_SCHEMES: &str = "TlsParameters::signature_schemes";

/// The provider with only the selected cipher suites and groups, in the selected order.
///
/// `first_group` goes before the others where no groups are selected.
pub(super) fn select_provider(
    parameters: &TlsParameters,
    first_group: Option<&'static str>,
    provider: &Arc<CryptoProvider>,
    versions: Versions,
    problems: &mut Vec<BuildProblem>,
) -> Arc<CryptoProvider> {
    let TlsParameters {
        cipher_suites,
        groups,
        ..
    } = parameters;
    if cipher_suites.is_none() && groups.is_none() && first_group.is_none() {
        return provider.clone();
    }
    let mut selected = CryptoProvider::clone(provider);
    if let Some(names) = cipher_suites {
        let known = selected.cipher_suites.iter();
        let known = known.map(|suite| (iana_names::cipher_suite(suite.suite()), *suite));
        let suites = select(CIPHER_SUITES, names, known, problems);
        check_versions(CIPHER_SUITES, "cipher suite", versions, problems, |it| {
            let version = Versions::wire(it);
            let mut suites = suites.iter();
            suites.any(|suite| suite.version().version == version)
        });
        selected.cipher_suites = suites;
    }
    if let Some(names) = groups {
        let known = selected.kx_groups.iter();
        let known = known.map(|group| (iana_names::group(group.name()), *group));
        let groups = select(KEY_EXCHANGE_GROUPS, names, known, problems);
        check_versions(KEY_EXCHANGE_GROUPS, "group", versions, problems, |it| {
            let version = Versions::wire(it);
            groups.iter().any(|group| group.usable_for_version(version))
        });
        selected.kx_groups = groups;
    } else if let Some(first) = first_group {
        // The sort is stable: the others stay in their order.
        let groups = &mut selected.kx_groups;
        groups.sort_by_key(|group| iana_names::group(group.name()) != first);
    }
    Arc::new(selected)
}

/// The signature schemes to offer.
pub(super) fn select_schemes(
    parameters: &TlsParameters,
    provider: &CryptoProvider,
    versions: Versions,
    problems: &mut Vec<BuildProblem>,
) -> Vec<SignatureScheme> {
    let known = provider
        .signature_verification_algorithms
        .supported_schemes();
    let Some(names) = &parameters.signature_schemes else {
        return known;
    };
    let known = known.iter();
    let known = known.map(|scheme| (iana_names::signature_scheme(*scheme), *scheme));
    let schemes = select(SIGNATURE_SCHEMES, names, known, problems);
    let what = "signature scheme";
    check_versions(SIGNATURE_SCHEMES, what, versions, problems, |it| {
        let mut schemes = schemes.iter();
        schemes.any(|scheme| it < TlsVersion::V1_3 || iana_names::signs_tls13(*scheme))
    });
    schemes
}

/// Adds a problem for each offered version that none of the values serves.
///
/// rustls would silently not offer such a version, or fail in the handshake.
fn check_versions(
    setter: &'static str,
    what: &str,
    versions: Versions,
    problems: &mut Vec<BuildProblem>,
    serves: impl Fn(TlsVersion) -> bool,
) {
    // An unknown name is a problem already. The gap that it leaves is not a second one.
    if problems.iter().any(|problem| problem.setter() == setter) {
        return;
    }
    for version in versions.offered().filter(|version| !serves(*version)) {
        let why = format!(
            "none of these is a {what} of {version}, which is offered: add one, or narrow \
             `.tls_versions(..)`"
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
        let why = "the list is empty, so every handshake would fail";
        problems.push(BuildProblem::new(setter, BuildProblemKind::Empty, why));
    }
    selected.into_iter().map(|(_, value)| value).collect()
}

fn unknown<T>(setter: &'static str, name: &str, known: &[(&'static str, T)]) -> BuildProblem {
    let known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    let why = format!(
        "the crypto provider has no {name:?}; it has {}",
        known.join(", ")
    );
    BuildProblem::new(setter, BuildProblemKind::Unsupported, why)
}
