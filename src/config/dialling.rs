//! How the origin is dialled: timeouts, Happy Eyeballs, the PROXY protocol.
//!
//! ```toml
//! proxy_protocol = "v2"
//!
//! [timeouts]
//! dial = "2s"
//! connect = "5s"
//!
//! [happy_eyeballs]
//! families = "prefer_v4"
//! ```

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    connector::Timeouts,
    dial::{HappyEyeballs, IpFamilies, ProxyProtocol},
};

use super::{given::given, is_default::unless_default, text_value::Text, unwritten::Unwritten};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { connect = "5s" }"#
)]
pub(super) struct TimeoutsConfig {
    /// For all steps together. The default is 15 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    connect: Option<Text<Duration>>,
    /// For the look-up, TCP and the PROXY header. The default is 10 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    dial: Option<Text<Duration>>,
    /// The default is 10 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    tls_handshake: Option<Text<Duration>>,
}

impl TimeoutsConfig {
    pub(super) fn of(timeouts: &Timeouts, unwritten: &mut Unwritten) -> Option<Self> {
        let Timeouts {
            dial,
            tls_handshake,
            connect,
        } = *timeouts;
        let default = Timeouts::default();
        unless_default(Self {
            connect: unwritten.time("Timeouts::connect", connect, default.connect),
            dial: unwritten.time("Timeouts::dial", dial, default.dial),
            tls_handshake: unwritten.time(
                "Timeouts::tls_handshake",
                tls_handshake,
                default.tls_handshake,
            ),
        })
    }

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
    expecting = r#"a table such as { families = "only_v4" }"#
)]
pub(super) struct HappyEyeballsConfig {
    /// Which address families are dialled, and which comes first. The default is `any`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    families: Option<FamiliesConfig>,
    /// From the start of one attempt to the next. The default is 250 ms.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    attempt_delay: Option<Text<Duration>>,
    /// How long one family waits for the preferred one. The default is 50 ms.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    resolution_delay: Option<Text<Duration>>,
    /// How many addresses of the first family come before one of the other. The default is 1.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
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
    pub(super) fn of(settings: &HappyEyeballs, unwritten: &mut Unwritten) -> Option<Self> {
        let HappyEyeballs {
            attempt_delay,
            resolution_delay,
            first_family_count: count,
            families,
        } = *settings;
        let default = HappyEyeballs::default();
        unless_default(Self {
            families: match families {
                IpFamilies::Any => None,
                IpFamilies::OnlyV4 => Some(FamiliesConfig::OnlyV4),
                IpFamilies::OnlyV6 => Some(FamiliesConfig::OnlyV6),
                IpFamilies::PreferV4 => Some(FamiliesConfig::PreferV4),
                IpFamilies::PreferV6 => Some(FamiliesConfig::PreferV6),
            },
            attempt_delay: unwritten.time(
                "HappyEyeballs::attempt_delay",
                attempt_delay,
                default.attempt_delay,
            ),
            resolution_delay: unwritten.time(
                "HappyEyeballs::resolution_delay",
                resolution_delay,
                default.resolution_delay,
            ),
            first_family_count: (count != default.first_family_count).then_some(count),
        })
    }

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

/// The version of the PROXY protocol.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ProxyProtocolConfig {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

impl ProxyProtocolConfig {
    pub(super) fn of(protocol: ProxyProtocol) -> Self {
        match protocol == ProxyProtocol::V1 {
            true => Self::V1,
            false => Self::V2,
        }
    }

    pub(super) fn protocol(self) -> ProxyProtocol {
        match self {
            Self::V1 => ProxyProtocol::V1,
            Self::V2 => ProxyProtocol::V2,
        }
    }
}
