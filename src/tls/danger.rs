//! What weakens verification. Only this file can lead to a connection that is not verified.
//!
//! Before reaching for it: a certificate for another name than the one in SNI wants
//! [`expected_name`](crate::connector::CdnOriginBuilder::expected_name), several names want
//! [`VerifyPolicy::expecting_any`], a private CA wants [`Roots::pem`](super::Roots::pem), and a
//! self-signed certificate wants [`VerifyPolicy::pinned`].
//!
//! From the mildest to the last resort; each relaxes one thing, and the connector's
//! [advice](crate::CdnOriginConnector::advice) names it:
//!
//! | call | chain | name | dates | key |
//! |---|---|---|---|---|
//! | [`accept_expired`] | checked | checked | with a grace | |
//! | [`ignore_names`] | checked | | checked | |
//! | [`accept_any_certificate`] | | | | |

use std::time::Duration;

use super::{VerifyPolicy, policy::Grace};

/// Accepts a chain that was valid at some moment of the last `grace`: for an origin whose renewal
/// is late. Everything else is checked as before.
///
/// It needs a policy with [`Roots`](super::Roots), and cannot be combined with lists of revoked
/// certificates whose own expiry is enforced.
///
/// ```
/// use std::time::Duration;
/// use cdn_origin::tls::{VerifyPolicy, danger};
///
/// let policy = danger::accept_expired(VerifyPolicy::native_roots(), Duration::from_secs(7 * 24 * 3600));
/// ```
pub fn accept_expired(policy: VerifyPolicy, grace: Duration) -> VerifyPolicy {
    policy.with_grace(Grace {
        length: grace,
        _fence: Unverified(()),
    })
}

/// Looks at no name: whoever has a certificate of a trusted root is the origin. With public roots
/// that is anybody, so use it with roots of your own.
pub fn ignore_names(policy: VerifyPolicy) -> VerifyPolicy {
    policy.without_names(Unverified(()))
}

/// Accepts any certificate, from anyone on the network path. What HAProxy calls `verify none`.
///
/// Whoever can redirect the traffic can read and change it. The connector's
/// [advice](crate::CdnOriginConnector::advice) says so.
pub fn accept_any_certificate() -> VerifyPolicy {
    VerifyPolicy::anybody(Unverified(()))
}

/// The proof that a policy came through this module: nobody else can make one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unverified(());
