//! How the origin's certificate is verified.

use std::{net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    name::DnsName,
    tls::{CertificatePin, Crls, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger},
};

use super::{ConfigError, is_default::is_default, keyed_enum::KeyedEnum, text_value::Text};

/// The keys have the names of the calls of [`VerifyPolicy`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table such as { roots = { native = true } }"
)]
pub(super) struct VerifyConfig {
    /// The trusted roots. The default is the system's roots.
    #[serde(skip_serializing_if = "Option::is_none")]
    roots: Option<RootsConfig>,
    /// Lets the operating system verify chain and name. Needs the feature `platform-verifier`.
    #[serde(skip_serializing_if = "is_default")]
    platform: bool,
    /// The only keys to trust. Chain, name and dates are not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<Vec<Text<SpkiPin>>>,
    /// The only certificates to trust. Chain, name and dates are not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_certificates: Option<Vec<Text<CertificatePin>>>,
    /// Keys: the chain must also contain one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    and_pins: Option<Vec<Text<SpkiPin>>>,
    /// Certificates: the chain must also contain one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    and_certificate_pins: Option<Vec<Text<CertificatePin>>>,
    /// Subject alternative names: the certificate must have one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    expecting_any: Option<Vec<KeyedEnum<SanConfig>>>,
    /// Revocation lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    crls: Option<CrlsConfig>,
    /// Settings that weaken verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    danger: Option<DangerConfig>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { native = true, pem_files = ["ca.pem"] }"#
)]
struct RootsConfig {
    /// The roots of the system.
    #[serde(skip_serializing_if = "is_default")]
    native: bool,
    /// Mozilla's roots. Needs the feature `bundled-roots`.
    #[serde(skip_serializing_if = "is_default")]
    bundled: bool,
    /// Files with certificates in PEM.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pem_files: Vec<PathBuf>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum SanConfig {
    Dns(Text<DnsName>),
    DnsSuffix(Text<DnsName>),
    Ip(Text<IpAddr>),
    SpiffeTrustDomain(Text<DnsName>),
    Uri(String),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { pem_files = ["ca.crl.pem"] }"#
)]
struct CrlsConfig {
    /// Files with lists in PEM.
    pem_files: Vec<PathBuf>,
    /// Checks only the origin's own certificate.
    #[serde(default, skip_serializing_if = "is_default")]
    leaf_only: bool,
    /// Accepts certificates that no list covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown_status: Option<Allow>,
    /// Uses lists whose next update is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expired_lists: Option<Allow>,
}

/// One key for each function of [`danger`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { accept_expired = "7days" }"#
)]
struct DangerConfig {
    /// Verifies nothing: anyone on the path can read and change the traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<AcceptAny>,
    /// Accepts a certificate for any name.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Ignore>,
    /// How long after it has expired a certificate is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    accept_expired: Option<Text<humantime::Duration>>,
}

