//! Selects the member that gets a request: by tier, trials, availability and the panic threshold.
//!
//! `balance.rs` chooses among the members that remain.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    Balance, Ejection,
    group_member::GroupMember,
    health::{Admission, Availability},
    member_candidate::{MemberCandidate, turn_steps},
    random::Random,
    tiers::Tiers,
};

/// How members are selected.
pub(super) struct SelectionRules {
    pub(super) balance: Balance,
    pub(super) ejection: Ejection,
    /// In percent of the members of the last tier.
    pub(super) panic_threshold: u32,
    pub(super) random: Random,
}

/// What the selection depends on in a request.
pub(super) struct SelectionRequest {
    /// Whether it can be sent to another member if this one fails.
    pub(super) repeatable: bool,
    /// The hash of its affinity key.
    pub(super) key: Option<u64>,
    pub(super) tried: Vec<Arc<GroupMember>>,
}

/// Selects an untried member. `None` if there is none, or if all have weight 0.
pub(super) fn select_member(
    tiers: &Tiers,
    rules: &SelectionRules,
    request: &SelectionRequest,
) -> Option<(Arc<GroupMember>, Admission)> {
    let now = Instant::now();
    let last = tiers.last_in_use()?;
    for (index, tier) in tiers.all().iter().enumerate() {
        let again = tier.iter().filter(|member| !request.has_tried(member));
        let mut again = again.filter_map(|member| {
            let admission = member.admit_if_due(request.repeatable, now)?;
            Some((member.clone(), admission))
        });
        if let Some(due) = again.next() {
            return Some(due);
        }
        let threshold = if index == last {
            rules.panic_threshold
        } else {
            0
        };
        let candidates = TierCandidates::of(tier, &rules.ejection, now);
        if let Some(member) = candidates.select(threshold, rules, request) {
            return Some(member);
        }
    }
    // All are out: better one that may be back than none.
    tiers.all().iter().find_map(|tier| {
        let candidates = TierCandidates::of(tier, &rules.ejection, now);
        candidates.select_from(|_| true, rules, request)
    })
}

impl SelectionRequest {
    fn has_tried(&self, member: &Arc<GroupMember>) -> bool {
        self.tried.iter().any(|tried| Arc::ptr_eq(tried, member))
    }
}

/// The members of one tier with more than no weight.
struct TierCandidates<'a>(Vec<(&'a Arc<GroupMember>, Availability, MemberCandidate)>);

impl<'a> TierCandidates<'a> {
    fn of(tier: &'a [Arc<GroupMember>], ejection: &Ejection, now: Instant) -> Self {
        let candidates = tier.iter().filter_map(|member| {
            let (state, candidate) = member.candidate(ejection, now)?;
            Some((member, state, candidate))
        });
        Self(candidates.collect())
    }

    /// Selects an available member. Below the panic threshold (`threshold` percent available),
    /// selects any.
    fn select(
        &self,
        threshold: u32,
        rules: &SelectionRules,
        request: &SelectionRequest,
    ) -> Option<(Arc<GroupMember>, Admission)> {
        let states = self.0.iter().map(|(_, state, _)| *state);
        let available = states.filter(|it| *it != Availability::Unavailable).count();
        if available * 100 < self.0.len() * threshold as usize {
            return self.select_from(|_| true, rules, request);
        }
        self.select_from(|it| it == Availability::Serving, rules, request)
            .or_else(|| self.select_from(|it| it == Availability::Unreachable, rules, request))
    }

    /// Selects an untried one of these states.
    fn select_from(
        &self,
        is_eligible: impl Fn(Availability) -> bool,
        rules: &SelectionRules,
        request: &SelectionRequest,
    ) -> Option<(Arc<GroupMember>, Admission)> {
        let eligible = self
            .0
            .iter()
            .filter(|(member, state, _)| is_eligible(*state) && !request.has_tried(member));
        let (members, candidates): (Vec<_>, Vec<_>) = eligible
            .map(|(member, _, candidate)| (*member, *candidate))
            .unzip();
        if candidates.is_empty() {
            return None;
        }
        let SelectionRules {
            balance, random, ..
        } = rules;
        let selected = balance.select(&candidates, request.key, random);
        if balance.is_round_robin() {
            for (member, step) in members.iter().zip(turn_steps(&candidates)) {
                member.move_turn(step);
            }
            members[selected].move_turn(-1.0);
        }
        let member = members[selected];
        Some((member.clone(), member.admit()))
    }
}
