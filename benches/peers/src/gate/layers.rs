//! Each layer alone, around an empty service.

use std::convert::Infallible;

use axum::body::Body;
use cdn_origin::{
    HostRewriteLayer, forwarded::ForwardedLayer, response_rewrite::ResponseRewriteLayer,
};
use http::{Request, Response};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::workload::SIXTEEN_FIELDS;

/// Sends requests through the layer of this name.
pub(super) async fn call(name: &str, times: usize) {
    let inner = service_fn(|request: Request<Body>| async move {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    match name {
        "host-rewrite" => {
            let layer = HostRewriteLayer::to("origin.example").unwrap();
            run(layer.layer(inner), times).await;
        }
        "forwarded" => run(ForwardedLayer::new().layer(inner), times).await,
        "response-rewrite" => run(ResponseRewriteLayer::new().layer(inner), times).await,
        _ => run(inner, times).await,
    }
}

async fn run<S>(mut service: S, times: usize)
where
    S: Service<Request<Body>, Error: Into<BoxError>>,
{
    for _ in 0..times {
        let mut request = Request::get("/page?query=1").header("host", "client.test");
        for (name, value) in SIXTEEN_FIELDS.fields(0) {
            request = request.header(name, value);
        }
        let request = request.body(Body::empty()).unwrap();
        let ready = service.ready().await.map_err(Into::into).unwrap();
        let _ = std::hint::black_box(ready.call(request).await);
    }
}
