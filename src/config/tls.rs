//! TLS versions, parameters and sessions.
//!
//! ```toml
//! alpn = ["http/1.1"]
//!
//! [tls]
//! min_version = "1.3"
//!
//! [sessions]
//! capacity = 32
//! ```
//!
//! Names of suites, groups and schemes are IANA's. They are checked when the connector is built,
//! because only the crypto provider knows which it has.

use std::ops::{Bound, RangeBounds};

use serde::{Deserialize, Serialize};

use crate::{
    connector::Sessions,
    error::TlsVersion,
    tls::{Alpn, EarlyRequests, Resumption, TlsParameters, TlsSettings},
};

use super::{
    ConfigError,
    given::given,
    is_default::{is_default, unless_default},
    unwritten::Unwritten,
};

/// The ends of a range of TLS versions.
pub(super) type VersionRange = (Bound<TlsVersion>, Bound<TlsVersion>);

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { min_version = "1.2" }"#
)]
pub(super) struct TlsConfig {
    /// The default is 1.2.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    min_version: Option<TlsVersionConfig>,
    /// The default is 1.3.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_version: Option<TlsVersionConfig>,
    /// By their IANA names. The default is the crypto provider's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    cipher_suites: Option<Vec<String>>,
    /// By their IANA names. The default is the crypto provider's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    key_exchange_groups: Option<Vec<String>>,
    /// By their IANA names. The default is the crypto provider's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    signature_schemes: Option<Vec<String>>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_record_size: Option<usize>,
    /// For TLS 1.2 (RFC 7627).
    #[serde(skip_serializing_if = "is_default")]
    require_extended_master_secret: bool,
    /// Fails unless the crypto provider is in FIPS mode.
    #[serde(skip_serializing_if = "is_default")]
    require_fips: bool,
    /// Needs the feature `certificate-compression`.
    #[serde(skip_serializing_if = "is_default")]
    compressed_certificates: bool,
    /// Logs the secrets of connections to the file that `SSLKEYLOGFILE` names.
    #[serde(skip_serializing_if = "is_default")]
    key_log_from_environment: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum TlsVersionConfig {
    #[serde(rename = "1.2")]
    V1_2,
    #[serde(rename = "1.3")]
    V1_3,
}

/// A protocol, by its name in ALPN.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum ProtocolConfig {
    #[serde(rename = "h2")]
    Http2,
    #[serde(rename = "http/1.1")]
    Http1,
}

/// The sessions that are resumed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table such as { capacity = 32 }"
)]
pub(super) struct SessionsConfig {
    /// Resumes no session.
    #[serde(skip_serializing_if = "is_default")]
    off: bool,
    /// The number of names whose sessions are kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    capacity: Option<usize>,
    /// Sends safe requests in early data.
    #[serde(skip_serializing_if = "is_default")]
    early_data: bool,
}

impl TlsConfig {
    pub(super) fn of(tls: &TlsSettings, unwritten: &mut Unwritten) -> Option<Self> {
        let mut config = Self::default();
        let offers = |version| tls.versions.contains(&version);
        match (offers(TlsVersion::V1_2), offers(TlsVersion::V1_3)) {
            (true, true) => {}
            (true, false) => config.max_version = Some(TlsVersionConfig::V1_2),
            (false, true) => config.min_version = Some(TlsVersionConfig::V1_3),
            (false, false) => unwritten.refuse("tls_versions", "the range has no version"),
        }
        let parameters = &tls.parameters;
        for setter in parameters.setters() {
            match *setter {
                "TlsParameters::cipher_suites" => {
                    config.cipher_suites = parameters.cipher_suites.clone();
                }
                "TlsParameters::key_exchange_groups" => {
                    config.key_exchange_groups = parameters.groups.clone();
                }
                "TlsParameters::signature_schemes" => {
                    config.signature_schemes = parameters.signature_schemes.clone();
                }
                "TlsParameters::max_record_size" => {
                    config.max_record_size = parameters.record_size;
                }
                "TlsParameters::require_extended_master_secret" => {
                    config.require_extended_master_secret = true;
                }
                "TlsParameters::require_fips" => config.require_fips = true,
                "TlsParameters::compressed_certificates" => config.compressed_certificates = true,
                "TlsParameters::key_log_from_environment" => {
                    config.key_log_from_environment = true;
                }
                other => unwritten.refuse_value(other),
            }
        }
        unless_default(config)
    }

