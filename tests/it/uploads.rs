//! Request bodies on their way through the proxy.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    error::{ErrorKind, Fault},
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Channel, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tower::{ServiceExt, service_fn};

use crate::{
    failing::to,
    support::{Authority, Edge},
};

/// A proxy to an in-memory origin that reads the body to its end and answers with it. No socket is waited for, so paused time is
/// exact.
fn proxy_in_memory() -> OriginProxy {
    let transport = service_fn(|_: Uri| async {
        let (near, far) = tokio::io::duplex(1024);
        let origin = hyper::service::service_fn(|request: Request<Incoming>| async {
            let body = request.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Response::new(Full::new(body)))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(far), origin);
        tokio::spawn(connection);
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    OriginProxy::new(connector).response_timeout(DEADLINE)
}

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_the_response_timeout_while_it_moves() {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(DEADLINE / 2).await;
            sender
                .send_data(Bytes::from_static(b"part "))
                .await
                .unwrap();
        }
    });
    let request = Request::post("/")
        .header("host", "visitor.test")
        .body(body)
        .unwrap();
    let Ok(response) = proxy_in_memory().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let echoed = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(echoed, "part ".repeat(10));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stops_moving_meets_the_response_timeout() {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender
        .send_data(Bytes::from_static(b"part "))
        .await
        .unwrap();
    let request = Request::post("/")
        .header("host", "visitor.test")
        .body(body)
        .unwrap();
    let Ok(response) = proxy_in_memory().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.fault(), Fault::Client);
    drop(sender);
}

#[tokio::test]
async fn a_body_that_fails_is_the_visitors_fault() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .alpn(&["http/1.1"])
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(2);
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    sender.abort(std::io::ErrorKind::ConnectionReset.into());
    let request = Request::post("/")
        .header("host", "visitor.test")
        .body(body)
        .unwrap();
    let Ok(response) = OriginProxy::new(connector).oneshot(request).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::RequestBody);
    assert!(edge.requests().is_empty());
}

#[tokio::test]
async fn a_large_body_goes_up_and_comes_down_whole() {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .alpn(&[protocol])
            .respond(|request| Response::new(request.into_body()))
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let body = Bytes::from(vec![b'x'; 3 << 20]);
        let request = Request::put("/")
            .header("host", "visitor.test")
            .body(Full::new(body.clone()))
            .unwrap();
        let Ok(response) = OriginProxy::new(connector).oneshot(request).await;
        let echoed = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(echoed, body, "{protocol}");
    }
}
