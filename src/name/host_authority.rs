//! The fourth name: the authority that the HTTP request names.

use std::{
    fmt,
    hash::{Hash, Hasher},
    net::Ipv6Addr,
    str::FromStr,
};

use bytes::Bytes;
use http::{HeaderValue, uri::Authority};

use super::{DnsName, HostPort, NameError, NameProblem, host::split_port};

/// What `Host` (HTTP/1) or `:authority` (HTTP/2) says: `host` or `host:port`, without user
/// information ([RFC 9110 section 7.2]).
///
/// The spelling is kept, except that an international name becomes punycode and an empty port is
/// dropped. Comparison ignores ASCII case, as host names do.
///
/// [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
#[derive(Clone)]
pub struct HostAuthority {
    authority: Authority,
    /// The same text.
    field: HeaderValue,
}

impl HostAuthority {
    /// The authority as it goes onto the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.authority.as_str()
    }

    /// The host without port; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The port, if one is given.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.authority.port_u16()
    }

    /// The authority as the `http` crate has it.
    #[must_use]
    pub fn as_authority(&self) -> &Authority {
        &self.authority
    }

    /// The authority as a `Host` field value. Cheap: nothing is copied.
    #[must_use]
    pub fn to_header_value(&self) -> HeaderValue {
        self.field.clone()
    }

    /// The authority as a URI has it, in which the scheme's default port is not spelled out.
    pub(crate) fn without_port(&self, default: u16) -> Authority {
        match self.authority.port_u16() {
            Some(port) if port == default => {
                let host = Authority::try_from(self.authority.host());
                host.unwrap_or_else(|_| self.authority.clone())
            }
            _ => self.authority.clone(),
        }
    }

    /// What a `Host` field says. The field's memory is shared.
    pub(crate) fn of_field(field: &HeaderValue) -> Option<Self> {
        // Nearly all names are of this kind, and each request brings one.
        if field.as_bytes().iter().copied().all(is_plain)
            && let Ok(authority) = Authority::try_from(field.as_bytes())
        {
            let field = field.clone();
            return Some(Self { authority, field });
        }
        field.to_str().ok()?.parse().ok()
    }

    fn parse(text: &str) -> Result<Self, NameProblem> {
        if !text.is_empty() && text.bytes().all(is_plain) {
            return Self::from_ascii(text);
        }
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

    /// `check_host` and `split_port` leave nothing that `Authority` or a field value refuses; an
    /// empty host is its last word.
    fn from_ascii(text: &str) -> Result<Self, NameProblem> {
        let text = Bytes::copy_from_slice(text.as_bytes());
        let authority = Authority::from_maybe_shared(text.clone());
        let field = HeaderValue::from_maybe_shared(text);
        match (authority, field) {
            (Ok(authority), Ok(field)) => Ok(Self { authority, field }),
            _ => Err(NameProblem::Empty),
        }
    }
}

impl PartialEq for HostAuthority {
    fn eq(&self, other: &Self) -> bool {
        self.authority == other.authority
    }
}

impl Eq for HostAuthority {}

impl Hash for HostAuthority {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authority.hash(state);
    }
}

impl fmt::Debug for HostAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostAuthority")
            .field(&self.authority)
            .finish()
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

/// The part of RFC 3986's `reg-name` that host names use, more lenient than [`DnsName`]: a client's
/// spelling passes as it is.
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
        |found: char| u8::try_from(found).map_or(true, |byte| !byte.is_ascii() || is_plain(byte));
    match host.char_indices().find(|(_, found)| !allowed(*found)) {
        Some((at, found)) => Err(NameProblem::Character { found, at }),
        None => Ok(()),
    }
}

/// What host names are made of (RFC 3986 section 2.3).
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
