//! An HTTP client of reqwest 0.13 for a connector's origin.
//!
//! [`client_builder`] returns a `reqwest::ClientBuilder` whose connections go to the connector's
//! origin, with its SNI, expected name, policy, identity, versions and Host. [`base_url`] returns
//! the URL that each request starts from:
//!
//! ```no_run
//! use cdn_origin::{CdnOriginConnector, adapt};
//!
//! async fn get() -> Result<String, Box<dyn std::error::Error>> {
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .sni("www.example.com")
//!         .build()?;
//!     let client = adapt::reqwest::client_builder(&connector)?.build()?;
//!     let url = adapt::reqwest::base_url(&connector)?.join("/items?page=2")?;
//!     let response = adapt::check(&connector, client.get(url).send().await);
//!     let response = response.inspect_err(|error| eprintln!("{}", error.report()))?;
//!     Ok(response.text().await?)
//! }
//! ```
//!
//! # What reqwest does
//!
//! reqwest opens and pools the connections itself. The connector supplies the TLS configuration and
//! the addresses.
//!
//! * **SNI** is the host of the URL, so build each URL from [`base_url`], whose host is the SNI
//!   name. A request for another host name fails. URLs with an IP address and plain http bypass the
//!   connector, so do not pass untrusted URLs.
//! * **A user name** in the URL is sent to the origin, in `Authorization`.
//! * **Host** is a default header where it differs from the URL's host. reqwest then offers only
//!   HTTP/1.1: in HTTP/2, `:authority` would still be the URL's host.
//! * **Redirects** are followed at most 10 times, and only within the base URL's scheme, host and
//!   port. Other redirects are returned as responses. The builder's `redirect` replaces this
//!   policy.
//! * **Proxies** of the environment are not used.
//! * **Errors.** If reqwest cannot connect for a URL of [`base_url`], the connector tries again.
//!   Its error, with all facts, becomes the source of reqwest's error, and [`check`](super::check)
//!   returns it. So an origin that is down gets two connection attempts instead of one.
//! * **Refusals by the edge**, such as a 421 for a wrong Host, are ordinary responses.
//!   [`check`](super::check) turns them into errors.
//! * **Timeouts.** [`Timeouts::connect`] bounds each of the two attempts. Its other timeouts apply
//!   to the second one.
//! * **Reload.** A client keeps the TLS settings with which it was created.
//! * **Observers** get no events of reqwest's connections.
//!
//! [`Timeouts::connect`]: crate::connector::Timeouts::connect

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Uri, header::HOST};
use reqwest::{
    ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use tokio::time::timeout;
use tower::BoxError;
use tower_layer::Layer;
use tower_service::Service;

use super::supposed_facts::facts;

use crate::{
    CdnOriginConnector,
    connector::{AppliedProfile, Connecting, Purpose},
    error::{
        BuildError, BuildProblem, BuildProblemKind, Error, ErrorKind, RequestProblem, Stage,
        source_chain,
    },
    name::{DnsName, ExpectedName, Host, HostAuthority, Sni},
    origin::{Origin, Scheme},
    tls::{SpkiPin, VerifyPolicy},
};

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
        .redirect(within(url))
        .dns_resolver(OriginResolver(connector.clone()))
        .connector_layer(ExplainingLayer {
            connector: connector.clone(),
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
        let host = HeaderMap::from_iter([(HOST, origin.host().to_header_value())]);
        builder = builder.default_headers(host).http1_only();
    }
    Ok(builder.tls_backend_preconfigured(tls))
}

/// Returns the URL that requests to the connector's origin start from.
///
/// Its host is the SNI name. Without SNI, it is the expected name. For an `http` origin, it is the
/// Host. The URL has no port, even if the dialled port is not the scheme's default.
///
/// # Errors
///
/// Fails if the connector has no fixed origin or dials a Unix socket, or if it would have to dial
/// one IP address and verify another.
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
               CdnOriginConnector::builder(..)";
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
    let name = match (origin.scheme(), origin.sni(), origin.expected_name()) {
        (Scheme::Http, ..) => host.as_ref().or_else(|| dial.host().dns()),
        (Scheme::Https, Sni::Send(name), _) | (_, _, ExpectedName::Dns(name)) => Some(name),
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

/// Resolves the host of the base URL to the addresses of the dial target.
struct OriginResolver(CdnOriginConnector);

impl Resolve for OriginResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let connector = self.0.clone();
        Box::pin(async move {
            let base = base_url(&connector)?;
            if base.host_str() != Some(name.as_str()) {
                let kind = ErrorKind::Request(RequestProblem::HostForeign);
                let why = format!("this client is only for {base}: join paths to base_url(..)");
                let facts = facts(&connector);
                return Err(Error::with_source(kind, Stage::Prepare, facts, why).into());
            }
            let addresses = addresses(&connector).await;
            let addresses = addresses.ok_or("the dialled name has no known address")?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses of the dial target, with its port.
async fn addresses(connector: &CdnOriginConnector) -> Option<Vec<SocketAddr>> {
    let origin = connector.origin()?;
    let dial = origin.dial().tcp()?;
    match dial.host() {
        Host::Dns(_) => connector.addresses().await,
        Host::Ip(address) => {
            let port = dial
                .port()
                .unwrap_or_else(|| origin.scheme().default_port());
            Some(vec![SocketAddr::new(*address, port)])
        }
    }
}

/// What failed, if reqwest itself found it.
pub(super) fn classify(error: &(dyn std::error::Error + 'static)) -> Option<(ErrorKind, Stage)> {
    let error: &reqwest::Error = source_chain::find(error)?;
    if error.is_builder() {
        let problem = RequestProblem::TargetInvalid;
        return Some((ErrorKind::Request(problem), Stage::Prepare));
    }
    let timed_out = (ErrorKind::TimedOut, Stage::Receive);
    error.is_timeout().then_some(timed_out)
}

/// Puts the connector's own error in place of reqwest's.
#[derive(Clone)]
struct ExplainingLayer {
    connector: CdnOriginConnector,
    protocols: Protocols,
}

/// What reqwest offers in ALPN, and so the connector that explains its failures.
#[derive(Clone, Copy)]
enum Protocols {
    OfConnector,
    Http1,
}

#[derive(Clone)]
struct Explaining<S> {
    inner: S,
    layer: ExplainingLayer,
}

impl ExplainingLayer {
    /// Connects as reqwest did.
    fn connect(&self) -> Connecting {
        match self.protocols {
            Protocols::OfConnector => self.connector.clone().call(Uri::default()),
            Protocols::Http1 => self.connector.connect_for(Purpose::Http1),
        }
    }
}

impl<S> Layer<S> for ExplainingLayer {
    type Service = Explaining<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = self.clone();
        Explaining { inner, layer }
    }
}

impl<S, R> Service<R> for Explaining<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Send,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.inner.call(target);
        let layer = self.layer.clone();
        Box::pin(async move {
            let limit = layer.connector.to_builder().connect_timeout();
            let error = match timeout(limit, connecting).await {
                Ok(Ok(connection)) => return Ok(connection),
                // The URL is wrong: the connector would connect to another host.
                Ok(Err(error)) if Error::find_in(&*error).is_some() => return Err(error),
                Ok(Err(error)) => error,
                Err(elapsed) => elapsed.into(),
            };
            // The connector sees what reqwest does not report: what was presented, and when.
            match layer.connect().await {
                Ok(_) => Err(error),
                Err(explained) => Err(explained.into()),
            }
        })
    }
}