/// `"allow"`: written out, so that no empty value and no `false` can weaken verification.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Allow {
    Allow,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum AcceptAny {
    AcceptAny,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Ignore {
    Ignore,
}

impl VerifyConfig {
    pub(super) fn policy(&self) -> Result<VerifyPolicy, ConfigError> {
        if let Some(danger) = &self.danger
            && let Some(AcceptAny::AcceptAny) = danger.certificate
        {
            let alone = Self {
                danger: self.danger.clone(),
                ..Self::default()
            };
            let is_alone =
                *self == alone && danger.names.is_none() && danger.accept_expired.is_none();
            ConfigError::check_alone("verify.danger.certificate", is_alone)?;
            return Ok(danger::accept_any_certificate());
        }
        let mut policy = self.trust()?;
        for pin in self.and_pins.iter().flatten() {
            policy = policy.and_pin(**pin);
        }
        for pin in self.and_certificate_pins.iter().flatten() {
            policy = policy.and_certificate_pin(**pin);
        }
        if let Some(names) = &self.expecting_any {
            policy = policy.expecting_any(names.iter().map(|name| name.matcher()));
        }
        if let Some(crls) = &self.crls {
            policy = policy.crls(crls.crls()?);
        }
        let danger = self.danger.as_ref();
        if let Some(grace) = danger.and_then(|danger| danger.accept_expired.as_ref()) {
            policy = danger::accept_expired(policy, ***grace);
        }
        if let Some(Ignore::Ignore) = danger.and_then(|danger| danger.names) {
            policy = danger::ignore_names(policy);
        }
        Ok(policy)
    }

    /// What is trusted: roots, the operating system's verifier, or pins alone.
    fn trust(&self) -> Result<VerifyPolicy, ConfigError> {
        self.check_lists()?;
        let keys = self.pinned.iter().flatten();
        let certificates = self.pinned_certificates.iter().flatten();
        let mut pins = keys.map(Pin::Key).chain(certificates.map(Pin::Certificate));
        let Some(first) = pins.next() else {
            return match (&self.roots, self.platform) {
                (None, false) => Ok(VerifyPolicy::native_roots()),
                (Some(roots), false) => roots.roots().map(VerifyPolicy::roots),
                (None, true) => platform(),
                (Some(_), true) => Err(ConfigError::invalid(
                    "verify.platform",
                    "set either this or `roots`",
                )),
            };
        };
        if self.roots.is_some() || self.platform {
            let problem =
                "`pinned` trusts these keys alone: to add them to roots, write `and_pins`";
            return Err(ConfigError::invalid("verify.pinned", problem));
        }
        let alone = match first {
            Pin::Key(pin) => VerifyPolicy::pinned(**pin),
            Pin::Certificate(pin) => VerifyPolicy::pinned_certificate(**pin),
        };
        Ok(pins.fold(alone, |policy, pin| match pin {
            Pin::Key(pin) => policy.and_pin(**pin),
            Pin::Certificate(pin) => policy.and_certificate_pin(**pin),
        }))
    }

    /// An empty list of pins would otherwise demand nothing.
    fn check_lists(&self) -> Result<(), ConfigError> {
        let lists = [
            ("verify.pinned", self.pinned.as_ref().map(Vec::len)),
            (
                "verify.pinned_certificates",
                self.pinned_certificates.as_ref().map(Vec::len),
            ),
            ("verify.and_pins", self.and_pins.as_ref().map(Vec::len)),
            (
                "verify.and_certificate_pins",
                self.and_certificate_pins.as_ref().map(Vec::len),
            ),
        ];
        match lists.iter().find(|(_, length)| *length == Some(0)) {
            Some((key, _)) => Err(ConfigError::invalid(*key, "the list is empty")),
            None => Ok(()),
        }
    }
}

enum Pin<'a> {
    Key(&'a Text<SpkiPin>),
    Certificate(&'a Text<CertificatePin>),
}

impl RootsConfig {
    fn roots(&self) -> Result<Roots, ConfigError> {
        let native = self.native.then(Roots::native);
        let bundled = match self.bundled {
            true => Some(bundled()?),
            false => None,
        };
        let files = self.pem_files.iter().map(Roots::pem_file);
        let all = native.into_iter().chain(bundled).chain(files);
        let none = ConfigError::invalid("verify.roots", "no root is trusted: set one of its keys");
        all.reduce(Roots::and).ok_or(none)
    }
}

#[cfg(feature = "bundled-roots")]
fn bundled() -> Result<Roots, ConfigError> {
    Ok(Roots::bundled())
}

#[cfg(not(feature = "bundled-roots"))]
fn bundled() -> Result<Roots, ConfigError> {
    let problem = "the application was built without feature `bundled-roots`";
    Err(ConfigError::invalid("verify.roots.bundled", problem))
}

#[cfg(feature = "platform-verifier")]
fn platform() -> Result<VerifyPolicy, ConfigError> {
    Ok(VerifyPolicy::platform())
}

#[cfg(not(feature = "platform-verifier"))]
fn platform() -> Result<VerifyPolicy, ConfigError> {
    let problem = "the application was built without feature `platform-verifier`";
    Err(ConfigError::invalid("verify.platform", problem))
}

impl SanConfig {
    fn matcher(&self) -> SanMatcher {
        match self {
            Self::Dns(name) => SanMatcher::dns((**name).clone()),
            Self::DnsSuffix(name) => SanMatcher::dns_suffix((**name).clone()),
            Self::Ip(address) => SanMatcher::ip(**address),
            Self::SpiffeTrustDomain(name) => SanMatcher::spiffe_trust_domain((**name).clone()),
            Self::Uri(uri) => SanMatcher::uri(uri),
        }
    }
}

impl CrlsConfig {
    fn crls(&self) -> Result<Crls, ConfigError> {
        let files = self.pem_files.iter().map(Crls::pem_file);
        let none = ConfigError::invalid("verify.crls.pem_files", "the list is empty");
        let mut crls = files.reduce(Crls::and).ok_or(none)?;
        if self.leaf_only {
            crls = crls.leaf_only();
        }
        if let Some(Allow::Allow) = self.unknown_status {
            crls = crls.allow_unknown_status();
        }
        if let Some(Allow::Allow) = self.expired_lists {
            crls = crls.ignore_expiry();
        }
        Ok(crls)
    }
}
