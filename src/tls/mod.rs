//! TLS towards the origin: versions, roots, verification, handshake.
//!
//! How a certificate is judged is a [`VerifyPolicy`]; which roots it trusts are [`Roots`]; what
//! weakens the judgement lives in [`danger`] and nowhere else. Which *name* the certificate must be
//! valid for is one of the four names and therefore a call on the builder; a policy may list
//! [several](VerifyPolicy::expecting_any) instead. Who we are to an origin that asks is a
//! [`ClientIdentity`]. Policy and identity can be [reloaded](crate::CdnOriginConnector::reload).
//! The guide has [every knob](crate::guide::tls_knobs).
//!
//! ```
//! use cdn_origin::tls::{Roots, SpkiPin, VerifyPolicy};
//!
//! # let company_ca_pem = b"";
//! // The system's roots and one of our own.
//! let policy = VerifyPolicy::roots(Roots::native().and(Roots::pem(company_ca_pem)));
//! // On top of the chain, the key must be this one.
//! let policy = policy.and_pin(SpkiPin::sha256([0x2a; 32]));
//! ```

mod alpn;
mod asking;
mod beneath;
mod chains;
mod client;
mod config;
mod crls;
pub mod danger;
mod early;
mod ech;
mod ech_config;
mod explain;
mod files;
mod first_bytes;
mod handshake;
mod hello;
mod iana;
mod identity;
mod judge;
mod parameters;
mod pin;
mod policy;
mod provider;
mod read_ahead;
mod rejection;
mod resumption;
mod roots;
mod san;
mod verifier;
mod versions;
mod witness;

pub use rustls;

pub use crate::error::TlsVersion;
pub use alpn::Alpn;
pub use crls::Crls;
pub use ech::Ech;
pub use identity::ClientIdentity;
pub use pin::{CertificatePin, PinError, SpkiPin};
pub use policy::VerifyPolicy;
pub use roots::Roots;
pub use san::SanMatcher;

pub(crate) use beneath::Beneath;
pub(crate) use client::TlsClient;
pub(crate) use config::{TlsFiles, TlsSettings};
pub(crate) use early::EarlyRequests;
pub(crate) use explain::explain;
pub(crate) use handshake::Refusal;
pub(crate) use hello::Hello;
#[cfg(feature = "certificate-compression")]
pub(crate) use parameters::Compression;
pub(crate) use parameters::{Fips, MasterSecret, Parameters};
pub(crate) use resumption::Resumption;
