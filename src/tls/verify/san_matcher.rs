//! `SanMatcher`: subject alternative names that are accepted instead of the expected name.
//!
//! Only `expecting_any` uses it. `certificate_verifier.rs` passes the expected name to the chain
//! verifier, which compares it.

use std::{fmt, net::IpAddr};

use rustls_pki_types::{CertificateDer, ServerName};
use x509_cert::{
    Certificate,
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use rustls::{client::verify_server_name, server::ParsedCertificate};

use crate::{
    error::InvalidValue,
    name::{DnsName, ExpectedName},
    tls::server_name::server_name,
};

/// Matches a subject alternative name, for [`VerifyPolicy::expecting_any`].
///
/// A value that does not parse makes the connector's `build()` fail with
/// [`InvalidName`](crate::error::BuildProblemKind::InvalidName).
///
/// ```
/// use cdn_origin::tls::{SanMatcher, VerifyPolicy};
///
/// let policy = VerifyPolicy::native_roots().expecting_any([
///     SanMatcher::dns("www.example.com"),
///     SanMatcher::dns_suffix("cdn.example.com"),
/// ]);
/// ```
///
/// [`VerifyPolicy::expecting_any`]: super::VerifyPolicy::expecting_any
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a name does nothing until a VerifyPolicy expects it"]
pub struct SanMatcher(pub(crate) Result<SanKind, InvalidSan>);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum SanKind {
    Exact(ExpectedName),
    DnsSuffix(DnsName),
    Uri(String),
    TrustDomain(DnsName),
}

/// Why a matcher cannot be used, as a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct InvalidSan(pub(super) String);

impl SanMatcher {
    /// Matches this DNS name ([RFC 9525 section 6.3]).
    ///
    /// A wildcard in the certificate stands for one whole label.
    ///
    /// ```
    /// let name = cdn_origin::tls::SanMatcher::dns("www.example.com");
    /// ```
    ///
    /// [RFC 9525 section 6.3]: https://www.rfc-editor.org/rfc/rfc9525#section-6.3
    pub fn dns<N>(name: N) -> Self
    where
        N: TryInto<DnsName>,
        N::Error: Into<InvalidValue>,
    {
        Self(parsed(name).map(|name| SanKind::Exact(name.into())))
    }

    /// Matches any DNS name below this one, at any depth, but not the name itself.
    ///
    /// ```
    /// // Matches a.example.com and b.a.example.com.
    /// let name = cdn_origin::tls::SanMatcher::dns_suffix("example.com");
    /// ```
    pub fn dns_suffix<N>(name: N) -> Self
    where
        N: TryInto<DnsName>,
        N::Error: Into<InvalidValue>,
    {
        Self(parsed(name).map(SanKind::DnsSuffix))
    }

    /// Matches this IP address.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// let name = cdn_origin::tls::SanMatcher::ip(Ipv4Addr::new(192, 0, 2, 1));
    /// ```
    pub fn ip(address: impl Into<IpAddr>) -> Self {
        Self(Ok(SanKind::Exact(ExpectedName::Ip(address.into()))))
    }

    /// Matches this URI, byte for byte.
    ///
    /// A `spiffe://` URI must be the only URI of the certificate ([X.509-SVID]).
    ///
    /// ```
    /// let name = cdn_origin::tls::SanMatcher::uri("spiffe://prod.example/shop");
    /// ```
    ///
    /// [X.509-SVID]: https://spiffe.io/docs/latest/spiffe-specs/x509-svid/
    pub fn uri(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        match has_scheme_and_rest(&uri) {
            true => Self(Ok(SanKind::Uri(uri))),
            false => Self(Err(InvalidSan(
                "a URI to expect needs a scheme, as \"spiffe://prod.example/shop\" has, and ASCII \
                 characters only"
                    .into(),
            ))),
        }
    }

    /// Matches any identity of this SPIFFE trust domain.
    ///
    /// ```
    /// let name = cdn_origin::tls::SanMatcher::spiffe_trust_domain("prod.example");
    /// ```
    pub fn spiffe_trust_domain<N>(domain: N) -> Self
    where
        N: TryInto<DnsName>,
        N::Error: Into<InvalidValue>,
    {
        Self(parsed(domain).map(SanKind::TrustDomain))
    }

    pub(super) fn problem(&self) -> Option<&InvalidSan> {
        self.0.as_ref().err()
    }

    fn matches(&self, certificate: &ParsedCertificate<'_>, names: &[GeneralName]) -> bool {
        match &self.0 {
            Ok(SanKind::Exact(name)) => is_valid_for(certificate, &server_name(name)),
            Ok(SanKind::DnsSuffix(suffix)) => dns_names(names).any(|name| is_below(name, suffix)),
            Ok(SanKind::Uri(uri)) if is_spiffe(uri) => only_uri(names) == Some(uri),
            Ok(SanKind::Uri(uri)) => uris(names).any(|found| found == uri),
            Ok(SanKind::TrustDomain(domain)) => {
                only_uri(names).is_some_and(|uri| trust_domain(uri) == Some(domain.as_str()))
            }
            Err(InvalidSan(_)) => false,
        }
    }
}

/// Writes the name as errors show it.
impl fmt::Display for SanMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(SanKind::Exact(name)) => name.fmt(f),
            Ok(SanKind::DnsSuffix(name)) => write!(f, "any name below {name}"),
            Ok(SanKind::Uri(uri)) => f.write_str(uri),
            Ok(SanKind::TrustDomain(domain)) => write!(f, "{SPIFFE}{domain}/.."),
            Err(InvalidSan(why)) => f.write_str(why),
        }
    }
}

