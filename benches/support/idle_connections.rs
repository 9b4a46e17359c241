//! Opens idle connections in the pool of a proxy.

use axum::body::Body;
use cdn_origin::OriginProxy;
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Opens `count` connections by concurrent requests, and leaves them idle.
pub(crate) async fn open(proxy: &OriginProxy, count: usize) {
    let mut unread = Vec::new();
    for _ in 0..count {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Body::empty()).unwrap();
        unread.push(proxy.clone().oneshot(request).await.unwrap());
    }
    for response in unread {
        response.into_body().collect().await.unwrap();
    }
    while proxy.pool_snapshot().idle() < count {
        tokio::task::yield_now().await;
    }
}
