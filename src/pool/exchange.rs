//! A request and its response: spelled for the protocol, bounded in time, sent again only where that is safe.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Method, Request, Response, Uri, Version,
    header::{HOST, TE, TRANSFER_ENCODING},
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::error::{Error, ErrorKind, Facts, Stage};

use super::{Lease, OriginPool, RequestBody, body::Progress, failure::Unanswered};

/// A request is never tried more often than this, whatever the reason.
const MOST_TRIES: usize = 3;

/// Where a request goes, to be spelled for HTTP/1 or HTTP/2.
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// The authority as a field value.
    pub(crate) host: HeaderValue,
    pub(crate) path_and_query: PathAndQuery,
}

impl OriginPool {
    /// Sends a request and waits, `deadline` at most, for the head of the response. As long as the request's body moves, the wait
    /// starts anew: an upload may take longer.
    pub(crate) async fn send(
        &self,
        mut request: Request<RequestBody>,
        target: &Target,
        deadline: Duration,
    ) -> Result<(Response<Incoming>, Lease), Error> {
        let copy = Copy::of(&request);
        let mut tries = 1;
        loop {
            let mut lease = self.lease().await?;
            target.spell(&mut request, &lease);
            let progress = request.body().progress();
            let exchange = lease.exchange(request);
            let mut failed = match bounded(exchange, &progress, deadline).await {
                Some(Ok(response)) => return Ok((response, lease)),
                Some(Err(failed)) => failed,
                None => return Err(silent(&lease, &progress, deadline)),
            };
            request = match again(&mut failed, &lease, copy.as_ref()) {
                Some(request) if tries < MOST_TRIES => request,
                _ => return Err(failed.explained(lease.info())),
            };
            tries += 1;
        }
    }
}

impl Target {
    /// Spells the request for the connection: HTTP/1 names the host in a field, HTTP/2 in the URI.
    fn spell(&self, request: &mut Request<RequestBody>, lease: &Lease) {
        *request.version_mut() = Version::HTTP_11;
        match lease.is_http2() {
            false => {
                *request.uri_mut() = self.path_and_query.clone().into();
                let headers = request.headers_mut();
                headers.insert(HOST, self.host.clone());
                // Without `Connection: TE`, which hyper keeps to itself, it would be malformed (RFC 9110 section 10.1.4).
                headers.remove(TE);
            }
            true => {
                if let Some(uri) = self.absolute() {
                    *request.uri_mut() = uri;
                }
                request.headers_mut().remove(HOST);
                request.headers_mut().remove(TRANSFER_ENCODING);
            }
        }
    }

    fn absolute(&self) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(self.path_and_query.clone());
        Uri::from_parts(parts).ok()
    }
}

/// A request without content, to be sent once more.
struct Copy {
    method: Method,
    headers: HeaderMap,
}

impl Copy {
    fn of(request: &Request<RequestBody>) -> Option<Self> {
        request.body().is_end_stream().then(|| Self {
            method: request.method().clone(),
            headers: request.headers().clone(),
        })
    }

    fn request(&self) -> Request<RequestBody> {
        let mut request = Request::new(RequestBody::empty());
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// The request to send once more, if that is safe.
fn again(
    failed: &mut Unanswered,
    lease: &Lease,
    copy: Option<&Copy>,
) -> Option<Request<RequestBody>> {
    if let Some(unsent) = failed.take_unsent() {
        return Some(unsent);
    }
    let copy = copy?;
    // RFC 9110 section 9.2.2: a proxy MUST NOT automatically retry non-idempotent requests that may have been seen.
    let died_of_age = lease.is_reused() && failed.was_cut_off() && copy.method.is_idempotent();
    (failed.was_refused() || died_of_age).then(|| copy.request())
}

/// The outcome of an exchange, or nothing if whoever was to speak kept silent.
async fn bounded<F: Future>(
    exchange: F,
    progress: &Progress,
    deadline: Duration,
) -> Option<F::Output> {
    let mut exchange = std::pin::pin!(exchange);
    loop {
        match timeout(deadline, exchange.as_mut()).await {
            Ok(outcome) => return Some(outcome),
            Err(_elapsed) if progress.moved() => {}
            Err(_elapsed) => return None,
        }
    }
}

fn silent(lease: &Lease, progress: &Progress, deadline: Duration) -> Error {
    let facts = Facts {
        deadline: Some(deadline),
        ..lease.info().facts().clone()
    };
    let stage = match progress.is_waiting() {
        true => Stage::Send,
        false => Stage::Receive,
    };
    Error::new(ErrorKind::TimedOut, stage, facts)
}
