//! Streams of HTTP/2 clients that are reset before the end of the request (RFC 9113 section 8.1).
//! Envoy resets them with NO_ERROR when its own client leaves.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, observe::CloseReason, proxy::Limits};
use futures_util::StreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    body::{Frame as BodyFrame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::mpsc::{self, error::TryRecvError},
    time::timeout,
};

use super::raw_http2::{
    ACK, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, block,
};
use crate::{
    early_answers::{UPSTREAMS, Upstream, origin::listen, serve},
    memory::send,
};

/// No step of these tests takes this long, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

const NO_ERROR: u32 = 0;
const CANCEL: u32 = 8;

/// What an origin receives of an upload.
#[derive(Debug, Eq, PartialEq)]
enum Seen {
    Data,
    /// The end of the request.
    End,
    /// The request was cut off.
    Cut,
}

/// When an origin answers an upload.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// With the head of a response that does not end.
    Early,
    /// With a whole response.
    Complete,
    AtEnd,
}

/// Reports what is read of a body.
async fn read(mut body: Incoming, seen: mpsc::UnboundedSender<Seen>) {
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) if frame.is_data() => seen.send(Seen::Data).unwrap(),
            Ok(_) => {}
            Err(_) => return seen.send(Seen::Cut).unwrap(),
        }
    }
    seen.send(Seen::End).unwrap();
}

/// An origin that reports what it receives of uploads.
async fn reporting(
    up: Upstream,
    answer: Answer,
) -> (CdnOriginConnector, mpsc::UnboundedReceiver<Seen>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let respond = move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let mut rest = futures_util::stream::empty().boxed();
            if request.method() == Method::POST {
                // A task, because the server drops this future when the stream ends.
                let reading = tokio::spawn(read(request.into_body(), sender));
                match answer {
                    Answer::Early => rest = futures_util::stream::pending().boxed(),
                    Answer::Complete => {}
                    Answer::AtEnd => reading.await.unwrap(),
                }
            }
            let first = Ok::<_, Infallible>(BodyFrame::data(Bytes::from_static(b"answer")));
            let frames = futures_util::stream::once(async { first }).chain(rest);
            Ok::<_, Infallible>(Response::new(StreamBody::new(frames)))
        }
    };
    let connector = listen(up, move |io| {
        let service = service_fn(respond.clone());
        Box::pin(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(io), service).await;
        })
    });
    (connector.await, seen)
}

async fn next(seen: &mut mpsc::UnboundedReceiver<Seen>) -> Seen {
    let next = timeout(PATIENCE, seen.recv()).await;
    next.expect("an upload goes on").unwrap()
}

/// A client that sends frames.
struct Client(TcpStream);

impl Client {
    async fn connect(site: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(site).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(PREFACE).await.unwrap();
        let mut client = Self(stream);
        client.send(&[Frame::new(SETTINGS, 0, 0, &[])]).await;
        client
    }

    /// Sends frames in one packet.
    async fn send<'a>(&mut self, frames: impl IntoIterator<Item = &'a Frame>) {
        let mut bytes = Vec::new();
        for frame in frames {
            frame.write(&mut bytes).await.unwrap();
        }
        self.0.write_all(&bytes).await.unwrap();
    }

    /// Waits for the head of the response of a stream.
    async fn status(&mut self, stream: u32) -> u16 {
        loop {
            let frame = self.next(stream).await;
            match frame.kind {
                HEADERS => return frame.status(),
                RST_STREAM => panic!("reset: {}", frame.code()),
                _ => {}
            }
        }
    }

    /// The next frame of a stream, or PING.
    async fn next(&mut self, stream: u32) -> Frame {
        loop {
            let frame = timeout(PATIENCE, Frame::read(&mut self.0)).await;
            let frame = frame.expect("a frame").unwrap();
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => {
                    self.send(&[Frame::new(SETTINGS, ACK, 0, &[])]).await;
                }
                kind if frame.stream == stream || kind == PING => return frame,
                _ => {}
            }
        }
    }
}

/// A request.
#[derive(Clone, Copy, Debug)]
struct Upload {
    fields: &'static [(&'static str, &'static str)],
    /// Whether a proxy may buffer it.
    is_buffered: bool,
}

const UPLOADS: [Upload; 3] = [
    Upload {
        fields: &[],
        is_buffered: true,
    },
    Upload {
        fields: &[("content-length", "20000")],
        is_buffered: true,
    },
    Upload {
        fields: &[("content-type", "application/grpc"), ("te", "trailers")],
        is_buffered: false,
    },
];

