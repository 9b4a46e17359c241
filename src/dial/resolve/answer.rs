//! What a resolver answers.

use std::{borrow::Cow, error::Error, fmt, net::SocketAddr, sync::Arc, time::Duration};

use crate::error::ServiceBinding;

/// The addresses of a name, with what is known about them.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) ttl: Option<Duration>,
    pub(crate) source: Cow<'static, str>,
    pub(crate) service: Option<ServiceBinding>,
}

impl Resolved {
    /// These addresses, in the resolver's order. Port 0 stands for the port of the dial target. The
    /// first 64 are used.
    #[must_use]
    pub fn new(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        /// More than any name has in good faith.
        const MOST: usize = 64;
        Self {
            addresses: addresses.into_iter().take(MOST).collect(),
            ttl: None,
            source: Cow::Borrowed("a resolver"),
            service: None,
        }
    }

    /// How long the answer holds.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Who or what told it, in a word or two, for reports: `hosts file`, `A record`.
    #[must_use]
    pub fn source(mut self, who: impl Into<Cow<'static, str>>) -> Self {
        self.source = who.into();
        self
    }

    /// What an `HTTPS` record said beside addresses. It shows in
    /// [`Facts`](crate::error::Facts::resolutions), and
    /// [`Ech::from_dns`](crate::tls::Ech::from_dns) encrypts by it. Port and target have no effect:
    /// they are in the addresses.
    #[must_use]
    pub fn service(mut self, service: ServiceBinding) -> Self {
        self.service = Some(service);
        self
    }
}

/// Why a look-up failed.
#[derive(Clone, Debug)]
pub struct ResolveError {
    known: bool,
    pub(super) ttl: Option<Duration>,
    source: Arc<dyn Error + Send + Sync>,
}

impl ResolveError {
    /// It is known that the name does not exist or has no address: what was known before is no
    /// longer true.
    pub fn not_found(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            known: true,
            ttl: None,
            source: source.into().into(),
        }
    }

    /// Nobody could tell: what was known before may still be true, and is used for the time that
    /// [`DnsCache::stale`] says.
    ///
    /// [`DnsCache::stale`]: super::DnsCache::stale
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            known: false,
            ttl: None,
            source: source.into().into(),
        }
    }

    /// How long it holds ([RFC 2308](https://www.rfc-editor.org/rfc/rfc2308)). One minute at most
    /// is kept.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Whether it is known that the name has no address.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.known
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.known {
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
