//! `SampledGroups`: what the last sample of each group has shown.
//!
//! Members leave their group at any time, such as with an answer of DNS. What the next sample does
//! not show any longer is set to zero once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    group::{GroupId, MemberState, OriginGroup},
    origin::Origin,
};

/// How many members are in each of [`MemberState::ALL`].
pub(super) type StateCounts = [usize; MemberState::ALL.len()];

/// Members by the label of their origin, which may be absent.
pub(super) type MembersByLabel = BTreeMap<Option<String>, StateCounts>;

/// The last sample of each group.
#[derive(Default)]
pub(super) struct SampledGroups(Mutex<Samples>);

#[derive(Default)]
struct Samples {
    groups: Vec<(GroupId, Shown)>,
    /// Those of all groups. Labels stay: a recorder keeps their time series.
    members: MembersByLabel,
}

/// The members and the origins of a sample.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) members: MembersByLabel,
    /// One for each address and label.
    pub(super) origins: Vec<Arc<Origin>>,
}

/// What a sample changes.
#[derive(Default)]
pub(super) struct Change {
    /// The members of all groups, for each label of this sample and of the one before.
    pub(super) members: MembersByLabel,
    /// Those that only the sample before has shown.
    pub(super) gone: Vec<Arc<Origin>>,
    /// Whether members have lost their label, because it is beyond the maximum.
    pub(super) lost_labels: bool,
}

impl SampledGroups {
    /// Notes what a sample shows in place of the last one. The first sample after another group was
    /// dropped takes the place of that group's, too.
    ///
    /// Further labels than `max_labels` are left out. Their members are counted without a label.
    pub(super) fn replace(
        &self,
        group: &OriginGroup,
        mut shown: Shown,
        max_labels: usize,
    ) -> Change {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Samples { groups, members } = &mut *samples;
        let mut change = Change::default();
        let is_former = |(id, _): &mut (GroupId, Shown)| id.is_gone() || id.is_of(group);
        for (_, last) in groups.extract_if(.., is_former) {
            for (label, counts) in last.members {
                let all = members.entry(label.clone()).or_default();
                all.iter_mut()
                    .zip(counts)
                    .for_each(|(all, own)| *all -= own);
                change.members.entry(label).or_default();
            }
            change.gone.extend(last.origins);
        }
        change.gone.retain(|origin| !shown.has(origin));
        for (label, counts) in std::mem::take(&mut shown.members) {
            let known = members.keys().flatten().count();
            let has_room = known < max_labels || members.contains_key(&label);
            change.lost_labels |= label.is_some() && !has_room;
            let label = label.filter(|_| has_room);
            for counted in [&mut *members, &mut shown.members] {
                let all = counted.entry(label.clone()).or_default();
                all.iter_mut()
                    .zip(counts)
                    .for_each(|(all, own)| *all += own);
            }
            change.members.entry(label).or_default();
        }
        for (label, counts) in &mut change.members {
            *counts = members.get(label).copied().unwrap_or_default();
        }
        groups.push((GroupId::of(group), shown));
        change
    }
}

impl Shown {
    /// The origins, once each.
    pub(super) fn add(&mut self, origin: &Arc<Origin>) {
        if !self.has(origin) {
            self.origins.push(origin.clone());
        }
    }

    fn has(&self, origin: &Origin) -> bool {
        self.origins.iter().any(|it| share_labels(it, origin))
    }
}

/// Whether the metrics of two origins have the same labels.
pub(super) fn share_labels(one: &Origin, other: &Origin) -> bool {
    (one.dial(), one.label()) == (other.dial(), other.label())
}
