//! From a name to addresses: who is asked, what is kept of the answers.
//!
//! The system's resolver is asked unless [`Dns::resolver`] sets another one. What it answers is kept for its time to live, and look-ups of one name at one
//! time are one look-up. See [`DnsCache`].

mod answer;
mod book;
mod dns;
mod entry;
mod fixed;
#[cfg(feature = "hickory")]
mod hickory;
mod lookup;
#[cfg(feature = "hickory")]
mod service;
mod settings;
mod system;

use std::{future::Future, pin::Pin};

pub use answer::{ResolveError, Resolved};
pub use dns::Dns;
#[cfg(feature = "hickory")]
pub use hickory::HickoryResolver;
pub use lookup::{Families, Lookup};
pub use settings::DnsCache;

pub(crate) use book::{Answer, Book, Freshness};
pub(crate) use fixed::FixedNames;
pub(crate) use system::SystemResolver;

/// Finds the addresses of a name.
///
/// It is never asked for an IP address, nor again while its last answer holds, unless [no address
/// of that answer can be connected to](DnsCache). The future should end in its own time: a dial
/// deadline stops waiting for it, but the look-up goes on when the next connection needs it, up to
/// 30 s after it began.
///
/// ```
/// use std::{net::SocketAddr, time::Duration};
///
/// use cdn_origin::{CdnOriginConnector, dial::{Dns, Lookup, Resolve, Resolved, Resolving}};
///
/// /// Answers from a registry of services.
/// struct Registry;
///
/// impl Resolve for Registry {
///     fn resolve(&self, lookup: &Lookup) -> Resolving {
///         let address = SocketAddr::from(([192, 0, 2, 1], lookup.port()));
///         Box::pin(async move { Ok(Resolved::new([address]).ttl(Duration::from_secs(30)).told_by("registry")) })
///     }
/// }
///
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .dns(Dns::default().resolver(Registry))
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// Starts a look-up.
    fn resolve(&self, lookup: &Lookup) -> Resolving;

    /// Whether it wants to be asked once for both address families, or once for each, so that the
    /// first to be known can be dialled before the other ([RFC 8305 section
    /// 3](https://www.rfc-editor.org/rfc/rfc8305#section-3)).
    fn questions(&self) -> Questions {
        Questions::Together
    }

    /// Whether its answers may tell a [service](Resolved::service). Where they never do,
    /// [`Ech::from_dns`](crate::tls::Ech::from_dns) is refused.
    fn services(&self) -> Services {
        Services::Perhaps
    }
}

/// The future of a look-up.
pub type Resolving = Pin<Box<dyn Future<Output = Result<Resolved, ResolveError>> + Send>>;

/// Whether a resolver tells of services, as `HTTPS` records do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "it may tell of one or it does not")]
pub enum Services {
    /// For some names.
    Perhaps,
    /// For no name.
    Never,
}

/// How a resolver wants to be asked for IPv4 and IPv6 addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "two families are asked for together or not"
)]
pub enum Questions {
    /// One look-up for both.
    Together,
    /// One look-up for each, at the same time.
    ByFamily,
}
