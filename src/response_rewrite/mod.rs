//! Puts the client's name where a response says the origin's: redirects and cookies.
//!
//! An origin that is told its own Host answers with its own name. A client that follows such a
//! redirect leaves the proxy, and a cookie for such a domain is refused by the browser.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, response_rewrite::ResponseRewriteLayer};
//! use http::{Request, Response, header::LOCATION};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let connector = CdnOriginConnector::builder("http://origin.example:8080").build()?;
//! let origin = connector.origin().expect("it was built with one");
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
//! | field | what becomes of it |
//! |---|---|
//! | `Location`, `Content-Location`, `Refresh` | scheme and authority of a URL at the origin become the client's |
//! | `Set-Cookie` | a `Domain` of the origin's is taken out, so that the cookie belongs to the client's host alone |
//! | `Alt-Svc` | removed: it leads around the proxy |
//! | path of all of these | as [`path`](ResponseRewriteLayer::path) says; by default it stays |
//!
//! All else passes byte for byte, bodies too, and so do relative references, URLs of other hosts,
//! URLs with user information and what cannot be parsed. A path whose prefix is taken away and that
//! a browser would then read as a host (`//host`, also with tabs in it) keeps its prefix.
//!
//! # Which names are the origin's
//!
//! The Host that it is told, the host of its URL, and the dialled host where that is a DNS name,
//! each at its own port; a name without a port stands for 80 and 443, and a Host without one for
//! the dialled port too, which servers like nginx put into their redirects. The SNI is none unless
//! it is one of these: with the client's Host preserved, it is often the name of a public site,
//! which may well be redirected to.
//!
//! A URL that is already at the client's authority stays as it is, so that a redirect from `http`
//! to `https` works where the Host is preserved. Nor does the scheme change where an origin tells a
//! client on `http` to change over to `https`: the origin speaks plain `http` itself, or sends the
//! client to the very path and query that it asked for. The URL is then at the client's host,
//! without port.
//!
//! A cookie's `Domain` is the origin's if one of these names lies in it and the client's host does
//! not. A cookie whose name starts with `__Host-` is bound to one host and the path `/` by its
//! name, and passes.
//!
//! # Deployment caveats
//!
//! * Clients choose the Host that is written into the response. Refuse unknown Hosts in front,
//!   above all if a cache stands there.
//! * The layer has to stand outside of [`HostRewriteLayer`](crate::HostRewriteLayer), where
//!   requests still say the client's Host.
//! * The client's scheme is `http` unless a
//!   [`ClientConnection`](crate::downstream::ClientConnection) in the request's extensions or
//!   [`client_scheme`](ResponseRewriteLayer::client_scheme) says otherwise.

mod cookie;
mod future;
mod layer;
mod path;
mod rule;
mod service;
mod url;

pub use future::ResponseRewriteFuture;
pub use layer::ResponseRewriteLayer;
pub use path::{PathPrefix, PathPrefixError};
pub use service::ResponseRewrite;
