//! The names and protocols of one attempt, and the builder code or the keys for them.
//!
//! An attempt is described by the settings in which attempts may differ. Everything else, such as
//! roots, resolvers and timeouts, is taken from the builder of the probed connector, and is in the
//! printed code as a comment.

use std::fmt;

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    diagnosis::{Fix, FixKind, HostSource},
    dial::ProxyProtocol,
    error::TlsVersion,
    name::HostAuthority,
    origin::{ChosenNames, Origin, OriginUrl, Scheme, WrittenIn},
    tls::Alpn,
};

use super::{key_exchange_groups::GroupOrder, setting_change::SettingChange};

/// The names and protocols of one attempt.
///
/// Displayed as the builder code that configures them, or as the keys of an origin from a file. A
/// call whose value is not known here is a comment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Combination {
    /// Its scheme may differ from the configured one.
    url: OriginUrl,
    /// Those that were chosen; the others follow from them, as in a builder.
    names: ChosenNames,
    /// The oldest and the newest.
    versions: (TlsVersion, TlsVersion),
    alpn: Alpn,
    groups: GroupOrder,
    proxy_header: ProxyHeader,
    client_scheme: ClientScheme,
    /// The Host that a `HostRewriteLayer` of the proxy sends, whatever that of the builder is.
    rewritten_host: Option<HostAuthority>,
    /// The scheme that the connector was built with.
    configured_scheme: Scheme,
    /// The other calls about TLS that the connector was built with.
    tls_setters: Vec<&'static str>,
    /// The other calls about dialling that it was built with.
    dial_setters: Vec<&'static str>,
}

/// The setter that configures the header.
const PROXY_PROTOCOL: &str = "proxy_protocol";

/// Whether an attempt begins with a PROXY protocol header.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ProxyHeader {
    /// What the builder says.
    AsConfigured,
    Added,
    LeftOut,
}

/// What an attempt says of the scheme that the client uses.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ClientScheme {
    /// The request has no `X-Forwarded-Proto`.
    Unsaid,
    Https,
}

impl Combination {
    /// The combination that the connector was built with; `None` if it has no fixed origin.
    pub(super) fn of(connector: &CdnOriginConnector) -> Option<Self> {
        let builder = connector.to_builder();
        let offer = connector.tls_offer();
        let versions = offer.map(|offer| (offer.oldest, offer.newest));
        let url = builder.chosen_url()?.clone();
        Some(Self {
            configured_scheme: url.scheme(),
            url,
            names: builder.chosen_names().clone(),
            versions: versions.unwrap_or((TlsVersion::V1_2, TlsVersion::V1_3)),
            alpn: builder.chosen_alpn(),
            groups: GroupOrder::AsConfigured,
            proxy_header: ProxyHeader::AsConfigured,
            client_scheme: ClientScheme::Unsaid,
            rewritten_host: None,
            tls_setters: builder.tls_setters().to_vec(),
            dial_setters: builder.dialling_setters().collect(),
        })
    }

    /// This combination, behind a layer that sends this Host.
    pub(super) fn with_rewritten_host(mut self, host: HostAuthority) -> Self {
        self.names.host = Some(host.clone());
        self.rewritten_host = Some(host);
        self
    }

    /// The setting that decides the Host.
    pub(super) fn host_source(&self) -> HostSource {
        match self.rewritten_host {
            Some(_) => HostSource::Layer,
            None => HostSource::Builder,
        }
    }

    /// The four names of this combination.
    pub(super) fn origin(&self) -> Origin {
        Origin::settle(&self.url, &self.names)
    }

    /// Replaces the names and protocols of the builder by these.
    ///
    /// Calls of the builder that are not part of a combination stay.
    pub(super) fn applied_to(&self, builder: CdnOriginBuilder) -> CdnOriginBuilder {
        let (oldest, newest) = self.versions;
        let builder = builder.tls_versions(oldest..=newest).alpn(self.alpn);
        let builder = match self.groups.names() {
            None => builder,
            Some(names) => {
                let parameters = builder.chosen_tls_parameters().clone();
                builder.tls_parameters(parameters.key_exchange_groups(names.iter().copied()))
            }
        };
        let builder = match self.proxy_header {
            ProxyHeader::AsConfigured => builder,
            ProxyHeader::Added => builder.proxy_protocol(ProxyProtocol::V2),
            ProxyHeader::LeftOut => builder.without_proxy_protocol(),
        };
        builder.with_origin(self.url.clone(), self.names.clone())
    }

