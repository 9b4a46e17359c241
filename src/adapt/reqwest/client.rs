//! `client_builder` and `base_url`.

use http::{HeaderMap, header::HOST};
use reqwest::{ClientBuilder, Url, redirect::Policy};

use crate::{
    CdnOriginConnector,
    connector::AppliedProfile,
    error::{BuildError, BuildProblem, BuildProblemKind},
    name::{DnsName, ExpectedName, Host, HostAuthority},
    origin::{Origin, Scheme},
    tls::{SpkiPin, VerifyPolicy},
};

use super::connect::{ExplainingLayer, OriginResolver, Protocols};

/// How many redirects are followed, as reqwest's own policy does.
const MAX_REDIRECTS: usize = 10;

/// Returns a builder of clients for the connector's origin.
///
/// Use [`base_url`] for requests. Do not call the builder's methods for DNS, TLS and proxies: they
/// would replace what this function sets.
///
/// # Errors
///
/// Fails if the connector has no fixed origin, or has settings that reqwest cannot honour:
///
/// * a Unix socket, a custom transport, the PROXY protocol, an egress guard, socket options or
///   `HappyEyeballs` that differ from the defaults
/// * Encrypted ClientHello and early data
/// * [`Alpn::Http2`](crate::Alpn::Http2) with a Host that differs from the SNI
///
/// ```
/// use cdn_origin::{CdnOriginConnector, adapt};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let client = adapt::reqwest::client_builder(&connector)?
///     .user_agent("shop/1.0")
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn client_builder(connector: &CdnOriginConnector) -> Result<ClientBuilder, BuildError> {
    let url = base_url(connector)?;
    let origin = origin_of(connector)?;
    let settings = connector.to_builder();
    let own = settings.setters_of_own_connections().into_iter();
    let refused = own.map(|setter| {
        contradiction(
            setter,
            "reqwest opens its connections itself: leave out this call",
        )
    });
    BuildError::from_problems(refused.collect())?;
    // reqwest needs a configuration for an `http` origin too, which is never used.
    let tls = match origin.scheme() {
        Scheme::Https => connector.tls_config(),
        Scheme::Http => trusting_no_authority()?.tls_config(),
    };
    let Some(tls) = tls else {
        let why = "the TLS configuration depends on a look-up in DNS: leave out ech(..)";
        return Err(BuildError::of(contradiction("ech", why)));
    };
    let mut tls = tls.as_ref().clone();
    let has_other_host = !authority(origin)?.eq_ignore_ascii_case(origin.host().as_str());
    let protocols = match has_other_host {
        true => Protocols::Http1,
        false => Protocols::OfConnector,
    };
    let mut builder = ClientBuilder::new()
        .no_proxy()
        .https_only(origin.scheme() == Scheme::Https)
        .redirect(within(url.clone()))
        .dns_resolver(OriginResolver {
            connector: connector.clone(),
            base: url.clone(),
        })
        .connector_layer(ExplainingLayer {
            connector: connector.clone(),
            base: url,
            protocols,
        });
    if let Some(time) = connector
        .applied_profile()
        .and_then(AppliedProfile::idle_timeout)
    {
        builder = builder.pool_idle_timeout(time);
    }
    if has_other_host {
        if tls.alpn_protocols == [b"h2"] {
            let why = "reqwest sends the SNI name in `:authority`: set Alpn::Http1";
            return Err(BuildError::of(contradiction("host", why)));
        }
        tls.alpn_protocols.retain(|protocol| protocol != b"h2");
        let host = HeaderMap::from_iter([(HOST, origin.host().into())]);
        builder = builder.default_headers(host).http1_only();
    }
    Ok(builder.tls_backend_preconfigured(tls))
}

/// Returns the URL that requests to the connector's origin start from.
///
/// Its host is the SNI name. Without SNI, it is the expected name. For an `http` origin, it is the
/// Host. A name has no port, even if the dialled port is not the scheme's default: do not add one,
/// because reqwest would dial it.
///
/// # Errors
///
/// Fails if the connector has no fixed origin or dials a Unix socket. Fails without SNI if the
/// expected name is an IP address other than the dialled one.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, adapt};
///
/// let connector = CdnOriginConnector::builder("http://origin.example:8080")
///     .host("www.example.com")
///     .build()?;
/// let url = adapt::reqwest::base_url(&connector)?;
/// assert_eq!(url.as_str(), "http://www.example.com/");
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
pub fn base_url(connector: &CdnOriginConnector) -> Result<Url, BuildError> {
    let origin = origin_of(connector)?;
    let text = format!("{}://{}", origin.scheme(), authority(origin)?);
    Url::parse(&text).map_err(|error| {
        BuildError::of(BuildProblem::new(
            "origin",
            BuildProblemKind::InvalidName,
            error,
        ))
    })
}

fn origin_of(connector: &CdnOriginConnector) -> Result<&Origin, BuildError> {
    let why = "reqwest needs a fixed origin: create the connector with \
               CdnOriginConnector::builder(\"https://..\"), in place of any_origin()";
    let missing = || BuildProblem::new("origin", BuildProblemKind::Empty, why);
    connector.origin().ok_or_else(|| BuildError::of(missing()))
}

/// The authority of the base URL.
///
/// A name has no port: reqwest takes that of the resolved address. An IP address is not resolved.
fn authority(origin: &Origin) -> Result<String, BuildError> {
    let Some(dial) = origin.dial().tcp() else {
        let why = "reqwest cannot dial a Unix socket: dial a host and a port";
        return Err(BuildError::of(contradiction("dial", why)));
    };
    let host = origin.host().host().parse::<DnsName>().ok();
    let name = match (origin.scheme(), origin.sni().name(), origin.expected_name()) {
        (Scheme::Http, ..) => host.as_ref().or_else(|| dial.host().dns()),
        (Scheme::Https, Some(name), _) | (_, _, ExpectedName::Dns(name)) => Some(name),
        (.., ExpectedName::Ip(address)) if dial.host() == &Host::Ip(*address) => None,
        _ => {
            let why = "without SNI, reqwest dials the address that it verifies: set sni(..)";
            return Err(BuildError::of(contradiction("expected_name", why)));
        }
    };
    let default_port = origin.scheme().default_port();
    let dialled = || HostAuthority::from(&dial.clone().without_default_port(default_port));
    Ok(name.map_or_else(|| dialled().to_string(), ToString::to_string))
}

fn contradiction(setter: &'static str, why: &'static str) -> BuildProblem {
    BuildProblem::new(setter, BuildProblemKind::Contradiction, why)
}

/// A connector that trusts no authority, for its TLS configuration.
fn trusting_no_authority() -> Result<CdnOriginConnector, BuildError> {
    CdnOriginConnector::builder("https://unused.invalid")
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .build()
}

/// Follows redirects within the origin, and returns all others.
fn within(base: Url) -> Policy {
    Policy::custom(move |attempt| {
        let is_within = attempt.url().origin() == base.origin();
        match is_within && attempt.previous().len() <= MAX_REDIRECTS {
            true => attempt.follow(),
            false => attempt.stop(),
        }
    })
}
