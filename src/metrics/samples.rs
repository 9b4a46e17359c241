//! `Samples`: what the last sample of each group, and of each service of tenants, has shown.
//!
//! Members leave their group, and tenants their service, at any time. What the next sample does not
//! show any longer is set to zero once.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{Hash, Hasher},
    ptr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    group::{MemberState, OriginGroup, SampledId, SampledProxy, id_of, sampled_members},
    name::DialTarget,
    origin::Origin,
    proxy::connector_of,
    tenants::{SampledHosts, VirtualHosts, id_of_hosts, sampled_hosts},
};

use super::gauges::Gauges;

/// Members in each of [`MemberState::ALL`], by the label of their origin, which may be absent.
pub(super) type MembersByLabel = BTreeMap<Option<String>, [usize; MemberState::ALL.len()]>;

/// The values of a group, or of a service of tenants, at one moment.
pub(super) struct Sample {
    of: SampledId,
    /// How many members are in which state, by label. `None` for members without a label.
    pub(super) states: MembersByLabel,
    /// The sums of those that share their labels.
    pub(super) gauges: HashMap<Option<LabelledOrigin>, Gauges>,
}

/// An origin. It equals others with its address and label.
#[derive(Clone)]
pub(super) struct LabelledOrigin(pub(super) Arc<Origin>);

/// What the last samples have shown.
#[derive(Default)]
pub(super) struct Samples(Mutex<KnownSamples>);

#[derive(Default)]
struct KnownSamples {
    shown: Vec<Shown>,
    /// The members of all of them. Labels stay: a recorder keeps their time series.
    members: MembersByLabel,
}

struct Shown {
    of: SampledId,
    members: MembersByLabel,
    origins: HashSet<LabelledOrigin>,
}

/// What became of a sample.
pub(super) struct Completed {
    /// Whether members have lost their label, because it is beyond the maximum.
    pub(super) lost_labels: bool,
}

impl Sample {
    pub(super) fn of_group(group: &OriginGroup) -> Self {
        let members = sampled_members(&group.requests(), true);
        Self::new(id_of(group), std::slice::from_ref(group), members)
    }

    pub(super) fn of_hosts(hosts: &VirtualHosts) -> Self {
        let SampledHosts { groups, proxies } = sampled_hosts(hosts);
        Self::new(id_of_hosts(hosts), &groups, proxies)
    }

    fn new(of: SampledId, groups: &[OriginGroup], proxies: Vec<SampledProxy>) -> Self {
        let mut states = MembersByLabel::new();
        for member in groups.iter().flat_map(OriginGroup::snapshot) {
            let counts = states.entry(member.label).or_default();
            for (state, count) in MemberState::ALL.iter().zip(counts) {
                *count += usize::from(member.state == *state);
            }
        }
        let mut gauges: HashMap<_, Gauges> = HashMap::new();
        for sampled in proxies {
            let origin = connector_of(&sampled.proxy).shared_origin().cloned();
            let sum = gauges.entry(origin.map(LabelledOrigin)).or_default();
            *sum = sum.plus(Gauges::of_sampled(&sampled));
        }
        Self { of, states, gauges }
    }
}

impl Samples {
    /// Notes what a sample shows, in place of the last one of the same, and of those of what was
    /// dropped since. Adds zeros for what these have shown besides.
    ///
    /// Members are counted with those of other samples. Further labels than `max_labels` are left
    /// out: their members are counted without a label.
    pub(super) fn complete(&self, sample: &mut Sample, max_labels: usize) -> Completed {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let KnownSamples { shown, members } = &mut *known;
        let mut next = Shown {
            of: sample.of.clone(),
            members: MembersByLabel::new(),
            origins: sample.gauges.keys().flatten().cloned().collect(),
        };
        let counted = std::mem::take(&mut sample.states);
        let is_former = |it: &mut Shown| {
            it.of.strong_count() == 0 || ptr::addr_eq(it.of.as_ptr(), sample.of.as_ptr())
        };
        for last in shown.extract_if(.., is_former) {
            for (label, counts) in last.members {
                let all = members.entry(label.clone()).or_default();
                all.iter_mut()
                    .zip(counts)
                    .for_each(|(all, own)| *all -= own);
                sample.states.entry(label).or_default();
            }
            for origin in last.origins {
                sample.gauges.entry(Some(origin)).or_default();
            }
        }
        let mut lost_labels = false;
        for (label, counts) in counted {
            let labels = members.keys().flatten().count();
            let has_room = labels < max_labels || members.contains_key(&label);
            lost_labels |= label.is_some() && !has_room;
            let label = label.filter(|_| has_room);
            for sums in [&mut *members, &mut next.members] {
                let all = sums.entry(label.clone()).or_default();
                all.iter_mut()
                    .zip(counts)
                    .for_each(|(all, own)| *all += own);
            }
            sample.states.entry(label).or_default();
        }
        for (label, counts) in &mut sample.states {
            *counts = members.get(label).copied().unwrap_or_default();
        }
        shown.push(next);
        Completed { lost_labels }
    }
}

impl LabelledOrigin {
    fn labels(&self) -> (&DialTarget, Option<&str>) {
        (self.0.dial(), self.0.label())
    }
}

impl PartialEq for LabelledOrigin {
    fn eq(&self, other: &Self) -> bool {
        self.labels() == other.labels()
    }
}

impl Eq for LabelledOrigin {}

impl Hash for LabelledOrigin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.labels().hash(state);
    }
}