    /// This combination with one change.
    ///
    /// Changes exactly one thing that the peer can see, because a change that got further has to be
    /// the cause. A pair of names is such a change once each name alone has failed.
    pub(super) fn with(&self, change: &SettingChange) -> Self {
        let mut changed = self.clone();
        match change {
            SettingChange::Alpn(alpn) => changed.alpn = *alpn,
            SettingChange::ClientScheme => changed.client_scheme = ClientScheme::Https,
            SettingChange::ExpectSni => changed.names.expected_name = None,
            SettingChange::ExpectedName(name) => changed.names.expected_name = Some(name.clone()),
            SettingChange::Groups(groups) => changed.groups = *groups,
            SettingChange::NoProxyHeader => changed.proxy_header = ProxyHeader::LeftOut,
            SettingChange::ProxyHeader => changed.proxy_header = ProxyHeader::Added,
            SettingChange::Host(host) => changed.names.host = Some(host.clone()),
            SettingChange::Sni(sni) => {
                // Host follows a configured SNI. It is kept, so that the attempt changes SNI alone.
                let host = self.origin().host().clone();
                changed.names.host = Some(host);
                changed.names.sni = Some(sni.clone());
            }
            SettingChange::SniAndExpectedName(sni, name) => {
                let sni = SettingChange::Sni(sni.clone());
                let expected = SettingChange::ExpectedName(name.clone());
                return self.with(&sni).with(&expected);
            }
            SettingChange::SniAndHost(name) => {
                let sni = SettingChange::Sni(name.clone().into());
                return self.with(&sni).with(&SettingChange::Host(name.into()));
            }
            SettingChange::Url(url) => changed.url = url.clone(),
            SettingChange::Versions(oldest, newest) => changed.versions = (*oldest, *newest),
        }
        changed
    }

    pub(super) fn versions(&self) -> (TlsVersion, TlsVersion) {
        self.versions
    }

    pub(super) fn alpn(&self) -> Alpn {
        self.alpn
    }

    pub(super) fn groups(&self) -> GroupOrder {
        self.groups
    }

    /// Whether each connection begins with a PROXY protocol header.
    pub(super) fn has_proxy_header(&self) -> bool {
        match self.proxy_header {
            ProxyHeader::AsConfigured => self.dial_setters.contains(&PROXY_PROTOCOL),
            ProxyHeader::Added => true,
            ProxyHeader::LeftOut => false,
        }
    }

    /// Whether `X-Forwarded-Proto` says that the client uses https.
    ///
    /// Redirects of an origin may depend on it.
    pub(super) fn says_https(&self) -> bool {
        self.client_scheme == ClientScheme::Https
    }

    /// Whether it sends plain http although the connector was built with an https URL.
    pub(super) fn is_plaintext_in_place_of_tls(&self) -> bool {
        self.url.scheme() == Scheme::Http && self.configured_scheme == Scheme::Https
    }

    /// Whether it sends plain http to the port that is assigned to https.
    pub(super) fn is_plaintext_on_tls_port(&self) -> bool {
        let https = Scheme::Https.default_port();
        self.url.scheme() == Scheme::Http && self.origin().dial().port() == Some(https)
    }

    /// Whether an expected name is configured, rather than following SNI.
    pub(super) fn has_expected_name(&self) -> bool {
        self.names.expected_name.is_some()
    }

    /// Whether a Host is configured, rather than following the URL or SNI.
    pub(super) fn has_host(&self) -> bool {
        self.names.host.is_some()
    }

    /// The fix that makes its Host the one of requests, unless that is so without a call.
    pub(super) fn host_to_write(&self) -> Option<FixKind> {
        let host = self.origin().host().clone();
        match &self.rewritten_host {
            Some(sent) => (host != *sent).then_some(FixKind::HostRewrite(host)),
            None => (host != self.default_host()).then_some(FixKind::Host(host)),
        }
    }

