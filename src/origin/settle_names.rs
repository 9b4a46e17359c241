//! `Origin`: chooses the four names: dial, SNI, expected name and Host, each with its default.

use std::sync::Arc;

use crate::name::{DialTarget, ExpectedName, Host, HostAuthority, HostPort, Sni, SniOmission};

use super::{OriginUrl, Scheme};

/// An origin: its URL and its four names, with all defaults applied.
///
/// A connector with a fixed origin returns it from
/// [`origin()`](crate::CdnOriginConnector::origin). See the [module](super) for the defaults.
///
/// ```
/// use cdn_origin::CdnOriginConnector;
///
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .sni("www.example.com")
///     .build()?;
/// let origin = connector.origin().expect("the URL fixes the origin");
/// assert_eq!(origin.dial().to_string(), "d1234567890.cloudfront.net:443");
/// assert_eq!(origin.sni().to_string(), "www.example.com");
/// assert_eq!(origin.expected_name().to_string(), "www.example.com");
/// assert_eq!(origin.host().to_string(), "www.example.com");
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    url: OriginUrl,
    dial: DialTarget,
    sni: Sni,
    expected_name: ExpectedName,
    host: HostAuthority,
    label: Option<Arc<str>>,
    written_in: WrittenIn,
}

impl Origin {
    /// Applies the defaults: names that are not in `chosen` follow from `url`.
    pub(crate) fn settle(url: &OriginUrl, chosen: &ChosenNames) -> Self {
        let OriginUrl { scheme, target } = url;
        let sni = match (scheme, &chosen.sni, target.host()) {
            (Scheme::Http, ..) => Sni::omitted(SniOmission::PlainHttp),
            (Scheme::Https, Some(sni), _) if sni.name().is_some() => sni.clone(),
            // It may be the SNI of another origin, with a reason that does not apply here.
            (Scheme::Https, Some(_), _) => Sni::omitted(SniOmission::Requested),
            (Scheme::Https, None, Host::Dns(name)) => name.clone().into(),
            (Scheme::Https, None, Host::Ip(_)) => Sni::omitted(SniOmission::IpAddress),
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
            written_in: chosen.written_in,
        }
    }

    /// Returns the URL given to the builder, or the scheme and authority of the request's `Uri`.
    ///
    /// Path and query are not part of it.
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
    ///
    /// With TCP, the port is always known: without one in the URL or in `.dial(..)`, the scheme's.
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
    ///
    /// It has a port only if that is not the scheme's own.
    #[must_use]
    pub fn host(&self) -> &HostAuthority {
        &self.host
    }

    /// Returns the label, by which metrics, spans and logs tell origins apart.
    ///
    /// [`CdnOriginBuilder::label`](crate::connector::CdnOriginBuilder::label) sets it.
    ///
    /// `None` if the builder has not set one.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Where its settings are to be changed, for fixes.
    pub(crate) fn written_in(&self) -> WrittenIn {
        self.written_in
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
    pub(crate) written_in: WrittenIn,
}

/// Where the settings of an origin are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum WrittenIn {
    /// Calls of the builder.
    #[default]
    Program,
    /// Keys of a configuration file.
    File,
}
