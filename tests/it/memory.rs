//! Origins in memory: no socket is waited for, so that paused time is exact and quiet is a moment that comes.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::ProxyBody};
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower::{BoxError, ServiceExt, service_fn};

/// A proxy to an origin that treats each connection like this.
pub(crate) fn to_connections<F, A>(origin: F) -> OriginProxy
where
    F: Fn(DuplexStream) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let transport = service_fn(move |_: Uri| {
        let origin = origin.clone();
        async move {
            let (near, far) = tokio::io::duplex(1024);
            tokio::spawn(origin(far));
            Ok::<_, Infallible>(TokioIo::new(near))
        }
    });
    let connector = CdnOriginConnector::builder("http://origin.example").transport(transport);
    OriginProxy::new(connector.build().unwrap())
}

/// A proxy to an HTTP/1 origin that answers like this.
pub(crate) fn to<F, A, B>(answer: F) -> OriginProxy
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    to_connections(move |far| {
        let answer = answer.clone();
        let service = hyper::service::service_fn(move |request| {
            let response = answer(request);
            async move { Ok::<_, Infallible>(response.await) }
        });
        async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(far), service);
            let _ = connection.await;
        }
    })
}

/// A proxy to an origin that answers with nothing and hands each request on.
pub(crate) fn seeing<F>(see: F) -> OriginProxy
where
    F: Fn(&Request<Incoming>) + Send + Sync + 'static,
{
    let see = Arc::new(see);
    to(move |request| {
        see(&request);
        async { Response::new(Empty::<Bytes>::new()) }
    })
}

pub(crate) async fn send<B>(proxy: &OriginProxy, request: Request<B>) -> Response<ProxyBody>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

pub(crate) fn get(fields: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    let request = Request::get("/").header("host", "client.test");
    let with = |request: http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    let request = fields.iter().fold(request, with);
    request.body(Empty::new()).unwrap()
}

pub(crate) async fn text(response: Response<ProxyBody>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Reads up to the end of a head.
pub(crate) async fn read_head(stream: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

pub(crate) async fn write_text(stream: &mut DuplexStream, words: &str) {
    stream.write_all(words.as_bytes()).await.unwrap();
}

/// Reads until the other side has gone.
pub(crate) async fn read_to_end(stream: &mut DuplexStream) -> usize {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    rest.len()
}

/// Waits until nobody can do anything more: paused time passes only then.
pub(crate) async fn quiet() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