    fn default_host(&self) -> HostAuthority {
        let without_call = Self {
            names: ChosenNames {
                host: None,
                ..self.names.clone()
            },
            ..self.clone()
        };
        without_call.origin().host().clone()
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names.written_in {
            WrittenIn::Program => self.fmt_code(f),
            WrittenIn::File => self.fmt_keys(f),
        }
    }
}

impl Combination {
    /// The calls about names and TLS that attempts may change.
    fn calls(&self) -> Vec<FixKind> {
        let is_tls = self.url.scheme() == Scheme::Https;
        let versions = match self.versions {
            (TlsVersion::V1_2, TlsVersion::V1_3) => None,
            (oldest, newest) => Some(FixKind::TlsVersions(oldest, newest)),
        };
        let alpn = match self.alpn {
            Alpn::Http2OrHttp1 => None,
            alpn => Some(FixKind::Alpn(alpn.variant())),
        };
        let groups = self.groups.names().map(FixKind::KeyExchangeGroups);
        let name = self.names.expected_name.clone();
        let calls = [
            self.names.sni.as_ref().map(|sni| match sni.name() {
                Some(name) => FixKind::Sni(name.clone()),
                None => FixKind::OmitSni,
            }),
            name.map(FixKind::ExpectedName),
            self.host_to_write(),
            versions.filter(|_| is_tls),
            alpn.filter(|_| is_tls),
            groups.filter(|_| is_tls),
        ];
        calls.into_iter().flatten().collect()
    }

    /// The keys of the origin's table that attempts may change, in TOML.
    fn fmt_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "url = \"{}\"", self.url)?;
        if let Some(dial) = &self.names.dial {
            write!(f, "\ndial = \"{dial}\"")?;
        }
        for call in self.calls() {
            write!(f, "\n{}", Fix::in_file(call))?;
        }
        match self.proxy_header {
            ProxyHeader::AsConfigured => {}
            ProxyHeader::Added => write!(f, "\n{}", Fix::in_file(FixKind::ProxyProtocol))?,
            ProxyHeader::LeftOut => f.write_str("\n# without proxy_protocol")?,
        }
        match self.client_scheme {
            ClientScheme::Unsaid => Ok(()),
            ClientScheme::Https => write!(f, "\n# {}", Fix::in_file(FixKind::ClientScheme)),
        }
    }

    fn fmt_code(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CdnOriginConnector::builder(\"{}\")", self.url)?;
        if let Some(dial) = &self.names.dial {
            write!(f, "\n    .dial(\"{dial}\")")?;
        }
        for call in self.calls() {
            match call {
                FixKind::HostRewrite(_) => write!(f, "\n    // on the proxy: {call}")?,
                call => write!(f, "\n    {call}")?,
            }
        }
        if self.url.scheme() == Scheme::Https {
            let setters = self.tls_setters.iter().copied();
            write_comments(f, setters.filter(|setter| !self.is_written(setter)))?;
        }
        if self.proxy_header == ProxyHeader::Added {
            write!(f, "\n    {}", FixKind::ProxyProtocol)?;
        }
        let dial_setters = self.dial_setters.iter().copied();
        match self.proxy_header {
            ProxyHeader::LeftOut => {
                write_comments(f, dial_setters.filter(|it| *it != PROXY_PROTOCOL))?;
                f.write_str("\n    // without .proxy_protocol(..)")?;
            }
            _ => write_comments(f, dial_setters)?,
        }
        match self.client_scheme {
            ClientScheme::Unsaid => Ok(()),
            ClientScheme::Https => write!(f, "\n    // {}", FixKind::ClientScheme),
        }
    }

    /// Whether the code contains the value of this call.
    fn is_written(&self, setter: &str) -> bool {
        match setter {
            "alpn" | "tls_versions" => true,
            "TlsParameters::key_exchange_groups" => self.groups != GroupOrder::AsConfigured,
            _ => false,
        }
    }
}

/// Writes a comment for each call whose value is not known here, such as the policy of
/// `.verify(..)`.
fn write_comments(
    f: &mut fmt::Formatter<'_>,
    mut setters: impl Iterator<Item = &'static str>,
) -> fmt::Result {
    setters.try_for_each(|setter| {
        // A setter of a part, such as `Dns::resolver`, is no call of the builder.
        let dot = if setter.contains("::") { "" } else { "." };
        write!(f, "\n    // {dot}{setter}(..) as before")
    })
}
