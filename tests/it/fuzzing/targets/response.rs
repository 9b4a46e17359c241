//! A response as a client of the proxy receives it.

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, ResponseRewriteLayer,
    proxy::{ProxyBody, Via},
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::ext::ReasonPhrase;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower::ServiceExt;

use super::{in_memory, text::assert_error};

/// A response.
#[derive(Debug, PartialEq)]
pub struct Received {
    pub status: StatusCode,
    pub reason: Option<ReasonPhrase>,
    pub headers: HeaderMap,
    pub content: Bytes,
    pub trailers: Option<HeaderMap>,
    /// Whether the content has ended as its framing says.
    pub is_complete: bool,
}

/// A proxy that changes nothing but what it must.
pub(super) fn plain_proxy(connector: CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector)
        .response_rewrite(ResponseRewriteLayer::off())
        .via(Via::off())
}

/// Sends a request without content. `Err` if the proxy answers itself.
pub(super) async fn ask(proxy: &OriginProxy, method: Method) -> Result<Received, Error> {
    let request = Request::builder().method(method).uri("/");
    let request = request.header("host", "www.example.test");
    let request = request.header("te", "trailers");
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let Ok(response) = proxy.clone().oneshot(request).await;
    read(response).await
}

/// Reads a response to its end.
pub(super) async fn read(response: Response<ProxyBody>) -> Result<Received, Error> {
    let (head, mut body) = response.into_parts();
    let mut content = Vec::new();
    let mut trailers = None;
    let mut is_complete = true;
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => content.extend_from_slice(&data),
            Ok(Err(frame)) => trailers = frame.into_trailers().ok(),
            Err(error) => {
                assert_error(&error);
                is_complete = false;
                break;
            }
        }
    }
    if let Some(error) = head.extensions.get::<Error>() {
        assert_error(error);
        return Err(error.clone());
    }
    Ok(Received {
        status: head.status,
        reason: head.extensions.get().cloned(),
        headers: head.headers,
        content: content.into(),
        trailers,
        is_complete,
    })
}

/// The response to a request whose origin answers with these bytes, and then closes.
pub(super) fn received(method: &Method, answer: &[u8], piece: usize) -> Result<Received, Error> {
    let answer = Bytes::copy_from_slice(answer);
    let transport = in_memory::transport(move |_, stream| serve(stream, answer.clone(), piece));
    let method = method.clone();
    in_memory::run(async move {
        let connector = CdnOriginConnector::builder("http://www.example.test")
            .transport(transport)
            .build()
            .expect("a connector");
        ask(&plain_proxy(connector), method).await
    })
}

/// Writes a response in pieces of this length, and closes the connection.
pub(super) async fn serve(mut stream: DuplexStream, answer: Bytes, piece: usize) {
    if in_memory::read_head(&mut stream).await.is_none() {
        return;
    }
    in_memory::write(&mut stream, &answer, piece).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}
