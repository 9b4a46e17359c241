//! The proxy as a service: one request, from its arrival to its response.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::BoxError;
use tower_service::Service;

use super::{
    OriginProxy, ProxyBody, Proxying,
    error_response::{GrpcCall, error_response},
    log::{self, LoggedByGroup},
    request_body,
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Self { settings, pool } = self.clone();
        let logged_by_group = request.extensions_mut().remove::<LoggedByGroup>();
        let version = request.version();
        let method = request.method().clone();
        let limits = &settings.limits;
        let call = GrpcCall::of(&request);
        let request = request.map(|body| request_body::limited(limits, body));
        let prepared = settings.prepare(request);
        Proxying::new(async move {
            let outcome = match prepared {
                Ok(Some(ready)) => settings.forward_in_time(&pool, ready).await,
                Ok(None) => Ok(Response::new(ProxyBody::own(Bytes::new()))),
                Err(error) => Err(error),
            };
            let mut response = match outcome {
                Ok(response) => response,
                Err(error) => {
                    if logged_by_group.is_none() {
                        log::request_failed(&error);
                    }
                    let refusal =
                        error_response(&settings.identity, error, &method, settings.disclosure);
                    match call {
                        Some(call) => call.error_response(refusal),
                        None => refusal,
                    }
                }
            };
            // The two sides speak versions of their own.
            *response.version_mut() = version;
            response
        })
    }
}
