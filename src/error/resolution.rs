//! The answer of a resolver, as a fact of a connection.

use std::{borrow::Cow, fmt, net::IpAddr, time::Duration};

/// The answer of a resolver for the dialled name.
///
/// `Display` is one line, such as `2 addresses by A records, TTL 60 s`.
///
/// ```
/// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
/// for answer in info.facts().resolutions() {
///     if answer.stale {
///         eprintln!("name servers do not answer: {answer}");
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resolution {
    /// The source of the answer, such as `A records` or `the system's resolver`.
    pub source: Cow<'static, str>,
    /// The number of addresses in the answer.
    pub addresses: usize,
    /// The answer's time to live, as the name server sent it: [`age`](Self::age) is not subtracted.
    ///
    /// `None` for the system's resolver, which does not report it.
    pub ttl: Option<Duration>,
    /// How long the answer has been in the DNS cache. Zero for a fresh answer.
    pub age: Duration,
    /// Whether the answer's time to live had passed, and no newer answer was available.
    ///
    /// A stale answer is used while look-ups fail, because a failure of the name servers does not
    /// mean that the origin has failed ([RFC 8767]).
    ///
    /// [RFC 8767]: https://www.rfc-editor.org/rfc/rfc8767
    pub stale: bool,
    /// The `HTTPS` record of the answer, if it has one.
    pub service: Option<ServiceBinding>,
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.addresses == 1 { "" } else { "es" };
        write!(f, "{} address{plural} by {}", self.addresses, self.source)?;
        if let Some(ttl) = self.ttl {
            write!(f, ", TTL {} s", ttl.as_secs())?;
        }
        if !self.age.is_zero() {
            write!(f, ", {} s ago", self.age.as_secs())?;
        }
        match self.stale {
            true => f.write_str(", stale"),
            false => Ok(()),
        }
    }
}

/// The service that an `HTTPS` record describes ([RFC 9460]).
///
/// [RFC 9460]: https://www.rfc-editor.org/rfc/rfc9460
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ServiceBinding {
    pub(crate) target: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) alpn: Vec<String>,
    pub(crate) hints: Vec<IpAddr>,
    pub(crate) ech: Vec<u8>,
}

impl ServiceBinding {
    /// Returns the name that provides the service, if it differs from the queried one.
    ///
    /// `None` for a record with the target `.`, which stands for the queried name (section 2.5).
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Returns the port to dial (section 7.2).
    ///
    /// `None` for the port of the origin.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the application protocols of the service (section 7.1).
    ///
    /// Such as `h2`. Empty if the record does not have the parameter.
    #[must_use]
    pub fn alpn(&self) -> &[String] {
        &self.alpn
    }

    /// Returns the encoded `ECHConfigList` for Encrypted ClientHello ([RFC 9848]); empty if there
    /// is none.
    ///
    /// [RFC 9848]: https://www.rfc-editor.org/rfc/rfc9848
    #[must_use]
    pub fn ech(&self) -> &[u8] {
        &self.ech
    }
}
