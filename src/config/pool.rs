//! The connection pool, and the limits of the proxy.
//!
//! ```toml
//! [pool]
//! max_connections = 512
//! retry_budget = { share = { percent = 10 } }
//!
//! [limits]
//! response_timeout = "30s"
//! max_request_body = "10 MiB"
//! min_upload_rate = { bytes_per_second = "1 KiB", grace = "60s" }
//! ```
//!
//! Sizes are numbers of bytes, or texts with a unit. Times are texts such as `1m 30s`.

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    pool::{PoolSettings, RetryBudget},
    proxy::{AdaptiveConcurrency, Limits},
};

use super::{
    ConfigError, given::given, is_default::is_default, keyed_enum::KeyedEnum, size::Size,
    text_value::Text,
};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table such as { max_connections = 256 }"
)]
pub(super) struct PoolConfig {
    /// Retires connections whose address is absent from DNS for this time. Off by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    follow_dns: Option<Text<Duration>>,
    /// The default is 45 s, or that of the edge's profile.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    idle_timeout: Option<Text<Duration>>,
    /// The default is 1 h.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_age: Option<Text<Duration>>,
    /// Idle ones and WebSockets included. The default is 256.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_connections: Option<usize>,
    /// The default is 64.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_idle: Option<usize>,
    /// Requests that wait for a connection. The default is 4096.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_queued: Option<usize>,
    /// How much of a request body is kept for a retry. The default is 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_replay: Option<Size>,
    /// The default is 128 KiB.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_response_head: Option<Size>,
    /// Connections that WebSockets may occupy. The default is half of `max_connections`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_tunnels: Option<usize>,
    /// Connections that slow uploads may occupy. The default is three quarters of
    /// `max_connections`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_uploads: Option<usize>,
    /// Requests of one connection. The default is 100,000.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_uses: Option<u64>,
    /// Connections that are kept open without requests. The default is 0.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    min_idle: Option<usize>,
    /// The default is 10 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    queue_timeout: Option<Text<Duration>>,
    /// The default is 20 % of the requests, and always 3 at a time.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    retry_budget: Option<KeyedEnum<RetryBudgetConfig>>,
}

/// `"none"`, or a share of the requests.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum RetryBudgetConfig {
    None,
    Share(RetryShare),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { percent = 20, at_least = 10 }"
)]
struct RetryShare {
    /// Of the requests.
    percent: u32,
    /// Retries at a time that are always allowed. The default is 3.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    at_least: Option<usize>,
}

impl PoolConfig {
    /// Fails only for a size that does not fit into the setting.
    pub(super) fn settings(&self) -> Result<PoolSettings, ConfigError> {
        let mut settings = PoolSettings::default();
        if let Some(grace) = &self.follow_dns {
            settings = settings.follow_dns(***grace);
        }
        if let Some(time) = &self.idle_timeout {
            settings = settings.idle_timeout(***time);
        }
        if let Some(age) = &self.max_age {
            settings = settings.max_age(***age);
        }
        if let Some(count) = self.max_connections {
            settings = settings.max_connections(count);
        }
        if let Some(count) = self.max_idle {
            settings = settings.max_idle(count);
        }
        if let Some(count) = self.max_queued {
            settings = settings.max_queued(count);
        }
        if let Some(size) = self.max_replay {
            settings = settings.max_replay(size.fitting("pool.max_replay")?);
        }
        if let Some(size) = self.max_response_head {
            settings = settings.max_response_head(size.fitting("pool.max_response_head")?);
        }
        if let Some(count) = self.max_tunnels {
            settings = settings.max_tunnels(count);
        }
        if let Some(count) = self.max_uploads {
            settings = settings.max_uploads(count);
        }
        if let Some(count) = self.max_uses {
            settings = settings.max_uses(count);
        }
        if let Some(count) = self.min_idle {
            settings = settings.min_idle(count);
        }
        if let Some(time) = &self.queue_timeout {
            settings = settings.queue_timeout(***time);
        }
        if let Some(budget) = &self.retry_budget {
            settings = settings.retry_budget(budget.budget());
        }
        Ok(settings)
    }
}

