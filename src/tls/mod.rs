//! TLS to the origin: versions, verification, client certificates, handshake.
//!
//! * A [`VerifyPolicy`] sets how the origin's certificate is verified: by [`Roots`], by pins
//!   ([`SpkiPin`], [`CertificatePin`]), with revocation lists ([`Crls`]).
//! * The *name* that the certificate must be valid for is one of the four names, and so a call on
//!   the builder: [`expected_name`]. A policy may list [several](VerifyPolicy::expecting_any).
//! * A pin alone replaces the checks of chain, name and dates. Every other call that relaxes
//!   verification is in [`danger`].
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

// | file | what it holds |
// |---|---|
// | `tls_settings`, `loaded_tls` | the TLS settings of a builder, and what was loaded for them |
// | `tls_client` | the TLS client of a connector; whether SNI is sent |
// | `handshake/`, `io/` | runs a handshake, over a stream that records its first bytes |
// | `verify/` | verifies the certificate of the origin |
// | `ech/` | Encrypted ClientHello |
// | `client_identity` | client certificates (mutual TLS) |
// | `read_file`, `file_fingerprint` | reads files with certificates, and notices a change |
// | `session_store`, `resumption`, `early_data` | resumed sessions, and data sent in them |
// | `versions`, `alpn` | what the ClientHello offers |
// | `server_name` | converts names for rustls |
// | `parameters`, `crypto_selection`, `crypto_provider` | cipher suites, groups and schemes |
// | `iana_names` | the IANA names of parameters |

mod alpn;
mod client_identity;
mod crypto_provider;
mod crypto_selection;
mod early_data;
mod ech;
mod file_fingerprint;
mod handshake;
mod iana_names;
mod io;
mod loaded_tls;
mod parameters;
mod read_file;
mod resumption;
mod server_name;
mod session_store;
mod tls_client;
mod tls_settings;
mod verify;
mod versions;

pub use rustls;

pub use crate::error::TlsVersion;
pub use alpn::Alpn;
pub use client_identity::ClientIdentity;
#[cfg(feature = "ech")]
pub use ech::Ech;
pub use parameters::TlsParameters;
pub use verify::{CertificatePin, Crls, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger};

pub(crate) use early_data::EarlyRequests;
pub(crate) use ech::HelloPlan;
pub(crate) use file_fingerprint::FileFingerprint;
pub(crate) use handshake::{
    Handshake, HandshakeFailure, TlsFailure, alert_in_text, explain, named,
};
pub(crate) use io::RecordingIo;
pub(crate) use loaded_tls::LoadedTls;
#[cfg(feature = "serde")]
pub(crate) use read_file::shown as shown_path;
pub(crate) use resumption::Resumption;
pub(crate) use tls_client::TlsClient;
pub(crate) use tls_settings::TlsSettings;
pub(crate) use verify::Reread;
#[cfg(feature = "serde")]
pub(crate) use verify::{
    CrlDepth, CrlExpiry, CrlSource, NameCheck, RootsSource, SanKind, TrustAnchor, UnknownStatus,
};
