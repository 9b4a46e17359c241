//! Random requests in sequence on one connection, read by hyper's server: no smuggling.
//!
//! Bodies contain bytes that look like requests, and some have another length than announced.
//! hyper's server echoes what it has read. If one byte of a body were read as a message, an echo
//! would differ, or an answer would arrive that belongs to no request.

use std::convert::Infallible;

use bytes::Bytes;
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use crate::{
    http1::{Http1Body, Http1Error, connection::IdleState, head_builder::ResponseHead},
    upload::RequestBody,
};

use crate::http1::AddedFields;

use super::{TestConnection, head, pair, post, take_connection};

const CONNECTIONS: usize = 300;

/// A request, and what the origin must read.
struct Sample {
    request: Request<RequestBody>,
    content: Vec<u8>,
    trailer: Option<HeaderValue>,
    /// Its announced length exceeds its body.
    is_short: bool,
}

impl Sample {
    fn new(rng: &mut Rng) -> Self {
        let sizes: Vec<usize> = (0..rng.usize(0..4)).map(|_| size(rng)).collect();
        let frames: Vec<Bytes> = sizes.into_iter().map(|size| bytes(rng, size)).collect();
        let content = frames.concat();
        let is_known = rng.bool();
        let is_chunked = rng.bool();
        let announced = rng.bool().then(|| content.len() + rng.usize(0..3));
        let is_empty = is_known && content.is_empty();
        let trailer = HeaderValue::from(rng.u16(..));
        let has_trailer = !is_known && rng.bool();
        let mut request = match is_known {
            true => post(Full::from(content.clone())),
            false => post(StreamBody::new(later(
                rng,
                frames,
                has_trailer.then(|| trailer.clone()),
            ))),
        };
        *request.method_mut() = rng.choice(METHODS).unwrap();
        if let Some(announced) = announced {
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, announced.into());
        }
        if is_chunked {
            let chunked = HeaderValue::from_static("chunked");
            request.headers_mut().insert(TRANSFER_ENCODING, chunked);
        }
        let is_counted = is_empty || !is_chunked;
        let passes_trailers = is_chunked || announced.is_none();
        Self {
            request,
            trailer: Some(trailer).filter(|_| has_trailer && passes_trailers),
            is_short: is_counted && announced.is_some_and(|announced| announced > content.len()),
            content,
        }
    }
}

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];

/// Mostly small, and on both sides of the limit up to which data is copied.
fn size(rng: &mut Rng) -> usize {
    let most = rng.choice([1, 10, 300, 9000]).unwrap();
    rng.usize(0..most)
}

/// Bytes that a desynchronized origin would read as a message.
fn bytes(rng: &mut Rng, size: usize) -> Bytes {
    let text = b"\r\n0\r\n\r\nGET /inside HTTP/1.1\r\nhost: a\r\n\r\n";
    let start = rng.usize(0..text.len());
    text.iter()
        .copied()
        .cycle()
        .skip(start)
        .take(size)
        .collect()
}

/// Frames, some of them pending at first, and maybe a trailer.
fn later(
    rng: &mut Rng,
    frames: Vec<Bytes>,
    trailer: Option<HeaderValue>,
) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + use<> {
    let trailers = trailer.map(|value| {
        let mut trailers = HeaderMap::new();
        trailers.insert("t", value);
        Frame::trailers(trailers)
    });
    let frames = frames.into_iter().map(Frame::data).chain(trailers);
    let frames: Vec<_> = frames.map(|frame| (frame, rng.bool())).collect();
    stream::iter(frames).then(|(frame, is_late)| async move {
        if is_late {
            tokio::task::yield_now().await;
        }
        Ok(frame)
    })
}

/// Responds with what it has read.
async fn echo(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let collected = body.collect().await?;
    let mut headers = HeaderMap::new();
    if let Some(trailer) = collected.trailers().and_then(|fields| fields.get("t")) {
        headers.insert("trailer-was", trailer.clone());
    }
    let method = HeaderValue::from_str(head.method.as_str()).unwrap();
    headers.insert("method-was", method);
    let mut response = Response::new(Full::new(collected.to_bytes()));
    *response.headers_mut() = headers;
    Ok(response)
}

async fn ask(
    connection: &mut TestConnection,
    mut request: Request<RequestBody>,
) -> Result<ResponseHead, Http1Error> {
    connection.begin(&mut request, &AddedFields::default(), None)?;
    head(connection).await
}

/// Returns the connection if it can be reused.
async fn exchange(mut connection: TestConnection, sample: Sample) -> Option<TestConnection> {
    let method = sample.request.method().clone();
    let head = match ask(&mut connection, sample.request).await {
        Ok(head) => head,
        Err(error) => {
            assert!(sample.is_short, "{error}");
            assert!(matches!(error, Http1Error::RequestBodyLength), "{error}");
            return None;
        }
    };
    assert!(!sample.is_short);
    assert_eq!(head.headers["method-was"], method.as_str());
    assert_eq!(head.headers.get("trailer-was"), sample.trailer.as_ref());
    let mut content = Http1Body::new(connection);
    let collected = (&mut content).collect().await.unwrap();
    assert_eq!(collected.to_bytes(), sample.content);
    let mut connection = take_connection(&mut content);
    assert_eq!(connection.make_idle(), IdleState::Open);
    Some(connection)
}

#[tokio::test]
async fn no_request_is_read_as_a_part_of_another() {
    let mut rng = Rng::with_seed(9112);
    for _ in 0..CONNECTIONS {
        let (connection, origin) = pair(rng.usize(1..2000));
        let serving =
            http1::Builder::new().serve_connection(TokioIo::new(origin), service_fn(echo));
        let asking = async {
            let mut connection = Some(connection);
            for _ in 0..5 {
                let Some(idle) = connection.take() else {
                    return;
                };
                connection = exchange(idle, Sample::new(&mut rng)).await;
            }
        };
        // A truncated request is an error at the origin, as it should be.
        let (_served, ()) = tokio::join!(serving, asking);
    }
}
