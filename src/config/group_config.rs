//! `GroupConfig`: several origins as one.

use serde::{Deserialize, Serialize};

use crate::{
    group::{OriginGroup, OriginGroupBuilder},
    observe::Observer,
};

use super::{
    ConfigError, Reloaded,
    balance::BalanceConfig,
    failover::FailoverConfig,
    given::given,
    group_reload::GroupReload,
    health::{EjectionConfig, HealthCheckConfig},
    keyed_enum::KeyedEnum,
    members::{
        ListedMember, TierConfig, check_tiers, dns_tiers, listed_members, read_members,
        running_tiers, tables_of_member, takes_members,
    },
    observed_by::ObservedBy,
    origin_calls::OriginCalls,
    reload_report::{add_missing, names_of_changed},
    shared_keys::SharedKeys,
};

/// Settings of a group of origins, read from a file.
///
/// Read it with any format of serde, and convert it into an [`OriginGroupBuilder`] or an
/// [`OriginGroup`]. See the [module](super#groups) for the keys.
///
/// ```
/// use cdn_origin::{config::GroupConfig, group::OriginGroup};
///
/// let config: GroupConfig = toml::from_str(
///     r#"
///     [[tier]]
///     members = [
///         { weight = 3, origin.url = "http://a.example" },
///         { origin.url = "http://b.example" },
///     ]
///
///     [[tier]]
///     members = [{ origin.url = "http://backup.example" }]
///     "#,
/// )?;
/// let group = OriginGroup::try_from(&config)?;
/// assert_eq!(group.snapshot().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { tier = [{ members = [..] }] }"
)]
pub struct GroupConfig {
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    balance: Option<KeyedEnum<BalanceConfig>>,
    /// In percent of the members of the last tier.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    panic_threshold: Option<u32>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    failover: Option<FailoverConfig>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    ejection: Option<EjectionConfig>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    health_check: Option<HealthCheckConfig>,
    /// The keys of all members, unless a member has them itself.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    each: Option<SharedKeys>,
    tier: Vec<KeyedEnum<TierConfig>>,
    /// Those of `each` that the members from DNS have, after a reload with others.
    #[serde(skip)]
    each_of_dns: Option<SharedKeys>,
    #[serde(skip)]
    observed_by: ObservedBy,
}

impl TryFrom<&GroupConfig> for OriginGroupBuilder {
    type Error = ConfigError;

    /// Calls the builder for each key.
    ///
    /// # Errors
    ///
    /// Fails if a tier has no members, if two members have the same name, or if the
    /// [`OriginConfig`](super::OriginConfig) of a member is invalid. The error has the path of the
    /// key.
    fn try_from(config: &GroupConfig) -> Result<Self, ConfigError> {
        config.builder(&config.observed_by.with_calls(OriginCalls::default()))
    }
}

impl TryFrom<&GroupConfig> for OriginGroup {
    type Error = ConfigError;

    /// Builds the group.
    ///
    /// # Errors
    ///
    /// Fails as the conversion to an [`OriginGroupBuilder`] and
    /// [`build`](OriginGroupBuilder::build) do.
    fn try_from(config: &GroupConfig) -> Result<Self, ConfigError> {
        Ok(OriginGroupBuilder::try_from(config)?.build()?)
    }
}

