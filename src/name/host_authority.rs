//! The fourth name: the authority that the HTTP request names.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use http::{HeaderValue, uri::Authority};

use super::{DnsName, HostPort, NameError, NameProblem, host::split_port};

/// What `Host` (HTTP/1) or `:authority` (HTTP/2) says: `host` or `host:port`, without user information ([RFC 9110 section 7.2]).
///
/// The spelling is kept, except that an international name becomes punycode and an empty port is dropped. Comparison ignores
/// ASCII case, as host names do.
///
/// [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct HostAuthority(Authority);

impl HostAuthority {
    /// The authority as it goes onto the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host without port; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// The port, if one is given.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.0.port_u16()
    }

    /// The authority as the `http` crate has it.
    #[must_use]
    pub fn as_authority(&self) -> &Authority {
        &self.0
    }

    /// The authority as a `Host` field value.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "an authority holds only characters that a field value may hold"
    )]
    pub fn to_header_value(&self) -> HeaderValue {
        HeaderValue::from_str(self.as_str()).expect("an authority is visible ASCII")
    }

    /// The authority as a URI has it, in which the scheme's default port is not spelled out.
    pub(crate) fn without_port(&self, default: u16) -> Authority {
        match self.0.port_u16() {
            Some(port) if port == default => {
                let host = Authority::try_from(self.0.host());
                host.unwrap_or_else(|_| self.0.clone())
            }
            _ => self.0.clone(),
        }
    }

    fn parse(text: &str) -> Result<Self, NameProblem> {
        if text.contains('@') {
            return Err(NameProblem::UserInfo);
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Self::from_ascii(&format!("[{text}]"));
        }
        let text = text.strip_suffix(':').unwrap_or(text);
        let (host, _) = split_port(text)?;
        check_host(host)?;
        if text.is_ascii() {
            return Self::from_ascii(text);
        }
        let ascii = DnsName::parse(host)?;
        Self::from_ascii(&format!("{ascii}{}", &text[host.len()..]))
    }

    fn from_ascii(text: &str) -> Result<Self, NameProblem> {
        // `check_host` and `split_port` leave nothing that `Authority` refuses; an empty host is its last word.
        text.parse().map(Self).map_err(|_| NameProblem::Empty)
    }
}

impl fmt::Display for HostAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HostAuthority {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| NameError::new("Host", text, problem))
    }
}

super::from_text!(HostAuthority);

/// The dot of an absolute name is left out: it is the resolver's business.
impl From<&HostPort> for HostAuthority {
    #[expect(
        clippy::expect_used,
        reason = "a host is a DNS name or an IP address, and maybe a port"
    )]
    fn from(target: &HostPort) -> Self {
        let spelled = target.without_dot().to_string();
        Self::from_ascii(&spelled).expect("a host and a port are an authority")
    }
}

impl From<&DnsName> for HostAuthority {
    #[expect(clippy::expect_used, reason = "every DNS name is a host")]
    fn from(name: &DnsName) -> Self {
        Self::from_ascii(name.as_str()).expect("a DNS name is an authority")
    }
}

impl From<&Self> for HostAuthority {
    fn from(authority: &Self) -> Self {
        authority.clone()
    }
}

/// The part of RFC 3986's `reg-name` that host names use, more lenient than [`DnsName`]: a visitor's spelling passes as it is.
fn check_host(host: &str) -> Result<(), NameProblem> {
    if host.is_empty() {
        return Err(NameProblem::Empty);
    }
    if let Some(rest) = host.strip_prefix('[') {
        let inside = rest.strip_suffix(']').ok_or(NameProblem::Ipv6)?;
        return match inside.parse::<Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err(NameProblem::Ipv6),
        };
    }
    let allowed =
        |found: char| !found.is_ascii() || found.is_ascii_alphanumeric() || "-._~".contains(found);
    match host.char_indices().find(|(_, found)| !allowed(*found)) {
        Some((at, found)) => Err(NameProblem::Character { found, at }),
        None => Ok(()),
    }
}
