//! The proxy as a service: one request, from its arrival to its response.

use std::{
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::CONNECTION};
use http_body::Body;
use tower::BoxError;
use tower_service::Service;
use tracing::Span;

use crate::{
    error::Error,
    observe::{ExchangeOutcome, ExchangeRecord, Observer, Observers},
    origin::Origin,
    pool::InFlight,
    upload::{BodyAwaitingContinue, ClientBody, UploadProgress},
};

use super::{
    ClientDeadline, OriginProxy, ProxyBody, Proxying,
    arrival::Arrival,
    error_response::{GrpcCall, status},
    failure_log::FailureLog,
    limited_request_body,
    refuse_request::{respond_to_error, response_version},
    request_buffering::Buffering,
    request_content::ContentAhead,
};

impl<B> Service<Request<B>> for OriginProxy
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ProxyBody>;
    type Error = Infallible;
    type Future = Proxying;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let accepted = AcceptedRequest::of(self);
        let buffering = Buffering::of(self, &request);
        match buffering.filter(|_| accepted.waits_for_body(&request)) {
            Some(buffering) => Proxying::new(buffer(accepted, request, buffering)),
            None => accept(accepted, request),
        }
    }
}

/// A proxy that responds to one request, which it counts from its arrival on: a drain that begins
/// while the body is read waits for it.
struct AcceptedRequest {
    proxy: OriginProxy,
    /// Absent if the proxy is draining.
    in_flight: Option<InFlight>,
}

impl AcceptedRequest {
    fn of(proxy: &OriginProxy) -> Self {
        Self {
            in_flight: proxy.pool.begin_request().ok(),
            proxy: proxy.clone(),
        }
    }
}

/// Reads the beginning of the body, and then responds.
async fn buffer<B>(
    accepted: AcceptedRequest,
    request: Request<B>,
    buffering: Buffering,
) -> Response<ProxyBody>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    match buffering.read(request).await {
        Ok(request) => {
            let Ok(response) = accepted.respond(request).await;
            response
        }
        Err(refusal) => refusal,
    }
}

/// Responds to requests whose bodies are settled: see [`accept`].
pub(crate) trait Respond: Send + 'static {
    /// Whether the body of a request may be awaited. False if the response is a refusal whatever
    /// the body is.
    fn waits_for_body<B: Body>(&self, request: &Request<B>) -> bool;

    /// The `Limits::request_timeout` that bounds the wait.
    fn request_timeout(&self) -> Option<Duration>;

    fn respond<B>(self, request: Request<B>) -> Proxying
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>;
}

/// Accepts a client's request: reads its body if that is small or most likely empty, and discards
/// what is left of it after the response.
pub(crate) fn accept<B>(responder: impl Respond, request: Request<B>) -> Proxying
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (mut request, awaiting_continue) = ClientBody::of(request);
    ClientDeadline::note(&mut request);
    match ContentAhead::of(&request).filter(|_| responder.waits_for_body(&request)) {
        None => discard_unread(responder.respond(request), awaiting_continue),
        Some(ahead) => Proxying::new(async move {
            let request = ahead.read(request, responder.request_timeout()).await;
            let Ok(response) = discard_unread(responder.respond(request), awaiting_continue).await;
            response
        }),
    }
}

impl Respond for AcceptedRequest {
    fn waits_for_body<B: Body>(&self, request: &Request<B>) -> bool {
        self.in_flight.is_some() && !refuses_by_head(&self.proxy, request)
    }

    fn request_timeout(&self) -> Option<Duration> {
        request_timeout(&self.proxy)
    }

    fn respond<B>(self, request: Request<B>) -> Proxying
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let Self { proxy, in_flight } = self;
        prepare_and_forward(proxy, request, in_flight, FailureLog::request_failed)
    }
}

/// Whether a proxy will refuse a request whatever its body.
pub(crate) fn refuses_by_head<B: Body>(proxy: &OriginProxy, request: &Request<B>) -> bool {
    proxy.settings.refuses_by_head(request)
}

/// The `Limits::request_timeout` of a proxy.
pub(crate) fn request_timeout(proxy: &OriginProxy) -> Option<Duration> {
    proxy.settings.limits.request_timeout
}

/// Sends the request of a group, which logs the failures that clients get.
///
/// `in_flight` is the request at this proxy, if it has begun there.
pub(crate) fn attempt<B>(
    proxy: OriginProxy,
    request: Request<B>,
    in_flight: Option<InFlight>,
) -> Proxying
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    prepare_and_forward(proxy, request, in_flight, |_, _| {})
}

