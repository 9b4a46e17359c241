//! When a member of a group is left out, and how it is checked.
//!
//! ```toml
//! [ejection]
//! failures = 3
//! time = "10s"
//!
//! [health_check]
//! path = "/healthz"
//! interval = "2s"
//! ```

use http::Method;
use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    group::{Ejection, HealthCheck},
    name::HostAuthority,
};

use super::{ConfigError, error_pages::statuses, given::given, text_value::Text};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { failures = 3, time = "10s" }"#
)]
pub(super) struct EjectionConfig {
    /// In a row. The default is 5.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    failures: Option<u32>,
    /// Each further ejection in a row is longer by this time. The default is 30 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    time: Option<Text<Duration>>,
    /// The default is 5 min.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    longest: Option<Text<Duration>>,
    /// Successful requests that bring a member back. The default is 3.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    trials: Option<u32>,
    /// In percent of the members of the last tier.
    ///
    /// The default is 50.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_share: Option<u32>,
    /// How long a member that returns gets less than its share. The default is 10 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    slow_start: Option<Text<Duration>>,
}

impl EjectionConfig {
    pub(super) fn ejection(&self) -> Ejection {
        let mut ejection = Ejection::default();
        if let Some(count) = self.failures {
            ejection = ejection.failures(count);
        }
        if let Some(time) = &self.time {
            ejection = ejection.time(***time);
        }
        if let Some(time) = &self.longest {
            ejection = ejection.longest(***time);
        }
        if let Some(count) = self.trials {
            ejection = ejection.trials(count);
        }
        if let Some(percent) = self.max_share {
            ejection = ejection.max_share(percent);
        }
        if let Some(time) = &self.slow_start {
            ejection = ejection.slow_start(***time);
        }
        ejection
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { path = "/healthz" }"#
)]
pub(super) struct HealthCheckConfig {
    /// It begins with a slash.
    path: String,
    /// The default is GET.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    method: Option<Text<Method>>,
    /// The default is the origin's own.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    host: Option<Text<HostAuthority>>,
    /// The default is 200 to 399.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    statuses: Option<Vec<u16>>,
    /// The default is 5 s.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    interval: Option<Text<Duration>>,
    /// The default is 2 s.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    timeout: Option<Text<Duration>>,
    /// Good checks that bring a member back. The default is 2.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    rise: Option<u32>,
    /// Failed checks that take a member out. The default is 3.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    fall: Option<u32>,
}

impl HealthCheckConfig {
    /// An empty list of statuses is an error: no check could pass.
    pub(super) fn check(&self) -> Result<HealthCheck, ConfigError> {
        let mut check = HealthCheck::get(&self.path);
        if let Some(method) = &self.method {
            check = check.method((**method).clone());
        }
        if let Some(name) = &self.host {
            check = check.host((**name).clone());
        }
        if let Some(codes) = &self.statuses {
            let key = "health_check.statuses";
            if codes.is_empty() {
                return Err(ConfigError::invalid(key, "the list is empty"));
            }
            check = check.statuses(statuses(key, codes)?);
        }
        if let Some(time) = &self.interval {
            check = check.interval(***time);
        }
        if let Some(time) = &self.timeout {
            check = check.timeout(***time);
        }
        if let Some(count) = self.rise {
            check = check.rise(count);
        }
        if let Some(count) = self.fall {
            check = check.fall(count);
        }
        Ok(check)
    }
}
