//! Fixed addresses, and how long DNS answers are cached.
//!
//! ```toml
//! [dns.resolve_to]
//! "origin.example" = ["192.0.2.1"]
//!
//! [dns.cache]
//! min_ttl = "2s"
//! max_ttl = "60s"
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::{
    dial::{Dns, DnsCache},
    name::DnsName,
};

use super::{
    ConfigError,
    given::given,
    is_default::{is_default, unless_default},
    text_value::Text,
    unique_keys::unique_keys,
    unwritten::Unwritten,
};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { cache = { max_ttl = "1h" } }"#
)]
pub(super) struct DnsConfig {
    /// Names that resolve to fixed addresses.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique_keys"
    )]
    resolve_to: BTreeMap<String, Vec<Text<IpAddr>>>,
    /// How long answers are kept.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
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
    /// The default is 1 s. Set it together with `max_ttl`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    min_ttl: Option<Text<Duration>>,
    /// The default is 1 h. Set it together with `min_ttl`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    max_ttl: Option<Text<Duration>>,
    /// For answers without a TTL. The default is 5 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    without_ttl: Option<Text<Duration>>,
    /// How long an answer is used after its TTL while look-ups fail. The default is 10 min.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    stale: Option<Text<Duration>>,
    /// The default is 1 s.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    failures: Option<Text<Duration>>,
}

impl DnsConfig {
    /// A resolver is code, and cannot be written.
    pub(super) fn of(dns: &Dns, unwritten: &mut Unwritten) -> Option<Self> {
        let Dns {
            resolver,
            fixed,
            cache,
            problems,
        } = dns;
        if resolver.is_some() {
            unwritten.refuse_value("Dns::resolver");
        }
        unwritten.refuse_all(problems);
        let mut resolve_to = BTreeMap::new();
        for (name, addresses) in fixed.iter() {
            let addresses = unwritten.texts("Dns::resolve_to", addresses);
            resolve_to.insert(name.to_string(), addresses);
        }
        unless_default(Self {
            resolve_to,
            cache: DnsCacheConfig::of(cache, unwritten),
        })
    }

    pub(super) fn dns(&self) -> Result<Dns, ConfigError> {
        self.check_names()?;
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

    /// The addresses of a second spelling of a name would replace those of the first.
    fn check_names(&self) -> Result<(), ConfigError> {
        let mut seen = HashMap::new();
        for spelling in self.resolve_to.keys() {
            // The builder refuses what is no name.
            let Ok(name) = spelling.parse::<DnsName>() else {
                continue;
            };
            if let Some(other) = seen.insert(name, spelling) {
                let problem = format!("{spelling:?} is the same name as {other:?}");
                return Err(ConfigError::invalid("dns.resolve_to", problem));
            }
        }
        Ok(())
    }
}

impl DnsCacheConfig {
    /// The cache that is off has no other key.
    fn of(cache: &DnsCache, unwritten: &mut Unwritten) -> Option<Self> {
        if *cache == DnsCache::off() {
            return Some(Self {
                off: true,
                ..Self::default()
            });
        }
        let DnsCache {
            ttl,
            without_ttl,
            failures,
            stale,
        } = cache;
        let default = DnsCache::default();
        // Both ends are written, or none.
        let mut end = |end: Duration| match *ttl == default.ttl {
            true => None,
            false => unwritten.text("DnsCache::ttl", &end),
        };
        unless_default(Self {
            off: false,
            min_ttl: end((*ttl.start()).into()),
            max_ttl: end((*ttl.end()).into()),
            without_ttl: unwritten.time("DnsCache::without_ttl", *without_ttl, default.without_ttl),
            stale: unwritten.time("DnsCache::stale", *stale, default.stale),
            failures: unwritten.time("DnsCache::failures", *failures, default.failures),
        })
    }

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
