//! What metrics read of a group.

use std::{
    any::Any,
    sync::{Arc, Weak},
};

use crate::proxy::OriginProxy;

use super::{GroupRequests, OriginGroup, group_handle::GroupHandle};

/// What tells a group, or a service of tenants, from others. Does not keep it.
pub(crate) type SampledId = Weak<dyn Any + Send + Sync>;

/// A proxy whose gauges are sampled.
pub(crate) struct SampledProxy {
    pub(crate) proxy: OriginProxy,
    /// It gets requests. Of a former one, requests may still run.
    pub(crate) is_present: bool,
    /// It is that of a member that is ejected.
    pub(crate) is_ejected: bool,
    /// It is that of a member whose health checks fail.
    pub(crate) is_down: bool,
}

pub(crate) fn id_of(group: &OriginGroup) -> SampledId {
    let group: Weak<GroupHandle> = Arc::downgrade(&group.0);
    group
}

/// The proxies of the members, and of the former ones of which requests may still run.
pub(crate) fn sampled_members(requests: &GroupRequests, is_present: bool) -> Vec<SampledProxy> {
    let members = requests.0.with_former().into_iter();
    let sampled = members.map(|member| {
        let is_present = is_present && !member.removal().is_cancelled();
        SampledProxy {
            proxy: member.proxy().clone(),
            is_present,
            is_ejected: is_present && member.is_ejected(),
            is_down: is_present && member.is_down(),
        }
    });
    sampled.collect()
}
