//! Calls that relax certificate verification. Outside of this module, only a pin replaces checks.
//!
//! Most setups that seem to need one of them have a safe alternative:
//!
//! * The certificate is valid for another name than the one in SNI: set
//!   [`expected_name`](crate::connector::CdnOriginBuilder::expected_name).
//! * Several names are acceptable: use
//!   [`VerifyPolicy::expecting_any`](crate::VerifyPolicy::expecting_any).
//! * A private CA signed it: use [`Roots::pem`](crate::Roots::pem).
//! * It is self-signed: use [`VerifyPolicy::pinned`](crate::VerifyPolicy::pinned).
//!
//! Each call relaxes one check. The connector's [advice](crate::CdnOriginConnector::advice) names
//! the ones in use. From the mildest to the last resort:
//!
//! | call | chain | name | dates |
//! |---|---|---|---|
//! | [`accept_expired`] | checked | checked | with a grace period |
//! | [`ignore_names`] | checked | not checked | checked |
//! | [`accept_any_certificate`] | not checked | not checked | not checked |
//!
//! In every case the peer must prove that it holds the key of the certificate it presents.
//!
//! ```
//! use std::time::Duration;
//! use cdn_origin::tls::{Roots, VerifyPolicy, danger};
//!
//! # let company_ca_pem = b"";
//! let policy = VerifyPolicy::roots(Roots::pem(company_ca_pem));
//! // Accept a certificate of the company's CA for one week after it has expired.
//! let policy = danger::accept_expired(policy, Duration::from_secs(7 * 24 * 3600));
//! ```

mod relaxations;
pub(super) mod unverified;

pub use relaxations::{accept_any_certificate, accept_expired, ignore_names};
