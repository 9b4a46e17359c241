//! Verification of the origin's certificate: policy, roots, names, pins, revocation.

mod bounded_chain;
mod chain_verifier;
mod contradictions;
mod crls;
pub mod danger;
mod loaded_roots;
mod pin;
mod policy;
mod root_cache;
mod roots;
mod san;
mod self_signed;
mod verifier;

pub use crls::Crls;
pub use pin::{CertificatePin, PinError, SpkiPin};
pub use policy::VerifyPolicy;
pub use roots::Roots;
pub use san::SanMatcher;

pub(crate) use root_cache::Reread;

pub(super) use chain_verifier::ChainVerifier;
pub(super) use verifier::OriginVerifier;
