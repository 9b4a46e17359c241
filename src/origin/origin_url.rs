//! `OriginUrl`: scheme, host and port of an origin.

use std::{fmt, str::FromStr};

use http::Uri;

use crate::{
    invalid_value::InvalidValue,
    name::{Host, HostPort, NameProblem},
};

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
/// assert_eq!(url.port(), None);
/// assert!("https://example.com/base".parse::<OriginUrl>().is_err());
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OriginUrl {
    pub(super) scheme: Scheme,
    pub(super) target: HostPort,
}

impl OriginUrl {
    /// Returns the scheme.
    ///
    /// ```
    /// use cdn_origin::origin::{OriginUrl, Scheme};
    ///
    /// let url: OriginUrl = "https://origin.example:8443".parse()?;
    /// assert_eq!(url.scheme(), Scheme::Https);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.target.host()
    }

    /// Returns the port, if the URL has one.
    ///
    /// ```
    /// use cdn_origin::origin::OriginUrl;
    ///
    /// let url: OriginUrl = "https://origin.example:8443".parse()?;
    /// assert_eq!(url.port(), Some(8443));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.target.port()
    }

    /// The host, and the port if the URL has one.
    pub(crate) fn target(&self) -> &HostPort {
        &self.target
    }

    fn parse(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem: NameProblem| problem.of("origin", text);
        let (scheme, rest) = split_scheme(text).ok_or_else(|| invalid(NameProblem::Scheme))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.contains('@') {
            return Err(invalid(NameProblem::UserInfo));
        }
        let port = authority.strip_prefix(':');
        if authority.is_empty() || port.is_some_and(|port| !port.contains(':')) {
            // The message leaves out all but the scheme: what follows may be secret.
            let shown = &text[..text.len() - rest.len()];
            return Err(NameProblem::NoHost.of("origin", shown));
        }
        let mut chars = tail.chars();
        if let (Some(found), false) = (chars.next(), tail == "/") {
            // The message leaves out the tail: a query can contain a secret.
            let at = text.len() - tail.len();
            // If the tail has an `@`, the text before it can be a part of a password.
            let shown = if tail.contains('@') { "" } else { &text[..at] };
            return Err(NameProblem::PathOrQuery { found, at }.of("origin", shown));
        }
        // RFC 3986 section 3.2.2: an IPv6 address in a URL needs brackets. Without them, its last
        // group could be a port.
        if authority.matches(':').count() > 1 && !authority.starts_with('[') {
            return Err(NameProblem::Ipv6.of("origin", authority));
        }
        let target =
            HostPort::parse(authority).map_err(|problem| problem.of("origin", authority))?;
        Ok(Self { scheme, target })
    }
}

impl fmt::Display for OriginUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.target)
    }
}

impl FromStr for OriginUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for OriginUrl {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OriginUrl {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl TryFrom<&String> for OriginUrl {
    type Error = InvalidValue;

    fn try_from(text: &String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

/// Takes scheme and authority of a request's URI. Ignores path and query.
impl TryFrom<&Uri> for OriginUrl {
    type Error = InvalidValue;

    fn try_from(uri: &Uri) -> Result<Self, Self::Error> {
        match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), Some(authority)) => Self::parse(&format!("{scheme}://{authority}")),
            (None, Some(authority)) => Err(NameProblem::Scheme.of("origin", authority.as_str())),
            (_, None) => Err(NameProblem::NoHost.of("origin", "")),
        }
    }
}

impl TryFrom<Uri> for OriginUrl {
    type Error = InvalidValue;

    fn try_from(uri: Uri) -> Result<Self, Self::Error> {
        Self::try_from(&uri)
    }
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
