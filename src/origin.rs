//! An origin: its URL and its four names, and how one name defaults to another.
//!
//! | name | builder call | default |
//! |---|---|---|
//! | dial | [`dial`] | host and port of the URL |
//! | SNI | [`sni`] | the URL's host, unless it is an IP address |
//! | expected name | [`expected_name`] | the SNI, else the URL's host |
//! | Host | [`host`] | the SNI if [`sni`] was called, else the URL's host and port |
//!
//! ```
//! use cdn_origin::CdnOriginConnector;
//!
//! let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .sni("www.example.com")
//!     .build()?;
//! let origin = connector.origin().expect("the connector has a fixed origin");
//!
//! assert_eq!(origin.dial().to_string(), "d1234567890.cloudfront.net:443");
//! assert_eq!(origin.sni().to_string(), "www.example.com");
//! assert_eq!(origin.expected_name().to_string(), "www.example.com");
//! assert_eq!(origin.host().as_str(), "www.example.com");
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! [`dial`]: crate::connector::CdnOriginBuilder::dial
//! [`expected_name`]: crate::connector::CdnOriginBuilder::expected_name
//! [`host`]: crate::connector::CdnOriginBuilder::host
//! [`sni`]: crate::connector::CdnOriginBuilder::sni

use std::{fmt, str::FromStr, sync::Arc};

use http::Uri;

use crate::name::{
    DialTarget, ExpectedName, Host, HostAuthority, HostPort, NameError, NameProblem, Sni,
    SniOmission,
};

/// An origin: its URL and its four names, with all defaults applied.
///
/// A connector with a fixed origin returns it from
/// [`origin()`](crate::CdnOriginConnector::origin). See the [module](self) for the defaults.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    url: OriginUrl,
    dial: DialTarget,
    sni: Sni,
    expected_name: ExpectedName,
    host: HostAuthority,
    label: Option<Arc<str>>,
}

impl Origin {
    /// Applies the defaults: names that are not in `chosen` follow from `url`.
    pub(crate) fn settle(url: &OriginUrl, chosen: &ChosenNames) -> Self {
        let OriginUrl { scheme, target } = url;
        let sni = match (scheme, &chosen.sni, target.host()) {
            (Scheme::Http, ..) => Sni::Omit(SniOmission::PlainHttp),
            (Scheme::Https, Some(sni), _) => sni.clone(),
            (Scheme::Https, None, Host::Dns(name)) => Sni::Send(name.clone()),
            (Scheme::Https, None, Host::Ip(_)) => Sni::Omit(SniOmission::IpAddress),
        };
        let default_expected_name = || match sni.name() {
            Some(name) => name.clone().into(),
            None => target.host().clone().into(),
        };
        let expected_name = chosen.expected_name.clone();
        let expected_name = expected_name.unwrap_or_else(default_expected_name);
        // An SNI that follows from the URL does not decide Host: the URL's port belongs to it.
        let default_host = || match chosen.sni.as_ref().and_then(Sni::name) {
            Some(name) => name.into(),
            None => (&target.clone().without_default_port(scheme.default_port())).into(),
        };
        let host = chosen.host.clone().unwrap_or_else(default_host);
        let port = target.port().unwrap_or_else(|| scheme.default_port());
        let dial = chosen.dial.clone().unwrap_or_else(|| target.clone().into());
        Self {
            url: url.clone(),
            dial: dial.or_port(port),
            sni,
            expected_name,
            host,
            label: chosen.label.clone(),
        }
    }

    /// Returns the URL given to the builder, or the scheme and authority of the request's `Uri`.
    #[must_use]
    pub fn url(&self) -> &OriginUrl {
        &self.url
    }

    /// The `https` URL of the same host at this port, for advice.
    pub(crate) fn url_over_tls(&self, port: Option<u16>) -> OriginUrl {
        self.url_with(Scheme::Https, port)
    }

    /// The `http` URL of the same host, for advice. Its port is the dialled one, which was found to
    /// speak plain HTTP.
    pub(crate) fn url_over_tcp(&self) -> OriginUrl {
        let target = &self.url.target;
        let url_target = target.clone().or_port(self.scheme().default_port());
        let is_dialled = self.dial == url_target.into();
        let port = match is_dialled {
            true => self.dial.port(),
            false => target.port(),
        };
        self.url_with(Scheme::Http, port)
    }

    /// The port of the URL, unless it is 80 or 443.
    pub(crate) fn odd_port(&self) -> Option<u16> {
        let port = self.url.target.port();
        port.filter(|port| ![80, 443].contains(port))
    }

