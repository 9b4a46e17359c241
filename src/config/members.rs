//! The members of a group, and where they come from.

use std::collections::HashMap;

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::group::{Member, MemberSource};

use super::{
    ConfigError, OriginConfig, given::given, keyed_enum::KeyedEnum, origin_calls::OriginCalls,
    text_value::Text,
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

/// The members of all tiers, those from DNS aside.
///
/// # Errors
///
/// Fails if a tier is empty, or if two members have one name.
pub(super) fn listed_members<'a>(
    tiers: &'a [KeyedEnum<TierConfig>],
    shared: &OriginCalls,
) -> Result<Vec<ListedMember<'a>>, ConfigError> {
    const EMPTY: &str = "the list is empty";
    if tiers.is_empty() {
        return Err(ConfigError::invalid("tier", EMPTY));
    }
    let mut listed = Vec::new();
    let mut places = HashMap::new();
    for (tier, config) in tiers.iter().enumerate() {
        let TierConfig::Members(members) = &**config else {
            continue;
        };
        if members.is_empty() {
            return Err(ConfigError::invalid(format!("tier[{tier}].members"), EMPTY));
        }
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

impl ListedMember<'_> {
    /// Whether name, tier and origin are those of the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let has_place = self.name == other.name && self.tier == other.tier;
        has_place && self.config.origin == other.config.origin
    }

    pub(super) fn build(&self, shared: &OriginCalls) -> Result<Member, ConfigError> {
        let proxy = self.config.origin.proxy(shared);
        let proxy = proxy.map_err(|error| {
            let place = place(self.tier, self.index);
            error.within(format_args!("{place}.origin"))
        })?;
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
    pub(super) fn source(&self, shared: &OriginCalls) -> Result<MemberSource, ConfigError> {
        let calls = self.origin.keys().calls()?;
        let source = MemberSource::dns(calls.connector(shared)?);
        Ok(match &self.grace {
            Some(time) => source.grace(***time),
            None => source,
        })
    }
}