impl GroupConfig {
    /// Adds an observer of all members, such as a `MetricsObserver`.
    ///
    /// A file cannot hold it. A configuration that is given to [`reload`](Self::reload) needs it,
    /// too.
    ///
    /// ```
    /// use cdn_origin::{config::GroupConfig, observe::Observer};
    ///
    /// struct Log;
    ///
    /// impl Observer for Log {}
    ///
    /// let text = "[[tier]]\nmembers = [{ origin.url = 'http://a.example' }]";
    /// let config: GroupConfig = toml::from_str(text)?;
    /// let config = config.with_observer(Log);
    /// # drop(config);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer) -> Self {
        self.observed_by.add(observer);
        self
    }

    /// The builder, whose members make the calls of `template` first.
    pub(super) fn builder(
        &self,
        template: &OriginCalls,
    ) -> Result<OriginGroupBuilder, ConfigError> {
        let shared = self.shared_calls(template)?;
        check_tiers(&self.tier)?;
        let members = listed_members(&self.tier, &shared)?;
        let mut builder = self.builder_without_members()?;
        for (index, tier) in self.tier.iter().enumerate() {
            builder = match &**tier {
                TierConfig::Members(_) => {
                    let members = members.iter().filter(|member| member.tier == index);
                    let members = members.map(|member| member.build(&shared));
                    builder.tier(members.collect::<Result<Vec<_>, _>>()?)
                }
                TierConfig::Dns(dns) => {
                    let source = dns.source(index, &shared)?;
                    builder.tier_from(source)
                }
            };
        }
        // For the members from DNS, and those that the application adds.
        Ok(builder.each(move |proxy| shared.proxy.make(proxy)))
    }

    fn builder_without_members(&self) -> Result<OriginGroupBuilder, ConfigError> {
        let mut builder = OriginGroup::builder();
        if let Some(balance) = &self.balance {
            builder = builder.balance(balance.balance()?);
        }
        if let Some(percent) = self.panic_threshold {
            builder = builder.panic_threshold(percent);
        }
        if let Some(failover) = &self.failover {
            builder = builder.failover(failover.failover()?);
        }
        if let Some(ejection) = &self.ejection {
            builder = builder.ejection(ejection.ejection());
        }
        if let Some(check) = &self.health_check {
            builder = builder.health_check(check.check()?);
        }
        Ok(builder)
    }

    /// Those of the shared calls that decide the names of members.
    fn shared_names(&self) -> Result<OriginCalls, ConfigError> {
        match &self.each {
            Some(each) => each.names(),
            None => Ok(OriginCalls::default()),
        }
    }

    /// The calls that all members make first.
    fn shared_calls(&self, template: &OriginCalls) -> Result<OriginCalls, ConfigError> {
        Ok(match &self.each {
            Some(each) => template.clone().then(&each.calls("each")?),
            None => template.clone(),
        })
    }

    /// Applies the changes in a new configuration to a running group.
    ///
    /// This configuration becomes that of what runs: it keeps the keys that are not applied.
    ///
    /// Members are added, removed and changed, and no request is lost. A changed member begins with
    /// new connections, unless only its weight differs. Changed certificate files of other members
    /// are read again. The other keys need a new group: [`Reloaded::not_applied`] lists them. The
    /// names of members and [keys](Reloaded::keys) are logged at INFO, without values, and at WARN
    /// if some are not applied.
    ///
    /// If a tier from DNS was added, removed or changed, `not_applied` has `tier`. The group keeps
    /// the tiers from DNS that it has, and the members that are listed for other tiers change.
    ///
    /// [`Reloaded`] shows an example.
    ///
    /// ```
    /// use cdn_origin::{config::{ConfigError, GroupConfig}, group::OriginGroup};
    ///
    /// /// Applies a changed file. Call it with the text, after a signal for example.
    /// fn apply(
    ///     running: &mut GroupConfig,
    ///     group: &OriginGroup,
    ///     text: &str,
    /// ) -> Result<(), ConfigError> {
    ///     let new: GroupConfig = match toml::from_str(text) {
    ///         Ok(new) => new,
    ///         // What runs stays as it is.
    ///         Err(error) => return Ok(eprintln!("the new file is not read: {error}")),
    ///     };
    ///     let reloaded = running.reload(&new, group)?;
    ///     println!("{reloaded}");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the new configuration is invalid, or a changed file cannot be read. Nothing is
    /// changed then.
    pub fn reload(&mut self, new: &Self, group: &OriginGroup) -> Result<Reloaded, ConfigError> {
        let observed = new.observed_by.with_calls(OriginCalls::default());
        let mut changes = self.changes(new, &observed)?;
        new.read_files(&mut changes, group, &observed)?;
        let running = self.with_applied(new)?;
        let reloaded = changes.apply(group)?;
        *self = running;
        Ok(reloaded.log())
    }

    /// Reads the changed certificate files of the members that stay.
    pub(super) fn read_files(
        &self,
        changes: &mut GroupReload,
        group: &OriginGroup,
        template: &OriginCalls,
    ) -> Result<(), ConfigError> {
        let shared = self.shared_calls(template)?;
        let listed = listed_members(&self.tier, &self.shared_names()?)?;
        changes.read_files(group, |member| {
            tables_of_member(&self.tier, &listed, &shared.tables, member)
        })
    }

    /// The changes to a new configuration, read and checked. Both have this template.
    pub(super) fn changes(
        &self,
        new: &Self,
        template: &OriginCalls,
    ) -> Result<GroupReload, ConfigError> {
        check_tiers(&new.tier)?;
        // First: files that were read are compared.
        let shared = new.shared_calls(template)?;
        read_members(&new.tier)?;
        let changes = GroupReload::none(self.not_applied(new), self.changed_keys(new));
        // What is not applied has to be valid, too.
        match dns_tiers(&self.tier) == dns_tiers(&new.tier) {
            true => drop(new.builder_without_members()?),
            false => drop(new.builder(template)?),
        }
        let former = listed_members(&self.tier, &self.shared_names()?)?;
        let members = listed_members(&new.tier, &shared)?;
        let takes = |tier| takes_members(&self.tier, &new.tier, tier);
        changes.with_members(&former, &members, &shared, self.each != new.each, takes)
    }

    /// The configuration of the running group, which takes a part of the new one.
    fn with_applied(&self, new: &Self) -> Result<Self, ConfigError> {
        let former = listed_members(&self.tier, &self.shared_names()?)?;
        let members = listed_members(&new.tier, &new.shared_names()?)?;
        let has_dns = !dns_tiers(&self.tier).is_empty();
        Ok(Self {
            each: new.each.clone(),
            each_of_dns: has_dns.then(|| self.each_of_dns()),
            tier: running_tiers(&self.tier, &new.tier, &former, &members),
            observed_by: new.observed_by.clone(),
            ..self.clone()
        })
    }

    fn each_of_dns(&self) -> SharedKeys {
        let keys = self.each_of_dns.as_ref().or(self.each.as_ref());
        keys.cloned().unwrap_or_default()
    }

    /// The paths of the keys that differ. Members that are added or removed are not among them.
    pub(super) fn changed_keys(&self, new: &Self) -> Vec<String> {
        let mut keys = self.not_applied(new);
        keys.retain(|key| key != "each");
        let each = (self.each.as_ref(), new.each.as_ref());
        keys.extend(SharedKeys::changed(each.0, each.1, "each"));
        if let Some(running) = &self.each_of_dns {
            let of_dns = SharedKeys::changed(Some(running), new.each.as_ref(), "each");
            add_missing(&mut keys, of_dns);
        }
        let (former, members) = (self.listed(), new.listed());
        for member in &members {
            if let Some(same) = former.iter().find(|it| it.name == member.name) {
                keys.extend(member.changed_keys(same));
            }
        }
        keys
    }

    /// The members that are not from DNS; none if they are invalid.
    fn listed(&self) -> Vec<ListedMember<'_>> {
        let names = self.shared_names();
        let listed = names.and_then(|names| listed_members(&self.tier, &names));
        listed.unwrap_or_default()
    }

    /// The changed keys that a running group does not take.
    fn not_applied(&self, new: &Self) -> Vec<String> {
        let (tiers, new_tiers) = (dns_tiers(&self.tier), dns_tiers(&new.tier));
        let keys = [
            ("balance", self.balance != new.balance),
            (
                "panic_threshold",
                self.panic_threshold != new.panic_threshold,
            ),
            ("failover", self.failover != new.failover),
            ("ejection", self.ejection != new.ejection),
            ("health_check", self.health_check != new.health_check),
            (
                "each",
                !new_tiers.is_empty() && self.each_of_dns() != new.each_of_dns(),
            ),
            ("tier", tiers != new_tiers),
        ];
        names_of_changed(&keys)
    }
}
