//! The members of a group, and where they come from.

use std::collections::HashMap;

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::group::{Member, MemberSource};

use super::{
    ConfigError, OriginConfig, given::given, key_path::paths_within, key_tables::KeyTables,
    keyed_enum::KeyedEnum, origin_calls::OriginCalls, text_value::Text,
};

/// The members of a tier, or where they come from.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum TierConfig {
    Members(Vec<MemberConfig>),
    Dns(Box<DnsMembersConfig>),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { origin = { url = "https://www.example.com" } }"#
)]
pub(super) struct MemberConfig {
    /// The default is the dial target.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    name: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    weight: Option<u32>,
    origin: OriginConfig,
}

/// Each address of the dialled name is a member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { origin = { url = "https://www.example.com" } }"#
)]
pub(super) struct DnsMembersConfig {
    /// How long an address may be absent from DNS.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    grace: Option<Text<Duration>>,
    origin: OriginConfig,
}

/// A member with its place and its name.
pub(super) struct ListedMember<'a> {
    pub(super) tier: usize,
    index: usize,
    pub(super) name: String,
    pub(super) config: &'a MemberConfig,
}

/// Refuses tiers without a member.
pub(super) fn check_tiers(tiers: &[KeyedEnum<TierConfig>]) -> Result<(), ConfigError> {
    let is_empty = |tier: &KeyedEnum<TierConfig>| match &**tier {
        TierConfig::Members(members) => members.is_empty(),
        TierConfig::Dns(_) => false,
    };
    let key = match tiers.iter().position(is_empty) {
        _ if tiers.is_empty() => String::from("tier"),
        Some(tier) => format!("tier[{tier}].members"),
        None => return Ok(()),
    };
    Err(ConfigError::invalid(key, "the list is empty"))
}

/// The members of all tiers, those from DNS aside.
///
/// # Errors
///
/// Fails if two members have one name.
pub(super) fn listed_members<'a>(
    tiers: &'a [KeyedEnum<TierConfig>],
    shared: &OriginCalls,
) -> Result<Vec<ListedMember<'a>>, ConfigError> {
    let mut listed = Vec::new();
    let mut places = HashMap::new();
    for (tier, config) in tiers.iter().enumerate() {
        let TierConfig::Members(members) = &**config else {
            continue;
        };
        for (index, config) in members.iter().enumerate() {
            let path = place(tier, index);
            let name = config.name(shared).map_err(|error| error.within(&path))?;
            if let Some(other) = places.insert(name.clone(), path.clone()) {
                let problem = format!("the member has the name of {other}, {name:?}: set another");
                return Err(ConfigError::invalid(format!("{path}.name"), problem));
            }
            listed.push(ListedMember {
                tier,
                index,
                name,
                config,
            });
        }
    }
    Ok(listed)
}

/// Reads the keys of all members, and the files that they name.
///
/// A comparison of configurations then sees which files have changed.
pub(super) fn read_members(tiers: &[KeyedEnum<TierConfig>]) -> Result<(), ConfigError> {
    let read = |origin: &OriginConfig, table: String| match origin.keys().calls() {
        Ok(_) => Ok(()),
        Err(error) => Err(error.within(table)),
    };
    for (tier, config) in tiers.iter().enumerate() {
        match &**config {
            TierConfig::Members(members) => {
                for (index, member) in members.iter().enumerate() {
                    read(&member.origin, table_of(tier, index))?;
                }
            }
            TierConfig::Dns(dns) => read(&dns.origin, DnsMembersConfig::table(tier))?,
        }
    }
    Ok(())
}

