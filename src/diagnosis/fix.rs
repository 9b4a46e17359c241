//! What fixes a cause: most often a call on the builder.
//!
//! A fix that is code carries values, and `Display` is the code, so that tests can compile what is
//! printed. Names in it come from the configuration, or from a certificate with a trusted root, and
//! then with a condition: a report must not lead anyone to trust what an attacker chose.
//!
//! ```text
//! Sni("www.example.com")        .sni("www.example.com")
//! SniOneOf([a, b])              .sni("a") or .sni("b"), or another name that the edge serves
//! TrustIssuer("CN=..")          .verify(VerifyPolicy::..) with the PEM of CN=..
//! Advice("renew the ..")        renew the ..
//! ```

use std::fmt;

use crate::{
    error::TlsVersion,
    name::{DnsName, ExpectedName, Host, HostAuthority},
    origin::OriginUrl,
};

/// Follows each name that is only a candidate.
pub(super) const OR_ANOTHER: &str = "or another name that the edge serves";

/// What fixes a cause.
///
/// `Display` is the code to write, such as `.sni("www.example.com")`, or advice in words where no
/// call of this crate helps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FixKind {
    /// Advice that is no call of this crate, or several calls.
    Advice(&'static str),
    /// `.and_pin(..)` on the policy, with the presented key.
    AndPin(String),
    /// `.alpn(..)` with this variant of [`Alpn`](crate::tls::Alpn).
    Alpn(&'static str),
    /// `CdnOriginConnector::builder(..)` with this URL.
    Builder(OriginUrl),
    /// `.client_identity(..)`.
    ClientIdentity,
    /// `.client_scheme(Scheme::Https)` on the forwarded layer.
    ClientScheme,
    /// `.ech(..)` with the configuration that the origin publishes now.
    EchConfig,
    /// `.expected_name(..)`.
    ExpectedName(ExpectedName),
    /// The same with a name that only the certificate contains.
    ExpectPresented(DnsName),
    /// `.host(..)`.
    Host(HostAuthority),
    /// `.host(..)` with one of these names, and the same in the URL of requests, from which their
    /// client takes the Host.
    HostAndUrl(Vec<HostAuthority>),
    /// The same with a name that only the edge's configuration has.
    HostAndUrlUnknown,
    /// `.host(..)` with one of the configured names, or with one that only the edge's configuration
    /// has.
    HostOneOf(Vec<HostAuthority>),
    /// `HostRewriteLayer::to(..)` in place of the layer that set the Host.
    HostRewrite(HostAuthority),
    /// The same with one of the configured names, or with one that only the edge's configuration
    /// has.
    HostRewriteOneOf(Vec<HostAuthority>),
    /// The same with a placeholder: only the edge's configuration has the name.
    HostRewriteUnknown,
    /// `.host(..)` with a name that only the edge's configuration has.
    HostUnknown,
    /// Without `.proxy_protocol(..)`, unless the origin is configured to expect it.
    NoProxyProtocol,
    /// `.tls_parameters(..)` with these key exchange groups.
    KeyExchangeGroups(&'static [&'static str]),
    /// `.omit_sni()`.
    OmitSni,
    /// `HostRewriteLayer::preserve()` in place of the layer that set the Host.
    PreserveHost,
    /// `.verify(..)` with a policy that trusts only the presented key.
    Pin(String),
    /// `.proxy_protocol(..)`.
    ProxyProtocol,
    /// `.sni(..)`.
    Sni(DnsName),
    /// `.sni(..)` with one of the configured names, or with one that only the edge's configuration
    /// has.
    SniOneOf(Vec<DnsName>),
    /// `.sni(..)` with a name that only the certificate contains.
    SniPresented(DnsName),
    /// `.sni(..)` with a name that only the edge's configuration has.
    SniUnknown,
    /// Several calls on the builder that help only together.
    Together(Vec<Self>),
    /// `.tls_versions(..)` with the oldest and the newest version.
    TlsVersions(TlsVersion, TlsVersion),
    /// `.verify(..)` with a policy that trusts this issuer, too. The presented certificate names
    /// it.
    TrustIssuer(String),
    /// The same, where the policy trusts no public roots.
    TrustIssuerBesideOwn(String),
}

impl FixKind {
    /// Whether it is one of several, of which only the edge's configuration tells the right one.
    pub(crate) fn is_candidate(&self) -> bool {
        matches!(
            self,
            Self::HostAndUrl(_)
                | Self::HostAndUrlUnknown
                | Self::HostOneOf(_)
                | Self::HostRewriteOneOf(_)
                | Self::HostRewriteUnknown
                | Self::HostUnknown
                | Self::SniOneOf(_)
                | Self::SniPresented(_)
                | Self::SniUnknown
        )
    }

    /// A report that clients may see leaves such fixes out: addresses of origins are kept from
    /// them.
    pub(crate) fn shows_address(&self) -> bool {
        let is_address = |host: &HostAuthority| {
            host.host()
                .parse::<Host>()
                .is_ok_and(|host| host.dns().is_none())
        };
        match self {
            Self::Builder(url) => url.host().dns().is_none(),
            Self::ExpectedName(name) => matches!(name, ExpectedName::Ip(_)),
            Self::Host(host) | Self::HostRewrite(host) => is_address(host),
            Self::HostAndUrl(hosts) | Self::HostOneOf(hosts) | Self::HostRewriteOneOf(hosts) => {
                hosts.iter().any(is_address)
            }
            Self::Together(fixes) => fixes.iter().any(Self::shows_address),
            _ => false,
        }
    }
}

