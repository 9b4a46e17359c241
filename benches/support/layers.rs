//! Each layer alone, around an empty service.

use std::convert::Infallible;

use axum::body::Body;
use cdn_origin::{
    HostRewriteLayer, forwarded::ForwardedLayer, response_rewrite::ResponseRewriteLayer,
};
use http::{Request, Response};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use super::process::listen;

pub(crate) const NAMES: [&str; 3] = ["HostRewriteLayer", "ForwardedLayer", "ResponseRewriteLayer"];

/// The role `layer`: sends requests through the layer of this name.
pub(crate) async fn call(name: &str, calls: u64) {
    // The parent process waits for an address.
    let _ = listen().await;
    let inner = service_fn(|request: Request<Body>| async move {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    match name {
        "HostRewriteLayer" => {
            let layer = HostRewriteLayer::to("origin.example").unwrap();
            run(layer.layer(inner), calls).await;
        }
        "ForwardedLayer" => run(ForwardedLayer::new().layer(inner), calls).await,
        "ResponseRewriteLayer" => run(ResponseRewriteLayer::new().layer(inner), calls).await,
        _ => run(inner, calls).await,
    }
}

async fn run<S>(mut service: S, calls: u64)
where
    S: Service<Request<Body>, Error: Into<BoxError>>,
{
    for _ in 0..calls {
        let request = Request::get("/page?query=1")
            .header("host", "client.test")
            .header("user-agent", "bench")
            .header("accept", "*/*")
            .body(Body::empty())
            .unwrap();
        let ready = service.ready().await.map_err(Into::into).unwrap();
        let _ = std::hint::black_box(ready.call(request).await);
    }
}
