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
    answer::answer,
    downstream_body, grpc,
    log::{self, LoggedByGroup},
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
        let call = grpc::Call::of(&request);
        let request = request.map(|body| downstream_body::within(limits, body));
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
                        log::answered(&error);
                    }
                    let answer = answer(&settings.identity, error, &method, settings.exposure);
                    match call {
                        Some(call) => call.answer(answer),
                        None => answer,
                    }
                }
            };
            // The two sides speak versions of their own.
            *response.version_mut() = version;
            response
        })
    }
}
