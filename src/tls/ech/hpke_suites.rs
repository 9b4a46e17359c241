//! The HPKE suites that Encrypted ClientHello can use. Of rustls' crypto, only aws-lc-rs has some.

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs::hpke;
use rustls::crypto::hpke::Hpke;

use crate::tls::parameters::Fips;

/// The suites that may be used. The first is the one that most web clients use.
pub(super) fn approved(fips: Fips) -> Vec<&'static dyn Hpke> {
    let approved = |suite: &&dyn Hpke| fips == Fips::NotRequired || suite.fips();
    all().filter(approved).collect()
}

#[cfg(feature = "aws-lc-rs")]
fn all() -> impl Iterator<Item = &'static dyn Hpke> {
    let usual: &dyn Hpke = hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
    std::iter::once(usual).chain(hpke::ALL_SUPPORTED_SUITES.iter().copied())
}

#[cfg(not(feature = "aws-lc-rs"))]
fn all() -> impl Iterator<Item = &'static dyn Hpke> {
    std::iter::empty()
}
