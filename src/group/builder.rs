//! `OriginGroupBuilder`: the members of a group, and how they share the requests.
//!
//! `select_member.rs` applies the panic threshold.

use std::{collections::HashSet, fmt, sync::Arc};

use crate::{
    error::{BuildError, BuildProblem, BuildProblemKind},
    proxy::OriginProxy,
};

use super::{
    Balance, Ejection, Failover, HealthCheck, Member, MemberSource, OriginGroup,
    drained_members::not_unique, group_member::GroupMember, member::Configure,
    member_source::FollowedSources, random::Random, select_member::SelectionRules,
    shared_group::SharedGroup, tiers::Tiers,
};

/// Builds an [`OriginGroup`].
///
/// | call | default |
/// |---|---|
/// | [`tier`](Self::tier), [`tier_from`](Self::tier_from) | at least one is needed |
/// | [`each`](Self::each) | [`OriginProxy::new`] with its defaults |
/// | [`balance`](Self::balance) | [`Balance::least_loaded`] |
/// | [`failover`](Self::failover) | [`Failover::default`]: at most three members get the request |
/// | [`ejection`](Self::ejection) | [`Ejection::default`]: after five failures in a row |
/// | [`health_check`](Self::health_check) | none |
/// | [`panic_threshold`](Self::panic_threshold) | off |
///
/// `build` is the one call that can fail. It reports all problems at once:
///
/// ```
/// use cdn_origin::{
///     CdnOriginConnector,
///     group::{HealthCheck, Member, OriginGroup},
/// };
///
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let error = OriginGroup::builder()
///     .tier([Member::new(a.clone()).name("a"), Member::new(a).name("a")])
///     .health_check(HealthCheck::get("no slash"))
///     .build()
///     .unwrap_err();
/// let setters: Vec<_> = error.problems().iter().map(|problem| problem.setter()).collect();
/// assert_eq!(setters, ["tier", "HealthCheck::get"]);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct OriginGroupBuilder {
    tiers: Vec<Vec<Member>>,
    sources: FollowedSources,
    each: Option<Configure>,
    balance: Balance,
    failover: Failover,
    ejection: Ejection,
    health_check: Option<HealthCheck>,
    panic_threshold: u32,
}

impl OriginGroup {
    /// Starts a builder for a group.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::OriginGroup};
    ///
    /// let primary = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let backup = CdnOriginConnector::builder("https://backup.example").build()?;
    /// let group = OriginGroup::builder().tier([primary]).tier([backup]).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn builder() -> OriginGroupBuilder {
        OriginGroupBuilder::new()
    }
}

impl OriginGroupBuilder {
    fn new() -> Self {
        Self {
            tiers: Vec::new(),
            sources: FollowedSources::default(),
            each: None,
            balance: Balance::default(),
            failover: Failover::default(),
            ejection: Ejection::default(),
            health_check: None,
            panic_threshold: 0,
        }
    }

    /// Adds a tier, whose members share the load.
    ///
    /// The tier gets requests while no member of the tiers before it is available, as the `backup`
    /// servers of HAProxy and nginx do. If one is left, it gets all requests that fit into its
    /// [limits](crate::proxy::Limits) and its [pool](crate::pool::PoolSettings). The others go to
    /// this tier, so set limits that one member can carry. Envoy moves a share earlier.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::OriginGroup};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// let backup = CdnOriginConnector::builder("https://backup.example").build()?;
    /// let group = OriginGroup::builder().tier([a, b]).tier([backup]).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn tier(mut self, members: impl IntoIterator<Item = impl Into<Member>>) -> Self {
        self.tiers
            .push(members.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a tier whose members come from DNS or a `watch` channel.
    ///
    /// If `build` is called within a tokio runtime, the group starts to follow the source at once.
    /// Otherwise, it starts with its first request. [`MemberSource`] shows an example.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
    ///
    /// let service = CdnOriginConnector::builder("http://service.example:8080").build()?;
    /// let backup = CdnOriginConnector::builder("https://backup.example").build()?;
    /// // A member for each address of the service, and a fixed one for when none is available.
    /// let group = OriginGroup::builder()
    ///     .tier_from(MemberSource::dns(service))
    ///     .tier([backup])
    ///     .build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn tier_from(mut self, source: MemberSource) -> Self {
        let first = self.sources.add(self.tiers.len(), source);
        self.tiers.push(first);
        self
    }

