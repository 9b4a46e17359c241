//! The second name: the server name in the ClientHello.
//!
//! `Origin::settle` (`origin/settle_names.rs`) chooses it, `TlsClient::config`
//! (`tls/tls_client.rs`) omits it.

use std::{fmt, str::FromStr};

use crate::invalid_value::InvalidValue;

use super::DnsName;

/// The server name sent in the TLS ClientHello, or the reason why none is sent.
///
/// [RFC 6066 section 3] permits DNS names only: no IP address, no trailing dot.
///
/// ```
/// use cdn_origin::name::Sni;
///
/// let sni: Sni = "www.example.com".parse()?;
/// assert_eq!(sni.name().map(|name| name.as_str()), Some("www.example.com"));
/// assert!("192.0.2.1".parse::<Sni>().is_err());
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
///
/// [RFC 6066 section 3]: https://www.rfc-editor.org/rfc/rfc6066#section-3
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Sni {
    name: Result<DnsName, SniOmission>,
}

impl Sni {
    /// No name is sent, for this reason.
    pub(crate) const fn omitted(reason: SniOmission) -> Self {
        Self { name: Err(reason) }
    }

    /// Returns the name that is sent. `None` if none is.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("https://192.0.2.1").build()?;
    /// let origin = connector.origin().expect("the URL fixes the origin");
    /// assert_eq!(origin.sni().name(), None);
    /// assert_eq!(origin.sni().to_string(), "none (the URL's host is an IP address)");
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&DnsName> {
        self.name.as_ref().ok()
    }

    /// Why no name is sent. `None` if one is.
    pub(crate) fn omission(&self) -> Option<SniOmission> {
        self.name.as_ref().err().copied()
    }
}

impl fmt::Display for Sni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Ok(name) => name.fmt(f),
            Err(reason) => write!(f, "none ({reason})"),
        }
    }
}

impl FromStr for Sni {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = DnsName::parse(text).map_err(|problem| problem.of("SNI", text))?;
        Ok(name.into())
    }
}

super::impl_try_from_text!(Sni);

impl From<DnsName> for Sni {
    fn from(name: DnsName) -> Self {
        Self { name: Ok(name) }
    }
}

/// Why no server name is sent.
///
/// `Display` completes "no SNI was sent:".
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum SniOmission {
    /// The URL's host is an IP address, which RFC 6066 forbids in SNI, and no name was configured.
    IpAddress,
    /// The origin's scheme is `http`: there is no TLS handshake.
    PlainHttp,
    /// The builder omits it on request.
    Requested,
}

impl fmt::Display for SniOmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IpAddress => "the URL's host is an IP address",
            Self::PlainHttp => "the origin is plain http",
            Self::Requested => "omitted on request",
        })
    }
}
