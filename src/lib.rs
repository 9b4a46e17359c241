//! An origin-aware upstream connector: for proxies that have to talk to a CDN.
//!
//! A proxy in front of a CDN has to get **four names** right, and they are usually configured in
//! four unrelated places:
//!
//! | name | what it is | nginx | HAProxy | here |
//! |---|---|---|---|---|
//! | **dial** | host and port that TCP connects to | `proxy_pass` | `server` | the URL, [`dial`] |
//! | **SNI** | the name sent in the TLS ClientHello | `proxy_ssl_name` | `sni` | [`sni`] |
//! | **expected name** | the name that the certificate must be valid for | `proxy_ssl_name` | `verifyhost` | [`expected_name`] |
//! | **Host** | the authority of the HTTP request | `proxy_set_header Host` | `set-header Host` | [`host`] |
//!
//! When two of them disagree, the edge answers with a 400, a 403, a 421, a closed connection or
//! "sslv3 alert handshake failure", and nobody says why. Here the four are one value with one set
//! of defaults. If a connection still fails, the error says **which name was wrong and which
//! builder call mends it**.
//!
//! ```
//! use axum::{Router, routing::get};
//! use cdn_origin::{CdnOriginConnector, OriginProxy};
//!
//! fn app() -> Result<Router, cdn_origin::BuildError> {
//!     // Dial CloudFront; say www.example.com in SNI and in Host, and expect it in the certificate.
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .sni("www.example.com")
//!         .build()?;
//!     Ok(Router::new()
//!         .route("/healthz", get(|| async { "ok" }))
//!         .fallback_service(OriginProxy::new(connector)))
//! }
//! ```
//!
//! One name is enough: `CdnOriginConnector::builder("https://www.example.com").build()?` dials that
//! host, says it in SNI and Host, speaks TLS 1.2 or 1.3, verifies the certificate against the
//! system's roots, and every step has a deadline.
//!
//! # Three ways to use it
//!
//! * **As a connector**: [`CdnOriginConnector`] is a `tower::Service<Uri>` for hyper-util's client,
//!   a tonic channel, or a bare `oneshot`. See [`connector`].
//! * **As layers** on any tower stack: [`HostRewriteLayer`] rewrites the Host, [`ForwardedLayer`]
//!   says who the client is, and [`ResponseRewriteLayer`] puts the client's name into redirects and
//!   cookies. See [`host_rewrite`], [`forwarded`] and [`response_rewrite`].
//! * **As a whole proxy**: [`OriginProxy`] is a `Service` that never fails, for
//!   `Router::fallback_service`. See [`proxy`].
//!
//! # When it does not work
//!
//! ```text
//! the TLS handshake with d1234567890.cloudfront.net:443 failed: the origin sent
//! alert 40 (handshake_failure); SNI sent: d1234567890.cloudfront.net
//!
//!   dialled    d1234567890.cloudfront.net:443
//!   SNI        d1234567890.cloudfront.net
//!   expected   d1234567890.cloudfront.net
//!   Host       www.example.com
//!   offered    TLS 1.2 to TLS 1.3; ALPN h2, http/1.1
//!   beneath    received fatal alert: HandshakeFailure
//!
//! likely: the edge does not serve d1234567890.cloudfront.net, the name sent in SNI
//!   seen: the SNI sent, the alert
//!   fix: .sni("www.example.com")
//!   to be sure: cdn_origin::probe(&connector) tries the other names
//!
//! possible: there is no cipher suite or key exchange group in common
//!   seen: the alert
//!   to be sure: cdn_origin::probe(&connector) tries other versions and protocols,
//!               and plain http
//! ```
//!
//! [`Error::report`] prints this, [`Error::diagnosis`] gives it to code. [`guide::reading_errors`]
//! explains every part.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `aws-lc-rs` | yes | the crypto provider that is used when neither the builder nor the process names one |
//! | `axum` | yes | [`OriginProxy`] finds the client's address in axum's `ConnectInfo` |
//! | `bundled-roots` | | `Roots::bundled()`: Mozilla's root certificates, compiled in |
//! | `certificate-compression` | | `compressed_certificates()`: certificates compressed with brotli or zlib |
//! | `hickory` | | [`dial`](mod@dial): `HickoryResolver`, which asks name servers directly |
//! | `platform-verifier` | | `VerifyPolicy::platform()`: the operating system's own verifier |
//! | `ring` | | ring as the crypto provider where `aws-lc-rs` is off |
//!
//! All features can be combined. The rustls that [`tls`] re-exports is part of the public API: a
//! new 0.x of it is a breaking change here too.
//!
//! [`dial`]: connector::CdnOriginBuilder::dial
//! [`sni`]: connector::CdnOriginBuilder::sni
//! [`expected_name`]: connector::CdnOriginBuilder::expected_name
//! [`host`]: connector::CdnOriginBuilder::host

#![cfg_attr(cdn_origin_docsrs, feature(doc_cfg))]

pub mod name;

pub mod edge;
pub mod origin;

pub mod downstream;
pub mod error;

pub mod dial;
pub mod tls;

pub mod connector;
mod upload;

pub mod diagnosis;
pub mod forwarded;
pub mod host_rewrite;
mod http1;
pub mod pool;
pub mod response_diagnosis;
pub mod response_rewrite;

pub mod probe;
pub mod proxy;

pub mod group;

pub mod guide;

pub use connector::CdnOriginConnector;
pub use error::{BuildError, Error, ErrorKind, TlsVersion};
pub use forwarded::ForwardedLayer;
pub use host_rewrite::HostRewriteLayer;
pub use probe::probe;
pub use proxy::OriginProxy;
pub use response_rewrite::ResponseRewriteLayer;
pub use tls::{Alpn, Roots, SpkiPin, VerifyPolicy};
