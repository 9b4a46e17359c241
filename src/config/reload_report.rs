//! `Reloaded`: what a reload changed.
//!
//! `reload` itself is in `origin_config.rs`, `group_config.rs` and `virtual_hosts_config.rs`.
//! `group_reload.rs` applies it to a group.

use std::{borrow::Cow, fmt};

use tracing::{field::display, info, warn};

/// What a reload of a configuration changed: names of keys, members or hosts.
///
/// `Display` and the log show at most 20 names of each list.
///
/// ```
/// use cdn_origin::{config::GroupConfig, group::OriginGroup};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut running: GroupConfig =
///     toml::from_str("[[tier]]\nmembers = [{ name = 'a', origin.url = 'http://a.example' }]")?;
/// let group = OriginGroup::try_from(&running)?;
///
/// let new: GroupConfig =
///     toml::from_str("[[tier]]\nmembers = [{ name = 'b', origin.url = 'http://b.example' }]")?;
/// let reloaded = running.reload(&new, &group)?;
/// assert_eq!(reloaded.to_string(), "added: b; removed: a");
/// # Ok(())
/// # }
/// ```
///
/// A program can restart when a key needs it:
///
/// ```
/// use cdn_origin::config::Reloaded;
///
/// /// Whether the process has to be restarted for the new file.
/// fn needs_restart(reloaded: &Reloaded) -> bool {
///     !reloaded.not_applied.is_empty()
/// }
/// assert!(!needs_restart(&Reloaded::default()));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reloaded {
    /// The members or hosts that were added.
    pub added: Vec<String>,
    /// The members or hosts that were removed.
    pub removed: Vec<String>,
    /// The keys, members or hosts that were changed.
    ///
    /// Certificates that were read anew from their files are among them.
    pub changed: Vec<String>,
    /// The changed keys that were not applied: they need a new connector, proxy, group or service.
    pub not_applied: Vec<String>,
    /// The paths of all keys that differ, and of those whose certificate files were read anew, such
    /// as `hosts."shop.example".group.each.verify`. The log has them, without their values.
    pub keys: Vec<String>,
}

impl Reloaded {
    /// Logs what was changed. What was not applied is to be seen.
    pub(super) fn log(self) -> Self {
        let keys = (!self.keys.is_empty()).then(|| display(shortened(&self.keys)));
        match self.not_applied.is_empty() {
            true => info!(keys, "configuration reloaded: {self}"),
            false => warn!(
                keys,
                "configuration reloaded: {self}, which needs a restart"
            ),
        }
        self
    }
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("changed", &self.changed),
            ("not applied", &self.not_applied),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<_> = parts
            .map(|(what, names)| format!("{what}: {}", shortened(names)))
            .collect();
        match parts.is_empty() {
            true => f.write_str("no change"),
            false => f.write_str(&parts.join("; ")),
        }
    }
}

/// The names for a line of a log. A changed template changes all hosts.
fn shortened(names: &[String]) -> String {
    const MOST: usize = 20;
    let left = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).map(|name| Cow::from(&**name));
    let left = (left > 0).then(|| Cow::from(format!("and {left} more")));
    shown.chain(left).collect::<Vec<_>>().join(", ")
}

/// The keys that have changed, of these with whether they have.
///
/// In the order of the keys.
pub(super) fn names_of_changed(keys: &[(&str, bool)]) -> Vec<String> {
    let changed = keys.iter().filter(|(_, has_changed)| *has_changed);
    changed.map(|(key, _)| (*key).to_owned()).collect()
}

/// Adds the names that are not there yet.
pub(super) fn add_missing(names: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_shortened() {
        let names: Vec<_> = (0..1200).map(|number| format!("h{number}")).collect();
        assert_eq!(shortened(&names[..2]), "h0, h1");
        let changed = Reloaded {
            changed: names,
            ..Reloaded::default()
        };
        let text = changed.to_string();
        assert!(text.starts_with("changed: h0, "), "{text}");
        assert!(text.ends_with(", h19, and 1180 more"), "{text}");
    }
}