impl RetryBudgetConfig {
    fn budget(&self) -> RetryBudget {
        match self {
            Self::None => RetryBudget::none(),
            Self::Share(share) => {
                let budget = RetryBudget::percent(share.percent);
                match share.at_least {
                    Some(count) => budget.at_least(count),
                    None => budget,
                }
            }
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { max_request_body = "10 MiB" }"#
)]
pub(super) struct LimitsConfig {
    /// How an overloaded origin is recognised. On by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    adaptive_concurrency: Option<AdaptiveConcurrencyConfig>,
    /// How long a body may pause. The default is 60 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    body_idle_timeout: Option<Text<Duration>>,
    /// Buffers request bodies of up to this size. Off by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    buffer_requests: Option<Size>,
    /// Requests that are admitted at once. There is no limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_concurrency: Option<usize>,
    /// Requests that wait to be admitted. The default is 64.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_queued: Option<usize>,
    /// There is no limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_request_body: Option<Size>,
    /// There is no limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_request_fields: Option<usize>,
    /// The default is that of the edge's profile.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_request_head: Option<Size>,
    /// There is no such limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    min_download_rate: Option<MinRateConfig>,
    /// There is no such limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    min_upload_rate: Option<MinRateConfig>,
    /// The default is 10 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    queue_timeout: Option<Text<Duration>>,
    /// For the whole exchange. There is no limit by default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    request_timeout: Option<Text<Duration>>,
    /// Until the head of the response. The default is 60 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    response_timeout: Option<Text<Duration>>,
    /// How long a client may leave a response unread. The default is 5 min.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    unread_timeout: Option<Text<Duration>>,
}

/// How fast a client has to send or read a body.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { bytes_per_second = "1 KiB", grace = "60s" }"#
)]
struct MinRateConfig {
    /// Zero turns the limit off.
    bytes_per_second: Size,
    /// How long a client may be slower.
    grace: Text<Duration>,
}

/// How an overloaded origin is recognised.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { min_limit = 8, tolerated_delay = "50ms" }"#
)]
struct AdaptiveConcurrencyConfig {
    /// Does not limit an overloaded origin.
    #[serde(skip_serializing_if = "is_default")]
    off: bool,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    min_limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    tolerated_delay: Option<Text<Duration>>,
}

impl AdaptiveConcurrencyConfig {
    fn settings(&self) -> Result<AdaptiveConcurrency, ConfigError> {
        if self.off {
            let is_alone = self.min_limit.is_none() && self.tolerated_delay.is_none();
            ConfigError::check_alone("limits.adaptive_concurrency.off", is_alone)?;
            return Ok(AdaptiveConcurrency::off());
        }
        let mut settings = AdaptiveConcurrency::default();
        if let Some(count) = self.min_limit {
            settings = settings.min_limit(count);
        }
        if let Some(delay) = &self.tolerated_delay {
            settings = settings.tolerated_delay(***delay);
        }
        Ok(settings)
    }
}

impl LimitsConfig {
    /// Fails only for a size that does not fit into the setting, and for `off` beside other keys.
    pub(super) fn limits(&self) -> Result<Limits, ConfigError> {
        let mut limits = Limits::default();
        if let Some(adaptive) = &self.adaptive_concurrency {
            limits = limits.adaptive_concurrency(adaptive.settings()?);
        }
        if let Some(time) = &self.body_idle_timeout {
            limits = limits.body_idle_timeout(***time);
        }
        if let Some(size) = self.buffer_requests {
            limits = limits.buffer_requests(size.fitting("limits.buffer_requests")?);
        }
        if let Some(count) = self.max_concurrency {
            limits = limits.max_concurrency(count);
        }
        if let Some(count) = self.max_queued {
            limits = limits.max_queued(count);
        }
        if let Some(size) = self.max_request_body {
            limits = limits.max_request_body(size.bytes());
        }
        if let Some(count) = self.max_request_fields {
            limits = limits.max_request_fields(count);
        }
        if let Some(size) = self.max_request_head {
            limits = limits.max_request_head(size.fitting("limits.max_request_head")?);
        }
        if let Some(rate) = &self.min_download_rate {
            limits = limits.min_download_rate(rate.bytes_per_second.bytes(), **rate.grace);
        }
        if let Some(rate) = &self.min_upload_rate {
            limits = limits.min_upload_rate(rate.bytes_per_second.bytes(), **rate.grace);
        }
        if let Some(time) = &self.queue_timeout {
            limits = limits.queue_timeout(***time);
        }
        if let Some(time) = &self.request_timeout {
            limits = limits.request_timeout(***time);
        }
        if let Some(time) = &self.response_timeout {
            limits = limits.response_timeout(***time);
        }
        if let Some(time) = &self.unread_timeout {
            limits = limits.unread_timeout(***time);
        }
        Ok(limits)
    }
}
