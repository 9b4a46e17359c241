//! Which advice is given.
//!
//! ```toml
//! [advice]
//! silence = ["host_differs_from_sni"]
//! expiry_notice = "30days"
//! ```

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    connector::{AdviceId, AdviceSettings, Silenced},
    tls::TlsSettings,
};

use super::{given::given, is_default::unless_default, text_value::Text, unwritten::Unwritten};

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
    /// How long before its expiry a certificate is reported.
    ///
    /// The default is 14 days.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    expiry_notice: Option<Text<Duration>>,
}

/// The variants of [`AdviceId`].
///
/// Each is written in snake case, as `AdviceId::as_str` returns it.
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
    /// A program can silence all advice, which a file cannot: a new kind would be silenced unseen.
    pub(super) fn of(settings: &AdviceSettings, unwritten: &mut Unwritten) -> Option<Self> {
        let AdviceSettings {
            silenced,
            expiry_notice,
        } = settings;
        let silence = match silenced {
            Silenced::Only(ids) => ids.iter().copied().map(AdviceIdConfig::of).collect(),
            Silenced::All => {
                unwritten.refuse("advice", "a file silences advice by its id");
                Vec::new()
            }
        };
        let default = TlsSettings::default().expiry_notice;
        let notice = expiry_notice.unwrap_or(default);
        unless_default(Self {
            silence,
            expiry_notice: unwritten.time("AdviceSettings::expiry_notice", notice, default),
        })
    }

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
    fn of(id: AdviceId) -> Self {
        match id {
            AdviceId::BucketWithDots => Self::BucketWithDots,
            AdviceId::EarlyDataUnused => Self::EarlyDataUnused,
            AdviceId::ExpectedNameUnused => Self::ExpectedNameUnused,
            AdviceId::ExpiryGrace => Self::ExpiryGrace,
            AdviceId::HostDiffersFromSni => Self::HostDiffersFromSni,
            AdviceId::HostIsIpAddress => Self::HostIsIpAddress,
            AdviceId::HttpOnlyEndpoint => Self::HttpOnlyEndpoint,
            AdviceId::HttpsForced => Self::HttpsForced,
            AdviceId::KeysLogged => Self::KeysLogged,
            AdviceId::NamesIgnored => Self::NamesIgnored,
            AdviceId::NoSniForIpAddress => Self::NoSniForIpAddress,
            AdviceId::NoTls13 => Self::NoTls13,
            AdviceId::PlainHttpOnTlsPort => Self::PlainHttpOnTlsPort,
            AdviceId::PortNotServed => Self::PortNotServed,
            AdviceId::SkippedRoots => Self::SkippedRoots,
            AdviceId::TlsUnused => Self::TlsUnused,
            AdviceId::VerificationOff => Self::VerificationOff,
        }
    }

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