    /// Sets the limits, forwarded fields and other settings of the proxies to all members.
    ///
    /// The function gets the proxy of each member that was created from a connector, including
    /// members that are added later. [`Member::proxy`] changes the settings of a single member. A
    /// further call replaces the function.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::OriginGroup, proxy::Limits};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// let limits = Limits::default().request_timeout(Duration::from_secs(60));
    /// let group = OriginGroup::builder()
    ///     .tier([a, b])
    ///     .each(move |proxy| proxy.limits(limits.clone()))
    ///     .build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn each(
        mut self,
        settings: impl Fn(OriginProxy) -> OriginProxy + Send + Sync + 'static,
    ) -> Self {
        self.each = Some(Arc::new(settings));
        self
    }

    /// Sets how the members of a tier share the requests.
    ///
    /// The default is [`Balance::least_loaded`].
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{Balance, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// let group = OriginGroup::builder().tier([a, b]).balance(Balance::round_robin()).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn balance(mut self, balance: Balance) -> Self {
        self.balance = balance;
        self
    }

    /// Sets which failed requests are sent to another member.
    ///
    /// [`Failover`] lists the defaults.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::{Failover, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// let failover = Failover::default().max_attempts(2).within(Duration::from_secs(5));
    /// let group = OriginGroup::builder().tier([a, b]).failover(failover).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn failover(mut self, failover: Failover) -> Self {
        self.failover = failover;
        self
    }

    /// Sets when a member is ejected, and how it returns.
    ///
    /// [`Ejection`] lists the defaults.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::{Ejection, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// // Out after two failures in a row, for ten seconds at first.
    /// let ejection = Ejection::default().failures(2).time(Duration::from_secs(10));
    /// let group = OriginGroup::builder().tier([a, b]).ejection(ejection).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn ejection(mut self, ejection: Ejection) -> Self {
        self.ejection = ejection;
        self
    }

    /// Sends health check requests to each member.
    ///
    /// By default, the group sends none. [`HealthCheck`] lists the defaults of a check.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::{HealthCheck, OriginGroup}};
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
    /// let check = HealthCheck::get("/healthz").interval(Duration::from_secs(2)).fall(2);
    /// let group = OriginGroup::builder().tier([a, b]).health_check(check).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn health_check(mut self, check: HealthCheck) -> Self {
        self.health_check = Some(check);
        self
    }

    /// Sets the healthy share, in percent, below which the last tier ignores health.
    ///
    /// The default is 0: apart from trials, unhealthy members get requests only if no healthy one
    /// is left. If the healthy share of the last tier falls below the threshold, all its members
    /// get requests, because the healthy ones alone could not carry the load. Members of weight 0
    /// do not count. Envoy has the same threshold, by default 50.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::OriginGroup};
    ///
    /// let connector = |host: &str| CdnOriginConnector::builder(host).build();
    /// let tier = [
    ///     connector("https://a.origin.example")?,
    ///     connector("https://b.origin.example")?,
    ///     connector("https://c.origin.example")?,
    /// ];
    /// // With one of three left, requests go to all three again.
    /// let group = OriginGroup::builder().tier(tier).panic_threshold(50).build()?;
    /// # drop(group);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn panic_threshold(mut self, percent: u32) -> Self {
        self.panic_threshold = percent.min(100);
        self
    }

    /// Builds the group.
    ///
    /// # Errors
    ///
    /// Fails if there is no tier, if two members have the same name, if the health check is
    /// invalid, or if a member from DNS reads its ECH configuration from there.
    ///
    /// ```
    /// use cdn_origin::group::OriginGroup;
    ///
    /// let error = OriginGroup::builder().build().unwrap_err();
    /// assert_eq!(error.problems()[0].setter(), "tier");
    /// ```
    pub fn build(self) -> Result<OriginGroup, BuildError> {
        let mut problems = Vec::new();
        let is_empty = self.tiers.iter().all(Vec::is_empty) && self.sources.is_empty();
        if is_empty {
            let why = "the group has no member";
            problems.push(BuildProblem::new("tier", BuildProblemKind::Empty, why));
        }
        let mut names = HashSet::new();
        for member in self.tiers.iter().flatten() {
            if !names.insert(&member.name) {
                problems.push(not_unique("tier", &member.name));
            }
        }
        self.sources.check(&mut problems);
        if let Some(check) = &self.health_check {
            check.check(&mut problems);
        }
        BuildError::from_problems(problems)?;
        let each = self.each.as_ref();
        let member = |member| Arc::new(GroupMember::new(member, each));
        let tiers = self.tiers.into_iter();
        let tiers = tiers.map(|tier| tier.into_iter().map(member).collect());
        let rules = SelectionRules {
            balance: self.balance,
            ejection: self.ejection,
            panic_threshold: self.panic_threshold,
            random: Random::default(),
        };
        let tiers = Tiers::new(tiers.collect());
        let (failover, check) = (self.failover, self.health_check);
        let inner = SharedGroup::new(tiers, rules, failover, self.each, check, self.sources);
        Ok(OriginGroup::of(inner))
    }
}

impl fmt::Debug for OriginGroupBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginGroupBuilder")
            .field("tiers", &self.tiers)
            .field("balance", &self.balance)
            .field("failover", &self.failover)
            .field("ejection", &self.ejection)
            .field("health_check", &self.health_check)
            .field("panic_threshold", &self.panic_threshold)
            .finish_non_exhaustive()
    }
}
