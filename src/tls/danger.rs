//! What weakens verification. Only this file can lead to a connection that is not verified.
//!
//! Before reaching for it: a certificate for another name than the one in SNI wants
//! [`expected_name`](crate::connector::CdnOriginBuilder::expected_name), a private CA wants [`Roots::pem`](super::Roots::pem), and a
//! self-signed certificate wants [`VerifyPolicy::pinned`].

use super::VerifyPolicy;

/// Accepts any certificate, from anyone on the network path. What HAProxy calls `verify none`.
///
/// Whoever can redirect the traffic can read and change it. The connector's [advice](crate::CdnOriginConnector::advice) says so.
pub fn accept_any_certificate() -> VerifyPolicy {
    VerifyPolicy::anybody(Unverified(()))
}

/// The proof that a policy came through this module: nobody else can make one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unverified(());
