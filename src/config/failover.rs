//! Which failed requests go to another member.
//!
//! ```toml
//! [failover]
//! max_attempts = 2
//! statuses = [502, 503, 504]
//! within = "5s"
//! ```

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::group::Failover;

use super::{
    ConfigError, error_pages::statuses, given::given, is_default::is_default, text_value::Text,
};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table such as { max_attempts = 2 }"
)]
pub(super) struct FailoverConfig {
    /// Sends each request to one member only.
    #[serde(skip_serializing_if = "is_default")]
    off: bool,
    /// Responses that are failures. The default is 500, 502, 503 and 504.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    statuses: Option<Vec<u16>>,
    /// The first attempt included. The default is 3.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_attempts: Option<usize>,
    /// No attempt begins after this time. There is no limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    within: Option<Text<Duration>>,
    /// Does not repeat requests whose response took too long.
    #[serde(skip_serializing_if = "is_default")]
    without_timeouts: bool,
}

impl FailoverConfig {
    /// `off` stands alone, except beside `statuses`, which also decide what counts for the
    /// ejection.
    pub(super) fn failover(&self) -> Result<Failover, ConfigError> {
        let mut failover = match self.off {
            true => Failover::off(),
            false => Failover::default(),
        };
        // Beside `off`, these decide which responses are failures.
        if let Some(codes) = &self.statuses {
            failover = failover.statuses(statuses("failover.statuses", codes)?);
        }
        if self.off {
            let is_alone = self.max_attempts.is_none() && self.within.is_none();
            let is_alone = is_alone && !self.without_timeouts;
            ConfigError::check_alone("failover.off", is_alone)?;
        }
        if let Some(count) = self.max_attempts {
            failover = failover.max_attempts(count);
        }
        if let Some(time) = &self.within {
            failover = failover.within(***time);
        }
        if self.without_timeouts {
            failover = failover.without_timeouts();
        }
        Ok(failover)
    }
}
