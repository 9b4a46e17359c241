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
mod client;
mod early_data;
mod ech;
mod file_fingerprint;
mod handshake;
mod iana;
mod identity;
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
#[cfg(feature = "ech")]
pub use ech::Ech;
pub use identity::ClientIdentity;
pub use verify::{
    CertificatePin, Crls, PinError, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger,
};

pub(crate) use client::TlsClient;
pub(crate) use early_data::EarlyRequests;
pub(crate) use ech::HelloPlan;
pub(crate) use file_fingerprint::FileFingerprint;
pub(crate) use handshake::{Handshake, HandshakeFailure, explain};
pub(crate) use io::RecordingIo;
#[cfg(feature = "certificate-compression")]
pub(crate) use parameters::Compression;
pub(crate) use parameters::{Fips, MasterSecret, Parameters};
pub(crate) use resumption::Resumption;
pub(crate) use settings::TlsSettings;
