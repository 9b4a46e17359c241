//! The choice of the crypto provider.

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;

use crate::error::{BuildProblem, BuildProblemKind};

/// The given provider, else the process's default, else the one compiled in.
pub(super) fn choose(
    given: Option<Arc<CryptoProvider>>,
) -> Result<Arc<CryptoProvider>, BuildProblem> {
    given
        .or_else(|| CryptoProvider::get_default().cloned())
        .or_else(compiled_in)
        .ok_or_else(missing)
}

fn missing() -> BuildProblem {
    let why = "no crypto provider: give one to `TlsParameters::crypto_provider(..)`, \
               or turn on the feature `aws-lc-rs` or `ring`";
    BuildProblem::new(
        "TlsParameters::crypto_provider",
        BuildProblemKind::Unsupported,
        why,
    )
}

/// The provider that is compiled in. All connectors share it.
fn compiled_in() -> Option<Arc<CryptoProvider>> {
    static PROVIDER: LazyLock<Option<Arc<CryptoProvider>>> =
        LazyLock::new(|| default_provider().map(Arc::new));
    PROVIDER.clone()
}

#[cfg(feature = "aws-lc-rs")]
fn default_provider() -> Option<CryptoProvider> {
    Some(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn default_provider() -> Option<CryptoProvider> {
    Some(rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn default_provider() -> Option<CryptoProvider> {
    None
}
