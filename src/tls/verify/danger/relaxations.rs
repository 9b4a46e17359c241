//! The calls that relax one check of a policy each.

use std::time::Duration;

use crate::tls::{VerifyPolicy, verify::verify_policy::ExpiryGrace};

use super::unverified::Unverified;

/// Accepts a chain that was valid at some moment of the last `grace`.
///
/// For an origin whose renewal is late. Issuer, name, key and revocation are checked as before.
///
/// The policy must have [`Roots`](crate::Roots). [`Crls`](crate::tls::Crls) whose own expiry is
/// enforced cannot be combined with it. Otherwise the connector's `build()` fails with
/// [`Contradiction`](crate::error::BuildProblemKind::Contradiction).
///
/// ```
/// use std::time::Duration;
/// use cdn_origin::tls::{VerifyPolicy, danger};
///
/// let week = Duration::from_secs(7 * 24 * 3600);
/// let policy = danger::accept_expired(VerifyPolicy::native_roots(), week);
/// ```
pub fn accept_expired(policy: VerifyPolicy, grace: Duration) -> VerifyPolicy {
    policy.with_grace(ExpiryGrace::new(grace, Unverified::proof()))
}

/// Checks the chain but no name in the certificate.
///
/// Any holder of a certificate from a trusted root can pose as the origin. With public roots that
/// is anyone on the internet, so use it with private [`Roots`](crate::Roots) only.
///
/// ```
/// use cdn_origin::tls::{Roots, VerifyPolicy, danger};
///
/// let company = VerifyPolicy::roots(Roots::pem_file("/etc/pki/company.pem"));
/// let policy = danger::ignore_names(company);
/// ```
pub fn ignore_names(policy: VerifyPolicy) -> VerifyPolicy {
    policy.without_names(Unverified::proof())
}

/// Accepts any certificate from anyone on the network path, like HAProxy's `verify none`.
///
/// An attacker who can redirect the traffic can read and change it. Where the origin's key is
/// known, [`VerifyPolicy::pinned`] is as easy and safe.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, tls::danger};
///
/// let connector = CdnOriginConnector::builder("https://staging.example.com")
///     .verify(danger::accept_any_certificate())
///     .build()?;
/// assert!(!connector.advice().is_empty());
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
pub fn accept_any_certificate() -> VerifyPolicy {
    VerifyPolicy::anyone(Unverified::proof())
}
