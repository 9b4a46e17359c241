//! `VirtualHostsConfig`: an origin or a group for each host.

use std::collections::{BTreeMap, HashMap};

use http::StatusCode;
use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    OriginProxy,
    connector::PreparedReload,
    error::BuildError,
    observe::Observer,
    tenants::{VirtualHosts, change_hosts, connectors_of, host_key},
};

use super::{
    ConfigError, Reloaded,
    given::given,
    key_path::paths_within,
    key_tables::KeyTables,
    keyed_enum::KeyedEnum,
    observed_by::ObservedBy,
    origin_calls::OriginCalls,
    reload_report::{add_missing, names_of_changed},
    shared_keys::SharedKeys,
    tenant_config::TenantConfig,
    text_value::Text,
    unique_keys::unique_keys,
};

/// Settings of an origin or a group for each host, read from a file.
///
/// Read it with any format of serde, and convert it into [`VirtualHosts`]. A host may be a
/// [wildcard](VirtualHosts::insert), such as `"*.shops.example"`. See the [module](super#tenants)
/// for the keys.
///
/// ```
/// use cdn_origin::{config::VirtualHostsConfig, tenants::VirtualHosts};
///
/// let config: VirtualHostsConfig = toml::from_str(
///     r#"
///     [hosts."shop.example".origin]
///     url = "http://shop.origin.example"
///
///     [[hosts."*".group.tier]]
///     members = [{ origin.url = "http://a.example" }, { origin.url = "http://b.example" }]
///     "#,
/// )?;
/// let hosts = VirtualHosts::try_from(&config)?;
/// assert_eq!(hosts.hosts().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { hosts = { "shop.example" = { origin = { url = ".." } } } }"#
)]
pub struct VirtualHostsConfig {
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    unknown: Option<UnknownHostConfig>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    max_active: Option<usize>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    max_connections: Option<usize>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    idle_timeout: Option<Text<Duration>>,
    /// The keys of all origins, unless an origin has them itself.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    template: Option<SharedKeys>,
    /// The origin or the group of each host, and `*` for all other hosts.
    #[serde(deserialize_with = "unique_keys")]
    hosts: BTreeMap<String, KeyedEnum<TenantConfig>>,
    #[serde(skip)]
    observed_by: ObservedBy,
}

/// The status for hosts without a tenant.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum UnknownHostConfig {
    Misdirected,
    NotFound,
}

impl TryFrom<&VirtualHostsConfig> for VirtualHosts {
    type Error = ConfigError;

    /// Builds the service with its tenants.
    ///
    /// # Errors
    ///
    /// Fails if two hosts are the same, or if an [`OriginConfig`](super::OriginConfig) or a
    /// [`GroupConfig`](super::GroupConfig) is invalid. The error has the path of the key.
    fn try_from(config: &VirtualHostsConfig) -> Result<Self, ConfigError> {
        config.check_hosts()?;
        let template = config.template_calls()?;
        let mut hosts = Self::new(config.template(&template)?);
        if let Some(unknown) = config.unknown {
            hosts = hosts.unknown(unknown.status());
        }
        if let Some(count) = config.max_active {
            hosts = hosts.max_active(count);
        }
        if let Some(count) = config.max_connections {
            hosts = hosts.max_connections(count);
        }
        if let Some(time) = &config.idle_timeout {
            hosts = hosts.idle_timeout(***time);
        }
        let mut tenants = Vec::new();
        for (host, tenant) in &config.hosts {
            tenants.push((&**host, Some(tenant.build(host, &template)?)));
        }
        change_hosts(&hosts, None, tenants).map_err(|error| config.unusable(error, &template))?;
        Ok(hosts)
    }
}