    /// The URL of the same host with another scheme and port, for advice.
    pub(crate) fn url_with(&self, scheme: Scheme, port: Option<u16>) -> OriginUrl {
        let host = self.url.target.host().clone();
        OriginUrl {
            scheme,
            target: HostPort::new(host, port).without_default_port(scheme.default_port()),
        }
    }

    /// Returns the scheme, which decides whether TLS is used.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.url.scheme
    }

    /// Host and port that TCP connects to, or a Unix socket.
    #[must_use]
    pub fn dial(&self) -> &DialTarget {
        &self.dial
    }

    /// Returns the server name in the ClientHello, or the reason why there is none.
    #[must_use]
    pub fn sni(&self) -> &Sni {
        &self.sni
    }

    /// Returns the name that the certificate must be valid for. Unused with a plain `http` origin.
    #[must_use]
    pub fn expected_name(&self) -> &ExpectedName {
        &self.expected_name
    }

    /// Returns the default for `Host` or `:authority`, which a layer may replace.
    #[must_use]
    pub fn host(&self) -> &HostAuthority {
        &self.host
    }

    /// Returns the label, by which metrics tell origins apart.
    ///
    /// [`CdnOriginBuilder::label`](crate::connector::CdnOriginBuilder::label) sets it.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

/// The scheme of an origin, which decides whether TLS is used.
///
/// ```
/// use cdn_origin::origin::Scheme;
///
/// assert_eq!(Scheme::Http.as_str(), "http");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "HTTP over TCP has these two schemes"
)]
pub enum Scheme {
    /// Plain HTTP over TCP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// 80 for `http`, 443 for `https`.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// `http` or `https`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The URL of an origin: `http` or `https`, a host and an optional port.
///
/// A path other than `/`, a query, a fragment and user information are refused.
///
/// ```
/// use cdn_origin::origin::OriginUrl;
///
/// let url: OriginUrl = "https://d1234567890.cloudfront.net".parse()?;
/// assert_eq!(url.target().port(), None);
/// assert!("https://example.com/base".parse::<OriginUrl>().is_err());
/// # Ok::<(), cdn_origin::name::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OriginUrl {
    scheme: Scheme,
    target: HostPort,
}

impl OriginUrl {
    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host, and the port if the URL has one.
    #[must_use]
    pub fn target(&self) -> &HostPort {
        &self.target
    }

    fn parse(text: &str) -> Result<Self, NameError> {
        let problem = |problem| NameError::new("origin", text, problem);
        let (scheme, rest) = split_scheme(text).ok_or_else(|| problem(NameProblem::Scheme))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.contains('@') {
            return Err(problem(NameProblem::UserInfo));
        }
        let mut chars = tail.chars();
        if let (Some(found), false) = (chars.next(), tail == "/") {
            // The message leaves out the tail: a query can contain a secret.
            let at = text.len() - tail.len();
            // If the tail has an `@`, the text before it can be a part of a password.
            let shown = if tail.contains('@') { "" } else { &text[..at] };
            return Err(NameError::new(
                "origin",
                shown,
                NameProblem::PathOrQuery { found, at },
            ));
        }
        // RFC 3986 section 3.2.2: an IPv6 address in a URL needs brackets. Without them, its last
        // group could be a port.
        if authority.matches(':').count() > 1 && !authority.starts_with('[') {
            return Err(NameError::new("origin", authority, NameProblem::Ipv6));
        }
        let target = HostPort::parse(authority)
            .map_err(|problem| NameError::new("origin", authority, problem))?;
        Ok(Self { scheme, target })
    }
}

impl fmt::Display for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.target)
    }
}

impl FromStr for OriginUrl {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for OriginUrl {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OriginUrl {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// Takes scheme and authority of a request's URI. Ignores path and query.
impl TryFrom<&Uri> for OriginUrl {
    type Error = NameError;

    fn try_from(uri: &Uri) -> Result<Self, Self::Error> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Self::parse(&format!("{scheme}://{authority}"))
    }
}

impl TryFrom<Uri> for OriginUrl {
    type Error = NameError;

    fn try_from(uri: Uri) -> Result<Self, Self::Error> {
        Self::try_from(&uri)
    }
}

/// The names that builder calls set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ChosenNames {
    pub(crate) dial: Option<DialTarget>,
    pub(crate) sni: Option<Sni>,
    pub(crate) expected_name: Option<ExpectedName>,
    pub(crate) host: Option<HostAuthority>,
    /// No name of the origin, but the application's own for it.
    pub(crate) label: Option<Arc<str>>,
}

fn split_scheme(text: &str) -> Option<(Scheme, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    // Schemes are case-insensitive (RFC 3986 section 3.1).
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Some((Scheme::Http, rest)),
        "https" => Some((Scheme::Https, rest)),
        _ => None,
    }
}
