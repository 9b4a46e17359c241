//! The gRPC channels of tonic 0.14.
//!
//! [`channel`] connects when it is first used, and [`connect`] at once. Use [`endpoint`] to change
//! tonic's own settings.
//!
//! ```no_run
//! use cdn_origin::{Alpn, CdnOriginConnector, adapt};
//! use tonic::transport::Channel;
//!
//! fn channel() -> Result<Channel, cdn_origin::BuildError> {
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .sni("grpc.example.com")
//!         .alpn(Alpn::Http2)
//!         .build()?;
//!     adapt::tonic::channel(&connector)
//! }
//! ```
//!
//! # What this module sets
//!
//! * `:scheme` and `:authority` are the scheme and the Host of the origin.
//! * The connector's timeouts bound each connect. A call has no deadline, except that of its own
//!   request or of [`Endpoint::timeout`].
//! * While calls run, the channel sends a PING on a connection that is silent for 15 s, and closes
//!   it if nothing arrives for another 10 s. The pool of an [`OriginProxy`](crate::OriginProxy)
//!   does the same.
//! * [`Error::find_in`](crate::Error::find_in) finds this crate's error in tonic's error and in a
//!   `Status`.
//! * A refusal by the edge, such as a 421 for a wrong Host, is a `Status` without a cause. Wrap the
//!   channel in a [`ResponseDiagnosisLayer`], as [the guide][guide] shows.
//!
//! [`Endpoint::timeout`]: tonic::transport::Endpoint::timeout
//! [`ResponseDiagnosisLayer`]: crate::response_diagnosis::ResponseDiagnosisLayer
//! [guide]: crate::guide::choosing_an_adapter#tonic

use std::time::Duration;

use http::Uri;
use tonic::transport::{Channel, Endpoint};
use tower::BoxError;

use crate::{
    CdnOriginConnector,
    error::{BuildError, BuildProblem, BuildProblemKind},
    origin::Scheme,
};

/// How long a connection with open calls may be silent.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long the answer to a PING may take.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns a channel to the connector's origin that connects when it is first used.
///
/// It connects again whenever its connection has ended.
///
/// # Errors
///
/// Fails as [`endpoint`] does.
pub fn channel(connector: &CdnOriginConnector) -> Result<Channel, BuildError> {
    Ok(endpoint(connector)?.connect_with_connector_lazy(connector.clone()))
}

/// Connects to the connector's origin, and returns the channel.
///
/// # Errors
///
/// Fails as [`endpoint`] does, or if the connect fails: [`Error::find_in`](crate::Error::find_in)
/// finds the cause.
///
/// `?` converts a [`BoxError`] into another `BoxError`, but not into a `Box<dyn Error>`: return
/// `tower::BoxError` from the calling function.
///
/// ```no_run
/// use cdn_origin::{CdnOriginConnector, Error, adapt};
///
/// use tonic::transport::Channel;
///
/// async fn start(connector: CdnOriginConnector) -> Result<Channel, tower::BoxError> {
///     adapt::tonic::connect(&connector).await.inspect_err(|error| {
///         if let Some(error) = Error::find_in(&**error) {
///             eprintln!("{}", error.report());
///         }
///     })
/// }
/// ```
pub async fn connect(connector: &CdnOriginConnector) -> Result<Channel, BoxError> {
    let endpoint = endpoint(connector)?;
    Ok(endpoint.connect_with_connector(connector.clone()).await?)
}

/// Returns an endpoint with the scheme and the Host of the connector's origin.
///
/// Pass the connector to its `connect_with_connector` or `connect_with_connector_lazy`. The
/// endpoint's URI has the scheme `http` even for an `https` origin, because the connector handles
/// TLS: do not use tonic's `tls_config`.
///
/// # Errors
///
/// Fails if the connector has no fixed origin, or if its origin is an `https` one and ALPN may
/// select another protocol than HTTP/2. tonic speaks only HTTP/2: set
/// [`Alpn::Http2`](crate::Alpn::Http2).
///
/// ```no_run
/// use cdn_origin::{Alpn, CdnOriginConnector, adapt};
/// use tonic::transport::Channel;
///
/// async fn channel() -> Result<Channel, Box<dyn std::error::Error>> {
///     let connector = CdnOriginConnector::builder("https://grpc.example.com")
///         .alpn(Alpn::Http2)
///         .build()?;
///     let endpoint = adapt::tonic::endpoint(&connector)?.concurrency_limit(100);
///     Ok(endpoint.connect_with_connector(connector).await?)
/// }
/// ```
pub fn endpoint(connector: &CdnOriginConnector) -> Result<Endpoint, BuildError> {
    let Some(origin) = connector.origin() else {
        let why = "a tonic endpoint needs a connector with a fixed origin";
        return Err(refusal("origin", BuildProblemKind::Empty, why));
    };
    let tls = connector.tls_config();
    if tls.is_some_and(|tls| tls.alpn_protocols != [b"h2"]) {
        let why = "tonic speaks only HTTP/2: set Alpn::Http2";
        return Err(refusal("alpn", BuildProblemKind::Contradiction, why));
    }
    let uri = |scheme: Scheme| {
        let text = format!("{}://{}", scheme.as_str(), origin.host().as_str());
        text.parse::<Uri>()
            .map_err(|error| refusal("host", BuildProblemKind::InvalidName, error))
    };
    let endpoint = Endpoint::from(uri(Scheme::Http)?).origin(uri(origin.scheme())?);
    Ok(endpoint
        .http2_keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT))
}

fn refusal(
    setter: &'static str,
    kind: BuildProblemKind,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BuildError {
    BuildError::of(BuildProblem::new(setter, kind, why))
}
