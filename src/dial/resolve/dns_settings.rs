//! `Dns`: which resolver is used, fixed addresses, and the cache.

use std::{fmt, net::IpAddr, sync::Arc};

use crate::{
    error::{BuildProblem, BuildProblemKind, InvalidValue},
    name::DnsName,
};

use super::{DnsCache, DnsCacheStore, FixedNames, Resolve, SystemResolver};

/// How the dialled name is resolved.
///
/// | call | default |
/// |---|---|
/// | [`resolver`](Self::resolver) | the system's (`getaddrinfo`) |
/// | [`resolve_to`](Self::resolve_to) | no fixed addresses |
/// | [`cache`](Self::cache) | answers are kept for their TTL, or for 5 s without one |
///
/// [`Timeouts::dial`](crate::connector::Timeouts::dial) bounds resolving and connecting together.
///
/// ```
/// use std::{net::Ipv4Addr, time::Duration};
///
/// use cdn_origin::{CdnOriginConnector, dial::{Dns, DnsCache}};
///
/// let dns = Dns::default()
///     .resolve_to("origin.example", [Ipv4Addr::new(192, 0, 2, 1).into()])
///     .cache(DnsCache::default().stale(Duration::ZERO));
/// let connector = CdnOriginConnector::builder("http://origin.example").dns(dns).build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct Dns {
    pub(crate) resolver: Option<Arc<dyn Resolve>>,
    pub(crate) fixed: FixedNames,
    pub(crate) cache: DnsCache,
    pub(crate) problems: Vec<BuildProblem>,
}

impl Dns {
    /// Sets the resolver.
    ///
    /// The default is the system's. It can be your own [`Resolve`], or
    #[cfg_attr(
        feature = "hickory",
        doc = "[`HickoryResolver`](crate::dial::HickoryResolver)."
    )]
    #[cfg_attr(
        not(feature = "hickory"),
        doc = "`HickoryResolver` of the `hickory` feature."
    )]
    /// IP addresses are never looked up.
    ///
    /// ```
    /// use cdn_origin::dial::{Dns, Lookup, Resolve, Resolved, Resolving};
    ///
    /// /// Answers every look-up with the same address.
    /// struct Static;
    ///
    /// impl Resolve for Static {
    ///     fn resolve(&self, lookup: &Lookup) -> Resolving {
    ///         let address = ([192, 0, 2, 1], lookup.port()).into();
    ///         Box::pin(async move { Ok(Resolved::new([address])) })
    ///     }
    /// }
    ///
    /// let dns = Dns::default().resolver(Static);
    /// ```
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Dials these addresses for `name`, without a look-up. curl calls it `--resolve`.
    ///
    /// Each call sets the addresses of one name; a second call for the same name replaces them.
    /// Other names are looked up as usual. `build()` fails for a name that cannot be parsed, and
    /// for an empty list.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use cdn_origin::dial::Dns;
    ///
    /// let dns = Dns::default().resolve_to("origin.example", [Ipv4Addr::LOCALHOST.into()]);
    /// ```
    pub fn resolve_to<N>(mut self, name: N, addresses: impl IntoIterator<Item = IpAddr>) -> Self
    where
        N: TryInto<DnsName>,
        N::Error: Into<InvalidValue>,
    {
        match name.try_into() {
            Ok(name) => self.fixed.insert(name, addresses.into_iter().collect()),
            Err(error) => {
                let (kind, why): (_, InvalidValue) = (BuildProblemKind::InvalidName, error.into());
                self.problems
                    .push(BuildProblem::new("Dns::resolve_to", kind, why));
            }
        }
        self
    }

    /// Sets how long answers are kept.
    ///
    /// See [`DnsCache`] for the defaults.
    ///
    /// ```
    /// use cdn_origin::dial::{Dns, DnsCache};
    ///
    /// let dns = Dns::default().cache(DnsCache::off());
    /// ```
    pub fn cache(mut self, cache: DnsCache) -> Self {
        self.cache = cache;
        self
    }

    pub(crate) fn check(&self, problems: &mut Vec<BuildProblem>) {
        problems.extend(self.problems.iter().cloned());
        self.cache.check(problems);
        for name in self.fixed.without_address() {
            let why = format!("no address is given for {name}");
            let kind = BuildProblemKind::Empty;
            problems.push(BuildProblem::new("Dns::resolve_to", kind, why));
        }
    }

    pub(crate) fn has_resolver(&self) -> bool {
        self.resolver.is_some()
    }

    pub(crate) fn has_fixed_names(&self) -> bool {
        !self.fixed.is_empty()
    }

    /// Whether a look-up of `name`, or of some name, may return `HTTPS` records.
    pub(crate) fn may_find_services(&self, name: Option<&DnsName>) -> bool {
        let resolver = self.resolver.as_ref();
        let finds = resolver.is_some_and(|resolver| resolver.finds_services());
        finds && name.is_none_or(|name| !self.fixed.contains(name))
    }

    pub(crate) fn into_cache(self) -> DnsCacheStore {
        let resolver = self.resolver.unwrap_or_else(|| Arc::new(SystemResolver));
        DnsCacheStore::new(resolver, self.fixed, self.cache)
    }
}

impl fmt::Debug for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns")
            .field("fixed", &self.fixed)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
