//! Verification of the origin's certificate: policy, roots, names, pins, revocation.

// | file | what it holds |
// |---|---|
// | `verify_policy` | how the certificate of the origin is verified |
// | `certificate_verifier` | verifies it: chain, name and pins |
// | `chain_verifier`, `bounded_chain` | verifies the chain, within a bound of work |
// | `roots`, `loaded_roots`, `root_cache` | trusted roots: the setting, as read, and shared |
// | `crls` | revocation lists |
// | `san_matcher`, `pin` | names and keys that are accepted |
// | `self_signed` | recognises a self-signed certificate |
// | `contradictions` | settings that exclude each other |
// | `danger/` | calls that weaken verification |

mod bounded_chain;
mod certificate_verifier;
mod chain_verifier;
mod contradictions;
mod crls;
pub mod danger;
mod loaded_roots;
mod pin;
mod root_cache;
mod roots;
mod san_matcher;
mod self_signed;
mod verify_policy;

pub use crls::Crls;
pub use pin::{CertificatePin, SpkiPin};
pub use roots::Roots;
pub use san_matcher::SanMatcher;
pub use verify_policy::VerifyPolicy;

pub(crate) use root_cache::Reread;
// Read back by `config`.
#[cfg(feature = "serde")]
pub(crate) use {
    crls::{CrlDepth, CrlExpiry, CrlSource, UnknownStatus},
    roots::RootsSource,
    san_matcher::SanKind,
    verify_policy::{NameCheck, TrustAnchor},
};

pub(super) use certificate_verifier::OriginVerifier;
pub(super) use chain_verifier::ChainVerifier;
