//! Tenants in a TOML file: a table for each host.

use std::collections::BTreeMap;

use cdn_origin::{
    pool::PoolSettings,
    tenants::{Tenant, VirtualHosts},
};
use toml::{Table, Value};
use tower::BoxError;

/// The tenants that are in use, as the file describes them.
#[derive(Default)]
pub(crate) struct Tenants(BTreeMap<String, Value>);

impl Tenants {
    /// Adds, replaces and removes what has changed. An error changes nothing.
    pub(crate) fn reload(&mut self, hosts: &VirtualHosts, text: &str) -> Result<(), BoxError> {
        let new: BTreeMap<_, _> = text.parse::<Table>()?.into_iter().collect();
        let changed = new
            .iter()
            .filter(|(host, value)| self.0.get(*host) != Some(value))
            .map(|(host, value)| Ok((host, tenant(value)?)))
            .collect::<Result<Vec<_>, BoxError>>()?;
        for (host, tenant) in changed {
            hosts.insert(host, tenant)?;
        }
        for host in self.0.keys().filter(|host| !new.contains_key(*host)) {
            hosts.remove(host);
        }
        self.0 = new;
        Ok(())
    }
}

fn tenant(value: &Value) -> Result<Tenant, BoxError> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let mut tenant = Tenant::new(text("url").ok_or("a tenant needs a url")?);
    if let Some(name) = text("sni") {
        tenant = tenant.sni(name);
    }
    if let Some(name) = text("expected_name") {
        tenant = tenant.expected_name(name);
    }
    if let Some(host) = text("host") {
        tenant = tenant.host(host);
    }
    if let Some(count) = value.get("max_connections").and_then(Value::as_integer) {
        let settings = PoolSettings::default().max_connections(count.try_into()?);
        tenant = tenant.pool(settings);
    }
    Ok(tenant)
}
