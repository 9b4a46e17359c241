//! The recipes of the guide for clients that need no adapter, on real connections.

use std::time::Duration;

use bytes::Bytes;
use cdn_origin::{Alpn, CdnOriginConnector};
use futures_util::{SinkExt, StreamExt};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::{
    client::{legacy::Client, pool::cache},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::net::TcpListener;
use tokio_tungstenite::{accept_async, client_async, tungstenite::Message};
use tower::{BoxError, Service, ServiceExt, service_fn};

use crate::{
    failing::{serving, to},
    support::Authority,
};

fn request() -> Request<Full<Bytes>> {
    let request = Request::get("/page").header("host", "www.example.test");
    request.body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_client_pool_reuses_a_connection_of_the_connector() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "www.example.test").alpn(Alpn::Http1);
    let connector = connector.build().unwrap();
    let open = connector.and_then(|stream| async {
        let (mut sender, connection) = handshake(stream).await?;
        tokio::spawn(connection);
        Ok::<_, BoxError>(service_fn(move |request| sender.send_request(request)))
    });
    let open = open.boxed();
    let mut pool = cache::builder().executor(TokioExecutor::new()).build(open);
    for _ in 0..2 {
        let opened = pool.ready().await.unwrap().call(Uri::default());
        let mut connection = opened.await.unwrap();
        let response = connection.ready().await.unwrap().call(request());
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(edge.requests().len(), 2);
    assert_eq!(edge.connections(), 1);
}

#[tokio::test]
async fn the_legacy_client_takes_timers_for_its_pool_and_for_keepalive() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(50))
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(Duration::from_secs(15))
        .build::<_, Full<Bytes>>(connector);
    for _ in 0..2 {
        let url = Uri::from_static("http://www.example.test/page");
        let response = client.get(url).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
    }
    assert_eq!(edge.connections(), 1);
}

#[tokio::test]
async fn a_websocket_client_speaks_over_a_stream_of_the_connector() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        let message = socket.next().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
    });
    let connector = CdnOriginConnector::builder("http://origin.test").dial(address.to_string());
    let connector = connector.build().unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let (mut socket, _) = client_async("ws://www.example.test/live", stream)
        .await
        .unwrap();
    socket.send(Message::text("echo")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("echo"));
    server.await.unwrap();
}
