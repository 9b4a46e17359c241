//! A tower layer that writes `X-Forwarded-For` and similar fields, and `Forwarded` ([RFC 7239]).
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
//! # Trusted peers
//!
//! The peer is the host that opened the client's connection. By default, no peer is trusted: the
//! layer replaces the peer's forwarded fields with the facts of its connection, so that no client
//! can forge another's address.
//!
//! Pass the networks of load balancers and CDNs in front of the proxy to
//! [`trust`](ForwardedLayer::trust). The chain and the scheme of a trusted peer are kept, and its
//! address is appended to the chain.
//!
//! The client's address is then the rightmost address in the chain that is not trusted. The entries
//! to its left are unreliable, because that client sent them. If an entry to its right is not an
//! address, the client's address is unknown.
//!
//! ```
//! use cdn_origin::forwarded::{ForwardedLayer, IpNet};
//!
//! let balancers: IpNet = "10.0.0.0/8".parse()?;
//! let layer = ForwardedLayer::new().trust([balancers]);
//! # drop(layer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `trust` does not cover `X-Forwarded-Host` and `-Port`, because many load balancers forward what
//! their clients sent. The layer uses the host and port of the request itself, unless
//! [`trust_host`](ForwardedLayer::trust_host) and [`trust_port`](ForwardedLayer::trust_port) are
//! called for peers that write or remove these fields.
//!
//! # Written fields
//!
//! | field | value | default |
//! |---|---|---|
//! | `X-Forwarded-For` | the chain of a trusted peer, and the peer | written |
//! | `X-Forwarded-Host` | the client's Host, unchanged | written |
//! | `X-Forwarded-Proto` | `http` or `https` | written |
//! | `X-Real-IP` | the client's address | written |
//! | `X-Forwarded-Port` | the port of Host, or the default of the scheme | removed |
//! | `Forwarded` | chain, Host and scheme in one field | removed |
//!
//! Each field is written as one line. A field that is not written, or whose value is unknown, is
//! removed. So are aliases with another character in place of `-`, such as `x_forwarded_for` and
//! `x.forwarded.for`: CGI and PHP applications read them as the same name ([RFC 3875 section
//! 4.1.18]).
//!
//! A field of a trusted peer is kept if it has one valid value. The layer never reads `Forwarded`,
//! even of a trusted peer: a load balancer that writes only `X-Forwarded-For` would pass on a
//! forged `Forwarded`.
//!
//! The chain has at most [`max_chain`](ForwardedLayer::max_chain) bytes. It ends at an entry that
//! is neither an address, nor `unknown`, nor an obfuscated identifier such as `_hidden` ([RFC 7239
//! section 6]). Entries are dropped from the left, because trusted proxies wrote those on the
//! right.
//!
//! # The peer's address
//!
//! The peer's address comes from a [`ClientConnection`](crate::downstream::ClientConnection) in the
//! request's extensions, or from axum's `ConnectInfo` (feature `axum`). Without either, the peer is
//! not trusted, and the fields that would contain an address are removed.
//!
//! [RFC 3875 section 4.1.18]: https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18
//! [RFC 7239]: https://www.rfc-editor.org/rfc/rfc7239
//! [RFC 7239 section 6]: https://www.rfc-editor.org/rfc/rfc7239#section-6

// | file | what it holds |
// |---|---|
// | `layer`, `service` | the layer, its settings, and its service |
// | `field` | which fields there are |
// | `find_fields` | finds these fields, and their aliases, in a request |
// | `parse_chain` | parses the chain of addresses that a peer sent |
// | `replace_fields` | decides what is kept, appended and written |
// | `format_values` | the text of each field |

mod field;
mod find_fields;
mod format_values;
mod layer;
mod parse_chain;
mod replace_fields;
mod service;

pub use field::ForwardedField;
pub use ipnet::IpNet;
pub use layer::ForwardedLayer;

pub(crate) use find_fields::{ForwardedFields, is_forwarded_field, may_be_forwarded_field};
