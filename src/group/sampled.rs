//! What metrics read of a group.

use std::sync::{Arc, Weak};

use crate::proxy::OriginProxy;

use super::{OriginGroup, shared_group::SharedGroup};

/// What tells a group from others. Does not keep the group.
pub(crate) struct GroupId(Weak<SharedGroup>);

impl GroupId {
    pub(crate) fn of(group: &OriginGroup) -> Self {
        Self(Arc::downgrade(&group.0))
    }

    /// Whether it is that of this group.
    pub(crate) fn is_of(&self, group: &OriginGroup) -> bool {
        self.0.as_ptr() == Arc::as_ptr(&group.0)
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// The proxies of the members, and of the former ones of which requests may still run. Each with
/// whether it is a member that is ejected.
pub(crate) fn proxies_of(group: &OriginGroup) -> Vec<(OriginProxy, bool)> {
    let members = group.0.with_former().into_iter();
    let sampled = members.map(|member| {
        let is_ejected = member.is_ejected() && !member.removal().is_cancelled();
        (member.proxy().clone(), is_ejected)
    });
    sampled.collect()
}
