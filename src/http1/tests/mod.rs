//! A connection and an origin that is played by hand.
//!
//! The stream is a `tokio::io::duplex`, whose capacity is a parameter: a small one makes writes
//! pend. A test writes the origin's bytes and reads the request's, so each byte on the wire is in
//! the test.

mod against_hyper;
mod breaks;
mod duplex;
mod in_sequence;

mod requests;
mod response_heads;
mod responses;

use std::{convert::Infallible, future::poll_fn, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, duplex},
    sync::mpsc,
};

use crate::upload::{self, RequestBody, UploadProgress};

use super::{
    AddedFields, AfterResponse, Http1Body, Http1Error, connection::Connection,
    head_builder::ResponseHead,
};

const MAX_HEAD: usize = 2000;

type TestConnection = Box<Connection<DuplexStream>>;

fn pair(size: usize) -> (TestConnection, DuplexStream) {
    let (ours, origin) = duplex(size);
    (
        Box::new(Connection::new(ours, MAX_HEAD, Arc::default())),
        origin,
    )
}

fn get() -> Request<RequestBody> {
    Request::get("/").body(RequestBody::default()).unwrap()
}

fn post(
    body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Request<RequestBody> {
    let body = body.map_err(|never| match never {});
    let body = RequestBody::new(body, UploadProgress::tracked());
    Request::post("/").body(body).unwrap()
}

/// A request that announces the length of its body.
fn post_of(
    length: &'static str,
    body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Request<RequestBody> {
    let mut request = post(body);
    let length = HeaderValue::from_static(length);
    request.headers_mut().insert("content-length", length);
    request
}

/// A body whose frames come from a channel.
fn from_channel() -> (
    mpsc::UnboundedSender<Frame<Bytes>>,
    impl Body<Data = Bytes, Error = Infallible>,
) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    let frames =
        futures_util::stream::poll_fn(move |cx| frames.poll_recv(cx).map(|frame| frame.map(Ok)));
    (sender, StreamBody::new(frames))
}

async fn head(connection: &mut TestConnection) -> Result<ResponseHead, Http1Error> {
    poll_fn(|cx| connection.poll_head(&mut HeaderMap::new(), cx)).await
}

fn begin(connection: &mut TestConnection, mut request: Request<RequestBody>) {
    let (continue_wait, continue_signal) = upload::expect_continue(&request).unzip();
    request.body_mut().wait_for_continue(continue_wait);
    assert!(
        connection
            .begin(&mut request, &AddedFields::default(), continue_signal)
            .is_ok()
    );
}

/// The connection of a response that ended after its request.
fn take_connection<S>(content: &mut Http1Body<S>) -> Box<Connection<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match content.take_rest() {
        AfterResponse::Connection(connection) => connection,
        AfterResponse::Sending(_) => panic!("the request is still being sent"),
        AfterResponse::Closed => panic!("the connection is closed"),
    }
}

/// Reads at the origin until `end`.
async fn read_until(origin: &mut DuplexStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(origin.read_u8().await.unwrap());
    }
    String::from_utf8(read).unwrap()
}