    /// The range of versions. Without a key, both ends are those that the crate supports.
    pub(super) fn versions(&self) -> VersionRange {
        let end = |version: Option<TlsVersionConfig>| match version {
            Some(version) => Bound::Included(version.version()),
            None => Bound::Unbounded,
        };
        (end(self.min_version), end(self.max_version))
    }

    pub(super) fn parameters(&self) -> Result<TlsParameters, ConfigError> {
        let mut parameters = TlsParameters::default();
        if let Some(names) = &self.cipher_suites {
            parameters = parameters.cipher_suites(names);
        }
        if let Some(names) = &self.key_exchange_groups {
            parameters = parameters.key_exchange_groups(names);
        }
        if let Some(names) = &self.signature_schemes {
            parameters = parameters.signature_schemes(names);
        }
        if let Some(bytes) = self.max_record_size {
            parameters = parameters.max_record_size(bytes);
        }
        if self.require_extended_master_secret {
            parameters = parameters.require_extended_master_secret();
        }
        if self.require_fips {
            parameters = parameters.require_fips();
        }
        if self.key_log_from_environment {
            parameters = parameters.key_log_from_environment();
        }
        if self.compressed_certificates {
            parameters = compressed_certificates(parameters)?;
        }
        Ok(parameters)
    }
}

#[cfg(feature = "certificate-compression")]
fn compressed_certificates(parameters: TlsParameters) -> Result<TlsParameters, ConfigError> {
    Ok(parameters.compressed_certificates())
}

#[cfg(not(feature = "certificate-compression"))]
fn compressed_certificates(_: TlsParameters) -> Result<TlsParameters, ConfigError> {
    let problem = "the application was built without feature `certificate-compression`";
    Err(ConfigError::invalid("tls.compressed_certificates", problem))
}

impl TlsVersionConfig {
    fn version(self) -> TlsVersion {
        match self {
            Self::V1_2 => TlsVersion::V1_2,
            Self::V1_3 => TlsVersion::V1_3,
        }
    }
}

impl ProtocolConfig {
    pub(super) fn of(alpn: Alpn) -> Option<Vec<Self>> {
        match alpn {
            Alpn::Http2OrHttp1 => None,
            Alpn::Http2 => Some(vec![Self::Http2]),
            Alpn::Http1 => Some(vec![Self::Http1]),
        }
    }

    pub(super) fn alpn(protocols: &[Self]) -> Result<Alpn, ConfigError> {
        match protocols {
            [Self::Http2, Self::Http1] => Ok(Alpn::Http2OrHttp1),
            [Self::Http2] => Ok(Alpn::Http2),
            [Self::Http1] => Ok(Alpn::Http1),
            _ => {
                let problem = r#"write ["h2", "http/1.1"], ["h2"] or ["http/1.1"]"#;
                Err(ConfigError::invalid("alpn", problem))
            }
        }
    }
}

impl SessionsConfig {
    pub(super) fn of(tls: &TlsSettings, unwritten: &mut Unwritten) -> Option<Self> {
        let early_data = tls.early_requests == EarlyRequests::Safe;
        let is_off = tls.resumption == Resumption::Off;
        if is_off && early_data {
            unwritten.refuse("Sessions::early_data", "no session is resumed");
        }
        unless_default(Self {
            off: is_off,
            capacity: match tls.resumption {
                Resumption::Names(names) if tls.resumption != Resumption::default() => Some(names),
                Resumption::Names(_) | Resumption::Off => None,
            },
            early_data,
        })
    }

    pub(super) fn sessions(&self) -> Result<Sessions, ConfigError> {
        if self.off {
            let is_alone = self.capacity.is_none() && !self.early_data;
            ConfigError::check_alone("sessions.off", is_alone)?;
            return Ok(Sessions::off());
        }
        let mut sessions = Sessions::default();
        if let Some(names) = self.capacity {
            sessions = sessions.capacity(names);
        }
        if self.early_data {
            sessions = sessions.early_data();
        }
        Ok(sessions)
    }
}
