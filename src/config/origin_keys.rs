//! `OriginKeys`: the keys of an origin, and the calls that they make.

use serde::{Deserialize, Serialize};

use crate::{
    OriginProxy,
    connector::{CdnOriginBuilder, ConnectorSettings, DialSettings, EdgeProfileUse},
    name::{DialTarget, ExpectedName, HostAuthority, Sni},
    origin::{ChosenNames, OriginUrl},
    tls::{ClientIdentity, VerifyPolicy},
};

use super::{
    ConfigError,
    advice::AdviceConfig,
    calls::Calls,
    dialling::{HappyEyeballsConfig, ProxyProtocolConfig, TimeoutsConfig},
    dns::DnsConfig,
    egress_guard::EgressGuardConfig,
    error_pages::ErrorPagesConfig,
    forwarded::{ForwardedConfig, ViaConfig},
    given::given,
    header_fields::{RequestFieldsConfig, ResponseFieldsConfig},
    identity::IdentityConfig,
    key_tables::KeyTable,
    keyed_enum::KeyedEnum,
    origin_calls::OriginCalls,
    pool::{LimitsConfig, PoolConfig},
    rewrites::{HostRewriteConfig, PathMapConfig, ResponseRewriteConfig},
    socket_options::SocketConfig,
    text_value::Text,
    tls::{ProtocolConfig, SessionsConfig, TlsConfig},
    unwritten::Unwritten,
    upgrades::UpgradesConfig,
    verify::VerifyConfig,
};

/// The keys of an origin. All are optional: each user of them has its own rules.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { url = "https://www.example.com" }"#
)]
pub(super) struct OriginKeys {
    // The four names.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub(super) url: Option<Text<OriginUrl>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    dial: Option<Text<DialTarget>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    sni: Option<Text<Sni>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    omit_sni: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    expected_name: Option<Text<ExpectedName>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    host: Option<Text<HostAuthority>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    alpn: Option<Vec<ProtocolConfig>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    proxy_protocol: Option<ProxyProtocolConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    without_edge_profile: Option<bool>,
    // The proxy.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    disclose_diagnosis: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    host_rewrite: Option<KeyedEnum<HostRewriteConfig>>,
    // Tables, which TOML wants last.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub(super) verify: Option<VerifyConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub(super) client_identity: Option<IdentityConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    tls: Option<TlsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    sessions: Option<SessionsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    timeouts: Option<TimeoutsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    dns: Option<DnsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    happy_eyeballs: Option<HappyEyeballsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    socket_options: Option<SocketConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    egress_guard: Option<EgressGuardConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    advice: Option<AdviceConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pool: Option<PoolConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    limits: Option<LimitsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    forwarded: Option<ForwardedConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    response_rewrite: Option<ResponseRewriteConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    via: Option<ViaConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    upgrades: Option<UpgradesConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    request_fields: Option<RequestFieldsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    response_fields: Option<ResponseFieldsConfig>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    error_pages: Option<ErrorPagesConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    map_path: Vec<PathMapConfig>,
}

impl OriginKeys {
    /// The keys of a builder, without those that have their defaults.
    pub(super) fn of(builder: &CdnOriginBuilder, unwritten: &mut Unwritten) -> Self {
        let ConnectorSettings {
            url,
            names,
            tls,
            tls_setters: _,
            timeouts,
            dial,
            advice,
            edge_profile,
        } = builder.settings();
        let DialSettings {
            dns,
            happy_eyeballs,
            socket_options,
            guard,
            proxy_protocol,
            transport,
        } = dial;
        let ChosenNames {
            dial,
            sni,
            expected_name,
            host,
            label,
            written_in: _,
        } = names;
        let refused = builder.problems();
        unwritten.refuse_all(refused);
        if url.is_none() && !refused.iter().any(|it| it.setter() == "builder") {
            unwritten.refuse("any_origin", "a file has the URL of one origin");
        }
        if tls.ech.is_some() {
            unwritten.refuse_value("ech");
        }
        if transport.is_some() {
            unwritten.refuse_value("transport");
        }
        if builder.shares_sessions() {
            unwritten.refuse_value("Sessions::share_with");
        }
        let dial = dial.as_ref();
        let sent = sni.as_ref().filter(|sni| sni.name().is_some());
        let name = expected_name.as_ref();
        let identity = tls.identity.as_ref();
        Self {
            url: url.as_ref().and_then(|url| unwritten.text("builder", url)),
            dial: dial.and_then(|target| unwritten.text("dial", target)),
            sni: sent.and_then(|sni| unwritten.text("sni", sni)),
            omit_sni: (sni.is_some() && sent.is_none()).then_some(true),
            expected_name: name.and_then(|name| unwritten.text("expected_name", name)),
            host: host.as_ref().and_then(|host| unwritten.text("host", host)),
            label: label.as_deref().map(str::to_owned),
            alpn: ProtocolConfig::of(tls.alpn),
            proxy_protocol: proxy_protocol.map(ProxyProtocolConfig::of),
            without_edge_profile: matches!(edge_profile, EdgeProfileUse::Ignored).then_some(true),
            verify: VerifyConfig::of(&tls.verify, unwritten),
            client_identity: identity.and_then(|it| IdentityConfig::of(it, unwritten)),
            tls: TlsConfig::of(tls, unwritten),
            sessions: SessionsConfig::of(tls, unwritten),
            timeouts: TimeoutsConfig::of(timeouts, unwritten),
            dns: DnsConfig::of(dns, unwritten),
            happy_eyeballs: HappyEyeballsConfig::of(happy_eyeballs, unwritten),
            socket_options: SocketConfig::of(socket_options, unwritten),
            egress_guard: guard
                .as_ref()
                .map(|guard| EgressGuardConfig::of(guard, unwritten)),
            advice: AdviceConfig::of(advice, unwritten),
            ..Self::default()
        }
    }

