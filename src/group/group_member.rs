//! `GroupMember`: a member in use, with its proxy, its health and its load.
//!
//! It logs and reports changes of its health, which `health/` decides.

use std::{
    sync::{Mutex, MutexGuard, Once, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::field::{DisplayValue, display};

use crate::{
    diagnosis::Diagnosis,
    error::LoggedNames,
    name::DialTarget,
    origin::Origin,
    proxy::{OriginProxy, notify_observers},
};

use super::{
    CheckOutcome, Ejection, HealthCheck, Member, MemberSnapshot, MemberState,
    affinity_key::hash,
    health::{Admission, Availability, CheckHistory, EjectionState, HealthChange, HealthSignal},
    member::Configure,
    member_candidate::MemberCandidate,
    member_load::Load,
};

/// A member in use.
pub(super) struct GroupMember {
    name: String,
    hash: u64,
    proxy: OriginProxy,
    condition: Mutex<Condition>,
    /// Cancelled when it leaves the group. Requests may still be in flight then.
    removal: CancellationToken,
    /// Logs once that its proxy refuses health checks.
    refused_check: Once,
}

/// What changes while a member is in use. Nothing is logged or called under its lock.
struct Condition {
    weight: u32,
    health: EjectionState,
    checks: CheckHistory,
    load: Load,
    /// How far its turn has come, with round robin.
    turn: f64,
}

impl GroupMember {
    pub(super) fn new(member: Member, each: Option<&Configure>) -> Self {
        Self {
            hash: hash(member.name.as_bytes()),
            name: member.name.clone(),
            condition: Mutex::new(Condition {
                weight: member.weight,
                health: EjectionState::default(),
                checks: CheckHistory::default(),
                load: Load::default(),
                turn: 0.0,
            }),
            proxy: member.into_proxy(each),
            removal: CancellationToken::new(),
            refused_check: Once::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn proxy(&self) -> &OriginProxy {
        &self.proxy
    }

    pub(super) fn is_ejected(&self) -> bool {
        self.lock().health.is_ejected()
    }

    /// Whether its last outcome was a failure.
    pub(super) fn is_failing(&self) -> bool {
        self.lock().health.is_failing()
    }

    /// Whether its health checks fail.
    pub(super) fn is_down(&self) -> bool {
        self.lock().checks.is_down()
    }

    pub(super) fn weight(&self) -> u32 {
        self.lock().weight
    }

    pub(super) fn set_weight(&self, weight: u32) {
        self.lock().weight = weight;
    }

    /// Notes and logs that it is in a group: it begins with a slow start, as after a return.
    pub(super) fn added(&self) {
        let (label, dial) = self.logged();
        tracing::info!(member = &*self.name, label, dial, "origin added");
        let health = &mut self.lock().health;
        // Unless it has taken over from one that is out.
        if health.availability() == Availability::Serving {
            health.return_to_service(Instant::now());
        }
    }

    /// Takes over from a former member if that is out and has the same address: it begins with
    /// trials, and is down until its first check.
    #[cfg(feature = "serde")]
    pub(super) fn take_over(&self, former: &Self, has_checks: bool) {
        let dial = |member: &Self| member.proxy.origin().map(|origin| origin.dial().clone());
        if dial(self).is_none() || dial(self) != dial(former) {
            return;
        }
        let (mut condition, former) = (self.lock(), former.lock());
        if has_checks {
            condition.checks.take_over(&former.checks);
        }
        if let Some(health) = former.health.handed_over(Instant::now()) {
            condition.health = health;
        }
    }

    /// An ejection that another member has taken over ends with the return of that one.
    pub(super) fn replaced_by(&self, next: &Self) {
        if next.is_ejected() {
            self.lock().health = EjectionState::default();
        }
    }

    /// Admits a request that shows whether the member is back, if one is due.
    pub(super) fn admit_if_due(&self, repeatable: bool, now: Instant) -> Option<Admission> {
        let mut condition = self.lock();
        match condition.weight == 0 || condition.checks.is_down() {
            true => None,
            false => condition.health.admit_if_due(repeatable, now),
        }
    }

    /// Admits a request, whatever the health.
    pub(super) fn admit(&self) -> Admission {
        self.lock().health.admit()
    }

    /// Whether it gets requests, and as which candidate. `None` for a member of weight 0.
    pub(super) fn candidate(
        &self,
        ejection: &Ejection,
        now: Instant,
    ) -> Option<(Availability, MemberCandidate)> {
        let mut condition = self.lock();
        if condition.weight == 0 {
            return None;
        }
        let availability = match condition.checks.is_down() {
            true => Availability::Unavailable,
            false => condition.health.availability(),
        };
        let share = condition.health.share(ejection.slow_start, now);
        let candidate = MemberCandidate {
            hash: self.hash,
            weight: f64::from(condition.weight) * share,
            in_flight: self.proxy.in_flight(),
            failures: condition.load.failures(now),
            latency: condition.load.latency(now),
            turn: condition.turn,
        };
        Some((availability, candidate))
    }

    /// Moves its turn, with round robin.
    pub(super) fn move_turn(&self, by: f64) {
        self.lock().turn += by;
    }

    /// Records the outcome of a request, and how long it took if that tells something.
    pub(super) fn report(
        &self,
        admission: Admission,
        signal: HealthSignal,
        latency: Option<Duration>,
        ejection: &Ejection,
        may_eject: bool,
    ) -> Option<HealthChange> {
        let now = Instant::now();
        let mut condition = self.lock();
        let was_unreachable = condition.health.availability() == Availability::Unreachable;
        match signal {
            HealthSignal::Failure | HealthSignal::Unreachable => condition.load.failed(now),
            HealthSignal::Success | HealthSignal::Begun if was_unreachable => {
                condition.load.recovered();
            }
            HealthSignal::Success | HealthSignal::Begun | HealthSignal::None => {}
        }
        if let (HealthSignal::Success | HealthSignal::Begun, Some(latency)) = (signal, latency) {
            condition.load.responded(latency, now);
        }
        let health = &mut condition.health;
        let change = health.report(admission, signal, ejection, may_eject, now);
        if change == Some(HealthChange::Returned) {
            condition.load.recovered();
        }
        change
    }

    /// Is cancelled when the member leaves the group.
    pub(super) fn removal(&self) -> &CancellationToken {
        &self.removal
    }

    /// Notes, logs and reports that it has left the group. Call it without a lock.
    pub(super) fn removed(&self) {
        self.removal.cancel();
        let was_ejected = self.is_ejected();
        let (label, dial) = self.logged();
        tracing::info!(member = &*self.name, label, dial, "origin removed");
        if was_ejected {
            notify_observers(&self.proxy, |observer, origin| observer.returned(origin));
        }
    }

    /// Logs a change of health, and reports it to observers. Call it without a lock.
    pub(super) fn log_change(&self, change: HealthChange) {
        if self.removal.is_cancelled() {
            return;
        }
        let member = &*self.name;
        let (label, dial) = self.logged();
        match change {
            HealthChange::Ejected { failures, time } => {
                tracing::warn!(member, label, dial, failures, ?time, "origin ejected");
                notify_observers(&self.proxy, |observer, origin| observer.ejected(origin));
            }
            HealthChange::Returned => {
                tracing::info!(member, label, dial, "origin returned");
                notify_observers(&self.proxy, |observer, origin| observer.returned(origin));
            }
        }
    }

    /// Notes a request whose client left: the member may be slow, and is not idle.
    pub(super) fn abandoned(&self, admission: Admission, waited: Option<Duration>) {
        let mut condition = self.lock();
        condition.health.end_trial(admission);
        if let Some(waited) = waited {
            condition.load.responded(waited, Instant::now());
        }
    }

    /// Records the result of a health check, and logs a change.
    pub(super) fn checked(
        &self,
        outcome: &CheckOutcome,
        refusal: Option<&Diagnosis>,
        settings: &HealthCheck,
    ) {
        let member = &*self.name;
        let (label, dial) = self.logged();
        tracing::debug!(member, label, dial, %outcome, "health check");
        if outcome.is_refused() {
            self.lock().checks.cannot_check();
            self.refused_check.call_once(|| {
                tracing::error!(
                    member, label, dial, %outcome,
                    "health checks are not sent: the settings of the origin's proxy refuse them"
                );
            });
        }
        if !outcome.is_about_member() {
            return;
        }
        let recorded = outcome.clone();
        let (is_down, has_returned) = {
            let mut condition = self.lock();
            if !condition.checks.record(recorded, settings) {
                return;
            }
            let is_down = condition.checks.is_down();
            let was_ejected = condition.health.is_ejected();
            if !is_down {
                condition.health.return_to_service(Instant::now());
                condition.load.recovered();
            }
            (is_down, was_ejected && !is_down)
        };
        match is_down {
            true => self.log_down(outcome, refusal, settings),
            false => tracing::info!(member, label, dial, "health checks passed: origin is up"),
        }
        if has_returned {
            self.log_change(HealthChange::Returned);
        }
    }

    /// Logs that its health checks take it down, with the fields of a request's failure.
    fn log_down(
        &self,
        outcome: &CheckOutcome,
        refusal: Option<&Diagnosis>,
        settings: &HealthCheck,
    ) {
        let origin = self.proxy.origin();
        let (names, diagnosis) = match (outcome, origin) {
            (CheckOutcome::Failed(error), _) => {
                (LoggedNames::of(error.facts()), Some(error.diagnosis()))
            }
            (_, Some(origin)) => {
                let host = settings.host.as_ref().and_then(|host| host.as_ref().ok());
                let host = host.unwrap_or_else(|| origin.host());
                let names = LoggedNames::of_answered(origin, host, None);
                (names, refusal.cloned())
            }
            (_, None) => (LoggedNames::default(), refusal.cloned()),
        };
        tracing::warn!(
            member = &*self.name,
            label = origin.and_then(Origin::label),
            dial = names.dial,
            sni = names.sni,
            expected_name = names.expected_name,
            host = names.host,
            %outcome,
            diagnosis = diagnosis.as_ref().map(display),
            "health checks failed: origin is down"
        );
    }

    /// The label and the dial target of its origin, for events.
    fn logged(&self) -> (Option<&str>, Option<DisplayValue<&DialTarget>>) {
        let origin = self.proxy.origin();
        let dial = origin.map(|origin| display(origin.dial()));
        (origin.and_then(Origin::label), dial)
    }

    pub(super) fn snapshot(&self, tier: usize) -> MemberSnapshot {
        let proxy = self.proxy.snapshot();
        let mut condition = self.lock();
        let (consecutive_failures, requests, failures, ejections) = condition.health.counters();
        MemberSnapshot {
            name: self.name.clone(),
            label: self.logged().0.map(str::to_owned),
            tier,
            weight: condition.weight,
            state: match condition.checks.is_down() {
                true => MemberState::Down,
                false => condition.health.state(),
            },
            latency: condition
                .load
                .latency(Instant::now())
                .map(Duration::from_secs_f64),
            consecutive_failures,
            requests,
            failures,
            ejections,
            last_check: condition.checks.last().cloned(),
            proxy,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Condition> {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
