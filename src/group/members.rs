//! `Members`: the members of a group while it runs.

use std::{fmt, sync::Arc};

use futures_util::future::join_all;

#[cfg(feature = "serde")]
use crate::{connector::CdnOriginConnector, proxy::connector_of};
use crate::{
    error::{BuildError, BuildProblem, BuildProblemKind},
    proxy::OriginProxy,
};

use super::{Member, MemberSnapshot, group_member::GroupMember, shared_group::SharedGroup};

/// The members of an [`OriginGroup`](super::OriginGroup), to read and to change them while it runs.
///
/// A change holds for the group and all its clones. Requests in flight are not affected.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, group::{Member, OriginGroup}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cdn_origin::BuildError> {
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let group = OriginGroup::builder().tier([Member::new(a).name("a")]).build()?;
///
/// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
/// let members = group.members();
/// members.add(0, Member::new(b).name("b"))?;
/// members.set_weight("b", 3);
/// if let Some(drained) = members.remove("a") {
///     drained.await;
/// }
/// assert_eq!(members.snapshot().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Members(Arc<SharedGroup>);

impl Members {
    pub(super) fn new(group: Arc<SharedGroup>) -> Self {
        Self(group)
    }

    /// Returns the state of each member, tier by tier.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::OriginGroup};
    ///
    /// let primary = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let backup = CdnOriginConnector::builder("https://backup.example").build()?;
    /// let group = OriginGroup::builder().tier([primary]).tier([backup]).build()?;
    ///
    /// let members = group.members().snapshot();
    /// let of_tier = |tier| members.iter().filter(move |member| member.tier == tier).count();
    /// assert_eq!((of_tier(0), of_tier(1)), (1, 1));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Vec<MemberSnapshot> {
        self.0.with_tiers(|tiers| tiers.snapshot())
    }

    /// Returns the proxies of the members with their names, for their snapshots, tier by tier.
    ///
    /// ```
    /// # fn log(group: &cdn_origin::group::OriginGroup) {
    /// for (name, proxy) in group.members().proxies() {
    ///     println!("{name}: {:?}", proxy.snapshot());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn proxies(&self) -> Vec<(String, OriginProxy)> {
        let members = self.0.members();
        let members = members.iter();
        members
            .map(|member| (member.name().to_owned(), member.proxy().clone()))
            .collect()
    }

    /// Adds a member to a tier. The first tier is 0; the number after the last creates another.
    ///
    /// The member begins with a small share of requests, as after a
    /// [return](super::Ejection::slow_start).
    ///
    /// # Errors
    ///
    /// Fails if a member has this name already, or if there is no such tier.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// let group = OriginGroup::builder().tier([Member::new(a.clone()).name("a")]).build()?;
    ///
    /// group.members().add(0, Member::new(b).name("b"))?;
    /// // The name is taken.
    /// assert!(group.members().add(0, Member::new(a).name("a")).is_err());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn add(&self, tier: usize, member: impl Into<Member>) -> Result<(), BuildError> {
        let member = member.into();
        self.check_tier("Members::add", tier)?;
        let name = member.name.clone();
        match self.0.add(tier, member) {
            true => Ok(()),
            false => BuildError::from_problems(vec![not_unique("Members::add", &name)]),
        }
    }

    /// Replaces the member of the same name, in any tier, or [adds](Self::add) one.
    ///
    /// From this call on, requests go to the new member. Its connections and its health are its
    /// own. The future resolves when the last request of the replaced one has ended. It may be
    /// dropped.
    ///
    /// ```
    /// use cdn_origin::{BuildError, CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// # async fn put(group: &OriginGroup) -> Result<(), BuildError> {
    /// let connector = CdnOriginConnector::builder("https://new.origin.example").build()?;
    /// group.members().put(0, Member::new(connector).name("a"))?.await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is no such tier.
    pub fn put(
        &self,
        tier: usize,
        member: Member,
    ) -> Result<impl Future<Output = ()> + Send + use<>, BuildError> {
        self.check_tier("Members::put", tier)?;
        let former = self.0.put(tier, member);
        Ok(drained(former.as_slice()))
    }

    /// Removes a member. Returns `None` if there is none of this name.
    ///
    /// From this call on, it gets no new requests. The future resolves when the last of its
    /// requests has ended, as [`OriginProxy::drain`](crate::OriginProxy::drain) describes. It may
    /// be dropped.
    ///
    /// ```
    /// # async fn take_out(group: &cdn_origin::group::OriginGroup) {
    /// if let Some(drained) = group.members().remove("eu-1") {
    ///     drained.await;
    ///     println!("eu-1 has no requests left");
    /// }
    /// # }
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "the member is removed whether the result is used or not"
    )]
    pub fn remove(&self, name: &str) -> Option<impl Future<Output = ()> + Send + use<>> {
        let member = self.0.remove(name)?;
        Some(member.proxy().drain())
    }

    /// Sets the [weight](Member::weight) of a member, from the next request on. Returns whether
    /// there is one of this name.
    ///
    /// With weight 0, it gets no new requests, and keeps its place and its connections.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let group = OriginGroup::builder().tier([Member::new(a).name("a")]).build()?;
    ///
    /// assert!(group.members().set_weight("a", 0));
    /// assert!(!group.members().set_weight("b", 1), "there is no such member");
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "the weight is set whether the result is used or not"
    )]
    pub fn set_weight(&self, name: &str, weight: u32) -> bool {
        let member = self.0.with_tiers(|tiers| tiers.find(name).cloned());
        let member = member.inspect(|member| member.set_weight(weight));
        member.is_some()
    }

    /// Replaces all members of a tier.
    ///
    /// A member with the name of an existing one changes only the weight of that one: its
    /// connections and its health stay. To change a connector, change the name too. The others are
    /// removed; the future resolves when the last of their requests has ended, and may be dropped.
    /// A member whose name is not unique is ignored and logged. A tier that does not exist stays
    /// empty.
    ///
    /// ```
    /// use cdn_origin::{BuildError, CdnOriginConnector, group::{Member, OriginGroup}};
    ///
    /// /// Takes the addresses that a service registry lists.
    /// async fn update(group: &OriginGroup, addresses: &[&str]) -> Result<(), BuildError> {
    ///     let mut members = Vec::new();
    ///     for address in addresses {
    ///         let connector = CdnOriginConnector::builder(format!("http://{address}")).build()?;
    ///         members.push(Member::new(connector).name(*address));
    ///     }
    ///     group.members().replace(0, members).await;
    ///     Ok(())
    /// }
    /// ```
    pub fn replace(
        &self,
        tier: usize,
        members: Vec<Member>,
    ) -> impl Future<Output = ()> + Send + use<> {
        drained(&self.0.replace(tier, members))
    }

    /// The connectors, each with the name of its member.
    #[cfg(feature = "serde")]
    pub(crate) fn connectors(&self) -> Vec<(String, CdnOriginConnector)> {
        let members = self.0.members().into_iter();
        members
            .map(|it| (it.name().to_owned(), connector_of(it.proxy()).clone()))
            .collect()
    }

    fn check_tier(&self, setter: &'static str, tier: usize) -> Result<(), BuildError> {
        let count = self.0.with_tiers(|tiers| tiers.count());
        if tier <= count {
            return Ok(());
        }
        let why = format!("there is no tier {tier}: the group has {count}");
        let kind = BuildProblemKind::OutOfRange;
        Err(BuildError::of(BuildProblem::new(setter, kind, why)))
    }
}

/// Drains members that were removed.
pub(super) fn drained(members: &[Arc<GroupMember>]) -> impl Future<Output = ()> + Send + use<> {
    let all = join_all(members.iter().map(|member| member.proxy().drain()));
    async move { drop(all.await) }
}

/// The problem of two members with one name.
pub(super) fn not_unique(setter: &'static str, name: &str) -> BuildProblem {
    let why = format!("two members have the name {name:?}: `Member::name` sets another");
    BuildProblem::new(setter, BuildProblemKind::Contradiction, why)
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot()).finish()
    }
}
