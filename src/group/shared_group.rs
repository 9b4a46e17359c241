//! `SharedGroup`: what the clones of a group share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use futures_util::future::join_all;
use http::Request;
use http_body::Body;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    observe::Observers,
    pool::{InFlight, OriginPool, RequestCount},
    proxy::{
        Buffering, FailureLog, GroupCondition, OriginProxy, observers_of, refuses_by_head,
        request_timeout,
    },
};

use super::{
    Failover, HealthCheck, Member,
    group_member::GroupMember,
    health::HealthSignal,
    member::Configure,
    member_source::FollowedSources,
    select_member::{SelectionRequest, SelectionRules, select_member},
    selected_member::SelectedMember,
    tiers::Tiers,
};

/// What the clones of a group share.
pub(super) struct SharedGroup {
    /// Nothing waits, and no code of the application runs, while it is borrowed.
    tiers: watch::Sender<Tiers>,
    rules: SelectionRules,
    failover: Failover,
    each: Option<Configure>,
    health_check: Option<HealthCheck>,
    /// Held while an outcome may eject a member, so that the number of ejected ones is exact.
    ejecting: Mutex<()>,
    /// Each request from its arrival to the head of its response.
    requests: Arc<RequestCount>,
    failure_log: FailureLog,
    /// Those of the last member that was removed, for requests while there is no other.
    former_observers: Mutex<Observers>,
    task: GroupTaskState,
}

/// Whether the group's task runs, and what it works on.
pub(super) struct GroupTaskState {
    /// The task holds it while it runs.
    pub(super) sources: Arc<tokio::sync::Mutex<FollowedSources>>,
    pub(super) is_running: AtomicBool,
    /// Cancelled with the last clone of the group.
    pub(super) ended: CancellationToken,
}

impl GroupTaskState {
    /// Without checks and updates, there is nothing to do, and no task is spawned.
    fn new(is_needed: bool, sources: FollowedSources) -> Self {
        Self {
            sources: Arc::new(tokio::sync::Mutex::new(sources)),
            is_running: AtomicBool::new(!is_needed),
            ended: CancellationToken::new(),
        }
    }
}

impl SharedGroup {
    pub(super) fn new(
        tiers: Tiers,
        rules: SelectionRules,
        failover: Failover,
        each: Option<Configure>,
        health_check: Option<HealthCheck>,
        sources: FollowedSources,
    ) -> Self {
        let needs_task = health_check.is_some() || !sources.is_empty();
        Self {
            tiers: watch::Sender::new(tiers),
            rules,
            failover,
            each,
            health_check,
            ejecting: Mutex::default(),
            requests: Arc::default(),
            failure_log: FailureLog::default(),
            former_observers: Mutex::default(),
            task: GroupTaskState::new(needs_task, sources),
        }
    }

    pub(super) fn failover(&self) -> &Failover {
        &self.failover
    }

    pub(super) fn failure_log(&self) -> &FailureLog {
        &self.failure_log
    }

    /// Whether the last request of each member has failed, or its health checks do.
    pub(super) fn condition(&self) -> GroupCondition {
        let fails = |member: &Arc<GroupMember>| member.is_failing() || member.is_down();
        match self.with_tiers(|tiers| tiers.members().all(fails)) {
            true => GroupCondition::Outage,
            false => GroupCondition::Serving,
        }
    }

    /// The observers of requests that no member gets: those of a member, or of a former one.
    pub(super) fn observers(&self) -> Observers {
        let of_member = |tiers: &Tiers| {
            let mut members = tiers.members();
            members.next().map(|it| observers_of(it.proxy()).clone())
        };
        self.with_tiers(of_member)
            .unwrap_or_else(|| self.former_observers().clone())
    }

    /// The value is whole at each moment, so poison means nothing.
    fn former_observers(&self) -> MutexGuard<'_, Observers> {
        let observers = self.former_observers.lock();
        observers.unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the body of a request is buffered: by the member that buffers the most.
    pub(super) fn buffering<B: Body>(&self, request: &Request<B>) -> Option<Buffering> {
        if request.body().is_end_stream() {
            return None;
        }
        self.with_tiers(|tiers| {
            let proxies = tiers.members().map(|member| member.proxy());
            let most = proxies.max_by_key(|proxy| Buffering::limit_of(proxy))?;
            Buffering::of(most, request)
        })
    }

