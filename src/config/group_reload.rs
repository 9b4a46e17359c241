//! `GroupReload`: the changes of a running group that a new configuration makes.
//!
//! ```text
//! old configuration ─┐
//!                    ├─ compared by the names of members ─> GroupReload ─> apply()
//! new configuration ─┘
//!
//! a name of both, and all keys equal     nothing, or a new weight
//! a name of both, and keys differ        put: a new member, whose connections are its own; at the
//!                                        same address, it is out as the former one is
//! a new name                             put
//! a name that is gone                    removed, once the new ones are there
//! keys of the group that differ          not applied: they need a new group
//! ```
//!
//! All new members are built, and all changed files read, before the first change is made, so that
//! an error changes nothing.

use std::collections::HashMap;

use crate::{
    connector::PreparedReload,
    group::{Member, OriginGroup, connectors_of, put_in_place},
};

use super::{
    ConfigError, Reloaded, key_tables::KeyTables, members::ListedMember, origin_calls::OriginCalls,
    reload_report::add_missing,
};

/// The changes of a running group, read and checked.
pub(super) struct GroupReload {
    /// The members that are added or replaced, with their tiers.
    put: Vec<(usize, Member)>,
    /// Of members that stay.
    weights: Vec<(String, u32)>,
    /// The changed files of members that stay.
    files: Vec<(String, Vec<String>, PreparedReload)>,
    reloaded: Reloaded,
}

impl GroupReload {
    /// No change but keys that are not applied.
    ///
    /// For a change of keys that need a new group: nothing is changed then.
    pub(super) fn none(not_applied: Vec<String>, keys: Vec<String>) -> Self {
        Self {
            put: Vec::new(),
            weights: Vec::new(),
            files: Vec::new(),
            reloaded: Reloaded {
                not_applied,
                keys,
                ..Reloaded::default()
            },
        }
    }

    /// Adds the changes from the former members to the new ones, in tiers that the group takes.
    ///
    /// `are_all_new` is set if keys that all members share have changed.
    pub(super) fn with_members(
        mut self,
        former: &[ListedMember<'_>],
        new: &[ListedMember<'_>],
        shared: &OriginCalls,
        are_all_new: bool,
        takes_tier: impl Fn(usize) -> bool,
    ) -> Result<Self, ConfigError> {
        let mut former: HashMap<_, _> = former.iter().map(|it| (&*it.name, it)).collect();
        for member in new {
            let name = member.name.clone();
            let former = former.remove(&*name);
            if !takes_tier(member.tier) {
                continue;
            }
            match former {
                Some(same) if !are_all_new && same.is_same(member) => {
                    if same.config.weight() != member.config.weight() {
                        self.weights.push((name.clone(), member.config.weight()));
                        self.reloaded.changed.push(name);
                    }
                    continue;
                }
                Some(_) => self.reloaded.changed.push(name),
                None => self.reloaded.added.push(name),
            }
            self.put.push((member.tier, member.build(shared)?));
        }
        let removed = former.into_values().filter(|it| takes_tier(it.tier));
        self.reloaded.removed = removed.map(|it| it.name.clone()).collect();
        self.reloaded.removed.sort_unstable();
        Ok(self)
    }

    /// Whether the running group can take all changes.
    pub(super) fn is_complete(&self) -> bool {
        self.reloaded.not_applied.is_empty()
    }

    /// Reads the changed files of the members that stay.
    ///
    /// A certificate that was renewed in its file is taken over, although no key has changed. A
    /// member has its tier and its name. One that the application has added has no tables.
    pub(super) fn read_files(
        &mut self,
        group: &OriginGroup,
        tables_of: impl Fn((usize, &str)) -> Option<KeyTables>,
    ) -> Result<(), ConfigError> {
        let Reloaded {
            changed, removed, ..
        } = &self.reloaded;
        for (tier, name, connector) in connectors_of(group) {
            let is_read = self.files.iter().any(|it| it.2.is_of(&connector));
            if is_read || changed.contains(&name) || removed.contains(&name) {
                continue;
            }
            let tables = tables_of((tier, &name));
            let prepared = PreparedReload::of(&connector);
            let prepared = prepared.map_err(|error| match &tables {
                Some(tables) => tables.locate(error),
                None => ConfigError::from(error).within(&name),
            })?;
            let keys = tables.iter().flat_map(KeyTables::keys_of_files).collect();
            self.files
                .extend(prepared.map(|prepared| (name, keys, prepared)));
        }
        Ok(())
    }

    /// Makes the changes. New members come first, so that the group always has some.
    ///
    /// Requests of replaced and removed members end by themselves.
    pub(super) fn apply(mut self, group: &OriginGroup) -> Result<Reloaded, ConfigError> {
        for (tier, member) in self.put {
            put_in_place(group, tier, member)?;
        }
        for (name, keys, prepared) in self.files {
            if prepared.apply() {
                self.reloaded.changed.push(name);
                add_missing(&mut self.reloaded.keys, keys);
            }
        }
        for (name, weight) in &self.weights {
            group.set_weight(name, *weight);
        }
        for name in &self.reloaded.removed {
            drop(group.remove(name));
        }
        Ok(self.reloaded)
    }
}