const SPIFFE: &str = "spiffe://";

/// Whether the certificate has one of these names.
///
/// webpki matches the exact ones. A certificate that cannot be parsed here matches none of the
/// others.
pub(super) fn any_matches(
    matchers: &[SanMatcher],
    end_entity: &CertificateDer<'_>,
) -> Result<bool, rustls::Error> {
    let parsed = ParsedCertificate::try_from(end_entity)?;
    let names = read_names(end_entity).unwrap_or_default();
    Ok(matchers
        .iter()
        .any(|matcher| matcher.matches(&parsed, &names)))
}

fn read_names(certificate: &[u8]) -> Option<Vec<GeneralName>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let (_, SubjectAltName(names)) = certificate.tbs_certificate().get_extension().ok()??;
    Some(names)
}

fn parsed<N>(name: N) -> Result<DnsName, InvalidSan>
where
    N: TryInto<DnsName>,
    N::Error: Into<InvalidValue>,
{
    let unusable = |error: N::Error| InvalidSan(error.into().to_string());
    name.try_into().map_err(unusable)
}

fn is_valid_for(certificate: &ParsedCertificate<'_>, name: &ServerName<'_>) -> bool {
    verify_server_name(certificate, name).is_ok()
}

fn dns_names(names: &[GeneralName]) -> impl Iterator<Item = &str> {
    names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str()),
        _ => None,
    })
}

fn uris(names: &[GeneralName]) -> impl Iterator<Item = &str> {
    names.iter().filter_map(|name| match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str()),
        _ => None,
    })
}

fn only_uri(names: &[GeneralName]) -> Option<&str> {
    let mut uris = uris(names);
    uris.next().filter(|_| uris.next().is_none())
}

/// Whether a name is below the suffix. A wildcard may be the label before it.
fn is_below(name: &str, suffix: &DnsName) -> bool {
    let name = name.to_ascii_lowercase();
    let before = name.strip_suffix(suffix.as_str());
    before.is_some_and(|labels| labels.len() > 1 && labels.ends_with('.'))
}

/// Whether the scheme is `spiffe`, in any case (RFC 3986 section 3.1).
fn is_spiffe(uri: &str) -> bool {
    let start = uri.get(..SPIFFE.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(SPIFFE))
}

fn trust_domain(uri: &str) -> Option<&str> {
    let (domain, path) = uri.strip_prefix(SPIFFE)?.split_once('/')?;
    (!path.is_empty()).then_some(domain)
}

/// Whether this is a URI with a scheme (RFC 3986 section 3.1).
fn has_scheme_and_rest(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let mut letters = scheme.chars();
    let first = letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    let others = letters.all(|other| other.is_ascii_alphanumeric() || "+-.".contains(other));
    first && others && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())
}
