//! The addresses and names that may be dialled.
//!
//! ```toml
//! [egress_guard]
//! start = "deny_private"
//! allow = ["10.20.0.0/16"]
//! deny_names = ["internal.example"]
//! ```

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::dial::{DefaultRule, EgressGuard};

use super::{text_value::Text, unwritten::Unwritten};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { start = "deny_private" }"#
)]
pub(super) struct EgressGuardConfig {
    /// The rule for addresses that no other key names.
    start: GuardStart,
    /// Networks that are allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow: Vec<Text<IpNet>>,
    /// Networks that are denied. A denial takes precedence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deny: Vec<Text<IpNet>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deny_names: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum GuardStart {
    /// Every address that is not denied.
    AllowAll,
    /// No address that is not allowed.
    DenyAll,
    /// Only the public internet, and what is allowed.
    DenyPrivate,
}

impl EgressGuardConfig {
    pub(super) fn of(guard: &EgressGuard, unwritten: &mut Unwritten) -> Self {
        let EgressGuard {
            default_rule,
            allowed,
            denied,
            problems,
        } = guard;
        unwritten.refuse_all(problems);
        Self {
            start: match default_rule {
                DefaultRule::Allow => GuardStart::AllowAll,
                DefaultRule::Deny => GuardStart::DenyAll,
                DefaultRule::DenySpecial => GuardStart::DenyPrivate,
            },
            allow: unwritten.texts("EgressGuard::allow", &allowed.networks),
            deny: unwritten.texts("EgressGuard::deny", &denied.networks),
            allow_names: allowed.names.iter().map(ToString::to_string).collect(),
            deny_names: denied.names.iter().map(ToString::to_string).collect(),
        }
    }

    pub(super) fn guard(&self) -> EgressGuard {
        let guard = match self.start {
            GuardStart::AllowAll => EgressGuard::allow_all(),
            GuardStart::DenyAll => EgressGuard::deny_all(),
            GuardStart::DenyPrivate => EgressGuard::deny_private(),
        };
        let guard = guard
            .allow(self.allow.iter().map(|network| **network))
            .deny(self.deny.iter().map(|network| **network));
        let guard = self.allow_names.iter().fold(guard, EgressGuard::allow_name);
        self.deny_names.iter().fold(guard, EgressGuard::deny_name)
    }
}
