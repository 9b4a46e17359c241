//! A combination of names and protocols, which is tried as a whole and written down as builder
//! code.

use std::fmt;

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    error::TlsVersion,
    name::{HostAuthority, Sni, SniOmission},
    origin::{ChosenNames, Origin, OriginUrl, Scheme},
    tls::Alpn,
};

use super::Change;

/// The key exchange groups with the one first that Azure Front Door wants (RFC 8446 section 4.2.7).
const NIST_FIRST: [&str; 3] = ["secp256r1", "secp384r1", "x25519"];

/// The names and protocols of one attempt. Displayed as the builder code that makes them, with a
/// comment for each call whose value it does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    url: OriginUrl,
    names: ChosenNames,
    versions: (TlsVersion, TlsVersion),
    alpn: Alpn,
    groups: Groups,
    /// The calls about TLS, and those about dialling.
    setters: (Vec<&'static str>, Vec<&'static str>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Groups {
    AsConfigured,
    NistFirst,
}

impl Combination {
    /// The combination that the connector was built with, if it has an origin.
    pub(super) fn of(connector: &CdnOriginConnector) -> Option<Self> {
        let builder = connector.to_builder();
        let offer = connector.tls_offer();
        let versions = offer.map(|offer| (offer.oldest, offer.newest));
        Some(Self {
            url: builder.chosen_url()?.clone(),
            names: builder.chosen_names().clone(),
            versions: versions.unwrap_or((TlsVersion::V1_2, TlsVersion::V1_3)),
            alpn: builder.chosen_alpn(),
            groups: Groups::AsConfigured,
            setters: (
                builder.tls_setters().to_vec(),
                builder.dialling_setters().collect(),
            ),
        })
    }

    /// The four names as this combination settles them.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::settle(&self.url, &self.names)
    }

    /// This combination in place of the one that the builder was given.
    pub(super) fn applied_to(&self, builder: CdnOriginBuilder) -> CdnOriginBuilder {
        let (oldest, newest) = self.versions;
        let builder = builder.tls_versions(oldest..=newest).alpn(self.alpn);
        let builder = match self.groups {
            Groups::AsConfigured => builder,
            Groups::NistFirst => builder.key_exchange_groups(NIST_FIRST),
        };
        builder.with_origin(self.url.clone(), self.names.clone())
    }

    /// The same with one thing changed.
    pub(super) fn with(&self, change: &Change) -> Self {
        let mut changed = self.clone();
        match change {
            Change::Alpn(alpn) => changed.alpn = *alpn,
            Change::ExpectSni => changed.names.expected_name = None,
            Change::ExpectedName(name) => changed.names.expected_name = Some(name.clone()),
            Change::Groups => changed.groups = Groups::NistFirst,
            Change::Host(host) => changed.names.host = Some(host.clone()),
            Change::Sni(sni) => {
                // Host follows SNI only where SNI was chosen: what is tried here is one thing at a
                // time.
                let host = self.origin().host().clone();
                changed.names.host = Some(host);
                changed.names.sni = Some(sni.clone());
            }
            Change::Url(url) => changed.url = url.clone(),
            Change::Versions(oldest, newest) => changed.versions = (*oldest, *newest),
        }
        changed
    }

    pub(super) fn versions(&self) -> (TlsVersion, TlsVersion) {
        self.versions
    }

    pub(super) fn alpn(&self) -> Alpn {
        self.alpn
    }

    pub(super) fn expects_by_itself(&self) -> bool {
        self.names.expected_name.is_some()
    }

    /// The Host, unless it is what it would be without a call.
    fn spoken_host(&self) -> Option<HostAuthority> {
        let silent = Self {
            names: ChosenNames {
                host: None,
                ..self.names.clone()
            },
            ..self.clone()
        };
        let host = self.origin().host().clone();
        (host != *silent.origin().host()).then_some(host)
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CdnOriginConnector::builder(\"{}\")", self.url)?;
        if let Some(dial) = &self.names.dial {
            write!(f, "\n    .dial(\"{dial}\")")?;
        }
        match &self.names.sni {
            Some(Sni::Send(name)) => write!(f, "\n    .sni(\"{name}\")")?,
            Some(Sni::Omit(SniOmission::Requested)) => f.write_str("\n    .omit_sni()")?,
            _ => {}
        }
        if let Some(name) = &self.names.expected_name {
            write!(f, "\n    .expected_name(\"{name}\")")?;
        }
        if let Some(host) = self.spoken_host() {
            write!(f, "\n    .host(\"{host}\")")?;
        }
        if self.url.scheme() == Scheme::Https {
            self.fmt_tls(f)?;
        }
        let (_, dialling) = &self.setters;
        comments(f, dialling.iter().copied())
    }
}

impl Combination {
    fn fmt_tls(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.versions {
            (TlsVersion::V1_2, TlsVersion::V1_3) => {}
            (TlsVersion::V1_2, _) => f.write_str("\n    .tls_versions(..=TlsVersion::V1_2)")?,
            _ => f.write_str("\n    .tls_versions(TlsVersion::V1_3..)")?,
        }
        match self.alpn {
            Alpn::Http2OrHttp1 => {}
            alpn => write!(f, "\n    .alpn(Alpn::{alpn:?})")?,
        }
        if self.groups == Groups::NistFirst {
            write!(f, "\n    .key_exchange_groups({NIST_FIRST:?})")?;
        }
        let (setters, _) = &self.setters;
        comments(f, setters.iter().copied().filter(|it| !self.is_written(it)))
    }

    /// Whether the code says the value of this call.
    fn is_written(&self, setter: &str) -> bool {
        match setter {
            "alpn" | "tls_versions" => true,
            "key_exchange_groups" => self.groups == Groups::NistFirst,
            _ => false,
        }
    }
}

/// Calls whose values are not known here, as the policy of `.verify(..)`.
fn comments(
    f: &mut fmt::Formatter<'_>,
    mut setters: impl Iterator<Item = &'static str>,
) -> fmt::Result {
    setters.try_for_each(|setter| write!(f, "\n    // .{setter}(..) as before"))
}
