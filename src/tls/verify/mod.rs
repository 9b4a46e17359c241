//! Verification of the origin's certificate: policy, roots, names, pins, revocation.

mod chain_verifier;
mod contradictions;
mod crls;
pub mod danger;
mod pin;
mod policy;
mod roots;
mod san;
mod self_signed;
mod verifier;

pub use crls::Crls;
pub use pin::{CertificatePin, PinError, SpkiPin};
pub use policy::VerifyPolicy;
pub use roots::Roots;
pub use san::SanMatcher;

pub(super) use chain_verifier::ChainVerifier;
pub(super) use verifier::OriginVerifier;
