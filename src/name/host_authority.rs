//! The fourth name: the authority of the HTTP request.
//!
//! `origin/settle_names.rs` chooses it, `host_rewrite/rewrite_host.rs` reads and writes it.

use std::{
    cell::Cell,
    fmt,
    hash::{Hash, Hasher},
    net::Ipv6Addr,
    str::FromStr,
};

use bytes::Bytes;
use http::{HeaderValue, uri::Authority};

use crate::invalid_value::InvalidValue;

use super::{DnsName, HostPort, NameProblem, dns_name::check_lengths, host::split_port};

/// The value of `Host` (HTTP/1) or `:authority` (HTTP/2): `host` or `host:port` ([RFC 9110 section
/// 7.2]).
///
/// User information is refused. The text is kept as it is, except that an international name
/// becomes punycode and an empty port is dropped. Comparison ignores ASCII case.
///
/// ```
/// use cdn_origin::name::HostAuthority;
///
/// let host: HostAuthority = "WWW.Example.com:8080".parse()?;
/// assert_eq!(host.as_str(), "WWW.Example.com:8080");
/// assert_eq!(host, "www.example.com:8080".parse()?);
/// assert_eq!(host.port(), Some(8080));
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
///
/// [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
#[derive(Clone)]
pub struct HostAuthority {
    authority: Authority,
    /// The same text as a field value, so that writing it copies nothing.
    field: HeaderValue,
}

impl HostAuthority {
    /// Returns the authority in its wire form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.authority.as_str()
    }

    /// Returns the host without the port. An IPv6 address keeps its brackets.
    ///
    /// ```
    /// use cdn_origin::name::HostAuthority;
    ///
    /// let host: HostAuthority = "[2001:db8::1]:8443".parse()?;
    /// assert_eq!(host.host(), "[2001:db8::1]");
    /// assert_eq!(host.port(), Some(8443));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Returns the port, if one is given.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.authority.port_u16()
    }

    /// The authority as a type of the `http` crate.
    pub(crate) fn as_authority(&self) -> &Authority {
        &self.authority
    }

    /// Why the host can be no name, although a client may send it: its labels do not fit the DNS.
    pub(crate) fn problem(&self) -> Option<InvalidValue> {
        let host = self.host();
        let name = host.strip_suffix('.').unwrap_or(host);
        let checked = match host.starts_with('[') {
            true => Ok(()),
            false => check_lengths(name),
        };
        checked
            .err()
            .map(|problem| problem.of("Host", self.as_str()))
    }

    /// The host in lower case, without port and final dot.
    pub(crate) fn to_lower_name(&self) -> Self {
        let name = self.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        Self::from_ascii(name).unwrap_or_else(|_| self.clone())
    }

    /// The authority of a URI, without the port if it is the scheme's default.
    pub(crate) fn without_default_port(&self, default: u16) -> Authority {
        // Called for each request, and most hosts end in a letter.
        let may_have_port = self.as_str().ends_with(|it: char| it.is_ascii_digit());
        match may_have_port.then(|| self.port()).flatten() {
            Some(port) if port == default => {
                let host = Authority::try_from(self.authority.host());
                host.unwrap_or_else(|_| self.authority.clone())
            }
            _ => self.authority.clone(),
        }
    }

    /// Parses a `Host` field value. `None` if it is invalid.
    ///
    /// Each request has one, and most have that of the request before. So each thread remembers the
    /// last one, by its bytes.
    pub(crate) fn from_field(field: &HeaderValue) -> Option<Self> {
        let last = LAST_FIELD.try_with(Cell::take).ok().flatten();
        let host = match last {
            Some(last) if last.field == field => last,
            _ => field.to_str().ok()?.parse().ok()?,
        };
        // Fails in a thread that ends.
        let _ = LAST_FIELD.try_with(|last| last.set(Some(host.clone())));
        Some(host)
    }

    fn parse(text: &str) -> Result<Self, NameProblem> {
        if !text.is_empty() && text.bytes().all(is_unreserved) {
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

    /// Converts text that was validated. After `check_host` and `split_port`, `Authority` and
    /// `HeaderValue` refuse nothing but an empty host.
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

thread_local! {
    /// What [`HostAuthority::from_field`] returned last.
    static LAST_FIELD: Cell<Option<HostAuthority>> = const { Cell::new(None) };
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
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| problem.of("Host", text))
    }
}

super::impl_try_from_text!(HostAuthority);

/// Leaves out the dot of an absolute name, which only the resolver needs.
impl From<&HostPort> for HostAuthority {
    #[expect(
        clippy::expect_used,
        reason = "a host is a DNS name or an IP address, and maybe a port"
    )]
    fn from(target: &HostPort) -> Self {
        let displayed = target.without_dot().to_string();
        Self::from_ascii(&displayed).expect("a host and a port are an authority")
    }
}

impl From<&DnsName> for HostAuthority {
    #[expect(clippy::expect_used, reason = "every DNS name is a host")]
    fn from(name: &DnsName) -> Self {
        Self::from_ascii(name.as_str()).expect("a DNS name is an authority")
    }
}

/// The value of `Host`. Copies nothing.
///
/// ```
/// use cdn_origin::name::HostAuthority;
///
/// let host: HostAuthority = "www.example.com".parse()?;
/// let mut request = http::Request::new(());
/// request.headers_mut().insert(http::header::HOST, (&host).into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl From<&HostAuthority> for HeaderValue {
    fn from(authority: &HostAuthority) -> Self {
        authority.field.clone()
    }
}

impl From<&Self> for HostAuthority {
    fn from(authority: &Self) -> Self {
        authority.clone()
    }
}

/// Checks that a host is an IPv6 literal or consists of unreserved or non-ASCII characters. More
/// lenient than [`DnsName`]: a client's Host is passed on as it is.
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
    let allowed = |found: char| {
        u8::try_from(found).map_or(true, |byte| !byte.is_ascii() || is_unreserved(byte))
    };
    match host.char_indices().find(|(_, found)| !allowed(*found)) {
        Some((at, found)) => Err(NameProblem::Character { found, at }),
        None => Ok(()),
    }
}

/// Whether the byte is an unreserved character (RFC 3986 section 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
