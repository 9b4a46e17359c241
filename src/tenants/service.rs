//! `VirtualHosts` as a tower service.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use http::Request;
use http_body::Body;
use tower::BoxError;
use tower_service::Service;

use crate::proxy::{ProxyBody, Proxying, refuse_unrouted};

use super::{
    VirtualHosts,
    find_tenant::{Destination, find_tenant, refusal},
};

impl<B> Service<Request<B>> for VirtualHosts
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = http::Response<ProxyBody>;
    type Error = Infallible;
    type Future = Proxying;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let chosen = find_tenant(self, &parts);
        let request = Request::from_parts(parts, body);
        match chosen {
            Ok((Destination::Proxy(mut proxy), _entry)) => proxy.call(request),
            Ok((Destination::Group(mut group, _in_flight), _entry)) => group.call(request),
            Err(kind) => {
                let (template, status) = refusal(self, kind);
                refuse_unrouted(template, request, kind, status)
            }
        }
    }
}