impl VirtualHostsConfig {
    /// Adds an observer of all origins, such as a `MetricsObserver`.
    ///
    /// A file cannot hold it. A configuration that is given to [`reload`](Self::reload) needs it,
    /// too.
    ///
    /// ```
    /// use cdn_origin::{config::VirtualHostsConfig, observe::Observer};
    ///
    /// struct Log;
    ///
    /// impl Observer for Log {}
    ///
    /// let text = "hosts.'a.test'.origin.url = 'http://a.example'";
    /// let config: VirtualHostsConfig = toml::from_str(text)?;
    /// let config = config.with_observer(Log);
    /// # drop(config);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.observed_by.add(observer);
        self
    }

    /// Refuses two hosts that differ only in case, port or final dot.
    fn check_hosts(&self) -> Result<(), ConfigError> {
        let mut seen = HashMap::new();
        for host in self.hosts.keys() {
            if let Some(other) = seen.insert(host_key(host), host) {
                let problem = format!("it is the same host as {other:?}");
                return Err(ConfigError::invalid(format!("hosts.{host:?}"), problem));
            }
        }
        Ok(())
    }

    /// Applies the changes in a new configuration to a running service.
    ///
    /// This configuration becomes that of what runs: it keeps the keys that are not applied.
    ///
    /// Hosts are added, removed and changed, and no request is lost. A changed origin begins with
    /// new connections; a group in which only members have changed keeps the others. A changed
    /// template changes all hosts. Changed certificate files of other hosts are read again. A host
    /// that is in neither file, such as one that [`VirtualHosts::insert`] has added, stays.
    ///
    /// `unknown`, `max_active`, `max_connections` and `idle_timeout` need a new service:
    /// [`Reloaded::not_applied`] lists them. The names of hosts and [keys](Reloaded::keys) are
    /// logged at INFO, without values, and at WARN if some are not applied.
    ///
    /// ```
    /// use cdn_origin::{config::VirtualHostsConfig, tenants::VirtualHosts};
    ///
    /// let text = "hosts.'a.test'.origin.url = 'http://origin.example'";
    /// let mut running: VirtualHostsConfig = toml::from_str(text)?;
    /// let hosts = VirtualHosts::try_from(&running)?;
    ///
    /// let new: VirtualHostsConfig = toml::from_str(&text.replace("a.test", "b.test"))?;
    /// let reloaded = running.reload(&new, &hosts)?;
    /// assert_eq!(reloaded.to_string(), "added: b.test; removed: a.test");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the new configuration is invalid, or a changed file cannot be read. Nothing is
    /// changed then.
    pub fn reload(&mut self, new: &Self, hosts: &VirtualHosts) -> Result<Reloaded, ConfigError> {
        new.check_hosts()?;
        let calls = new.template_calls()?;
        let is_template_new = self.template != new.template;
        let template = match is_template_new {
            true => Some(new.template(&calls)?),
            false => None,
        };
        let former = self.hosts.iter();
        let mut former: HashMap<_, _> = former.map(|it| (host_key(it.0), it)).collect();
        let not_applied = self.not_applied(new);
        let templates = (self.template.as_ref(), new.template.as_ref());
        let of_template = SharedKeys::changed(templates.0, templates.1, "template");
        let mut reloaded = Reloaded {
            keys: [&*not_applied, &*of_template].concat(),
            not_applied,
            ..Reloaded::default()
        };
        let (mut changes, mut groups) = (Vec::new(), Vec::new());
        for (host, tenant) in &new.hosts {
            let former = former.remove(&host_key(host)).map(|(_, tenant)| tenant);
            let running = hosts.group(host).filter(|_| !is_template_new);
            if let (Some(former), Some(running)) = (former, running)
                && let Some(changes) = former.group_changes(tenant, host, &calls, &running)?
            {
                groups.push((host, running, changes));
                continue;
            }
            // First: files that were read are compared.
            tenant.read(host)?;
            match former {
                None => reloaded.added.push(host.clone()),
                Some(former) if former == tenant && !is_template_new => continue,
                Some(former) => {
                    reloaded.changed.push(host.clone());
                    let table = format!("hosts.{host:?}");
                    let keys = paths_within(&table, former.changed_keys(tenant));
                    reloaded.keys.extend(keys);
                }
            }
            let tenant = tenant.build(host, &calls)?.take_over(hosts, host);
            changes.push((&**host, Some(tenant)));
        }
        let mut removed: Vec<_> = former.into_values().map(|(host, _)| host).collect();
        removed.sort_unstable();
        changes.extend(removed.iter().map(|host| (&***host, None)));
        reloaded.removed = removed.into_iter().cloned().collect();
        let files = match is_template_new {
            true => Vec::new(),
            false => {
                let stays = |host: &str| changes.iter().all(|change| host_key(change.0) != host);
                new.read_files(hosts, &calls, stays)?
            }
        };
        change_hosts(hosts, template, changes).map_err(|error| new.unusable(error, &calls))?;
        for (place, keys, prepared) in files {
            if prepared.apply() {
                reloaded.changed.push(place);
                add_missing(&mut reloaded.keys, keys);
            }
        }
        for (host, running, changes) in groups {
            let changed = changes.apply(&running)?;
            if changed != Reloaded::default() {
                reloaded.changed.push(host.clone());
                let table = format!("hosts.{host:?}.group");
                add_missing(&mut reloaded.keys, paths_within(&table, changed.keys));
            }
        }
        let running = new.clone();
        *self = Self {
            unknown: self.unknown,
            max_active: self.max_active,
            max_connections: self.max_connections,
            idle_timeout: self.idle_timeout.take(),
            ..running
        };
        Ok(reloaded.log())
    }

    /// The error of a host, or of the template.
    fn unusable(
        &self,
        (host, error): (Option<String>, BuildError),
        template: &OriginCalls,
    ) -> ConfigError {
        let is_about_host = error.problems().iter().any(|it| it.setter() == "insert");
        match host {
            Some(host) if is_about_host => {
                ConfigError::from(error).within(format_args!("hosts.{host:?}"))
            }
            Some(host) => self.tables_of(&host, template).locate(error),
            None => ConfigError::from(error).within("template"),
        }
    }

    /// Where the keys of a host's origin are written.
    fn tables_of(&self, host: &str, template: &OriginCalls) -> KeyTables {
        let key = host_key(host);
        let entry = self.hosts.iter().find(|(host, _)| host_key(host) == key);
        let tables = template.tables.clone();
        match entry.map(|(host, tenant)| (host, &**tenant)) {
            Some((host, TenantConfig::Origin(origin))) => {
                tables.and(origin.keys().in_table(format!("hosts.{host:?}.origin")))
            }
            _ => tables,
        }
    }

    /// Reads the changed files of the template and of hosts that stay. Nothing is changed yet.
    ///
    /// Returns each place with the keys of its files.
    fn read_files(
        &self,
        hosts: &VirtualHosts,
        template: &OriginCalls,
        stays: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, Vec<String>, PreparedReload)>, ConfigError> {
        let mut read: Vec<(_, _, PreparedReload)> = Vec::new();
        for (host, connector) in connectors_of(hosts) {
            let is_read = read.iter().any(|it| it.2.is_of(&connector));
            if is_read || !host.as_deref().is_none_or(&stays) {
                continue;
            }
            let tables = match &host {
                Some(host) => self.tables_of(host, template),
                None => template.tables.clone(),
            };
            let prepared = PreparedReload::of(&connector);
            let prepared = prepared.map_err(|error| tables.locate(error))?;
            let place = host.unwrap_or_else(|| String::from("template"));
            read.extend(prepared.map(|prepared| (place, tables.keys_of_files(), prepared)));
        }
        Ok(read)
    }

    /// The changed keys that a running service does not take.
    fn not_applied(&self, new: &Self) -> Vec<String> {
        let keys = [
            ("unknown", self.unknown != new.unknown),
            ("max_active", self.max_active != new.max_active),
            (
                "max_connections",
                self.max_connections != new.max_connections,
            ),
            ("idle_timeout", self.idle_timeout != new.idle_timeout),
        ];
        names_of_changed(&keys)
    }

    fn template_calls(&self) -> Result<OriginCalls, ConfigError> {
        let calls = match &self.template {
            None => OriginCalls::default(),
            Some(template) => {
                if let Some(name) = template.chosen_name() {
                    let problem = "each origin has its own names";
                    return Err(ConfigError::invalid(format!("template.{name}"), problem));
                }
                template.calls("template")?
            }
        };
        Ok(self.observed_by.with_calls(calls))
    }

    fn template(&self, calls: &OriginCalls) -> Result<OriginProxy, ConfigError> {
        let shared = self.observed_by.with_calls(OriginCalls::default());
        let connector = calls.connector(&shared);
        let connector = connector.map_err(|error| ConfigError::from(error).within("template"))?;
        Ok(calls.proxy(connector, &shared))
    }
}

impl UnknownHostConfig {
    fn status(self) -> StatusCode {
        match self {
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }
}
