//! A request and its response: spelled for the protocol, bounded in time, sent again only where that is safe.

use std::time::Duration;

use http::{
    HeaderValue, Request, Response, Uri, Version,
    header::{EXPECT, HOST, TE, TRANSFER_ENCODING},
    uri::{Authority, PathAndQuery, Scheme},
};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::{
    error::{Error, ErrorKind, Facts, Stage},
    name::HostAuthority,
    origin::{self, Origin},
};

use super::{Lease, OriginPool, RequestBody, body::Progress, failure::Unanswered};

/// A request that may have been seen is never sent more often than this.
const MOST_TRIES: usize = 3;

/// A request that was not sent costs nobody anything; still there is an end to it.
const MOST_UNSENT: usize = 32;

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
        let (mut tries, mut unsent) = (1, 0);
        loop {
            let mut lease = self.lease().await?;
            let copy = Copy::of(&request, &lease);
            target.spell(&mut request, &lease);
            let progress = request.body().progress();
            let exchange = lease.exchange(request);
            let mut failed = match bounded(exchange, &progress, deadline).await {
                Some(Ok(response)) => return Ok((response, lease)),
                Some(Err(failed)) => failed,
                None => return Err(silent(&lease, &progress, deadline)),
            };
            request = if let Some(request) = failed.take_unsent()
                && unsent < MOST_UNSENT
            {
                unsent += 1;
                request
            } else if let Some(copy) = copy.filter(|copy| copy.may_be_sent(&failed))
                && tries < MOST_TRIES
            {
                tries += 1;
                copy.request
            } else {
                return Err(failed.explained(lease.info()));
            };
        }
    }
}

impl Target {
    /// The origin's scheme, this Host, this path and query.
    pub(crate) fn of(origin: &Origin, host: &HostAuthority, path_and_query: PathAndQuery) -> Self {
        Self {
            scheme: match origin.scheme() {
                origin::Scheme::Http => Scheme::HTTP,
                origin::Scheme::Https => Scheme::HTTPS,
            },
            authority: host.without_port(origin.scheme().default_port()),
            host: host.to_header_value(),
            path_and_query,
        }
    }

    /// Spells the request for the connection: HTTP/1 names the host in a field, HTTP/2 in the URI.
    pub(super) fn spell(&self, request: &mut Request<RequestBody>, lease: &Lease) {
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
                let headers = request.headers_mut();
                headers.remove(HOST);
                headers.remove(TRANSFER_ENCODING);
                // hyper does not hear 100 over HTTP/2: the content is sent at once.
                headers.remove(EXPECT);
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
    request: Request<RequestBody>,
    is_idempotent: bool,
    is_reused: bool,
}

impl Copy {
    /// A copy, where the connection is one that may fail in a way that allows another try.
    fn of(request: &Request<RequestBody>, lease: &Lease) -> Option<Self> {
        let is_idempotent = request.method().is_idempotent();
        let is_reused = lease.has_served();
        let may_fail = lease.is_http2() || (is_reused && is_idempotent);
        if !may_fail || !request.body().is_end_stream() {
            return None;
        }
        let mut copy = Request::new(RequestBody::empty());
        *copy.method_mut() = request.method().clone();
        *copy.headers_mut() = request.headers().clone();
        Some(Self {
            request: copy,
            is_idempotent,
            is_reused,
        })
    }

    /// RFC 9110 section 9.2.2: a proxy MUST NOT automatically retry non-idempotent requests that may have been seen.
    fn may_be_sent(&self, failed: &Unanswered) -> bool {
        failed.was_refused() || (self.is_idempotent && self.is_reused && failed.was_cut_off())
    }
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
