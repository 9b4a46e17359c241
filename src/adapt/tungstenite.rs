//! The WebSocket clients of tokio-tungstenite 0.30.
//!
//! ```no_run
//! use cdn_origin::{CdnOriginConnector, adapt};
//! use futures_util::SinkExt;
//! use http::Request;
//! use tokio_tungstenite::tungstenite::Message;
//!
//! async fn send() -> Result<(), Box<dyn std::error::Error>> {
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .host("www.example.com")
//!         .build()?;
//!     let opened = adapt::tungstenite::connect(&connector, Request::get("/live").body(())?).await;
//!     let (mut socket, _) = opened.inspect_err(|error| eprintln!("{}", error.report()))?;
//!     Ok(socket.send(Message::text("hello")).await?)
//! }
//! ```

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Uri,
    header::{HOST, ORIGIN, UPGRADE},
    uri::{PathAndQuery, Scheme as UriScheme},
};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, client::IntoClientRequest, error::ProtocolError, handshake::client::Response,
    },
};

use crate::{
    CdnOriginConnector,
    connector::{OriginStream, Purpose},
    diagnosis::{Refusal, ResponseEvidence},
    error::{Error, ErrorKind, Facts, RequestProblem, Stage},
    origin::{Origin, Scheme},
};

use super::library_error::library_error;

/// How long the origin may take to answer. An [`OriginProxy`](crate::OriginProxy) has this default.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// Connects to the connector's origin, and opens a WebSocket.
///
/// The request has the path and additional fields, such as `Authorization` or
/// `Sec-WebSocket-Protocol`. The scheme and the Host are those of the origin. Only `http/1.1` is
/// offered in ALPN. The origin has 60 s to answer.
///
/// # Errors
///
/// * The errors of a connect.
/// * [`ErrorKind::TimedOut`] if the origin does not answer.
/// * [`ErrorKind::UnsupportedUri`] if the connector has no fixed origin.
/// * [`ErrorKind::ProtocolNotNegotiated`] if it was built with
///   [`Alpn::Http2`](crate::Alpn::Http2).
/// * [`ErrorKind::RequestRefused`] if the response shows that the edge refused the request, such as
///   a 421.
/// * [`ErrorKind::UpgradeRefused`] for any other response that opens no WebSocket, such as a bare
///   403, which a wrong Host may get. The diagnosis has a cause for the statuses 101, 2xx, 400,
///   403, 404 and 426.
pub async fn connect(
    connector: &CdnOriginConnector,
    request: Request<()>,
) -> Result<(WebSocketStream<OriginStream>, Response), Error> {
    let stream = connector.connect_for(Purpose::Http1).await?;
    let mut facts = stream.info().facts().clone();
    let Some(origin) = facts.origin.clone() else {
        // Not reached: a connection has an origin.
        return Err(Error::refused(ErrorKind::UnsupportedUri));
    };
    facts.host = Some(origin.host().clone());
    let handshake = handshake(&origin, request).map_err(|error| {
        let kind = ErrorKind::Request(RequestProblem::TargetInvalid);
        Error::with_source(kind, Stage::Prepare, Facts::default(), error)
    })?;
    let path = handshake.uri().path_and_query().cloned();
    let path = path.unwrap_or(PathAndQuery::from_static("/"));
    let field = handshake.headers().get(ORIGIN).cloned();
    match timeout(RESPONSE_TIMEOUT, client_async(handshake, stream)).await {
        Ok(opened) => {
            opened.map_err(|error| refused(error, &origin, (&path, field.as_ref()), facts))
        }
        Err(elapsed) => {
            let facts = facts.after(RESPONSE_TIMEOUT);
            Err(Error::with_source(
                ErrorKind::TimedOut,
                Stage::Receive,
                facts,
                elapsed,
            ))
        }
    }
}

/// The request with the fields of a handshake.
fn handshake(origin: &Origin, request: Request<()>) -> tungstenite::Result<Request<()>> {
    let (mut parts, ()) = request.into_parts();
    let path = parts.uri.path_and_query().cloned();
    let scheme = match origin.scheme() {
        Scheme::Http => "ws",
        Scheme::Https => "wss",
    };
    let uri = Uri::builder()
        .scheme(UriScheme::try_from(scheme).map_err(http::Error::from)?)
        .authority(origin.host().as_str())
        .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")));
    let mut handshake = uri.build()?.into_client_request()?;
    parts.headers.remove(HOST);
    handshake.headers_mut().extend(parts.headers);
    Ok(handshake)
}

/// The error of a response to a request with this path and this `Origin`.
fn refused(
    error: tungstenite::Error,
    origin: &Origin,
    (path, field): (&PathAndQuery, Option<&HeaderValue>),
    facts: Facts,
) -> Error {
    let kind = ErrorKind::UpgradeRefused;
    let response = match error {
        tungstenite::Error::Http(response) => response,
        tungstenite::Error::Io(error) => return library_error(error.into(), || facts),
        error => {
            let Some(headers) = headers_of_refused_101(&error) else {
                return Error::with_source(kind_of(&error), Stage::Receive, facts, error);
            };
            let status = StatusCode::SWITCHING_PROTOCOLS;
            let evidence = ResponseEvidence::new(origin, origin.host(), status, &headers);
            let evidence = evidence.request(&Method::GET, path).upgrade("websocket");
            return Refusal::find_from(&evidence, facts.clone(), Some(error.into()))
                .unwrap_or_else(|| Refusal::unexplained(kind, status, facts));
        }
    };
    let status = response.status();
    let page = response.body().as_deref().unwrap_or_default();
    let evidence =
        ResponseEvidence::new(origin, origin.host(), status, response.headers()).body(page);
    let evidence = evidence.request(&Method::GET, path).upgrade("websocket");
    let evidence = match field.and_then(|field| field.to_str().ok()) {
        Some(field) => evidence.request_origin(field),
        None => evidence,
    };
    Refusal::find(&evidence, facts.clone())
        .unwrap_or_else(|| Refusal::unexplained(kind, status, facts))
}

/// The kind of an error for something else than a response.
fn kind_of(error: &tungstenite::Error) -> ErrorKind {
    match error {
        tungstenite::Error::AttackAttempt => ErrorKind::ResponseHeadTooLarge,
        tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            ErrorKind::ConnectionClosed
        }
        tungstenite::Error::Protocol(
            ProtocolError::HttparseError(_) | ProtocolError::WrongHttpVersion,
        ) => ErrorKind::HttpProtocol,
        _ => ErrorKind::UpgradeRefused,
    }
}

/// What an error of tungstenite says of the fields of a 101 that it refused; `None` for an error
/// of another kind.
///
/// It checks `Upgrade` first, and then the other fields (RFC 6455 section 4.1).
fn headers_of_refused_101(error: &tungstenite::Error) -> Option<HeaderMap> {
    use ProtocolError::{
        MissingConnectionUpgradeHeader, MissingUpgradeWebSocketHeader,
        SecWebSocketAcceptKeyMismatch, SecWebSocketSubProtocolError,
    };
    let tungstenite::Error::Protocol(error) = error else {
        return None;
    };
    match error {
        MissingUpgradeWebSocketHeader => Some(HeaderMap::new()),
        MissingConnectionUpgradeHeader
        | SecWebSocketAcceptKeyMismatch
        | SecWebSocketSubProtocolError(_) => {
            let websocket = HeaderValue::from_static("websocket");
            Some(HeaderMap::from_iter([(UPGRADE, websocket)]))
        }
        _ => None,
    }
}