    /// Whether the body of a request may be awaited: not every member refuses it by its head.
    pub(super) fn waits_for_body<B: Body>(&self, request: &Request<B>) -> bool {
        self.with_tiers(|tiers| {
            let mut proxies = tiers.members().map(|member| member.proxy());
            proxies.any(|proxy| !refuses_by_head(proxy, request))
        })
    }

    /// The shortest `Limits::request_timeout` of a member.
    pub(super) fn request_timeout(&self) -> Option<Duration> {
        self.with_tiers(|tiers| {
            let proxies = tiers.members().map(|member| member.proxy());
            proxies.filter_map(request_timeout).min()
        })
    }

    pub(super) fn health_check(&self) -> Option<&HealthCheck> {
        self.health_check.as_ref()
    }

    pub(super) fn task(&self) -> &GroupTaskState {
        &self.task
    }

    pub(super) fn rules(&self) -> &SelectionRules {
        &self.rules
    }

    /// Reads the tiers. Nothing may wait meanwhile.
    pub(super) fn with_tiers<R>(&self, read: impl FnOnce(&Tiers) -> R) -> R {
        read(&self.tiers.borrow())
    }

    pub(super) fn members(&self) -> Vec<Arc<GroupMember>> {
        self.with_tiers(|tiers| tiers.members().cloned().collect())
    }

    /// The members, and the former ones of which requests may still run.
    pub(super) fn with_former(&self) -> Vec<Arc<GroupMember>> {
        self.with_tiers(|tiers| tiers.with_former().cloned().collect())
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Tiers> {
        self.tiers.subscribe()
    }

    /// Selects an untried member for a request.
    pub(super) fn select(&self, request: &SelectionRequest) -> Option<SelectedMember> {
        let (member, admission) =
            self.with_tiers(|tiers| select_member(tiers, &self.rules, request))?;
        let is_measured = request.repeatable;
        Some(SelectedMember::new(
            member,
            admission,
            Instant::now(),
            is_measured,
        ))
    }

    /// Records the outcome of a request.
    pub(super) fn report(&self, selected: &mut SelectedMember, signal: HealthSignal) {
        let ejection = &self.rules.ejection;
        let change = match signal.is_failure() {
            false => selected.report(signal, ejection, false),
            true => {
                let _exact = self.ejecting.lock().unwrap_or_else(PoisonError::into_inner);
                let member = selected.member();
                let may_eject = self.with_tiers(|it| it.allows_ejection(member, ejection));
                selected.report(signal, ejection, may_eject)
            }
        };
        if let Some(change) = change {
            selected.member().log_change(change);
        }
    }

    /// Makes a member. It runs the application's settings for proxies.
    fn make(&self, member: Member) -> Arc<GroupMember> {
        Arc::new(GroupMember::new(member, self.each.as_ref()))
    }

    /// Puts a member into a tier, in place of the one with its name. Returns the proxy of that one.
    pub(super) fn put(&self, tier: usize, member: Member) -> Vec<OriginProxy> {
        let member = self.make(member);
        self.add(tier, &member)
    }

    fn add(&self, tier: usize, member: &Arc<GroupMember>) -> Vec<OriginProxy> {
        let mut former = None;
        self.tiers.send_modify(|tiers| {
            former = tiers.remove(member.name());
            tiers.add(tier, member.clone());
        });
        let former = former.inspect(|former| former.replaced_by(member));
        let former = self.removed(former);
        self.added(member);
        former
    }

    /// Puts a member in place of the one with its name, of which it takes over that it is out.
    #[cfg(feature = "serde")]
    pub(super) fn put_in_place(&self, tier: usize, member: Member) -> Vec<OriginProxy> {
        let former = self.with_tiers(|tiers| tiers.find(&member.name).cloned());
        let member = self.make(member);
        if let Some(former) = former {
            member.take_over(&former, self.health_check.is_some());
        }
        self.add(tier, &member)
    }

    /// Members take over from those of another group with their names.
    #[cfg(feature = "serde")]
    pub(super) fn take_over(&self, former: &Self) {
        let former = former.members();
        for member in self.members() {
            if let Some(former) = former.iter().find(|it| it.name() == member.name()) {
                member.take_over(former, self.health_check.is_some());
            }
        }
    }

    /// Takes a member out. Its requests go on. Returns its proxy.
    pub(super) fn remove(&self, name: &str) -> Option<OriginProxy> {
        let mut removed = None;
        self.tiers.send_modify(|tiers| removed = tiers.remove(name));
        self.removed(removed).pop()
    }

    /// Replaces the members of a tier. Those with the name of a present one stay as they are, with
    /// the new weight. Returns the proxies of those that were removed, and the members that were
    /// ignored because another tier has their names.
    pub(super) fn replace(
        &self,
        tier: usize,
        members: Vec<Member>,
    ) -> (Vec<OriginProxy>, Vec<Member>) {
        let present = self.with_tiers(|tiers| tiers.tier(tier).to_vec());
        let mut next: Vec<Arc<GroupMember>> = Vec::new();
        let mut of_other_tiers = Vec::new();
        for member in members {
            let is_double = next.iter().any(|it| it.name() == member.name);
            let is_of_other_tier = self.has_elsewhere(&member.name, tier);
            if is_double || is_of_other_tier {
                tracing::warn!(
                    member = member.name,
                    "origin ignored: its name is not unique"
                );
                of_other_tiers.extend(is_of_other_tier.then_some(member));
                continue;
            }
            match present.iter().find(|it| it.name() == member.name) {
                Some(known) => {
                    known.set_weight(member.weight);
                    next.push(known.clone());
                }
                None => next.push(self.make(member)),
            }
        }
        drop(present);
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        self.tiers
            .send_modify(|tiers| (added, removed) = tiers.replace(tier, next));
        added.iter().for_each(|member| self.added(member));
        (self.removed(removed), of_other_tiers)
    }

    /// Whether a tier has a member of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.with_tiers(|tiers| tiers.find(name).is_some())
    }

