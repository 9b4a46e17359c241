//! `Resolved` and `ResolveError`: the result of a look-up.

use std::{borrow::Cow, error::Error, fmt, net::SocketAddr, sync::Arc, time::Duration};

use crate::error::ServiceBinding;

use super::Families;

/// The addresses of a name, with their TTL and source.
///
/// ```
/// use std::time::Duration;
/// use cdn_origin::dial::Resolved;
///
/// let resolved = Resolved::new([([192, 0, 2, 1], 443).into()])
///     .ttl(Duration::from_secs(30))
///     .answered_by("registry");
/// ```
#[derive(Clone, Debug)]
pub struct Resolved {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) source: Cow<'static, str>,
    pub(crate) service: Option<ServiceBinding>,
    /// The family whose query failed, while that of the other had an answer.
    pub(crate) unanswered: Option<Families>,
}

impl Resolved {
    /// Creates an answer with these addresses, in the resolver's order.
    ///
    /// Port 0 stands for the port of the dial target. Addresses after the first 64 are ignored.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use cdn_origin::dial::Resolved;
    ///
    /// let addresses: [SocketAddr; 2] = ["192.0.2.1:0".parse()?, "[2001:db8::1]:0".parse()?];
    /// let resolved = Resolved::new(addresses);
    /// # drop(resolved);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    #[must_use]
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        /// More addresses than a legitimate name has.
        const MAX_ADDRESSES: usize = 64;
        Self {
            addresses: addresses.into_iter().take(MAX_ADDRESSES).collect(),
            ttl: None,
            source: Cow::Borrowed("a resolver"),
            service: None,
            unanswered: None,
        }
    }

    /// Sets the TTL of the answer.
    ///
    /// The default is none: [`DnsCache::without_ttl`](super::DnsCache::without_ttl) applies.
    /// [`DnsCache::ttl`](super::DnsCache::ttl) limits it.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets the source of the answer for reports, such as `hosts file` or `A record`.
    ///
    /// The default is `a resolver`.
    ///
    /// ```
    /// use std::{net::SocketAddr, time::Duration};
    ///
    /// use cdn_origin::dial::Resolved;
    ///
    /// fn answer(addresses: Vec<SocketAddr>) -> Resolved {
    ///     Resolved::new(addresses).ttl(Duration::from_secs(30)).answered_by("service registry")
    /// }
    /// ```
    #[must_use]
    pub fn answered_by(mut self, source: impl Into<Cow<'static, str>>) -> Self {
        self.source = source.into();
        self
    }

    /// Sets the encoded `ECHConfigList` of an `HTTPS` record ([RFC 9848]).
    ///
    /// [`Ech::from_dns`](crate::tls::Ech::from_dns) uses it, and
    /// [`Facts::resolutions`](crate::error::Facts::resolutions) reports it. The port and the target
    /// of such a record belong into the addresses.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use cdn_origin::dial::Resolved;
    ///
    /// fn answer(addresses: Vec<SocketAddr>, ech: Vec<u8>) -> Resolved {
    ///     Resolved::new(addresses).ech(ech)
    /// }
    /// ```
    ///
    /// [RFC 9848]: https://www.rfc-editor.org/rfc/rfc9848
    #[must_use]
    pub fn ech(self, config_list: impl Into<Vec<u8>>) -> Self {
        self.service(ServiceBinding {
            ech: config_list.into(),
            ..ServiceBinding::default()
        })
    }

    /// Sets the content of an `HTTPS` record.
    pub(super) fn service(mut self, service: ServiceBinding) -> Self {
        self.service = Some(service);
        self
    }
}

/// The error of a look-up.
///
/// It is either "not found", which a name server has confirmed, or a failed query. A failed query
/// leaves the [stale](super::DnsCache::stale) answer in use.
///
/// ```
/// use cdn_origin::dial::ResolveError;
///
/// assert!(ResolveError::not_found("NXDOMAIN").is_not_found());
/// assert!(!ResolveError::failed("SERVFAIL").is_not_found());
/// ```
#[derive(Clone, Debug)]
pub struct ResolveError {
    not_found: bool,
    pub(super) ttl: Option<Duration>,
    source: Arc<dyn Error + Send + Sync>,
}

impl ResolveError {
    /// The name does not exist or has no address. It removes the cached answer.
    ///
    /// ```
    /// use cdn_origin::dial::ResolveError;
    ///
    /// assert!(ResolveError::not_found("no such service").is_not_found());
    /// ```
    pub fn not_found(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            not_found: true,
            ttl: None,
            source: source.into().into(),
        }
    }

    /// The query failed. The cached answer stays in use for the time of [`DnsCache::stale`].
    ///
    /// [`DnsCache::stale`]: super::DnsCache::stale
    ///
    /// ```
    /// use cdn_origin::dial::ResolveError;
    ///
    /// let error = ResolveError::failed(std::io::Error::from(std::io::ErrorKind::TimedOut));
    /// assert!(!error.is_not_found());
    /// ```
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            not_found: false,
            ttl: None,
            source: source.into().into(),
        }
    }

    /// Sets the TTL of the error ([RFC 2308](https://www.rfc-editor.org/rfc/rfc2308)).
    ///
    /// The default is none: [`DnsCache::failures`](super::DnsCache::failures) applies. The maximum
    /// is one minute.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Returns whether the name does not exist or has no address.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.not_found
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.not_found {
            true => "the name does not exist or has no address",
            false => "the look-up failed",
        })
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
