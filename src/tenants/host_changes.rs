//! Changes of several hosts at once, all or none.

use std::{borrow::Cow, iter::once, sync::Arc};

use crate::{
    connector::CdnOriginConnector,
    error::BuildError,
    group::{OriginGroup, take_over},
    proxy::{OriginProxy, connector_of},
};

use super::{Tenant, VirtualHosts, host_entry::HostOrigin, host_key::checked_key};

/// What a host gets.
pub(crate) enum NewTenant {
    Origin(Box<Tenant>),
    Group(OriginGroup),
}

/// Changes the template, if there is a new one, and some hosts. `None` removes one.
///
/// # Errors
///
/// Fails with the first host that cannot be changed, or without one for the template. Nothing
/// changes then.
pub(crate) fn change_hosts(
    hosts: &VirtualHosts,
    template: Option<OriginProxy>,
    changes: Vec<(&str, Option<NewTenant>)>,
) -> Result<(), (Option<String>, BuildError)> {
    let registry = hosts.registry();
    let current = template.clone().unwrap_or_else(|| registry.template());
    if template.is_some() {
        let checked = hosts.check_template(&current);
        checked.map_err(|error| (None, error))?;
    }
    let mut checked = Vec::new();
    for (host, tenant) in changes {
        let origin = tenant.map(|tenant| tenant.check(&current)).transpose();
        let key = checked_key("insert", host).map(Cow::into_owned);
        match key.and_then(|key| Ok((key, origin?))) {
            Ok(change) => checked.push(change),
            Err(error) => return Err((Some(host.to_owned()), error)),
        }
    }
    if let Some(template) = template {
        registry.set_template(template);
    }
    for (key, origin) in checked {
        match origin {
            Some(origin) => registry.insert(&key, origin),
            None => drop(registry.remove(&key)),
        }
    }
    Ok(())
}

/// The connectors that exist now: that of the template, and those of hosts that have a proxy.
pub(crate) fn connectors_of(hosts: &VirtualHosts) -> Vec<(Option<String>, CdnOriginConnector)> {
    let proxies = hosts.proxies().into_iter();
    let proxies = proxies.map(|(host, proxy)| (Some(host), proxy));
    once((None, hosts.registry().template()))
        .chain(proxies)
        .map(|(host, proxy)| (host, connector_of(&proxy).clone()))
        .collect()
}

impl NewTenant {
    /// Members that are out at the group that the host has now are out at its new group, too.
    pub(crate) fn take_over(self, hosts: &VirtualHosts, host: &str) -> Self {
        if let (Self::Group(group), Some(former)) = (&self, hosts.group(host)) {
            take_over(group, &former);
        }
        self
    }

    fn check(self, template: &OriginProxy) -> Result<HostOrigin, BuildError> {
        Ok(match self {
            Self::Origin(tenant) => HostOrigin::Tenant(Arc::new(tenant.check_to_insert(template)?)),
            Self::Group(group) => HostOrigin::Group(group),
        })
    }
}
