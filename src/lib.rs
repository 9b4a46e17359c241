//! An upstream connector and a reverse proxy for CDNs and similar origins.
//!
//! In this documentation, the **origin** is the server that the proxy connects to. With a CDN, that
//! is the CDN's **edge**, not the server behind it.
//!
//! Does CloudFront answer with **"sslv3 alert handshake failure"**? Do you get a 403, 421 or 503
//! without a reason? A proxy in front of a CDN has to get four names right, and their settings are
//! often separate directives:
//!
//! | name | in nginx, HAProxy | here |
//! |---|---|---|
//! | **dial**: the host that TCP connects to | `proxy_pass`, `server` | the URL, [`dial`] |
//! | **SNI**: the name in the ClientHello | `proxy_ssl_name`, `sni` | [`sni`] |
//! | **expected**: the certificate's name | `proxy_ssl_name`, `verifyhost` | [`expected_name`] |
//! | **Host**: the name in the request | `proxy_set_header`, `set-header` | [`host`] |
//!
//! The four may differ, but the edge serves a request only if it knows the names that it receives.
//! If one is wrong, it refuses the connection or the request, often without naming the reason.
//!
//! This crate keeps the four names in one value with one set of defaults. When a request still
//! fails, the error **ranks the likely causes, and gives the builder call that fixes a wrong
//! name**.
//!
#![doc = include_str!("guide/four-names.svg")]
//!
//! ```
//! use axum::{Router, routing::get};
//! use cdn_origin::{CdnOriginConnector, OriginProxy};
//!
//! fn app() -> Result<Router, cdn_origin::BuildError> {
//!     // Dials CloudFront. SNI, the expected name and Host are www.example.com.
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .sni("www.example.com")
//!         .build()?;
//!     Ok(Router::new()
//!         .route("/healthz", get(|| async { "ok" }))
//!         .fallback_service(OriginProxy::new(connector)))
//! }
//! ```
//!
//! If all four names are the same, one URL is enough:
//! `CdnOriginConnector::builder("https://www.example.com").build()?` dials that host, sends it in
//! SNI and Host, speaks TLS 1.2 or 1.3, and verifies the certificate against the system's roots.
//! Every step has a timeout.
//!
//! An explicit SNI also sets the expected name and Host. To give one of them another name, call
//! [`expected_name`] or [`host`].
//!
//! # Three ways to use it
//!
//! * **As a connector.** [`CdnOriginConnector`] is a `tower::Service<Uri>` for hyper-util's client,
//!   for a tonic channel or for a bare `oneshot`. See [`connector`]. [`adapt`] connects reqwest,
//!   tokio-tungstenite and Pingora.
//! * **As layers** on any tower stack. [`HostRewriteLayer`] rewrites the Host. [`ForwardedLayer`]
//!   sends the client's address, host and scheme to the origin. [`ResponseRewriteLayer`] replaces
//!   the origin's host in redirects and cookies with the client's. See [`host_rewrite`],
//!   [`forwarded`] and [`response_rewrite`]. The types of their services have no names: if a
//!   struct field needs one, write `<HostRewriteLayer as tower::Layer<S>>::Service`.
//! * **As a whole proxy.** [`OriginProxy`] is a `Service` for `Router::fallback_service`. Its error
//!   type is `Infallible`: failures become responses. See [`proxy`]. An
//!   [`OriginGroup`](group::OriginGroup) of several origins balances requests, checks the health of
//!   its members, and fails over.
//!
//! # When it does not work
//!
//! A CloudFront distribution with its own certificate may refuse its `cloudfront.net` name. The
//! report then gives the name to send:
//!
//! ```text
//! TLS handshake with d1234567890.cloudfront.net:443 failed: origin sent alert 40
//! (handshake_failure); SNI sent: d1234567890.cloudfront.net
//!
//!   dialled    d1234567890.cloudfront.net:443
//!   SNI        d1234567890.cloudfront.net
//!   expected   d1234567890.cloudfront.net
//!   Host       www.example.com (configured)
//!   offered    TLS 1.2 to TLS 1.3; ALPN h2, http/1.1
//!   caused by  received fatal alert: HandshakeFailure
//!
//! likely: the edge does not serve d1234567890.cloudfront.net, the name in SNI
//!   seen: the SNI sent, the alert
//!   fix: .sni("www.example.com"), or another name that the edge serves
//!   to confirm: cdn_origin::probe(&connector).await? tries the other names
//!
//! possible: the origin supports none of the offered cipher suites or groups: its
//! suites may all use CBC or CCM, or its only curve may be P-521
//!   seen: the alert
//!   to confirm: cdn_origin::probe(&connector).await? tries other versions and
//!               protocols, and plain http
//! ```
//!
//! [`Error::report`] returns this text, and [`Error::diagnosis`] returns the same causes as data.
//! [`guide::reading_errors`] explains every part.
//!
//! To find the cause of a refusal before you write any code, run the [probe](mod@probe). It sends
//! at most 19 requests, each a `GET /`, and begins none after 60 s:
//!
//! ```text
//! cargo install cdn-origin --features cli
//! cdn-origin-probe https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! # Guide
//!
//! * New here: [the four names](guide::four_names), [recipes](guide::cookbook),
//!   [adapters](guide::choosing_an_adapter), and
//!   [which crate or server to choose](guide::comparison)
//! * A request fails: [reading errors](guide::reading_errors), [failures that others
//!   reported](guide::field_cases), [faults on the wire](guide::faults)
//! * In production: [a checklist](guide::production), [all settings](guide::settings),
//!   [timeouts](guide::timeouts), [load](guide::load), [security](guide::security),
//!   [observability](guide::observability), [TLS settings](guide::tls_knobs)
//! * From another proxy: [nginx](guide::from_nginx), [HAProxy](guide::from_haproxy),
//!   [Envoy](guide::from_envoy), [Caddy](guide::from_caddy)
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `aws-lc-rs` | yes | the crypto provider aws-lc-rs |
//! | `axum` | yes | [`OriginProxy`] reads the client's address from the `ConnectInfo` of axum 0.8 |
//! | `bundled-roots` | | `Roots::bundled()`: Mozilla's root certificates, compiled in |
//! | `certificate-compression` | | certificates compressed with brotli or zlib (RFC 8879) |
//! | `cli` | | the program `cdn-origin-probe`, for `cargo install`: see [`probe`](mod@probe) |
//! | `ech` | | Encrypted ClientHello (RFC 9849); needs `aws-lc-rs`, uses internals of rustls |
//! | `hickory` | | [`dial`](mod@dial): `HickoryResolver`, which queries name servers directly |
//! | `idna` | | international host names in their Unicode form |
//! | `import` | | [`import`]: configurations and builder code from files of other proxies |
//! | `metrics` | | `MetricsObserver`, which counts through the facade of the crate `metrics` |
//! | `platform-verifier` | | `VerifyPolicy::platform()`: the operating system's own verifier |
//! | `reqwest` | | [`adapt`]: a client of reqwest 0.13 for the connector's origin |
//! | `ring` | | the crypto provider ring, used where `aws-lc-rs` is off |
//! | `serde` | | [`config`]: origins, groups and tenants from configuration files, with reload |
//! | `tonic` | | [`adapt`]: a channel of tonic 0.14 over a connector |
//! | `tungstenite` | | [`adapt`]: a WebSocket of tokio-tungstenite 0.30 over a connection |
//!
//! All features can be combined. If neither the builder nor the process sets a crypto provider, the
//! crate uses aws-lc-rs if that feature is on, and ring otherwise.
//!
//! The rustls that [`tls`] re-exports is part of the public API: a new 0.x release of rustls is a
//! breaking change here too.
//!
//! [`dial`]: connector::CdnOriginBuilder::dial
//! [`sni`]: connector::CdnOriginBuilder::sni
//! [`expected_name`]: connector::CdnOriginBuilder::expected_name
//! [`host`]: connector::CdnOriginBuilder::host

#![cfg_attr(cdn_origin_docsrs, feature(doc_cfg))]

mod field_lines;
mod invalid_value;
pub mod name;

mod edge;
pub mod origin;

pub mod downstream;
pub mod error;

pub mod dial;
pub mod tls;

pub mod diagnosis;
mod upload;

pub mod trace_context;

pub mod observe;

pub mod connector;

pub mod forwarded;
pub mod host_rewrite;
mod http1;
mod http2;
pub mod pool;
pub mod response_diagnosis;
pub mod response_rewrite;

pub mod probe;
pub mod proxy;

pub mod group;
pub mod tenants;

pub mod access_log;
#[cfg(feature = "serde")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "serde")))]
pub mod config;
#[cfg(feature = "import")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "import")))]
pub mod import;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod server_timing;

pub mod adapt;

pub mod guide;

pub use connector::CdnOriginConnector;
pub use error::{BuildError, Error, ErrorKind, TlsVersion};
pub use forwarded::ForwardedLayer;
pub use host_rewrite::HostRewriteLayer;
pub use probe::probe;
pub use proxy::OriginProxy;
pub use response_rewrite::ResponseRewriteLayer;
pub use tls::{Alpn, Roots, SpkiPin, VerifyPolicy};
