//! How the origin is reached: timeouts, DNS, sockets, the egress guard.

use std::{collections::BTreeMap, net::IpAddr};

use humantime::Duration;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{
    connector::Timeouts,
    dial::{
        Dns, DnsCache, EgressGuard, HappyEyeballs, IpFamilies, ProxyProtocol, SocketOptions,
        TcpKeepalive,
    },
};

use super::{ConfigError, is_default::is_default, keyed_enum::KeyedEnum, text_value::Text};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { connect = "5s" }"#
)]
pub(super) struct TimeoutsConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dial: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_handshake: Option<Text<Duration>>,
}

impl TimeoutsConfig {
    pub(super) fn timeouts(&self) -> Timeouts {
        let mut timeouts = Timeouts::default();
        if let Some(time) = &self.connect {
            timeouts = timeouts.connect(***time);
        }
        if let Some(time) = &self.dial {
            timeouts = timeouts.dial(***time);
        }
        if let Some(time) = &self.tls_handshake {
            timeouts = timeouts.tls_handshake(***time);
        }
        timeouts
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { cache = { max_ttl = "1h" } }"#
)]
pub(super) struct DnsConfig {
    /// Names that resolve to fixed addresses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resolve_to: BTreeMap<String, Vec<Text<IpAddr>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<DnsCacheConfig>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { min_ttl = "1s", max_ttl = "1h" }"#
)]
struct DnsCacheConfig {
    /// Keeps no answers.
    #[serde(skip_serializing_if = "is_default")]
    off: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_ttl: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ttl: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_ttl: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<Text<Duration>>,
}

impl DnsConfig {
    pub(super) fn dns(&self) -> Result<Dns, ConfigError> {
        let mut dns = Dns::default();
        for (name, addresses) in &self.resolve_to {
            let addresses = addresses.iter().map(|address| **address);
            dns = dns.resolve_to(name.as_str(), addresses);
        }
        if let Some(cache) = &self.cache {
            dns = dns.cache(cache.cache()?);
        }
        Ok(dns)
    }
}

impl DnsCacheConfig {
    fn cache(&self) -> Result<DnsCache, ConfigError> {
        if self.off {
            let alone = Self {
                off: true,
                ..Self::default()
            };
            ConfigError::check_alone("dns.cache.off", *self == alone)?;
            return Ok(DnsCache::off());
        }
        let mut cache = DnsCache::default();
        match (&self.min_ttl, &self.max_ttl) {
            (None, None) => {}
            (Some(min), Some(max)) => cache = cache.ttl(***min..=***max),
            (Some(_), None) | (None, Some(_)) => {
                let problem = "set `min_ttl` and `max_ttl` together";
                return Err(ConfigError::invalid("dns.cache", problem));
            }
        }
        if let Some(time) = &self.without_ttl {
            cache = cache.without_ttl(***time);
        }
        if let Some(time) = &self.stale {
            cache = cache.stale(***time);
        }
        if let Some(time) = &self.failures {
            cache = cache.failures(***time);
        }
        Ok(cache)
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { families = "only_v4" }"#
)]
pub(super) struct HappyEyeballsConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    families: Option<FamiliesConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt_delay: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution_delay: Option<Text<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_family_count: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum FamiliesConfig {
    Any,
    OnlyV4,
    OnlyV6,
    PreferV4,
    PreferV6,
}

impl HappyEyeballsConfig {
    pub(super) fn settings(&self) -> HappyEyeballs {
        let mut settings = HappyEyeballs::default();
        if let Some(families) = self.families {
            settings = settings.families(match families {
                FamiliesConfig::Any => IpFamilies::Any,
                FamiliesConfig::OnlyV4 => IpFamilies::OnlyV4,
                FamiliesConfig::OnlyV6 => IpFamilies::OnlyV6,
                FamiliesConfig::PreferV4 => IpFamilies::PreferV4,
                FamiliesConfig::PreferV6 => IpFamilies::PreferV6,
            });
        }
        if let Some(delay) = &self.attempt_delay {
            settings = settings.attempt_delay(***delay);
        }
        if let Some(delay) = &self.resolution_delay {
            settings = settings.resolution_delay(***delay);
        }
        if let Some(count) = self.first_family_count {
            settings = settings.first_family_count(count);
        }
        settings
    }
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { user_timeout = "30s" }"#
)]
pub(super) struct SocketConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    dscp: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keepalive: Option<KeyedEnum<KeepaliveConfig>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_address: Option<Text<IpAddr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    nagle: bool,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    receive_buffer: Option<usize>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_buffer: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_timeout: Option<Text<Duration>>,
}

/// TCP keepalive: `"off"`, or a probe.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum KeepaliveConfig {
    Off,
    Probe(ProbeConfig),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { idle = "15s", interval = "15s", retries = 3 }"#
)]
struct ProbeConfig {
    idle: Text<Duration>,
    interval: Text<Duration>,
    retries: u32,
}

impl SocketConfig {
    pub(super) fn options(&self) -> SocketOptions {
        let mut options = SocketOptions::default();
        if let Some(code_point) = self.dscp {
            options = options.dscp(code_point);
        }
        if let Some(name) = &self.interface {
            options = options.interface(name);
        }
        if let Some(keepalive) = &self.keepalive {
            options = options.keepalive(match &**keepalive {
                KeepaliveConfig::Off => TcpKeepalive::off(),
                KeepaliveConfig::Probe(probe) => {
                    TcpKeepalive::probe(**probe.idle, **probe.interval, probe.retries)
                }
            });
        }
        if let Some(address) = &self.local_address {
            options = options.local_address(**address);
        }
        if let Some(mark) = self.mark {
            options = options.mark(mark);
        }
        if self.nagle {
            options = options.nagle();
        }
        if let Some(bytes) = self.receive_buffer {
            options = options.receive_buffer(bytes);
        }
        if let Some(bytes) = self.send_buffer {
            options = options.send_buffer(bytes);
        }
        if let Some(time) = &self.user_timeout {
            options = options.user_timeout(***time);
        }
        options
    }
}

/// The version of the PROXY protocol.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ProxyProtocolConfig {
    V1,
    V2,
}

impl ProxyProtocolConfig {
    pub(super) fn protocol(self) -> ProxyProtocol {
        match self {
            Self::V1 => ProxyProtocol::v1(),
            Self::V2 => ProxyProtocol::v2(),
        }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { start = "deny_private" }"#
)]
pub(super) struct EgressGuardConfig {
    /// The rule for addresses that no other key names.
    start: GuardStart,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow: Vec<Text<IpNet>>,
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
    AllowAll,
    DenyAll,
    DenyPrivate,
}

impl EgressGuardConfig {
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