fn head(method: &str, stream: u32, flags: u8, fields: &[(&str, &str)]) -> Frame {
    let line = [
        (":method", method),
        (":scheme", "http"),
        (":authority", "client.test"),
        (":path", "/upload"),
    ];
    let block = block(&[&line[..], fields].concat());
    Frame::new(HEADERS, END_HEADERS | flags, stream, &block)
}

fn data(flags: u8, content: &[u8]) -> Frame {
    Frame::new(DATA, flags, 1, content)
}

fn reset(code: u32) -> Frame {
    Frame::new(RST_STREAM, 0, 1, &code.to_be_bytes())
}

#[tokio::test]
async fn a_request_that_is_reset_is_never_complete() {
    for (up, buffer) in UPSTREAMS
        .into_iter()
        .flat_map(|up| [(up, 0), (up, 1 << 20)])
    {
        for (upload, code) in UPLOADS
            .into_iter()
            .flat_map(|it| [(it, NO_ERROR), (it, CANCEL)])
        {
            let case = format!("{up:?}, {buffer}, {upload:?}, {code}");
            let (connector, mut seen) = reporting(up, Answer::AtEnd).await;
            let limits = Limits::default().buffer_requests(buffer);
            let proxy = OriginProxy::new(connector).limits(limits);
            let mut client = Client::connect(serve(proxy.clone()).await).await;
            client
                .send(&[head("POST", 1, 0, upload.fields), data(0, b"half")])
                .await;
            let is_buffered = buffer > 0 && upload.is_buffered;
            if !is_buffered {
                assert_eq!(next(&mut seen).await, Seen::Data, "{case}");
            }
            client
                .send(&[reset(code), head("GET", 3, END_STREAM, &[])])
                .await;
            assert_eq!(client.status(3).await, 200, "{case}");
            timeout(PATIENCE, proxy.drain()).await.expect(&case);
            match is_buffered {
                true => assert_eq!(seen.try_recv(), Err(TryRecvError::Empty), "{case}"),
                false => assert_eq!(next(&mut seen).await, Seen::Cut, "{case}"),
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_is_reset_after_the_head_of_its_response_is_never_complete() {
    for (up, upload) in UPSTREAMS
        .into_iter()
        .flat_map(|up| UPLOADS.map(|upload| (up, upload)))
    {
        for code in [NO_ERROR, CANCEL] {
            let case = format!("{up:?}, {upload:?}, {code}");
            let (connector, mut seen) = reporting(up, Answer::Early).await;
            let proxy = OriginProxy::new(connector);
            let mut client = Client::connect(serve(proxy).await).await;
            client
                .send(&[head("POST", 1, 0, upload.fields), data(0, b"half")])
                .await;
            assert_eq!(client.status(1).await, 200, "{case}");
            assert_eq!(next(&mut seen).await, Seen::Data, "{case}");
            client.send(&[reset(code)]).await;
            assert_eq!(next(&mut seen).await, Seen::Cut, "{case}");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_reset_after_the_end_of_its_response_is_never_complete() {
    for (up, upload) in UPSTREAMS
        .into_iter()
        .flat_map(|up| UPLOADS.map(|upload| (up, upload)))
    {
        for code in [NO_ERROR, CANCEL] {
            let case = format!("{up:?}, {upload:?}, {code}");
            let (connector, mut seen) = reporting(up, Answer::Complete).await;
            let proxy = OriginProxy::new(connector);
            let mut client = Client::connect(serve(proxy).await).await;
            client
                .send(&[head("POST", 1, 0, upload.fields), data(0, b"half")])
                .await;
            assert_eq!(client.status(1).await, 200, "{case}");
            while client.next(1).await.flags & END_STREAM == 0 {}
            assert_eq!(next(&mut seen).await, Seen::Data, "{case}");
            client.send(&[reset(code)]).await;
            assert_eq!(next(&mut seen).await, Seen::Cut, "{case}");
        }
    }
}

#[tokio::test]
async fn a_request_that_ends_after_its_response_is_complete() {
    for (up, end) in UPSTREAMS
        .into_iter()
        .flat_map(|up| ends().map(|end| (up, end)))
    {
        let case = format!("{up:?}, {end:?}");
        let (connector, mut seen) = reporting(up, Answer::Complete).await;
        let proxy = OriginProxy::new(connector);
        let mut client = Client::connect(serve(proxy.clone()).await).await;
        client
            .send(&[head("POST", 1, 0, UPLOADS[0].fields), data(0, b"half")])
            .await;
        assert_eq!(client.status(1).await, 200, "{case}");
        while client.next(1).await.flags & END_STREAM == 0 {}
        assert_eq!(next(&mut seen).await, Seen::Data, "{case}");
        client.send(&end).await;
        timeout(PATIENCE, proxy.drain()).await.expect(&case);
        let pool = proxy.snapshot().pool;
        assert_eq!(pool.closed(CloseReason::Cancelled), 0, "{case}");
    }
}

/// How a client ends a request that has sent some data.
fn ends() -> [Vec<Frame>; 4] {
    let trailers = block(&[("x-checksum", "1")]);
    let trailers = Frame::new(HEADERS, END_HEADERS | END_STREAM, 1, &trailers);
    [
        vec![data(END_STREAM, b"rest")],
        vec![data(END_STREAM, b"")],
        vec![data(0, b"rest"), data(END_STREAM, b"")],
        vec![trailers],
    ]
}

#[tokio::test]
async fn a_request_with_end_stream_is_complete() {
    for (up, buffer) in UPSTREAMS
        .into_iter()
        .flat_map(|up| [(up, 0), (up, 1 << 20)])
    {
        let (connector, mut seen) = reporting(up, Answer::AtEnd).await;
        let limits = Limits::default().buffer_requests(buffer);
        let proxy = OriginProxy::new(connector).limits(limits);
        let site = serve(proxy).await;
        for upload in [UPLOADS[0], UPLOADS[2]] {
            for end in ends() {
                for at_once in [true, false] {
                    let case = format!("{up:?}, {buffer}, {upload:?}, {end:?}, {at_once}");
                    let mut client = Client::connect(site).await;
                    let start = [head("POST", 1, 0, upload.fields), data(0, b"half")];
                    match at_once {
                        true => client.send(start.iter().chain(&end)).await,
                        false => {
                            client.send(&start).await;
                            if buffer == 0 || !upload.is_buffered {
                                assert_eq!(next(&mut seen).await, Seen::Data, "{case}");
                            }
                            client.send(&end).await;
                        }
                    }
                    assert_eq!(client.status(1).await, 200, "{case}");
                    let mut last = next(&mut seen).await;
                    while last == Seen::Data {
                        last = next(&mut seen).await;
                    }
                    assert_eq!(last, Seen::End, "{case}");
                }
            }
        }
    }
}

/// As after a layer that replaces the body, and leaves its `Content-Length`.
#[tokio::test]
async fn a_request_that_is_not_as_long_as_announced_is_never_complete() {
    for (up, length) in UPSTREAMS.into_iter().flat_map(|up| [(up, 3), (up, 100)]) {
        let case = format!("{up:?}, {length}");
        let (connector, mut seen) = reporting(up, Answer::AtEnd).await;
        let proxy = OriginProxy::new(connector);
        let data = Ok::<_, Infallible>(BodyFrame::data(Bytes::from_static(b"half")));
        let request = Request::post("/")
            .header("host", "client.test")
            .header("content-length", length);
        let body = StreamBody::new(futures_util::stream::iter([data]));
        let response = send(&proxy, request.body(body).unwrap()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{case}");
        while let Ok(seen) = seen.try_recv() {
            assert_ne!(seen, Seen::End, "{case}");
        }
    }
}

#[tokio::test]
async fn an_upload_that_is_refused_is_stopped_without_an_error() {
    let (connector, _seen) = reporting(Upstream::Http, Answer::AtEnd).await;
    let proxy = OriginProxy::new(connector).limits(Limits::default().max_request_body(1000));
    let mut client = Client::connect(serve(proxy).await).await;
    let length = [("content-length", "1000000")];
    client
        .send(&[head("POST", 1, 0, &length), data(0, b"start")])
        .await;
    assert_eq!(client.status(1).await, 413);
    // At once: before the answer to a PING that follows the response.
    while client.next(1).await.flags & END_STREAM == 0 {}
    client.send(&[Frame::new(PING, 0, 0, &[0; 8])]).await;
    let stop = client.next(1).await;
    assert_eq!((stop.kind, stop.stream), (RST_STREAM, 1), "{stop:?}");
    assert_eq!(stop.code(), NO_ERROR);
    client.send(&[head("GET", 3, END_STREAM, &[])]).await;
    assert_eq!(client.status(3).await, 200);
}
