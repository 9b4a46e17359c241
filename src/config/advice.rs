//! Which advice is given.

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::connector::{AdviceId, AdviceSettings};

use super::text_value::Text;

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { expiry_notice = "14days" }"#
)]
pub(super) struct AdviceConfig {
    /// The advice to silence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silence: Vec<AdviceIdConfig>,
    /// How long before a certificate expires a warning is logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_notice: Option<Text<Duration>>,
}

/// The variants of [`AdviceId`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum AdviceIdConfig {
    BucketWithDots,
    EarlyDataUnused,
    ExpectedNameUnused,
    ExpiryGrace,
    HostDiffersFromSni,
    HostIsIpAddress,
    HttpOnlyEndpoint,
    HttpsForced,
    KeysLogged,
    NamesIgnored,
    NoSniForIpAddress,
    NoTls13,
    PlainHttpOnTlsPort,
    PortNotServed,
    SkippedRoots,
    TlsUnused,
    VerificationOff,
}

impl AdviceConfig {
    pub(super) fn settings(&self) -> AdviceSettings {
        let settings = AdviceSettings::default();
        let ids = self.silence.iter().map(|id| id.id());
        let settings = ids.fold(settings, AdviceSettings::silence);
        match &self.expiry_notice {
            Some(before) => settings.expiry_notice(***before),
            None => settings,
        }
    }
}

impl AdviceIdConfig {
    fn id(self) -> AdviceId {
        match self {
            Self::BucketWithDots => AdviceId::BucketWithDots,
            Self::EarlyDataUnused => AdviceId::EarlyDataUnused,
            Self::ExpectedNameUnused => AdviceId::ExpectedNameUnused,
            Self::ExpiryGrace => AdviceId::ExpiryGrace,
            Self::HostDiffersFromSni => AdviceId::HostDiffersFromSni,
            Self::HostIsIpAddress => AdviceId::HostIsIpAddress,
            Self::HttpOnlyEndpoint => AdviceId::HttpOnlyEndpoint,
            Self::HttpsForced => AdviceId::HttpsForced,
            Self::KeysLogged => AdviceId::KeysLogged,
            Self::NamesIgnored => AdviceId::NamesIgnored,
            Self::NoSniForIpAddress => AdviceId::NoSniForIpAddress,
            Self::NoTls13 => AdviceId::NoTls13,
            Self::PlainHttpOnTlsPort => AdviceId::PlainHttpOnTlsPort,
            Self::PortNotServed => AdviceId::PortNotServed,
            Self::SkippedRoots => AdviceId::SkippedRoots,
            Self::TlsUnused => AdviceId::TlsUnused,
            Self::VerificationOff => AdviceId::VerificationOff,
        }
    }
}
