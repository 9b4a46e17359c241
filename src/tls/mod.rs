//! TLS to the origin: versions, verification, client certificates, handshake.
//!
//! * A [`VerifyPolicy`] sets how the origin's certificate is verified: by [`Roots`], by pins
//!   ([`SpkiPin`], [`CertificatePin`]), with revocation lists ([`Crls`]).
//! * The *name* that the certificate must be valid for is one of the four names, and so a call on
//!   the builder: [`expected_name`]. A policy may list [several](VerifyPolicy::expecting_any).
//! * [`danger`] weakens verification. Nothing outside that module can.
//! * A [`ClientIdentity`] is the certificate that the connector presents (mutual TLS).
//! * [`Alpn`] and [`TlsVersion`] restrict the offered protocols and versions.
//!
//! [Reload](crate::CdnOriginConnector::reload) replaces policy and identity of a running connector.
//! The guide lists [every TLS setting](crate::guide::tls_knobs).
//!
//! ```
//! use cdn_origin::tls::{Roots, SpkiPin, VerifyPolicy};
//!
//! # let company_ca_pem = b"";
//! // Trust the roots of the system and one more.
//! let policy = VerifyPolicy::roots(Roots::native().and(Roots::pem(company_ca_pem)));
//! // Also demand this key.
//! let policy = policy.and_pin(SpkiPin::sha256([0x2a; 32]));
//! ```
//!
//! [`expected_name`]: crate::connector::CdnOriginBuilder::expected_name

mod alpn;
mod certificate_files;
mod client;
mod client_identity;
mod crypto_selection;
mod early_data;
mod ech;
mod handshake;
mod iana;
mod io;
mod parameters;
mod provider;
mod resumption;
mod server_name;
mod session_store;
mod settings;
mod verify;
mod versions;

pub use rustls;

pub use crate::error::TlsVersion;
pub use alpn::Alpn;
pub use client_identity::ClientIdentity;
#[cfg(feature = "ech")]
pub use ech::Ech;
pub use parameters::TlsParameters;
pub use verify::{
    CertificatePin, Crls, PinError, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger,
};

pub(crate) use certificate_files::FileFingerprint;
pub(crate) use client::TlsClient;
pub(crate) use early_data::EarlyRequests;
pub(crate) use ech::HelloPlan;
pub(crate) use handshake::{Handshake, HandshakeFailure, TlsFailure, explain, named};
pub(crate) use io::RecordingIo;
pub(crate) use resumption::Resumption;
pub(crate) use settings::TlsSettings;
pub(crate) use verify::Reread;
