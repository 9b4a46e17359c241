//! `SampledGroups`: what the last sample of each group has shown.
//!
//! Members leave their group at any time, such as with an answer of DNS. What the next sample does
//! not show any longer is set to zero once.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    group::{GroupId, OriginGroup},
    origin::Origin,
};

/// The last sample of each group.
#[derive(Default)]
pub(super) struct SampledGroups(Mutex<Vec<(GroupId, Shown)>>);

/// The labels and the origins of a sample.
#[derive(Default)]
pub(super) struct Shown {
    /// Those of the members. `None` for members without a label.
    pub(super) labels: BTreeSet<Option<String>>,
    /// One for each address and label.
    pub(super) origins: Vec<Arc<Origin>>,
}

impl SampledGroups {
    /// Notes what a sample shows. Returns what the last one has shown besides that. So does the
    /// first sample after another group was dropped, for that group.
    pub(super) fn replace(&self, group: &OriginGroup, shown: Shown) -> Shown {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_former = |(id, _): &mut (GroupId, Shown)| id.is_gone() || id.is_of(group);
        let former: Vec<_> = groups.extract_if(.., is_former).collect();
        let mut gone = Shown::default();
        for (_, mut last) in former {
            gone.labels.append(&mut last.labels);
            gone.origins.append(&mut last.origins);
        }
        gone.labels.retain(|label| !shown.labels.contains(label));
        gone.origins.retain(|origin| !shown.has(origin));
        groups.push((GroupId::of(group), shown));
        gone
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
