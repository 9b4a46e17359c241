//! What a resolver told about a name.

use std::{borrow::Cow, fmt, net::IpAddr, time::Duration};

/// What a resolver told about the dialled name. Displayed as a line of a report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolution {
    pub(crate) told_by: Cow<'static, str>,
    pub(crate) addresses: usize,
    pub(crate) ttl: Option<Duration>,
    pub(crate) age: Duration,
    pub(crate) stale: bool,
    pub(crate) service: Option<ServiceBinding>,
}

impl Resolution {
    /// Who or what told it.
    #[must_use]
    pub fn told_by(&self) -> &str {
        &self.told_by
    }

    /// How many addresses it told.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.addresses
    }

    /// How long the answer was said to hold, if that was said.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// How long ago it was told: zero unless it had been kept.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Whether it had ended, and was used because no newer one could be had.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// What an `HTTPS` record said.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceBinding> {
        self.service.as_ref()
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.addresses == 1 { "" } else { "es" };
        write!(f, "{} address{plural} by {}", self.addresses, self.told_by)?;
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

/// The service that an `HTTPS` record describes ([RFC
/// 9460](https://www.rfc-editor.org/rfc/rfc9460)).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServiceBinding {
    /// The name that serves it, if it is another than the one that was asked for.
    pub target: Option<String>,
    /// The port (section 7.2).
    pub port: Option<u16>,
    /// The application protocols (section 7.1).
    pub alpn: Vec<String>,
    /// Addresses to use until the target's own are known (section 7.3).
    pub hints: Vec<IpAddr>,
    /// The `ECHConfigList` for Encrypted ClientHello ([RFC
    /// 9848](https://www.rfc-editor.org/rfc/rfc9848)), as it came.
    pub ech: Vec<u8>,
}