/// Prepares the request at once, and returns the future of its response.
fn prepare_and_forward<B>(
    proxy: OriginProxy,
    request: Request<B>,
    in_flight: Option<InFlight>,
    log_failure: impl FnOnce(&FailureLog, &Error) + Send + 'static,
) -> Proxying
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let OriginProxy { settings, pool } = proxy;
    let version = request.version();
    let method = request.method().clone();
    let limits = &settings.limits;
    let call = GrpcCall::of(&request);
    // A stream may pause for as long as its peers want.
    let (rate, track): (_, fn() -> UploadProgress) = match call {
        Some(_) => (None, UploadProgress::of_stream),
        None => (limits.min_upload_rate, UploadProgress::tracked),
    };
    let arrival = Arrival::of(request.extensions());
    let request = request.map(|body| limited_request_body::limited(limits, rate, track, body));
    if arrival.is_some_and(|it| it.has_whole_body && it.is_buffered) {
        request.body().note_buffered();
    }
    let origin = settings.origin.as_ref();
    let mut record = ExchangeRecord::begin(&request, origin, pool.connector().observers());
    record.watch_upload(|| request.body().progress());
    let span = record.span().cloned();
    let mut prepared = {
        let _entered = span.as_ref().map(Span::enter);
        settings.prepare(request)
    };
    if let Ok(Some(ready)) = &mut prepared {
        ready.in_flight = in_flight;
    }
    let response = async move {
        let outcome = match prepared {
            Ok(Some(ready)) => settings.forward(&pool, ready, &mut record).await,
            Ok(None) => Ok(own_response(&mut record)),
            Err(error) => Err(error),
        };
        let mut response = match outcome {
            Ok(response) => settings.response_hooks.apply(response, &method),
            Err(error) => {
                log_failure(&settings.failure_log, &error);
                let status = status(&error);
                respond_to_error(&settings, &method, call, error, status, &mut record)
            }
        };
        *response.version_mut() = response_version(version, response.body());
        response
    };
    Proxying::new(response).in_span(span)
}

/// The observers of a proxy's connector.
pub(crate) fn observers_of(proxy: &OriginProxy) -> &Observers {
    proxy.pool.connector().observers()
}

/// Calls the observers of a proxy's connector with its origin.
pub(crate) fn notify_observers(proxy: &OriginProxy, event: impl Fn(&dyn Observer, &Origin)) {
    if let Some(origin) = proxy.origin() {
        observers_of(proxy).notify(|observer| event(observer, origin));
    }
}

/// The proxy's own response to a request that is not to be forwarded.
fn own_response(record: &mut ExchangeRecord) -> Response<ProxyBody> {
    let mut response = Response::new(ProxyBody::own(Bytes::new()));
    record.begin_response(response.status(), response.extensions_mut());
    record.end(ExchangeOutcome::Complete);
    response
}

/// Discards a body that was not read, and closes the client's connection. A client that awaits 100
/// (Continue) may still send the body, or not (RFC 9110 section 10.1.1).
fn discard_unread(response: Proxying, body: Option<BodyAwaitingContinue>) -> Proxying {
    let Some(awaiting_continue) = body else {
        return response;
    };
    Proxying::new(async move {
        let Ok(mut response) = response.await;
        if awaiting_continue.is_unread() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        response.map(|body| body.with_body_awaiting_continue(awaiting_continue))
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use crate::{
        CdnOriginConnector,
        pool::{PooledConnection, ResponseBody, Target},
        proxy::{prepare_request::Ready, response_body::OriginBody},
    };

    use super::*;

    /// Each of these is moved, or allocated, with each request. Lower a limit when its type
    /// shrinks; raise it only for a reason.
    #[test]
    fn what_is_moved_with_each_request_stays_small() {
        let connector = CdnOriginConnector::builder("http://origin.example");
        let proxy = OriginProxy::new(connector.build().unwrap());
        let request = Request::get("/").body(Empty::<Bytes>::new()).unwrap();
        let future = AcceptedRequest::of(&proxy).respond(request);
        for (name, size, limit) in [
            // Beyond 1000 bytes, glibc merges free blocks before it allocates, if its cache for the
            // thread has none of the size.
            ("the future of a request", future.boxed_size(), 984),
            ("Ready", size_of::<Ready>(), 696),
            ("Target", size_of::<Target>(), 200),
            ("PooledConnection", size_of::<PooledConnection>(), 120),
            ("ResponseBody", size_of::<ResponseBody>(), 64),
            ("OriginBody", size_of::<OriginBody>(), 408),
            ("ProxyBody", size_of::<ProxyBody>(), 48),
        ] {
            println!("{name}: {size} bytes");
            assert!(size <= limit, "{name}: {size} bytes");
        }
    }
}
