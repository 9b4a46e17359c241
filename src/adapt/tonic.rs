//! tonic's gRPC channels.

use http::Uri;
use tonic::transport::Endpoint;

use crate::{
    CdnOriginConnector,
    error::{BuildError, BuildProblem, BuildProblemKind},
    origin::Scheme,
};

/// An endpoint whose `:scheme` and `:authority` are the scheme and the Host of the connector's
/// origin.
///
/// Pass the connector to its `connect_with_connector` or `connect_with_connector_lazy`. Keepalive,
/// deadlines and windows are settings of the endpoint, with tonic's defaults. Its URI says `http`
/// for an `https` origin too, because the connector runs TLS: use no `tls_config` of tonic.
///
/// [`Error::find_in`](crate::Error::find_in) finds this crate's error in tonic's error and in a
/// `Status`.
///
/// # Errors
///
/// If the connector has no fixed origin, or its origin is an `https` one and it may negotiate
/// another protocol than HTTP/2, the only one that tonic speaks: set
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
///     let endpoint = adapt::tonic::endpoint(&connector)?;
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
    Ok(Endpoint::from(uri(Scheme::Http)?).origin(uri(origin.scheme())?))
}

fn refusal(
    setter: &'static str,
    kind: BuildProblemKind,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BuildError {
    BuildError::of(BuildProblem::new(setter, kind, why))
}
