//! Replaces the origin's names by the client's in redirects and cookies.
//!
//! An origin that receives its own Host puts its own name into responses. A client that follows
//! such a redirect leaves the proxy, and a browser refuses a cookie for such a domain.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, response_rewrite::ResponseRewriteLayer};
//! use http::{Request, Response, header::LOCATION};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let connector = CdnOriginConnector::builder("http://origin.example:8080").build()?;
//! let origin = connector.origin().expect("the builder was given a URL");
//! let service = ServiceBuilder::new()
//!     .layer(ResponseRewriteLayer::new().origin(origin))
//!     .service(tower::service_fn(|_: Request<()>| async {
//!         Response::builder().header(LOCATION, "http://origin.example:8080/login?next=/").body(())
//!     }));
//!
//! let request = Request::get("/").header("host", "www.example.com").body(())?;
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.headers()[LOCATION], "http://www.example.com/login?next=/");
//! # Ok::<_, tower::BoxError>(())
//! # })?;
//! # Ok::<(), tower::BoxError>(())
//! ```
//!
//! # What is rewritten
//!
//! | field | change |
//! |---|---|
//! | `Location`, `Content-Location`, `Refresh` | scheme and authority become the client's |
//! | `Set-Cookie` | a `Domain` of the origin is removed: the cookie belongs to the client's host |
//! | `Alt-Svc` | removed, because it leads clients around the proxy |
//!
//! Paths in all of these stay as they are, unless [`map_path`](ResponseRewriteLayer::map_path)
//! replaces a prefix.
//!
//! Everything else passes byte for byte: bodies, relative references, URLs of other hosts, URLs
//! with user information, and values that cannot be parsed. A path keeps its prefix if a browser
//! would read the result as a host (`//host`, also with tabs in it).
//!
//! # Which names belong to the origin
//!
//! The Host that is sent, the host of the URL, and the dialled host if it is a DNS name, each at
//! its own port. A name without a port covers ports 80 and 443. A Host without a port also covers
//! the dialled port, which servers such as nginx put into their redirects.
//!
//! The SNI is not among them unless it equals one of these. If the client's Host is preserved, SNI
//! is often the name of a public site, and a redirect to that site is intended.
//!
//! A URL at the client's own authority stays as it is. This keeps redirects from `http` to `https`
//! intact if the Host is preserved.
//!
//! # Redirects from http to https
//!
//! A client on `http` is sent to `https` in two cases: the origin speaks plain `http` itself, or
//! the URL has the path and query that the client requested. The rewritten URL then has the
//! client's host without a port. In all other cases it gets the client's scheme.
//!
//! # Cookies
//!
//! A `Domain` is the origin's if a name of the origin domain-matches it and the client's host does
//! not (RFC 6265 section 5.1.3). A cookie whose name starts with `__Host-` is bound to one host and
//! the path `/`, and passes as it is.
//!
//! # Deployment caveats
//!
//! * Clients choose the Host that is written into the response. Refuse unknown Hosts in front of
//!   this layer, especially if there is a cache.
//! * Place the layer outside of [`HostRewriteLayer`](crate::HostRewriteLayer), so that it sees the
//!   Host that the client sent.
//! * The client's scheme is `http` unless a
//!   [`ClientConnection`](crate::downstream::ClientConnection) in the request's extensions or
//!   [`client_scheme`](ResponseRewriteLayer::client_scheme) sets another.

// | file | what it holds |
// |---|---|
// | `layer`, `service`, `future` | the tower layer |
// | `rewrite_rules` | what the calls of the layer set |
// | `rewrite_context` | the names of the origin and the client in one exchange |
// | `rewrite_fields` | which fields are rewritten, and by which rule |
// | `rewrite_url`, `rewrite_cookie`, `path_prefix` | rewrites one URL, cookie or path |

mod future;
mod layer;
mod path_prefix;
mod rewrite_context;
mod rewrite_cookie;
mod rewrite_fields;
mod rewrite_rules;
mod rewrite_url;
mod service;

pub use layer::ResponseRewriteLayer;
pub use path_prefix::PathPrefix;

pub(crate) use path_prefix::PathMap;
pub(crate) use rewrite_context::SentTarget;
