//! The gRPC channels of tonic 0.14.
//!
//! [`channel`] connects when it is first used, and [`connect`] at once. To change settings of
//! tonic's [`Endpoint`], make one [by hand](crate::guide::choosing_an_adapter#tonic).
//!
//! ```no_run
//! use cdn_origin::{CdnOriginConnector, adapt, adapt::tonic::OriginChannel};
//!
//! fn channel() -> Result<OriginChannel, cdn_origin::BuildError> {
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .sni("grpc.example.com")
//!         .build()?;
//!     adapt::tonic::channel(&connector)
//! }
//! ```
//!
//! # What this module sets
//!
//! * Only `h2` is offered in ALPN: tonic speaks nothing else.
//! * `:scheme` and `:authority` are the scheme and the Host of the origin.
//! * The connector's timeouts bound each connect. A call has no deadline, except that of its own
//!   request or of [`Endpoint::timeout`].
//! * While calls run, the channel sends a PING on a connection that is silent for 15 s, and closes
//!   it if nothing arrives for another 10 s. The pool of an [`OriginProxy`](crate::OriginProxy)
//!   does the same.
//! * [`Error::find_in`](crate::Error::find_in) finds this crate's error in tonic's error and in a
//!   `Status`, if a connect or a connection fails. A refusal by the edge, such as a 421 for a wrong
//!   Host, becomes such an error too, and so does the page of a site that is not the gRPC service,
//!   with status 200.
//!
//! [`Endpoint::timeout`]: tonic::transport::Endpoint::timeout

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode, Uri, uri::PathAndQuery};
use tonic::{
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::BoxError;
use tower_service::Service;

use super::{library_error::explained, supposed_facts::facts};

use crate::{
    CdnOriginConnector, Error,
    connector::{Connecting, OriginStream, Purpose},
    diagnosis::{Refusal, ResponseEvidence, has_grpc_content},
    error::{BuildError, BuildProblem, BuildProblemKind},
    origin::Scheme,
    response_diagnosis::PeekedBody,
};

/// How long a connection with open calls may be silent.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long the answer to a PING may take.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A channel whose calls fail with this crate's [`Error`] if the edge refuses them.
///
/// A generated client takes it, as in `GreeterClient::new(channel)`. Clones share the connection.
#[derive(Clone, Debug)]
pub struct OriginChannel {
    channel: Channel,
    connector: CdnOriginConnector,
}

impl Service<Request<Body>> for OriginChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.channel.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path_and_query().cloned();
        let path = path.unwrap_or(PathAndQuery::from_static("/"));
        let is_grpc = has_grpc_content(request.headers());
        let sending = self.channel.call(request);
        let connector = self.connector.clone();
        Box::pin(async move {
            let response = sending.await;
            let response =
                response.map_err(|error| explained(error.into(), || facts(&connector)))?;
            let is_of_server = !is_grpc || has_grpc_content(response.headers());
            match response.status() {
                // As each response of a gRPC server.
                StatusCode::OK if is_of_server => Ok(response),
                _ => Ok(unrefused(&connector, &path, response).await?),
            }
        })
    }
}

/// The response, unless it is a refusal by the edge, or a page with status 200 in place of gRPC.
async fn unrefused(
    connector: &CdnOriginConnector,
    path: &PathAndQuery,
    response: Response<Body>,
) -> Result<Response<Body>, Error> {
    let Some(origin) = connector.origin() else {
        return Ok(response);
    };
    let (head, body) = response.into_parts();
    let mut body = PeekedBody::new(body);
    let evidence = ResponseEvidence::new(origin, origin.host(), head.status, &head.headers)
        .request(&http::Method::POST, path)
        .request_with_content();
    // Not with another status: tonic makes its code of it, such as `Unimplemented` of a 404.
    let evidence = match head.status {
        StatusCode::OK => evidence.grpc_call(),
        _ => evidence,
    };
    let page = match evidence.wants_body() {
        true => body.peek().await,
        false => Vec::new(),
    };
    match Refusal::find(&evidence.body(&page), facts(connector)) {
        Some(refusal) => Err(refusal),
        None => Ok(Response::from_parts(head, Body::new(body))),
    }
}

/// The connector, for HTTP/2 only.
struct Http2Connector(CdnOriginConnector);

impl Service<Uri> for Http2Connector {
    type Response = OriginStream;
    type Error = Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Connecting {
        self.0.connect_for(Purpose::Http2)
    }
}

/// Returns a channel to the connector's origin that connects when it is first used.
///
/// It connects again whenever its connection has ended.
///
/// # Errors
///
/// Fails if the connector has no fixed origin, or was built with
/// [`Alpn::Http1`](crate::Alpn::Http1).
pub fn channel(connector: &CdnOriginConnector) -> Result<OriginChannel, BuildError> {
    let endpoint = http2_endpoint(connector)?;
    let channel = endpoint.connect_with_connector_lazy(Http2Connector(connector.clone()));
    Ok(origin_channel(channel, connector))
}

/// Connects to the connector's origin, and returns the channel.
///
/// # Errors
///
/// Fails as [`channel`] does, or if the connect fails: [`Error::find_in`](crate::Error::find_in)
/// finds the cause.
///
/// `?` converts a [`BoxError`] into another `BoxError`, but not into a `Box<dyn Error>`: return
/// `tower::BoxError` from the calling function.
///
/// ```no_run
/// use cdn_origin::{CdnOriginConnector, Error, adapt, adapt::tonic::OriginChannel};
///
/// async fn start(connector: CdnOriginConnector) -> Result<OriginChannel, tower::BoxError> {
///     adapt::tonic::connect(&connector).await.inspect_err(|error| {
///         if let Some(error) = Error::find_in(&**error) {
///             eprintln!("{}", error.report());
///         }
///     })
/// }
/// ```
pub async fn connect(connector: &CdnOriginConnector) -> Result<OriginChannel, BoxError> {
    let endpoint = http2_endpoint(connector)?;
    let connecting = endpoint.connect_with_connector(Http2Connector(connector.clone()));
    Ok(origin_channel(connecting.await?, connector))
}

fn origin_channel(channel: Channel, connector: &CdnOriginConnector) -> OriginChannel {
    OriginChannel {
        channel,
        connector: connector.clone(),
    }
}

/// The endpoint, with the scheme and the Host of the origin, if ALPN may select HTTP/2.
fn http2_endpoint(connector: &CdnOriginConnector) -> Result<Endpoint, BuildError> {
    let Some(origin) = connector.origin() else {
        let why = "a tonic endpoint needs a fixed origin: create the connector with \
                   CdnOriginConnector::builder(\"https://..\"), in place of any_origin()";
        return Err(refusal("origin", BuildProblemKind::Empty, why));
    };
    let offer = connector.tls_offer();
    if offer.is_some_and(|offer| !offer.protocols.contains(&"h2")) {
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
