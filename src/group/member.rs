//! `Member`: an origin of a group, as it is configured.

use std::{fmt, sync::Arc};

use crate::{connector::CdnOriginConnector, origin::Origin, proxy::OriginProxy};

/// An origin of an [`OriginGroup`](super::OriginGroup): its connector, its name and its weight.
///
/// A connector converts into a member. Its proxy gets the settings of
/// [`OriginGroupBuilder::each`](super::OriginGroupBuilder::each), and then those of
/// [`proxy`](Self::proxy). An [`OriginProxy`] that becomes a member keeps its settings.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, HostRewriteLayer, group::{Member, OriginGroup}};
///
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
/// let large = Member::new(a).weight(3);
/// let other = Member::new(b).proxy(|proxy| proxy.host_rewrite(HostRewriteLayer::preserve()));
/// let group = OriginGroup::builder().tier([large, other]).build()?;
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "a member does nothing until a group gets it"]
pub struct Member {
    pub(super) name: String,
    pub(super) weight: u32,
    source: ProxySource,
}

/// Settings for the proxy of a member.
pub(super) type Configure = Arc<dyn Fn(OriginProxy) -> OriginProxy + Send + Sync>;

#[derive(Clone)]
enum ProxySource {
    Connector(CdnOriginConnector, Option<Configure>),
    Proxy(OriginProxy),
}

impl Member {
    /// Creates a member with a connector, or a proxy.
    ///
    /// `Member::new(connector)` is `Member::from(connector)` in a form that can be chained.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, group::Member};
    ///
    /// let connector = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let with_settings_of_the_group = Member::new(connector.clone());
    /// let with_its_own_settings = Member::new(OriginProxy::new(connector));
    /// # drop((with_settings_of_the_group, with_its_own_settings));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn new(origin: impl Into<Self>) -> Self {
        origin.into()
    }

    /// Sets the name, for logs, snapshots and [changes](super::OriginGroup::put).
    ///
    /// The default is the dial target, such as `origin.example:443`. The members of a group must
    /// have different names. With [affinity](super::Balance::by_key), the names decide which member
    /// gets which key.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://192.0.2.1").build()?;
    /// let group = OriginGroup::builder().tier([Member::new(a).name("eu-1")]).build()?;
    /// assert_eq!(group.snapshot()[0].name, "eu-1");
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the share of requests, relative to the other members of the tier.
    ///
    /// The default is 1. A member of weight 0 gets no requests.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let canary = CdnOriginConnector::builder("https://canary.origin.example").build()?;
    /// // The canary gets about one request in twenty.
    /// let group = OriginGroup::builder()
    ///     .tier([Member::new(a).weight(19), Member::new(canary)])
    ///     .build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Changes the settings of this member's proxy.
    ///
    /// The function receives a proxy with the settings of the whole group, or the [`OriginProxy`]
    /// that the member was made from.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::Member, proxy::Limits};
    ///
    /// let slow = CdnOriginConnector::builder("https://reports.origin.example").build()?;
    /// let limits = Limits::default().request_timeout(Duration::from_secs(300));
    /// let member = Member::new(slow).proxy(move |proxy| proxy.limits(limits.clone()));
    /// # drop(member);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn proxy(
        mut self,
        settings: impl Fn(OriginProxy) -> OriginProxy + Send + Sync + 'static,
    ) -> Self {
        self.source = match self.source {
            ProxySource::Proxy(proxy) => ProxySource::Proxy(settings(proxy)),
            ProxySource::Connector(connector, None) => {
                ProxySource::Connector(connector, Some(Arc::new(settings)))
            }
            ProxySource::Connector(connector, Some(first)) => {
                let both = move |proxy| settings(first(proxy));
                ProxySource::Connector(connector, Some(Arc::new(both)))
            }
        };
        self
    }

    /// Its proxy: that of a connector gets the settings of the group first.
    pub(super) fn into_proxy(self, each: Option<&Configure>) -> OriginProxy {
        match self.source {
            ProxySource::Proxy(proxy) => proxy,
            ProxySource::Connector(connector, own) => {
                let configure = each.into_iter().chain(&own);
                configure.fold(OriginProxy::new(connector), |proxy, set| set(proxy))
            }
        }
    }
}

impl From<CdnOriginConnector> for Member {
    fn from(connector: CdnOriginConnector) -> Self {
        Self {
            name: name_of(connector.origin()),
            weight: 1,
            source: ProxySource::Connector(connector, None),
        }
    }
}

impl From<OriginProxy> for Member {
    fn from(proxy: OriginProxy) -> Self {
        Self {
            name: name_of(proxy.origin()),
            weight: 1,
            source: ProxySource::Proxy(proxy),
        }
    }
}

fn name_of(origin: Option<&Origin>) -> String {
    origin.map_or_else(String::new, |origin| origin.dial().to_string())
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("name", &self.name)
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}