impl fmt::Display for FixKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AndPin(pin) => write!(
                f,
                "let pin = \"{pin}\".parse()?; .and_pin(pin) on the VerifyPolicy, if the key \
                 belongs to your origin"
            ),
            Self::Alpn(variant) => write!(f, ".alpn(Alpn::{variant})"),
            Self::Builder(url) => write!(f, "CdnOriginConnector::builder(\"{url}\")"),
            Self::ClientIdentity => {
                f.write_str(".client_identity(ClientIdentity::pem(chain, key))")
            }
            Self::ClientScheme => f.write_str(
                ".client_scheme(Scheme::Https) on the ForwardedLayer, if clients use https",
            ),
            Self::Advice(what) => f.write_str(what),
            Self::EchConfig => f.write_str(
                ".ech(Ech::config_list(..)) with the `ech` value of the origin's HTTPS record",
            ),
            Self::ExpectedName(name) => write!(f, ".expected_name(\"{name}\")"),
            Self::ExpectPresented(name) => {
                write!(f, ".expected_name(\"{name}\") only if that is your origin")
            }
            Self::Host(host) => write!(f, ".host(\"{host}\")"),
            Self::HostOneOf(hosts) => {
                let calls = joined(hosts, |host| format!(".host(\"{host}\")"));
                write!(f, "{calls}, {OR_ANOTHER}")
            }
            Self::HostAndUrl(hosts) => {
                let calls = joined(hosts, |host| format!(".host(\"{host}\")"));
                write!(
                    f,
                    "{calls} and the same host in the request's URL, {OR_ANOTHER}"
                )
            }
            Self::HostAndUrlUnknown => f.write_str(
                ".host(\"..\") with a name that the edge serves, and the same in the request's URL",
            ),
            Self::HostRewrite(host) => write!(f, "HostRewriteLayer::to(\"{host}\")"),
            Self::HostRewriteOneOf(hosts) => {
                let calls = joined(hosts, |host| format!("HostRewriteLayer::to(\"{host}\")"));
                write!(f, "{calls}, {OR_ANOTHER}")
            }
            Self::HostRewriteUnknown => {
                f.write_str("HostRewriteLayer::to(\"..\") with a name that the edge serves")
            }
            Self::HostUnknown => f.write_str(".host(\"..\") with a name that the edge serves"),
            Self::KeyExchangeGroups(names) => write!(
                f,
                ".tls_parameters(TlsParameters::default().key_exchange_groups({names:?}))"
            ),
            Self::OmitSni => f.write_str(".omit_sni()"),
            Self::NoProxyProtocol => f.write_str(
                "leave out .proxy_protocol(..), or configure the origin to expect it: \
                 `accept-proxy` in HAProxy's bind, `proxy_protocol` in nginx's listen",
            ),
            Self::PreserveHost => f.write_str("HostRewriteLayer::preserve()"),
            Self::Pin(pin) => {
                write!(
                    f,
                    "let pin = \"{pin}\".parse()?; .verify(VerifyPolicy::pinned(pin))"
                )
            }
            Self::ProxyProtocol => f.write_str(".proxy_protocol(ProxyProtocol::V2)"),
            Self::SniUnknown => f.write_str(".sni(\"..\") with a name that the edge serves"),
            Self::Sni(name) => write!(f, ".sni(\"{name}\")"),
            Self::SniOneOf(names) => {
                let calls = joined(names, |name| format!(".sni(\"{name}\")"));
                write!(f, "{calls}, {OR_ANOTHER}")
            }
            Self::SniPresented(name) => {
                write!(f, ".sni(\"{name}\") only if that is your origin")
            }
            Self::Together(fixes) => fixes.iter().try_for_each(|fix| fix.fmt(f)),
            Self::TlsVersions(oldest, newest) => f.write_str(match (oldest, newest) {
                (TlsVersion::V1_2, TlsVersion::V1_2) => ".tls_versions(..=TlsVersion::V1_2)",
                (TlsVersion::V1_2, _) => ".tls_versions(TlsVersion::V1_2..)",
                _ => ".tls_versions(TlsVersion::V1_3..)",
            }),
            Self::TrustIssuerBesideOwn(issuer) => write!(
                f,
                ".verify(VerifyPolicy::roots(Roots::pem(..))) with the PEM of {issuer} beside your \
                 other roots, only if that is your own authority"
            ),
            Self::TrustIssuer(issuer) => write!(
                f,
                ".verify(VerifyPolicy::roots(Roots::native().and(Roots::pem(..)))) with the PEM \
                 of {issuer}, only if that is your own authority; keep your other roots with \
                 further .and(..)"
            ),
        }
    }
}

/// Candidates, each as code.
pub(super) fn joined<T>(candidates: &[T], code: impl Fn(&T) -> String) -> String {
    let codes: Vec<_> = candidates.iter().map(code).collect();
    codes.join(" or ")
}
