//! How the origin's certificate is verified.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    name::{DnsName, ExpectedName},
    tls::{
        CertificatePin, NameCheck, SanKind, SanMatcher, SpkiPin, TrustAnchor, VerifyPolicy, danger,
    },
};

use super::{
    ConfigError,
    crls::CrlsConfig,
    given::given,
    is_default::{is_default, unless_default},
    keyed_enum::KeyedEnum,
    roots::RootsConfig,
    text_value::Text,
    unwritten::Unwritten,
};

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
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    roots: Option<RootsConfig>,
    /// Lets the operating system verify chain and name. Needs the feature `platform-verifier`.
    #[serde(skip_serializing_if = "is_default")]
    platform: bool,
    /// The only keys to trust. Chain, name and dates are not checked.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pinned: Option<Vec<Text<SpkiPin>>>,
    /// The only certificates to trust. Chain, name and dates are not checked.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pinned_certificates: Option<Vec<Text<CertificatePin>>>,
    /// Keys: the chain must also contain one of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    and_pins: Option<Vec<Text<SpkiPin>>>,
    /// Certificates: the chain must also contain one of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    and_certificate_pins: Option<Vec<Text<CertificatePin>>>,
    /// Subject alternative names: the certificate must have one of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    expecting_any: Option<Vec<KeyedEnum<SanConfig>>>,
    /// Revocation lists.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    crls: Option<CrlsConfig>,
    /// Settings that weaken verification.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    danger: Option<DangerConfig>,
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
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    certificate: Option<AcceptAny>,
    /// Accepts a certificate for any name.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    names: Option<Ignore>,
    /// How long after it has expired a certificate is accepted.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    accept_expired: Option<Text<humantime::Duration>>,
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
    pub(super) fn of(policy: &VerifyPolicy, unwritten: &mut Unwritten) -> Option<Self> {
        let VerifyPolicy {
            trust,
            names,
            pins,
            crls,
            grace,
        } = policy;
        let mut config = Self {
            expecting_any: match names {
                NameCheck::AnyOf(names) => Some(SanConfig::all(names, unwritten)),
                NameCheck::Expected | NameCheck::Ignored(_) => None,
            },
            crls: crls.as_ref().map(|crls| CrlsConfig::of(crls, unwritten)),
            ..Self::default()
        };
        let accept_expired =
            grace.and_then(|grace| unwritten.text("danger::accept_expired", &grace.length.into()));
        let danger = DangerConfig {
            certificate: matches!(trust, TrustAnchor::Anyone(_)).then_some(AcceptAny::AcceptAny),
            names: matches!(names, NameCheck::Ignored(_)).then_some(Ignore::Ignore),
            accept_expired,
        };
        config.danger = unless_default(danger);
        let keys = unwritten.texts("VerifyPolicy::and_pin", &pins.keys);
        let keys = unless_default(keys);
        let certificates = &pins.certificates;
        let certificates = unwritten.texts("VerifyPolicy::and_certificate_pin", certificates);
        let certificates = unless_default(certificates);
        match trust {
            TrustAnchor::Pins => {
                (config.pinned, config.pinned_certificates) = (keys, certificates);
            }
            _ => (config.and_pins, config.and_certificate_pins) = (keys, certificates),
        }
        match trust {
            TrustAnchor::Roots(roots) => config.roots = RootsConfig::of(roots, unwritten),
            #[cfg(feature = "platform-verifier")]
            TrustAnchor::Platform => config.platform = true,
            TrustAnchor::Pins => {}
            TrustAnchor::Anyone(_) if config.accepts_any_alone() => {}
            TrustAnchor::Anyone(_) => {
                let why = "a file has this call alone, and the policy has more";
                unwritten.refuse("danger::accept_any_certificate", why);
            }
        }
        unless_default(config)
    }

    /// Whether any certificate is accepted, and no other key is set.
    fn accepts_any_alone(&self) -> bool {
        let alone = Self {
            danger: Some(DangerConfig {
                certificate: Some(AcceptAny::AcceptAny),
                ..DangerConfig::default()
            }),
            ..Self::default()
        };
        *self == alone
    }

    pub(super) fn policy(&self) -> Result<VerifyPolicy, ConfigError> {
        if let Some(danger) = &self.danger
            && let Some(AcceptAny::AcceptAny) = danger.certificate
        {
            ConfigError::check_alone("verify.danger.certificate", self.accepts_any_alone())?;
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
    fn all(names: &[SanMatcher], unwritten: &mut Unwritten) -> Vec<KeyedEnum<Self>> {
        let names = names.iter();
        let names = names.filter_map(|name| Self::of(name, unwritten));
        names.map(KeyedEnum::from).collect()
    }

    fn of(name: &SanMatcher, unwritten: &mut Unwritten) -> Option<Self> {
        match &name.0 {
            Ok(SanKind::Exact(ExpectedName::Dns(name))) => {
                unwritten.text("SanMatcher::dns", name).map(Self::Dns)
            }
            Ok(SanKind::Exact(ExpectedName::Ip(address))) => {
                unwritten.text("SanMatcher::ip", address).map(Self::Ip)
            }
            Ok(SanKind::DnsSuffix(name)) => {
                let name = unwritten.text("SanMatcher::dns_suffix", name);
                name.map(Self::DnsSuffix)
            }
            Ok(SanKind::Uri(uri)) => Some(Self::Uri(uri.clone())),
            Ok(SanKind::TrustDomain(name)) => {
                let name = unwritten.text("SanMatcher::spiffe_trust_domain", name);
                name.map(Self::SpiffeTrustDomain)
            }
            Err(_) => {
                let why = "one of the names cannot be parsed";
                unwritten.refuse("VerifyPolicy::expecting_any", why);
                None
            }
        }
    }

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
