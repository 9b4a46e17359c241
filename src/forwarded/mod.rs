//! Tells an origin who the client is: `X-Forwarded-For` and its kin, and `Forwarded` ([RFC 7239]).
//!
//! ```
//! use std::net::Ipv4Addr;
//!
//! use cdn_origin::{downstream::ClientConnection, forwarded::ForwardedLayer, origin::Scheme};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let origin = tower::service_fn(|request: http::Request<()>| async move {
//!     Ok::<_, std::io::Error>(request.headers()["x-forwarded-for"].clone())
//! });
//! let service = ServiceBuilder::new().layer(ForwardedLayer::new()).service(origin);
//!
//! let client = ClientConnection::new(Ipv4Addr::new(203, 0, 113, 7), Scheme::Https);
//! let request = http::Request::get("/")
//!     .header("host", "www.example.com")
//!     .header("x-forwarded-for", "127.0.0.1") // forged
//!     .extension(client)
//!     .body(())?;
//! assert_eq!(service.oneshot(request).await?, "203.0.113.7");
//! # Ok::<_, tower::BoxError>(())
//! # })?;
//! # Ok::<(), tower::BoxError>(())
//! ```
//!
//! # Whom to believe
//!
//! The peer is whoever opened the connection that the request came in on. By default no peer is
//! trusted: what it claims is replaced by what is known of its connection, so nobody can speak in
//! another's name.
//!
//! A load balancer or a CDN in front of you is named in [`trust`](ForwardedLayer::trust). Its chain
//! of addresses and the scheme that it claims are kept, and its address is appended to the chain.
//! The client's address is then the rightmost one of the chain that is not trusted itself: what
//! stands further left is only what that client said. If an entry on the way there is not an
//! address, the client's address is unknown.
//!
//! ```
//! use cdn_origin::forwarded::{ForwardedLayer, IpNet};
//!
//! let balancers: IpNet = "10.0.0.0/8".parse()?;
//! let layer = ForwardedLayer::new().trust([balancers]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `X-Forwarded-Host` and `-Port` are another matter: many balancers write neither, and pass on
//! what their clients sent. The Host and the port of the request itself count, unless
//! [`believe_host`](ForwardedLayer::believe_host) and
//! [`believe_port`](ForwardedLayer::believe_port) say otherwise, for peers that are known to write
//! or to remove them.
//!
//! # What is written
//!
//! | field | value | default |
//! |---|---|---|
//! | `X-Forwarded-For` | a trusted peer's chain, and the peer | written |
//! | `X-Forwarded-Host` | the Host as the client spelled it | written |
//! | `X-Forwarded-Proto` | `http` or `https` | written |
//! | `X-Real-IP` | the client's address | written |
//! | `X-Forwarded-Port` | the port of the client's URL, as Host and scheme have it | removed |
//! | `Forwarded` | the same in one field, made from the same chain | removed |
//!
//! Each is one line. A field that is not written, or whose value is not known, is removed, and so
//! is every name that CGI and its kin take for one of these because they read `_` as `-`
//! (`x_forwarded_for`, [RFC 3875 section 4.1.18]). What is believed of a trusted peer is kept where
//! it is one valid value. Its `Forwarded` is not read: a balancer that writes only
//! `X-Forwarded-For` would pass on a forged one.
//!
//! The chain keeps at most [`longest_chain`](ForwardedLayer::longest_chain) bytes, and ends at an
//! entry that is neither an address, `unknown` nor an obfuscated identifier such as `_hidden` ([RFC
//! 7239 section 6]). Entries are dropped from the left: on the right stand those that somebody
//! trusted has seen.
//!
//! # Where the peer's address comes from
//!
//! From a [`ClientConnection`](crate::downstream::ClientConnection) in the request's extensions, or
//! from axum's `ConnectInfo` (feature `axum`). If there is neither, the peer is not trusted, and
//! the fields that would claim an address are removed.
//!
//! [RFC 3875 section 4.1.18]: https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18
//! [RFC 7239]: https://www.rfc-editor.org/rfc/rfc7239
//! [RFC 7239 section 6]: https://www.rfc-editor.org/rfc/rfc7239#section-6

mod chain;
mod claims;
mod field;
mod layer;
mod rule;
mod service;
mod values;

pub use field::ForwardedField;
pub use ipnet::IpNet;
pub use layer::{ForwardedLayer, TrustedClaims};
pub use service::Forwarded;

pub(crate) use claims::is_claim;