    /// The keys of this proxy, with those of another connector.
    pub(super) fn with_connector(self, connector: Self) -> Self {
        Self {
            disclose_diagnosis: self.disclose_diagnosis,
            host_rewrite: self.host_rewrite,
            pool: self.pool,
            limits: self.limits,
            forwarded: self.forwarded,
            response_rewrite: self.response_rewrite,
            via: self.via,
            upgrades: self.upgrades,
            request_fields: self.request_fields,
            response_fields: self.response_fields,
            error_pages: self.error_pages,
            map_path: self.map_path,
            ..connector
        }
    }

    /// All calls, read and checked.
    pub(super) fn calls(&self) -> Result<OriginCalls, ConfigError> {
        Ok(OriginCalls {
            proxy: self.proxy_calls()?,
            ..self.builder_calls()?
        })
    }

    /// The calls of the builder, read and checked.
    pub(super) fn builder_calls(&self) -> Result<OriginCalls, ConfigError> {
        Ok(OriginCalls {
            connector: self.connector_calls()?,
            ..self.name_calls()?
        })
    }

    /// The calls for the four names.
    pub(super) fn name_calls(&self) -> Result<OriginCalls, ConfigError> {
        if self.sni.is_some() && self.omit_sni == Some(true) {
            return Err(ConfigError::invalid("omit_sni", "set either this or sni"));
        }
        let mut names = Calls::default();
        let dial = value(self.dial.as_ref());
        names.add(dial, CdnOriginBuilder::dial::<DialTarget>);
        names.add(value(self.sni.as_ref()), CdnOriginBuilder::sni::<Sni>);
        names.add_either(self.omit_sni, |it| it.omit_sni(), |it| it.send_sni());
        let name = value(self.expected_name.as_ref());
        names.add(name, CdnOriginBuilder::expected_name::<ExpectedName>);
        let host = value(self.host.as_ref());
        names.add(host, CdnOriginBuilder::host::<HostAuthority>);
        names.add(self.label.clone(), CdnOriginBuilder::label);
        Ok(OriginCalls {
            url: value(self.url.as_ref()),
            names,
            ..OriginCalls::default()
        })
    }

    fn connector_calls(&self) -> Result<Calls<CdnOriginBuilder>, ConfigError> {
        let mut calls = Calls::default();
        let alpn = self.alpn.as_deref().map(ProtocolConfig::alpn);
        calls.add(alpn.transpose()?, CdnOriginBuilder::alpn);
        let verify = self.verify.as_ref().map(VerifyConfig::policy);
        calls.add(verify.transpose()?, CdnOriginBuilder::verify);
        calls.add(self.identity()?, CdnOriginBuilder::client_identity);
        if let Some(tls) = &self.tls {
            // Both, so that the table replaces that of a template as a whole.
            let parameters = tls.parameters()?;
            calls.add(Some(tls.versions()), CdnOriginBuilder::tls_versions);
            calls.add(Some(parameters), CdnOriginBuilder::tls_parameters);
        }
        let sessions = self.sessions.as_ref().map(SessionsConfig::sessions);
        calls.add(sessions.transpose()?, CdnOriginBuilder::sessions);
        let timeouts = self.timeouts.as_ref().map(TimeoutsConfig::timeouts);
        calls.add(timeouts, CdnOriginBuilder::timeouts);
        let dns = self.dns.as_ref().map(DnsConfig::dns);
        calls.add(dns.transpose()?, CdnOriginBuilder::dns);
        let attempts = self.happy_eyeballs.as_ref();
        let attempts = attempts.map(HappyEyeballsConfig::settings);
        calls.add(attempts, CdnOriginBuilder::happy_eyeballs);
        let options = self.socket_options.as_ref().map(SocketConfig::options);
        calls.add(options, CdnOriginBuilder::socket_options);
        let protocol = self.proxy_protocol.map(ProxyProtocolConfig::protocol);
        calls.add(protocol, CdnOriginBuilder::proxy_protocol);
        let guard = self.egress_guard.as_ref().map(EgressGuardConfig::guard);
        calls.add(guard, CdnOriginBuilder::egress_guard);
        let advice = self.advice.as_ref().map(AdviceConfig::settings);
        calls.add(advice, CdnOriginBuilder::advice);
        let ignored = self.without_edge_profile;
        calls.add_either(
            ignored,
            |it| it.without_edge_profile(),
            |it| it.with_edge_profile(),
        );
        Ok(calls)
    }

