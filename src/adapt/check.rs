//! `check`: the error of this crate for what another library returns.

use http::{HeaderMap, Response, StatusCode, response::Parts};
use tower::BoxError;

use crate::{
    CdnOriginConnector,
    connector::ConnectionInfo,
    diagnosis::{Refusal, ResponseEvidence},
    error::Error,
};

#[cfg(feature = "reqwest")]
use crate::error::{ErrorKind, Facts, RequestProblem, Stage};

#[cfg(feature = "reqwest")]
use super::library_error::without_url;
use super::{
    library_error::library_error,
    supposed_facts::{facts_of_response, supposed_facts},
};

/// A response that [`check`] takes.
///
/// * [`http::Response`] and its [`Parts`], with the facts of the connection if the extensions have
///   a [`ConnectionInfo`]
/// * `reqwest::Response`, with feature `reqwest`
/// * a reference to one of these
/// * a pair of one of these and the start of the body
pub trait AnyResponse: ReadResponse {}

impl<R: ReadResponse> AnyResponse for R {}

/// What a check reads of a response.
#[expect(unnameable_types, reason = "only this crate implements it")]
pub trait ReadResponse {
    /// The status and the header fields.
    fn head(&self) -> (StatusCode, &HeaderMap);

    /// The facts of the connection, if it came from a connector and the library reports them.
    fn connection(&self) -> Option<&ConnectionInfo> {
        None
    }

    /// The start of the body, as far as it is known: some edges explain a refusal there.
    fn body_start(&self) -> &[u8] {
        &[]
    }

    /// The URL that was requested, if the library reports it.
    fn url(&self) -> Option<&str> {
        None
    }
}

impl<B> ReadResponse for Response<B> {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status(), self.headers())
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        self.extensions().get()
    }
}

impl ReadResponse for Parts {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status, &self.headers)
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        self.extensions.get()
    }
}

#[cfg(feature = "reqwest")]
impl ReadResponse for reqwest::Response {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status(), self.headers())
    }

    fn url(&self) -> Option<&str> {
        Some(self.url().as_str())
    }
}

impl<R: ReadResponse> ReadResponse for &R {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (**self).head()
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        (**self).connection()
    }

    fn body_start(&self) -> &[u8] {
        (**self).body_start()
    }

    fn url(&self) -> Option<&str> {
        (**self).url()
    }
}

/// A response, and the start of its body.
impl<R: ReadResponse, B: AsRef<[u8]>> ReadResponse for (R, B) {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        self.0.head()
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        self.0.connection()
    }

    fn body_start(&self) -> &[u8] {
        self.1.as_ref()
    }

    fn url(&self) -> Option<&str> {
        self.0.url()
    }
}

/// Returns the response, or an error if the request failed or was refused.
///
/// `outcome` is what another library returned for a request to the connector's origin. It does not
/// contain the request, so the Host that was sent is not known. The report says which one it shows:
/// `of the URL` is the host that the connector was called with, and `configured` is the Host of the
/// connector, where no call is known. In both cases, no cause that depends on the Host is certain.
///
/// # Errors
///
/// * The [`Error`] inside the library's error, such as that of a failed connect.
/// * An error with the library's error as its source, if that contains none of this crate.
/// * [`RequestProblem::UrlForeign`](crate::error::RequestProblem::UrlForeign), if reqwest sent the
///   request to another URL than the base URL, such as one with another port: the response is not
///   the origin's, whatever its status.
/// * [`ErrorKind::RequestRefused`], if the response looks like a refusal by the edge, such as a 421
///   or a page of CloudFront. The origin's own error responses pass, unless they look the same.
///   With a pair of the response and the start of its body, more refusals are recognised: see
///   below.
///
/// # Responses that pass
///
/// A wrong Host may also get a bare 403 or 404, which applications send, too. Such a 404 passes. So
/// does such a 403, unless SNI and Host differ and nothing in it is a sign of an application, such
/// as JSON or a cookie. [`probe`](crate::probe()) shows whether the origin accepts another Host.
/// [`ResponseDiagnosisLayer`](crate::response_diagnosis::ResponseDiagnosisLayer) adds the possible
/// cause to a bare 403.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, adapt};
///
/// let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net")
///     .host("shop.example.com")
///     .build()?;
/// # let refused = http::Response::builder().status(421).body(())?;
/// # let outcome = Ok::<_, std::io::Error>(refused);
/// // `outcome` is a `Result` of hyper-util's client or of reqwest.
/// if let Err(error) = adapt::check(&connector, outcome) {
///     println!("{}", error.report());
///     # assert!(error.report().to_string().contains("421 Misdirected Request"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Refusals that the body explains
///
/// Some edges say only in the body why they refused a request. A program that reads whole bodies
/// can check each response with its body:
///
/// ```
/// use cdn_origin::{CdnOriginConnector, Error, adapt};
/// use http::{Response, response::Parts};
/// use http_body::Body;
/// use http_body_util::BodyExt;
/// use hyper::body::Bytes;
/// use tower::BoxError;
///
/// /// Takes a response of hyper-util, or `http::Response::from` one of reqwest.
/// async fn read<B>(
///     connector: &CdnOriginConnector,
///     response: Response<B>,
/// ) -> Result<(Parts, Bytes), BoxError>
/// where
///     B: Body<Error: Into<BoxError>>,
/// {
///     let (head, body) = response.into_parts();
///     let page = body.collect().await.map_err(Into::<BoxError>::into)?.to_bytes();
///     Ok(adapt::check(connector, Ok::<_, Error>((head, page)))?)
/// }
/// ```
///
/// With another program, read the body only of responses with a status of 400 or above. The bytes
/// that `reqwest::Response::chunk` returns are missing from a later `text`.
pub fn check<R, E>(connector: &CdnOriginConnector, outcome: Result<R, E>) -> Result<R, Error>
where
    R: AnyResponse,
    E: Into<BoxError>,
{
    let response = outcome.map_err(|error| explain(connector, error.into()))?;
    let Some(origin) = connector.origin() else {
        return Ok(response);
    };
    #[cfg(feature = "reqwest")]
    if let Some(url) = response.url()
        && super::reqwest::is_foreign(connector, url)
    {
        return Err(Error::refused(URL_FOREIGN));
    }
    let (status, headers) = response.head();
    let facts = facts_of_response(connector, response.connection());
    let host = facts.host().unwrap_or_else(|| origin.host()).clone();
    let evidence = ResponseEvidence::new(origin, &host, status, headers);
    let evidence = evidence.host_knowledge(facts.host_knowledge);
    let evidence = evidence.body(response.body_start());
    match Refusal::find(&evidence, facts) {
        Some(refusal) => Err(refusal),
        None => Ok(response),
    }
}

#[cfg(feature = "reqwest")]
const URL_FOREIGN: ErrorKind = ErrorKind::Request(RequestProblem::UrlForeign);

/// The crate's own error inside another library's, or one that is made of it.
fn explain(connector: &CdnOriginConnector, error: BoxError) -> Error {
    // First: for another URL, reqwest may have connected to another address than the connector.
    #[cfg(feature = "reqwest")]
    if super::reqwest::has_foreign_url(connector, &*error) {
        let error = without_url(error);
        return Error::with_source(URL_FOREIGN, Stage::Prepare, Facts::default(), error);
    }
    if let Some(ours) = Error::find_in(&*error) {
        return ours.clone();
    }
    library_error(error, || supposed_facts(connector))
}
