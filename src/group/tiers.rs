//! `Tiers`: the members of a group in their tiers, and the selection of one for a request.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    Balance, Ejection, MemberSnapshot,
    balance::MemberCandidate,
    group_member::GroupMember,
    health::{Admission, Availability},
    random::Random,
};

/// The members of a group, in their tiers.
#[derive(Default)]
pub(super) struct Tiers(Vec<Vec<Arc<GroupMember>>>);

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

impl Tiers {
    pub(super) fn new(tiers: Vec<Vec<Arc<GroupMember>>>) -> Self {
        Self(tiers)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Arc<GroupMember>> {
        self.0.iter().flatten()
    }

    pub(super) fn tier(&self, tier: usize) -> &[Arc<GroupMember>] {
        self.0.get(tier).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<GroupMember>> {
        self.members().find(|member| member.name() == name)
    }

    pub(super) fn snapshot(&self) -> Vec<MemberSnapshot> {
        let tiers = self.0.iter().enumerate();
        let members = tiers.flat_map(|(tier, members)| members.iter().map(move |it| (tier, it)));
        members
            .map(|(tier, member)| member.snapshot(tier))
            .collect()
    }

    /// Adds a member to a tier, which is created if it is the next.
    pub(super) fn add(&mut self, tier: usize, member: Arc<GroupMember>) {
        if tier == self.0.len() {
            self.0.push(Vec::new());
        }
        if let Some(tier) = self.0.get_mut(tier) {
            tier.push(member);
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<GroupMember>> {
        self.0.iter_mut().find_map(|tier| {
            let at = tier.iter().position(|member| member.name() == name)?;
            Some(tier.remove(at))
        })
    }

    /// Replaces the members of a tier, and returns the former ones.
    pub(super) fn replace(
        &mut self,
        tier: usize,
        members: Vec<Arc<GroupMember>>,
    ) -> Vec<Arc<GroupMember>> {
        let tier = self.0.get_mut(tier);
        tier.map(|tier| std::mem::replace(tier, members))
            .unwrap_or_default()
    }

    /// Whether another member beside this one may be ejected. Only the last tier is bound.
    pub(super) fn allows_ejection(&self, of: &Arc<GroupMember>, ejection: &Ejection) -> bool {
        let Some(last) = self.0.iter().rfind(|tier| !tier.is_empty()) else {
            return true;
        };
        if !last.iter().any(|member| Arc::ptr_eq(member, of)) {
            return true;
        }
        let ejected = last.iter().filter(|member| member.is_ejected()).count();
        ejected < ejection.max_of(last.len())
    }

    /// Selects an untried member. `None` if there is none, or if all have weight 0.
    pub(super) fn select(
        &self,
        rules: &SelectionRules,
        request: &SelectionRequest,
    ) -> Option<(Arc<GroupMember>, Admission)> {
        let now = Instant::now();
        let last = self.0.iter().rposition(|tier| !tier.is_empty())?;
        for (index, tier) in self.0.iter().enumerate() {
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
        self.0.iter().find_map(|tier| {
            let candidates = TierCandidates::of(tier, &rules.ejection, now);
            candidates.select_from(|_| true, rules, request)
        })
    }
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

    /// Selects one that is not out. If less than the threshold is not out, selects any.
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
            let total: f64 = candidates.iter().map(|it| it.weight).sum();
            for (member, candidate) in members.iter().zip(&candidates) {
                member.move_turn(candidate.weight);
            }
            members[selected].move_turn(-total);
        }
        let member = members[selected];
        Some((member.clone(), member.admit()))
    }
}