    fn has_elsewhere(&self, name: &str, tier: usize) -> bool {
        self.with_tiers(|tiers| {
            let mut others = (0..tiers.count()).filter(|other| *other != tier);
            others.any(|other| tiers.tier(other).iter().any(|it| it.name() == name))
        })
    }

    /// A new member begins slowly. In a group that drains, it drains too.
    fn added(&self, member: &GroupMember) {
        member.added();
        if self.requests.is_draining() {
            drop(member.proxy().drain());
        }
    }

    /// Notes that members were removed, and returns their proxies. Forgets former members whose
    /// requests have ended.
    fn removed(&self, members: impl IntoIterator<Item = Arc<GroupMember>>) -> Vec<OriginProxy> {
        let proxies = members.into_iter().map(|member| {
            member.removed();
            member.proxy().clone()
        });
        let proxies: Vec<_> = proxies.collect();
        if let Some(last) = proxies.last() {
            *self.former_observers() = observers_of(last).clone();
        }
        let mut ended = Vec::new();
        self.tiers.send_if_modified(|tiers| {
            ended = tiers.take_ended();
            false
        });
        proxies
    }

    /// Begins a request; `None` if the group drains.
    pub(super) fn accept(&self) -> Option<InFlight> {
        self.requests.begin().ok()
    }

    /// Refuses requests from now on, also at members that are added later.
    pub(super) fn close(&self) {
        self.requests.drain();
        for member in self.with_former() {
            member.proxy().origin_pool().close();
        }
    }

    /// Waits until no request runs.
    pub(super) async fn ended(self: Arc<Self>) {
        // Until then, an accepted request may be sent to any member, even to one that is added.
        self.requests.drained().await;
        let members = self.with_former();
        let pools = members.iter().map(|it| it.proxy().origin_pool().clone());
        join_all(pools.map(OriginPool::drained)).await;
    }

    pub(super) fn close_tunnels(&self) {
        for member in self.with_former() {
            member.proxy().close_tunnels();
        }
    }

    /// Requests that run. Each is counted at least once.
    pub(super) fn in_flight(&self) -> usize {
        let accepted = self.requests.get();
        let sent = |tiers: &Tiers| tiers.with_former().map(|it| it.proxy().in_flight()).sum();
        accepted + self.with_tiers::<usize>(sent)
    }

    /// Begins a request at a member. A drain of the group does not keep a request from it that the
    /// group has accepted before; a drain of the member alone does.
    pub(super) fn begin_at(&self, member: &GroupMember) -> Option<InFlight> {
        let pool = member.proxy().origin_pool();
        let begun = pool.begin_request().ok();
        begun.or_else(|| self.requests.is_draining().then(|| pool.begin_accepted()))
    }
}
