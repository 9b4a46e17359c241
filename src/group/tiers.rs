//! `Tiers`: the members of a group in their tiers, and how many of them may be ejected.
//!
//! `select_member.rs` selects one for a request.

use std::sync::Arc;

use super::{Ejection, MemberSnapshot, group_member::GroupMember};

/// The members of a group, in their tiers.
#[derive(Default)]
pub(super) struct Tiers(Vec<Vec<Arc<GroupMember>>>);

impl Tiers {
    pub(super) fn new(tiers: Vec<Vec<Arc<GroupMember>>>) -> Self {
        Self(tiers)
    }

    /// The tiers, the preferred one first.
    pub(super) fn all(&self) -> &[Vec<Arc<GroupMember>>] {
        &self.0
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
}
