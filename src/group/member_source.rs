//! `MemberSource`: where the members of a tier come from while the group runs.

#[cfg(feature = "serde")]
use std::sync::Arc;
use std::{fmt, time::Duration};

use futures_util::{Stream, stream};
use tokio::sync::watch;

#[cfg(feature = "serde")]
use crate::OriginProxy;
use crate::{
    connector::CdnOriginConnector,
    error::{BuildProblem, BuildProblemKind},
};

use super::{Member, dns_members::DnsMembers};

/// Where the members of a tier come from: DNS or a `watch` channel.
///
/// Each update has all members of the tier. It has the effect of
/// [`OriginGroup::replace`](super::OriginGroup::replace): members that stay keep their
/// connections, and those that are removed finish their requests. A member whose name another tier
/// has is added when that tier no longer has it.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
///
/// let connector = CdnOriginConnector::builder("http://service.example:8080").build()?;
/// let addresses = MemberSource::dns(connector).grace(Duration::from_secs(30));
/// let group = OriginGroup::builder().tier_from(addresses).build()?;
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[must_use = "a source does nothing until `OriginGroupBuilder::tier_from` gets it"]
pub struct MemberSource(UpdateSource);

enum UpdateSource {
    Dns(Box<DnsMembers>),
    Watch(watch::Receiver<Vec<Member>>),
}

impl MemberSource {
    /// Makes each address of the connector's dialled name a member, with the four names of the
    /// connector.
    ///
    /// Use it for names whose answers list all addresses, such as those of a service registry. The
    /// name is resolved again when its answer has expired in the
    /// [`DnsCache`](crate::dial::DnsCache), at most once a second. No member is removed while name
    /// servers fail or return no address. If only one of the queries for IPv4 and IPv6 addresses
    /// fails, the members of the other family change. The members share TLS settings and sessions.
    /// Each is named after its address.
    ///
    /// Until the first answer, the connector itself is the only member. It remains the only one if
    /// an IP address or a Unix socket is dialled. The group's `build()` fails for
    /// [`Ech::from_dns`](crate::tls::Ech::from_dns): a member is an address, and has no record.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
    ///
    /// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let group = OriginGroup::builder().tier_from(MemberSource::dns(connector)).build()?;
    /// // No look-up has happened yet.
    /// assert_eq!(group.snapshot().len(), 1);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn dns(connector: CdnOriginConnector) -> Self {
        Self(UpdateSource::Dns(Box::new(DnsMembers::new(connector))))
    }

    /// Takes the members from a `watch` channel: first its present value, then each change.
    ///
    /// When the sender is dropped, the members stay.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
    /// use tokio::sync::watch;
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let (sender, receiver) = watch::channel(vec![a.into()]);
    /// let source = MemberSource::watch(receiver);
    /// let group = OriginGroup::builder().tier_from(source).build()?;
    /// # drop((group, sender));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn watch(receiver: watch::Receiver<Vec<Member>>) -> Self {
        Self(UpdateSource::Watch(receiver))
    }

    /// Sets how long an address may be absent from DNS before its member is removed.
    ///
    /// The default is zero. A few minutes suit names whose answers list only some of the addresses.
    /// It has an effect with [`dns`](Self::dns) only.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::MemberSource};
    ///
    /// // Each answer of this name has 8 of its 40 addresses.
    /// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let source = MemberSource::dns(connector).grace(Duration::from_secs(300));
    /// # drop(source);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn grace(mut self, time: Duration) -> Self {
        if let UpdateSource::Dns(members) = &mut self.0 {
            members.set_grace(time);
        }
        self
    }

    /// Changes the settings of the proxy of each member from DNS, as [`Member::proxy`] does.
    #[cfg(feature = "serde")]
    pub(crate) fn proxy(
        mut self,
        settings: impl Fn(OriginProxy) -> OriginProxy + Send + Sync + 'static,
    ) -> Self {
        if let UpdateSource::Dns(members) = &mut self.0 {
            members.set_proxy(Arc::new(settings));
        }
        self
    }

    /// The members until the first update.
    fn first(&mut self) -> Vec<Member> {
        match &mut self.0 {
            UpdateSource::Dns(members) => vec![members.first()],
            // At once: a request may arrive before the first update is applied.
            UpdateSource::Watch(receiver) => receiver.borrow_and_update().clone(),
        }
    }

    /// A setting of its connector that has no effect for single addresses.
    fn problem(&self) -> Option<BuildProblem> {
        let UpdateSource::Dns(members) = &self.0 else {
            return None;
        };
        let why = "a member from DNS is an address, which has no HTTPS record to read an ECH \
                   configuration from: set `Ech::config_list(..)`, or add the connector by `tier`";
        let problem = || BuildProblem::new("tier_from", BuildProblemKind::Contradiction, why);
        members.reads_ech_from_dns().then(problem)
    }

    /// The members whenever they change. A stream that is dropped loses none of the changes.
    pub(super) fn updates(&mut self) -> impl Stream<Item = Vec<Member>> + Send {
        stream::unfold(self, async |source| {
            let members = source.next().await?;
            Some((members, source))
        })
    }

    /// The members when they change next; `None` if there is no further change. Cancel safe.
    async fn next(&mut self) -> Option<Vec<Member>> {
        match &mut self.0 {
            UpdateSource::Dns(members) => Some(members.next().await),
            UpdateSource::Watch(receiver) => {
                receiver.changed().await.ok()?;
                Some(receiver.borrow_and_update().clone())
            }
        }
    }
}

/// The sources of a group, each with its tier.
///
/// No timer and no half-done look-up is kept: the runtime of the group's task may end before the
/// group does.
#[derive(Default)]
pub(super) struct FollowedSources {
    pub(super) sources: Vec<(usize, MemberSource)>,
    /// Members of sources, with their tiers, as long as another tier has their names.
    pub(super) waiting: Vec<(usize, Member)>,
}

impl FollowedSources {
    /// Adds the source of a tier. Returns the members until its first update.
    pub(super) fn add(&mut self, tier: usize, mut source: MemberSource) -> Vec<Member> {
        let first = source.first();
        self.sources.push((tier, source));
        first
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub(super) fn check(&self, problems: &mut Vec<BuildProblem>) {
        let sources = self.sources.iter();
        problems.extend(sources.filter_map(|(_, source)| source.problem()));
    }
}

impl fmt::Debug for MemberSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            UpdateSource::Dns(_) => "MemberSource::dns(..)",
            UpdateSource::Watch(_) => "MemberSource::watch(..)",
        })
    }
}
