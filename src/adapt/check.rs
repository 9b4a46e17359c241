//! `check`: the error of this crate for what another library returns.

use http::{HeaderMap, Response, StatusCode, response::Parts};
use tower::BoxError;

use crate::{
    CdnOriginConnector,
    connector::ConnectionInfo,
    diagnosis::{Refusal, ResponseEvidence},
    error::{Error, ErrorKind, Stage, source_chain},
    pool::classify_hyper,
};

use super::supposed_facts::{facts_of_response, supposed_facts};

/// A response of any library.
pub trait AnyResponse {
    /// Returns the status and the header fields.
    fn head(&self) -> (StatusCode, &HeaderMap);

    /// Returns the facts of the connection, if it came from a connector and the library reports
    /// them.
    fn connection(&self) -> Option<&ConnectionInfo> {
        None
    }

    /// Returns the start of the body, as far as it is known: some edges explain a refusal there.
    fn body_start(&self) -> &[u8] {
        &[]
    }
}

impl<B> AnyResponse for Response<B> {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status(), self.headers())
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        self.extensions().get()
    }
}

impl AnyResponse for Parts {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status, &self.headers)
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        self.extensions.get()
    }
}

#[cfg(feature = "reqwest")]
impl AnyResponse for reqwest::Response {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (self.status(), self.headers())
    }
}

impl<R: AnyResponse> AnyResponse for &R {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        (**self).head()
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        (**self).connection()
    }

    fn body_start(&self) -> &[u8] {
        (**self).body_start()
    }
}

/// A response, and the start of its body.
impl<R: AnyResponse, B: AsRef<[u8]>> AnyResponse for (R, B) {
    fn head(&self) -> (StatusCode, &HeaderMap) {
        self.0.head()
    }

    fn connection(&self) -> Option<&ConnectionInfo> {
        self.0.connection()
    }

    fn body_start(&self) -> &[u8] {
        self.1.as_ref()
    }
}

/// Returns the response, or an error if the request failed or was refused.
///
/// `outcome` is what another library returned for a request to the connector's origin. It does not
/// contain the request, so the Host that was sent is not known. The report shows the host of the
/// URL, if the connection reports that, and else the configured Host. It marks them as `of the URL`
/// and `configured`, and no cause in the Host is certain.
///
/// # Errors
///
/// * The [`Error`] inside the library's error, such as that of a failed connect.
/// * An error with the library's error as its source, if that contains none of this crate.
/// * [`ErrorKind::RequestRefused`], if the response looks like a refusal by the edge: with a wrong
///   Host, for example, the connect succeeds, and the edge answers 403 or 421. The origin's own
///   error responses pass, unless they look the same. With a pair of the response and the start
///   of its body, more refusals are recognised.
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
pub fn check<R, E>(connector: &CdnOriginConnector, outcome: Result<R, E>) -> Result<R, Error>
where
    R: AnyResponse,
    E: Into<BoxError>,
{
    let response = outcome.map_err(|error| explain(connector, error.into()))?;
    let Some(origin) = connector.origin() else {
        return Ok(response);
    };
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

/// The crate's own error inside another library's, or one that is made of it.
fn explain(connector: &CdnOriginConnector, error: BoxError) -> Error {
    if let Some(ours) = Error::find_in(&*error) {
        return ours.clone();
    }
    let (kind, stage) = classify(&*error);
    Error::with_source(kind, stage, supposed_facts(connector), error)
}

/// What failed, by the most telling error in the chain.
fn classify(error: &(dyn std::error::Error + 'static)) -> (ErrorKind, Stage) {
    if let Some(hyper) = source_chain::find(error) {
        return classify_hyper(hyper);
    }
    #[cfg(feature = "reqwest")]
    if let Some(kind) = super::reqwest::classify(error) {
        return kind;
    }
    let io = source_chain::find::<std::io::Error>(error);
    (io.map_or(ErrorKind::Io, ErrorKind::of_io), Stage::Receive)
}
