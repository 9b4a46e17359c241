//! `TenantConfig`: what the requests of a host go to.

use serde::{Deserialize, Serialize};

use crate::{group::OriginGroup, tenants::NewTenant};

use super::{
    ConfigError, GroupConfig, OriginConfig, group_reload::GroupReload, key_path::paths_within,
    origin_calls::OriginCalls,
};

/// What the requests of a host go to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum TenantConfig {
    Origin(Box<OriginConfig>),
    Group(Box<GroupConfig>),
}

impl TenantConfig {
    /// What the host gets, read and checked.
    pub(super) fn build(
        &self,
        host: &str,
        template: &OriginCalls,
    ) -> Result<NewTenant, ConfigError> {
        let tenant = match self {
            Self::Origin(origin) => {
                let calls = origin.keys().calls();
                let tenant = calls.map(|calls| NewTenant::Origin(Box::new(calls.tenant(template))));
                tenant.map_err(|error| error.within("origin"))
            }
            Self::Group(group) => {
                let group = group.builder(template).and_then(|group| Ok(group.build()?));
                let group = group.map_err(|error| error.within("group"));
                group.map(NewTenant::Group)
            }
        };
        tenant.map_err(|error| error.within(format_args!("hosts.{host:?}")))
    }

    /// Reads the keys of an origin, and the files that they name. Those of a group are read with
    /// its changes.
    pub(super) fn read(&self, host: &str) -> Result<(), ConfigError> {
        match self {
            Self::Origin(origin) => {
                let read = origin.keys().calls().map(drop);
                read.map_err(|error| error.within(format_args!("hosts.{host:?}.origin")))
            }
            Self::Group(_) => Ok(()),
        }
    }

    /// The keys that differ. The other kind of tenant is one.
    pub(super) fn changed_keys(&self, new: &Self) -> Vec<String> {
        match (self, new) {
            (Self::Origin(former), Self::Origin(new)) => {
                paths_within("origin", former.keys().changed_keys(new.keys()))
            }
            (Self::Group(former), Self::Group(new)) => {
                paths_within("group", former.changed_keys(new))
            }
            (Self::Group(_), Self::Origin(_)) => vec![String::from("origin")],
            (Self::Origin(_), Self::Group(_)) => vec![String::from("group")],
        }
    }

    /// The changes of a running group, if both are groups and it can take all of them.
    pub(super) fn group_changes(
        &self,
        new: &Self,
        host: &str,
        template: &OriginCalls,
        running: &OriginGroup,
    ) -> Result<Option<GroupReload>, ConfigError> {
        let (Self::Group(former), Self::Group(new)) = (self, new) else {
            return Ok(None);
        };
        let changes = former.changes(new, template).and_then(|mut changes| {
            if !changes.is_complete() {
                return Ok(None);
            }
            new.read_files(&mut changes, running, template)?;
            Ok(Some(changes))
        });
        changes.map_err(|error| error.within(format_args!("hosts.{host:?}.group")))
    }
}