    /// The calls of the proxy, read and checked.
    pub(super) fn proxy_calls(&self) -> Result<Calls<OriginProxy>, ConfigError> {
        let mut calls = Calls::<OriginProxy>::default();
        let disclosed = self.disclose_diagnosis;
        calls.add_either(
            disclosed,
            |it| it.disclose_diagnosis(),
            |it| it.conceal_diagnosis(),
        );
        let rewrite = self.host_rewrite.as_deref().map(HostRewriteConfig::layer);
        calls.add(rewrite.transpose()?, OriginProxy::host_rewrite);
        let pool = self.pool.as_ref().map(PoolConfig::settings);
        calls.add(pool.transpose()?, OriginProxy::pool);
        let limits = self.limits.as_ref().map(LimitsConfig::limits);
        calls.add(limits.transpose()?, OriginProxy::limits);
        let forwarded = self.forwarded.as_ref().map(ForwardedConfig::layer);
        calls.add(forwarded, OriginProxy::forwarded);
        let rewrite = self.response_rewrite.as_ref();
        let rewrite = rewrite.map(ResponseRewriteConfig::layer);
        calls.add(rewrite.transpose()?, OriginProxy::response_rewrite);
        let via = self.via.as_ref().map(ViaConfig::via);
        calls.add(via.transpose()?, OriginProxy::via);
        let upgrades = self.upgrades.as_ref().map(UpgradesConfig::upgrades);
        calls.add(upgrades.transpose()?, OriginProxy::upgrades);
        for map in &self.map_path {
            map.add_to(&mut calls);
        }
        if let Some(fields) = &self.request_fields {
            fields.add_to(&mut calls)?;
        }
        // Before the fields, which may be set on an error page too.
        if let Some(pages) = &self.error_pages {
            pages.add_to(&mut calls)?;
        }
        if let Some(fields) = &self.response_fields {
            fields.add_to(&mut calls)?;
        }
        Ok(calls)
    }

    /// How the certificate is verified, if that is set.
    pub(super) fn policy(&self) -> Result<VerifyPolicy, ConfigError> {
        let verify = self.verify.as_ref().map(VerifyConfig::policy);
        Ok(verify.transpose()?.unwrap_or_default())
    }

    /// The client certificate, if one is set.
    pub(super) fn identity(&self) -> Result<Option<ClientIdentity>, ConfigError> {
        let identity = self.client_identity.as_ref().map(IdentityConfig::identity);
        identity.transpose()
    }

    /// These keys, which are in the table with this path.
    pub(super) fn in_table(&self, path: impl Into<String>) -> KeyTable {
        KeyTable {
            path: path.into(),
            keys: Self::default().changed_keys(self),
            with_files: self.keys_with_files(),
        }
    }

    /// The keys that name certificate files.
    pub(super) fn keys_with_files(&self) -> Vec<&'static str> {
        let policy = self.policy();
        let identity = self.identity().ok().flatten();
        let keys = [
            ("verify", policy.is_ok_and(|it| it.files().count() > 0)),
            (
                "client_identity",
                identity.is_some_and(|it| it.files().count() > 0),
            ),
        ];
        let with_files = keys.into_iter().filter(|(_, has_files)| *has_files);
        with_files.map(|(key, _)| key).collect()
    }

    /// The first of the four names that is set.
    pub(super) fn chosen_name(&self) -> Option<&'static str> {
        let names = [
            ("dial", self.dial.is_some()),
            ("sni", self.sni.is_some()),
            ("omit_sni", self.omit_sni.is_some()),
            ("expected_name", self.expected_name.is_some()),
            ("host", self.host.is_some()),
        ];
        let chosen = names.into_iter().find(|(_, is_set)| *is_set);
        chosen.map(|(key, _)| key)
    }

    /// The names of the keys that differ.
    pub(super) fn changed_keys(&self, new: &Self) -> Vec<&'static str> {
        macro_rules! keys {
            ($($key:ident)*) => {
                [$((stringify!($key), self.$key != new.$key)),*]
            };
        }
        let keys = keys! {
            url dial sni omit_sni expected_name host label alpn proxy_protocol
            without_edge_profile disclose_diagnosis host_rewrite verify client_identity tls
            sessions timeouts dns happy_eyeballs socket_options egress_guard advice pool limits
            forwarded response_rewrite via upgrades request_fields response_fields error_pages
            map_path
        };
        let changed = keys.into_iter().filter(|(_, changed)| *changed);
        changed.map(|(key, _)| key).collect()
    }
}

/// The value of a key that is written as text.
fn value<T: Clone>(key: Option<&Text<T>>) -> Option<T> {
    key.map(|text| (**text).clone())
}
