//! Name resolution: the resolvers and the DNS cache.
//!
//! The default resolver is the system's; [`Dns::resolver`] sets another one. Answers are cached for
//! their TTL. Concurrent look-ups of one name share one query. See [`DnsCache`].

// | file | what it holds |
// |---|---|
// | `dns_settings` | which resolver is used, fixed addresses, and the cache |
// | `cache_settings` | how long answers are cached |
// | `cache` | the cache, and the look-ups that connections share |
// | `cached_answers` | the cached answer and failure of one name |
// | `lookup`, `lookup_result` | what a resolver is asked, and what it returns |
// | `fixed_names` | addresses that are configured |
// | `system_resolver`, `hickory` | the resolvers |
// | `https_records` | the choice of an `HTTPS` record |

mod cache;
mod cache_settings;
mod cached_answers;
mod dns_settings;
mod fixed_names;
#[cfg(feature = "hickory")]
mod hickory;
#[cfg(feature = "hickory")]
mod https_records;
mod lookup;
mod lookup_result;
mod system_resolver;
#[cfg(test)]
mod tests;

use std::{future::Future, pin::Pin};

pub use cache_settings::DnsCache;
pub use dns_settings::Dns;
#[cfg(feature = "hickory")]
pub use hickory::HickoryResolver;
pub use lookup::Lookup;
pub use lookup_result::{ResolveError, Resolved};

pub(crate) use cache::{
    CLIENT_RESPONSE_TIMER, DnsAnswer, DnsCacheStore, Freshness, MAX_LOOKUP_AGE,
};
pub(crate) use fixed_names::FixedNames;
pub(crate) use lookup::Families;
pub(crate) use system_resolver::SystemResolver;

/// Resolves a name to addresses.
///
/// Implement it for service discovery, or to use another DNS library. IP addresses are not looked
/// up. A cached answer is used until its TTL ends, unless [no address of it can be
/// connected to](DnsCache#refreshing).
///
/// A look-up should have a timeout of its own. The dial timeout stops waiting for it but does not
/// cancel it: the next connection continues to wait for the same look-up, until 30 s after its
/// start.
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
///         let resolved =
///         Resolved::new([address]).ttl(Duration::from_secs(30)).answered_by("registry");
///         Box::pin(async move { Ok(resolved) }) }
/// }
///
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .dns(Dns::default().resolver(Registry))
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// Starts a look-up.
    ///
    /// Its addresses are dialled in the order of the answer. Those that failed recently come last,
    /// and slow ones later. The two families alternate.
    fn resolve(&self, lookup: &Lookup) -> Resolving;

    /// Whether IPv4 and IPv6 addresses are looked up separately.
    ///
    /// The default is `false`: one look-up for both. With `true`, two look-ups run at the same
    /// time, and the addresses of the first are dialled before the other ends
    /// ([RFC 8305 section 3](https://www.rfc-editor.org/rfc/rfc8305#section-3)). All of them are
    /// sorted by [RFC 6724](https://www.rfc-editor.org/rfc/rfc6724#section-6).
    fn splits_families(&self) -> bool {
        false
    }

    /// Whether an answer may have a [service binding](Resolved::ech).
    ///
    /// The default is `true`. With `false`, `build()` fails for
    /// [`Ech::from_dns`](crate::tls::Ech::from_dns).
    fn finds_services(&self) -> bool {
        true
    }
}

/// The future that [`Resolve::resolve`] returns.
pub type Resolving = Pin<Box<dyn Future<Output = Result<Resolved, ResolveError>> + Send>>;
