//! What metrics read of a service of tenants.

use std::{
    collections::HashSet,
    sync::{Arc, Weak},
};

use crate::group::{OriginGroup, SampledId, SampledProxy, sampled_members};

use super::{VirtualHosts, former_hosts::FormerHost, host_entry::HostOrigin, registry::Registry};

/// The groups and the proxies of a service, also former ones of which requests may still run.
pub(crate) struct SampledHosts {
    pub(crate) groups: Vec<OriginGroup>,
    /// Those of tenants, and of the members of groups.
    pub(crate) proxies: Vec<SampledProxy>,
}

pub(crate) fn id_of_hosts(hosts: &VirtualHosts) -> SampledId {
    let registry: Weak<Registry> = Arc::downgrade(&hosts.registry);
    registry
}

/// Several hosts may have one group: it counts once.
pub(crate) fn sampled_hosts(hosts: &VirtualHosts) -> SampledHosts {
    let (entries, former) = hosts.registry.with_former();
    let mut seen = HashSet::new();
    let (mut groups, mut proxies) = (Vec::new(), Vec::new());
    let tenant = |proxy, is_present| SampledProxy {
        proxy,
        is_present,
        is_ejected: false,
        is_down: false,
    };
    for entry in entries {
        proxies.extend(entry.proxy().map(|proxy| tenant(proxy, true)));
        if let HostOrigin::Group(group) = entry.origin() {
            let requests = group.requests();
            if seen.insert(requests.address()) {
                groups.push(group.clone());
                proxies.extend(sampled_members(&requests, true));
            }
        }
    }
    for host in former {
        match host {
            FormerHost::Tenant(entry) => {
                proxies.extend(entry.proxy().map(|proxy| tenant(proxy, false)));
            }
            FormerHost::Group(_, requests) => {
                if seen.insert(requests.address()) {
                    proxies.extend(sampled_members(&requests, false));
                }
            }
        }
    }
    SampledHosts { groups, proxies }
}
