//! `Tiers`: the members of a group in their tiers, former ones, and how many may be ejected.
//!
//! `select_member.rs` selects one for a request.

use std::sync::Arc;

use super::{Ejection, MemberSnapshot, group_member::GroupMember};

/// The members of a group, in their tiers.
#[derive(Default)]
pub(super) struct Tiers {
    tiers: Vec<Vec<Arc<GroupMember>>>,
    /// Those that were removed, until their requests have ended.
    former: Vec<Arc<GroupMember>>,
}

impl Tiers {
    pub(super) fn new(tiers: Vec<Vec<Arc<GroupMember>>>) -> Self {
        Self {
            tiers,
            former: Vec::new(),
        }
    }

    /// The tiers, the preferred one first.
    pub(super) fn all(&self) -> &[Vec<Arc<GroupMember>>] {
        &self.tiers
    }

    pub(super) fn count(&self) -> usize {
        self.tiers.len()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Arc<GroupMember>> {
        self.tiers.iter().flatten()
    }

    /// The members, and the former ones of which requests may still run.
    pub(super) fn with_former(&self) -> impl Iterator<Item = &Arc<GroupMember>> {
        self.members().chain(&self.former)
    }

    /// Takes out the former members whose requests have ended. Drop them without a lock.
    pub(super) fn take_ended(&mut self) -> Vec<Arc<GroupMember>> {
        // A request may be about to be sent to a member that something else holds.
        let has_ended =
            |it: &mut Arc<GroupMember>| Arc::strong_count(it) == 1 && it.proxy().in_flight() == 0;
        self.former.extract_if(.., has_ended).collect()
    }

    pub(super) fn tier(&self, tier: usize) -> &[Arc<GroupMember>] {
        self.tiers.get(tier).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<GroupMember>> {
        self.members().find(|member| member.name() == name)
    }

    pub(super) fn snapshot(&self) -> Vec<MemberSnapshot> {
        let tiers = self.tiers.iter().enumerate();
        let members = tiers.flat_map(|(tier, members)| members.iter().map(move |it| (tier, it)));
        members
            .map(|(tier, member)| member.snapshot(tier))
            .collect()
    }

    /// Adds a member to a tier, which is created if it is the next.
    pub(super) fn add(&mut self, tier: usize, member: Arc<GroupMember>) {
        if tier == self.tiers.len() {
            self.tiers.push(Vec::new());
        }
        if let Some(tier) = self.tiers.get_mut(tier) {
            tier.push(member);
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<GroupMember>> {
        let removed = self.tiers.iter_mut().find_map(|tier| {
            let at = tier.iter().position(|member| member.name() == name)?;
            Some(tier.remove(at))
        });
        self.former.extend(removed.clone());
        removed
    }

    /// Replaces the members of a tier. Returns those that were added, and those that were removed.
    pub(super) fn replace(
        &mut self,
        tier: usize,
        members: Vec<Arc<GroupMember>>,
    ) -> (Vec<Arc<GroupMember>>, Vec<Arc<GroupMember>>) {
        let Some(tier) = self.tiers.get_mut(tier) else {
            return Default::default();
        };
        let (added, removed) = (without(&members, tier), without(tier, &members));
        *tier = members;
        self.former.extend(removed.iter().cloned());
        (added, removed)
    }

    /// The last tier that gets requests: members of weight 0 get none.
    pub(super) fn last_in_use(&self) -> Option<usize> {
        let is_in_use = |tier: &Vec<Arc<GroupMember>>| tier.iter().any(|it| it.weight() > 0);
        self.tiers.iter().rposition(is_in_use)
    }

    /// Whether another member beside this one may be ejected. Only the last tier is bound.
    pub(super) fn allows_ejection(&self, of: &Arc<GroupMember>, ejection: &Ejection) -> bool {
        let last = self.last_in_use().map_or(&[][..], |last| self.tier(last));
        let in_use: Vec<_> = last.iter().filter(|member| member.weight() > 0).collect();
        if !in_use.iter().any(|member| Arc::ptr_eq(member, of)) {
            return true;
        }
        let ejected = in_use.iter().filter(|member| member.is_ejected()).count();
        ejected < ejection.max_of(in_use.len())
    }
}

/// The members of a list that are not in another.
fn without(list: &[Arc<GroupMember>], other: &[Arc<GroupMember>]) -> Vec<Arc<GroupMember>> {
    let is_in_other = |member: &Arc<GroupMember>| other.iter().any(|it| Arc::ptr_eq(it, member));
    let list = list.iter().filter(|member| !is_in_other(member));
    list.cloned().collect()
}