/// Where the keys of a running member are written, as far as it is one of these.
///
/// One from DNS has the name of its address.
pub(super) fn tables_of_member(
    tiers: &[KeyedEnum<TierConfig>],
    listed: &[ListedMember<'_>],
    shared: &KeyTables,
    (tier, name): (usize, &str),
) -> Option<KeyTables> {
    let member = listed.iter().find(|member| member.name == name);
    if let Some(member) = member {
        let keys = member.config.origin.keys();
        return Some(shared.clone().and(keys.in_table(member.table())));
    }
    match tiers.get(tier).map(|tier| &**tier) {
        Some(TierConfig::Dns(dns)) => {
            let (table, keys) = (DnsMembersConfig::table(tier), dns.origin.keys());
            Some(shared.clone().and(keys.in_table(table)))
        }
        _ => None,
    }
}

/// Whether a running group takes the members that a new configuration lists for this tier.
///
/// It does not if the tier follows DNS in one of the two, or comes after such a tier that the
/// group does not have.
pub(super) fn takes_members(
    running: &[KeyedEnum<TierConfig>],
    new: &[KeyedEnum<TierConfig>],
    tier: usize,
) -> bool {
    let is_listed = |tiers: &[KeyedEnum<TierConfig>], at: usize| match tiers.get(at) {
        Some(tier) => matches!(**tier, TierConfig::Members(_)),
        None => true,
    };
    let first = tier.min(running.len());
    is_listed(running, tier) && (first..=tier).all(|at| is_listed(new, at))
}

/// The tiers of a group that has taken the members of a new configuration.
pub(super) fn running_tiers(
    running: &[KeyedEnum<TierConfig>],
    new: &[KeyedEnum<TierConfig>],
    former: &[ListedMember<'_>],
    members: &[ListedMember<'_>],
) -> Vec<KeyedEnum<TierConfig>> {
    let takes = |tier| takes_members(running, new, tier);
    let taken: Vec<_> = members.iter().filter(|it| takes(it.tier)).collect();
    let stays = |it: &&ListedMember<'_>| {
        let has_name = |other: &ListedMember<'_>| other.name == it.name;
        let is_removed = takes(it.tier) && !members.iter().any(has_name);
        !is_removed && !taken.iter().any(|other| has_name(other))
    };
    let kept: Vec<_> = former.iter().filter(stays).collect();
    let tiers = 0..running.len().max(new.len());
    let mut tiers: Vec<KeyedEnum<TierConfig>> = tiers
        .map(|tier| match running.get(tier).map(|tier| &**tier) {
            Some(dns @ TierConfig::Dns(_)) => dns.clone().into(),
            Some(TierConfig::Members(_)) | None => {
                let of_tier = taken.iter().chain(&kept).filter(|it| it.tier == tier);
                TierConfig::Members(of_tier.map(|it| it.named()).collect()).into()
            }
        })
        .collect();
    // Tiers that are not there yet, and those whose members have all gone.
    while let Some(TierConfig::Members(members)) = tiers.last().map(|tier| &**tier)
        && members.is_empty()
    {
        tiers.pop();
    }
    tiers
}

/// The tiers from DNS, each at its place.
pub(super) fn dns_tiers(tiers: &[KeyedEnum<TierConfig>]) -> Vec<Option<&TierConfig>> {
    let is_dns = |tier: &&TierConfig| matches!(tier, TierConfig::Dns(_));
    let mut places: Vec<_> = tiers
        .iter()
        .map(|tier| Some(&**tier).filter(is_dns))
        .collect();
    // Tiers of members may follow and come and go.
    while let Some(None) = places.last() {
        places.pop();
    }
    places
}

fn place(tier: usize, index: usize) -> String {
    format!("tier[{tier}].members[{index}]")
}

/// The table of a listed member's origin.
fn table_of(tier: usize, index: usize) -> String {
    format!("{}.origin", place(tier, index))
}

impl ListedMember<'_> {
    /// Whether name, tier and origin are those of the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let has_place = self.name == other.name && self.tier == other.tier;
        has_place && self.config.origin == other.config.origin
    }

    /// Its configuration, which has its name: another `each` may not change that.
    fn named(&self) -> MemberConfig {
        MemberConfig {
            name: Some(self.name.clone()),
            ..self.config.clone()
        }
    }

    /// The table of its origin.
    fn table(&self) -> String {
        table_of(self.tier, self.index)
    }

    /// The paths of the keys that differ from those of a former member of this name.
    pub(super) fn changed_keys(&self, former: &Self) -> Vec<String> {
        let place = place(self.tier, self.index);
        let has_moved = self.tier != former.tier;
        let (origin, of_former) = (self.config.origin.keys(), former.config.origin.keys());
        let mut keys = paths_within(&self.table(), of_former.changed_keys(origin));
        keys.extend(has_moved.then(|| place.clone()));
        if self.config.weight() != former.config.weight() {
            keys.push(format!("{place}.weight"));
        }
        keys
    }

    pub(super) fn build(&self, shared: &OriginCalls) -> Result<Member, ConfigError> {
        let proxy = self.config.origin.proxy(shared, &self.table())?;
        Ok(Member::new(proxy)
            .name(&self.name)
            .weight(self.config.weight()))
    }
}

impl MemberConfig {
    pub(super) fn weight(&self) -> u32 {
        self.weight.unwrap_or(1)
    }

    fn name(&self, shared: &OriginCalls) -> Result<String, ConfigError> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => {
                let target = self.origin.dial_target(shared);
                target.map_err(|error| error.within("origin"))
            }
        }
    }
}

impl DnsMembersConfig {
    /// The table of the origin, in this tier.
    fn table(tier: usize) -> String {
        format!("tier[{tier}].dns.origin")
    }

    pub(super) fn source(
        &self,
        tier: usize,
        shared: &OriginCalls,
    ) -> Result<MemberSource, ConfigError> {
        let (table, keys) = (Self::table(tier), self.origin.keys());
        let calls = keys.calls().map_err(|error| error.within(&table))?;
        let connector = calls.connector(shared);
        let tables = shared.tables.clone().and(keys.in_table(table));
        let source = MemberSource::dns(connector.map_err(|error| tables.locate(error))?);
        // After those of `each`, as for a listed member.
        let source = source.proxy(move |proxy| calls.proxy.make(proxy));
        Ok(match &self.grace {
            Some(time) => source.grace(***time),
            None => source,
        })
    }
}
