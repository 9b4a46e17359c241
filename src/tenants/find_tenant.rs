//! Finds the tenant of a request: by `select` if it is set, else by the host.
//!
//! A name that has a tenant goes before a wildcard (`*.example.com`), and a long wildcard before a
//! short one. If none covers the name, `on_demand` may make a tenant. Otherwise it is the tenant
//! `*`. Without one, the request is refused.

use std::sync::Arc;

use http::{StatusCode, request::Parts};

use crate::{
    error::{BuildError, ErrorKind, RequestProblem},
    group::OriginGroup,
    name::HostAuthority,
    pool::InFlight,
    proxy::OriginProxy,
};

use super::{
    VirtualHosts,
    host_entry::{HostEntry, HostOrigin},
    host_key::{DEFAULT, host_key, host_of},
    virtual_hosts::HostSettings,
};

/// Why no tenant is found for a request.
const UNKNOWN: ErrorKind = ErrorKind::Request(RequestProblem::HostUnknown);

/// Where a request goes.
pub(super) enum Destination {
    Proxy(OriginProxy),
    /// With the request, if the group accepts it.
    Group(OriginGroup, Option<InFlight>),
}

/// Where a request goes, else why nowhere.
///
/// The entry is not forgotten while it is held: hold it until the request counts as in flight.
pub(super) fn find_tenant(
    hosts: &VirtualHosts,
    parts: &Parts,
) -> Result<(Destination, Arc<HostEntry>), ErrorKind> {
    match &hosts.settings.select {
        None => find_host(hosts, &host_key(host_of(parts).unwrap_or_default())),
        Some(select) => find_host(hosts, &host_key(&select(parts).unwrap_or_default())),
    }
}

/// Where the requests of a host go, else why nowhere.
fn find_host(hosts: &VirtualHosts, host: &str) -> Result<(Destination, Arc<HostEntry>), ErrorKind> {
    let HostSettings {
        rule,
        max_active,
        idle_timeout,
        budget,
        ..
    } = &*hosts.settings;
    // A request without a host, or for which `select` returned none, is not for the rule. Nor is a
    // text that is no host: the rule may make a URL of it.
    let is_host = || host.parse::<HostAuthority>().is_ok();
    let entry = match hosts.registry.find(host) {
        Some(entry) => entry,
        None => match rule
            .as_ref()
            .filter(|_| is_host())
            .and_then(|rule| rule(host))
        {
            Some(tenant) => {
                let tenant = tenant.check(&hosts.registry.template());
                let tenant = tenant.map_err(|error| unusable(host, &error))?;
                hosts.registry.insert_on_demand(host, tenant)
            }
            None => hosts.registry.get(DEFAULT).ok_or(UNKNOWN)?,
        },
    };
    let destination = match entry.origin() {
        HostOrigin::Group(group) => {
            // Counted first: a drain waits for this request, or is seen here.
            let in_flight = group.accept();
            if hosts.registry.is_draining() {
                if entry.is_retired() {
                    return Err(ErrorKind::Draining);
                }
                drop(entry.drain_group());
            }
            Destination::Group(group.clone(), in_flight)
        }
        HostOrigin::Tenant(tenant) => {
            let build = || tenant.proxy(&hosts.registry.template(), budget.clone());
            let proxy = hosts
                .registry
                .proxy(&entry, build, *max_active, *idle_timeout);
            Destination::Proxy(proxy.map_err(|error| unusable(host, &error))?)
        }
    };
    Ok((destination, entry))
}

/// The settings of error responses that belong to no tenant, and their status.
pub(super) fn refusal(hosts: &VirtualHosts, kind: ErrorKind) -> (OriginProxy, StatusCode) {
    let status = match kind {
        UNKNOWN => hosts.settings.unknown,
        ErrorKind::Draining => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (hosts.registry.template(), status)
}

/// The tenant contradicts the template.
fn unusable(host: &str, error: &BuildError) -> ErrorKind {
    tracing::error!(host, %error, "the proxy of a tenant cannot be built");
    ErrorKind::UnsupportedUri
}
