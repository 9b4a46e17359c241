//! The choice of the crypto provider.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::error::{BuildProblem, BuildProblemKind};

/// The given provider, else the process's default, else the one compiled in.
pub(super) fn choose(
    given: Option<Arc<CryptoProvider>>,
) -> Result<Arc<CryptoProvider>, BuildProblem> {
    given
        .or_else(|| CryptoProvider::get_default().cloned())
        .or_else(|| compiled_in().map(Arc::new))
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

#[cfg(feature = "aws-lc-rs")]
fn compiled_in() -> Option<CryptoProvider> {
    Some(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn compiled_in() -> Option<CryptoProvider> {
    Some(rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn compiled_in() -> Option<CryptoProvider> {
    None
}
