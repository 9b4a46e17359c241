//! Messages of HTTP/2 clients and origins (RFC 9113 sections 8.1.1 and 10.3) that would be smuggled
//! into HTTP/1.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy, VerifyPolicy, proxy::Limits, tls::Roots};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::raw_http2::{
    ACK, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS,
    block,
};
use crate::{
    origin::{NAME, server_config},
    rfc::{
        Protocol::{self, Http1, Http2},
        client::{Ask, Client},
        message::Seen,
        origin::Reply,
        row::Scene,
    },
    support::{Authority, Site},
};

const OK: Reply = Reply::Message {
    status: "200",
    fields: &[],
    body: Some("ok"),
    trailers: &[],
};

const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "client.test"),
    (":path", "/attempt"),
];

/// What the client receives.
#[derive(Debug, Eq, PartialEq)]
enum Received {
    Status(u16),
    /// The stream was reset or the connection ended, for this reason if one was given.
    End(Option<u32>),
}

impl Received {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::End(_) | Self::Status(400..=599))
    }
}

/// Sends these frames on a new connection, and returns what the first stream receives.
async fn send_frames(site: SocketAddr, frames: &[Frame]) -> Received {
    use tokio::io::AsyncWriteExt;
    let mut stream = TcpStream::connect(site).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    Frame::new(SETTINGS, 0, 0, &[])
        .write(&mut stream)
        .await
        .unwrap();
    for frame in frames {
        if frame.write(&mut stream).await.is_err() {
            break;
        }
    }
    while let Ok(frame) = Frame::read(&mut stream).await {
        match frame.kind {
            HEADERS => return Received::Status(frame.status()),
            RST_STREAM | GOAWAY => return Received::End(Some(frame.code())),
            SETTINGS if frame.flags & ACK == 0 => {
                let _ = Frame::new(SETTINGS, ACK, 0, &[]).write(&mut stream).await;
            }
            _ => {}
        }
    }
    Received::End(None)
}

fn frames(fields: &[(&str, &str)], content: Option<&str>) -> Vec<Frame> {
    let last = content.map_or(END_STREAM, |_| 0);
    let mut frames = vec![Frame::new(HEADERS, END_HEADERS | last, 1, &block(fields))];
    let content = content.map(|content| Frame::new(DATA, END_STREAM, 1, content.as_bytes()));
    frames.extend(content);
    frames
}

/// Describes what is wrong if this is not refused, or affects the next request.
async fn refuses(scene: &Scene, frames: &[Frame]) -> Vec<String> {
    scene.origin.answers(OK);
    let received = send_frames(scene.site.address(), frames).await;
    let mut complaints = Vec::new();
    let mut seen = scene.origin.take();
    seen.retain(|seen| !seen.cut_short);
    if !received.is_refusal() || !seen.is_empty() {
        complaints.push(format!("{received:?}, and the origin saw {seen:?}"));
    }
    for protocol in [Http1, Http2] {
        let mut client = Client::of(protocol, scene.site.address()).await;
        complaints.extend(scene.canary(&mut client).await);
    }
    complaints
}

/// The fields of a request, and its content.
type Case<'a> = (Vec<(&'a str, &'a str)>, Option<&'a str>);

async fn all_refused(cases: &[Case<'_>]) {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        let mut complaints = Vec::new();
        for (fields, content) in cases {
            for complaint in refuses(&scene, &frames(fields, *content)).await {
                complaints.push(format!("{fields:?}: {complaint}"));
            }
        }
        assert!(
            complaints.is_empty(),
            "to {origin:?}:\n{}",
            complaints.join("\n")
        );
    }
}

fn with<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&GET[..], fields].concat()
}

/// The same request with another value for one of its fields.
fn but<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = GET.to_vec();
    let field = fields.iter_mut().find(|field| field.0 == name).unwrap();
    field.1 = value;
    fields
}

#[tokio::test]
async fn rfc_9113_section_8_2_2_connection_specific_fields_are_malformed() {
    let fields = [
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", ""),
        ("connection", "keep-alive"),
        ("connection", "x-a"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
    ];
    let cases = fields.map(|field| (with(&[field]), None));
    all_refused(&cases).await;
}

#[tokio::test]
async fn rfc_9113_section_8_2_1_names_and_values_that_would_split_a_message_are_malformed() {
    let fields = [
        ("x-a", "a\r\nx-b: b"),
        ("x-a", "a\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
        ("x-a", "a\nb"),
        ("x-a", "a\rb"),
        ("x-a", "a\0b"),
        ("x-a\r\nx-b", "a"),
        ("x-a: b\r\nx-c", "a"),
        ("x a", "a"),
        ("x-a:", "a"),
        ("x\0", "a"),
        ("X-A", "a"),
        ("Transfer-Encoding", "chunked"),
        ("transfer-encoding ", "chunked"),
        ("", "a"),
        ("x\u{e9}", "a"),
        ("cookie", "a=1\r\nx: y"),
        ("x-forwarded-for", "a\r\nx: y"),
    ];
    let cases = fields.map(|field| (with(&[field]), None));
    all_refused(&cases).await;
}

#[tokio::test]
async fn rfc_9113_section_8_3_missing_or_repeated_pseudo_headers_are_malformed() {
    let reordered = vec![GET[0], GET[1], ("x-a", "a"), GET[2], GET[3]];
    let cases = [
        (GET[1..].to_vec(), None),
        (vec![GET[0], GET[2], GET[3]], None),
        (GET[..3].to_vec(), None),
        (vec![GET[0], GET[1], GET[3]], None),
        (with(&[(":path", "/smuggled")]), None),
        (with(&[(":method", "GET")]), None),
        (with(&[(":authority", "other.test")]), None),
        (with(&[(":scheme", "http")]), None),
        (with(&[(":status", "200")]), None),
        (with(&[(":smuggled", "a")]), None),
        (with(&[(":protocol", "websocket")]), None),
        (with(&[("host", "other.test")]), None),
        (
            with(&[("host", "client.test"), ("host", "other.test")]),
            None,
        ),
        (reordered, None),
    ];
    all_refused(&cases).await;
}

#[tokio::test]
async fn pseudo_headers_that_would_inject_lines_are_malformed() {
    let cases = [
        (but(":path", ""), None),
        (but(":path", "attempt"), None),
        (but(":path", "/a b"), None),
        (
            but(":path", "/ HTTP/1.1\r\nhost: a\r\n\r\nGET /smuggled"),
            None,
        ),
        (but(":path", "/a\r\nx: y"), None),
        (but(":path", "/a\nb"), None),
        (but(":path", "/a\0b"), None),
        (but(":path", "/a\tb"), None),
        (but(":path", "*"), None),
        (but(":method", ""), None),
        (but(":method", "GET /smuggled HTTP/1.1\r\nx:"), None),
        (but(":method", "GET\r\n"), None),
        (but(":method", "G ET"), None),
        (but(":authority", ""), None),
        (but(":authority", "a b"), None),
        (but(":authority", "a.test\r\nx: y"), None),
        (but(":authority", "a.test/b"), None),
        (but(":authority", "user@a.test"), None),
        (but(":authority", "a.test:99999"), None),
        (but(":scheme", "http\r\nx"), None),
        (but(":scheme", "http://a.test/?"), None),
    ];
    all_refused(&cases).await;
}

/// The classic attack: a length that differs from the frames, and a request in the content.
#[tokio::test]
async fn rfc_9113_section_8_1_1_lengths_that_differ_from_the_content_are_malformed() {
    const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: client.test\r\n\r\n";
    let post = |fields: &[(&'static str, &'static str)]| {
        let mut all = with(fields);
        all[0].1 = "POST";
        all
    };
    let cases = [
        (post(&[("content-length", "0")]), Some(SMUGGLED)),
        (post(&[("content-length", "3")]), Some("abcd")),
        (post(&[("content-length", "5")]), Some("abcd")),
        (post(&[("content-length", "5")]), None),
        (
            post(&[("content-length", "4"), ("content-length", "5")]),
            Some("abcd"),
        ),
        (post(&[("content-length", "+4")]), Some("abcd")),
        (post(&[("content-length", "-4")]), Some("abcd")),
        (post(&[("content-length", "0x4")]), Some("abcd")),
        (post(&[("content-length", "4,4")]), Some("abcd")),
        (
            post(&[("content-length", "18446744073709551616")]),
            Some("abcd"),
        ),
        (
            post(&[("transfer-encoding", "chunked")]),
            Some("0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
        ),
        (
            post(&[("transfer-encoding", "chunked"), ("content-length", "5")]),
            Some("0\r\n\r\n"),
        ),
    ];
    all_refused(&cases).await;
}

#[tokio::test]
async fn content_that_looks_like_chunks_or_requests_is_content() {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        scene.origin.answers(OK);
        let content = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
        let received = send_frames(
            scene.site.address(),
            &frames(&but(":method", "POST"), Some(content)),
        )
        .await;
        assert_eq!(received, Received::Status(200));
        let seen = scene.origin.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0].body, content);
    }
}

#[tokio::test]
async fn invalid_trailers_are_malformed() {
    let trailers = [
        (END_HEADERS | END_STREAM, vec![("x-a", "a\r\nx: y")]),
        (END_HEADERS | END_STREAM, vec![("X-A", "a")]),
        (END_HEADERS, vec![("x-a", "a")]),
    ];
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        for (flags, fields) in &trailers {
            let mut all = vec![Frame::new(
                HEADERS,
                END_HEADERS,
                1,
                &block(&but(":method", "POST")),
            )];
            all.push(Frame::new(DATA, 0, 1, b"abcd"));
            all.push(Frame::new(HEADERS, *flags, 1, &block(fields)));
            let complaints = refuses(&scene, &all).await;
            assert!(
                complaints.is_empty(),
                "{origin:?} {fields:?}: {complaints:?}"
            );
        }
    }
}

/// An HTTP/2 origin that responds with these frames to its first request, and correctly to others.
struct RawOrigin {
    site: Site,
    task: JoinHandle<()>,
}

impl RawOrigin {
    async fn new(frames: fn(u32) -> Vec<Frame>) -> Self {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(server_config(&authority, b"h2"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut first = Some(frames);
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut tls) = acceptor.accept(stream).await else {
                    continue;
                };
                let _ = answer(&mut tls, &mut first).await;
            }
        });
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(address)
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .build()
            .unwrap();
        let proxy = OriginProxy::new(connector)
            .limits(Limits::default().response_timeout(Duration::from_secs(20)));
        let site = Site::serve(Router::new().fallback_service(proxy)).await;
        Self { site, task }
    }

    async fn ask(&self, protocol: Protocol) -> Option<Seen> {
        let mut client = Client::of(protocol, self.site.address()).await;
        let ask = Ask::Message {
            start: "POST /attempt",
            fields: &[],
            body: None,
            trailers: &[],
        };
        client.ask(ask).await
    }
}

impl Drop for RawOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    io: &mut tokio_rustls::server::TlsStream<TcpStream>,
    first: &mut Option<fn(u32) -> Vec<Frame>>,
) -> std::io::Result<()> {
    io.read_exact(&mut [0; PREFACE.len()]).await?;
    Frame::new(SETTINGS, 0, 0, &[]).write(io).await?;
    loop {
        let frame = Frame::read(io).await?;
        match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => {
                Frame::new(SETTINGS, ACK, 0, &[]).write(io).await?;
            }
            HEADERS => {
                let frames = first.take().unwrap_or(well_made);
                for frame in frames(frame.stream) {
                    frame.write(io).await?;
                }
            }
            _ => {}
        }
    }
}

fn well_made(stream: u32) -> Vec<Frame> {
    response(stream, &[(":status", "200")], b"canary")
}

fn response(stream: u32, fields: &[(&str, &str)], content: &[u8]) -> Vec<Frame> {
    vec![
        Frame::new(HEADERS, END_HEADERS, stream, &block(fields)),
        Frame::new(DATA, END_STREAM, stream, content),
    ]
}

#[tokio::test]
async fn malformed_responses_of_an_http_2_origin_are_502_or_truncated() {
    let cases: [fn(u32) -> Vec<Frame>; 14] = [
        |id| response(id, &[("x-a", "a")], b"abcd"),
        |id| response(id, &[(":status", "200"), (":status", "404")], b"abcd"),
        |id| response(id, &[(":status", "20x")], b"abcd"),
        |id| response(id, &[(":status", "200 OK")], b"abcd"),
        |id| response(id, &[(":status", "99")], b"abcd"),
        |id| response(id, &[("x-a", "a"), (":status", "200")], b"abcd"),
        |id| {
            response(
                id,
                &[(":status", "200"), ("x-a", "a\r\nset-cookie: b")],
                b"abcd",
            )
        },
        |id| {
            response(
                id,
                &[(":status", "200"), ("x-a\r\nset-cookie", "b")],
                b"abcd",
            )
        },
        |id| response(id, &[(":status", "200"), ("X-A", "b")], b"abcd"),
        |id| {
            response(
                id,
                &[(":status", "200"), ("transfer-encoding", "chunked")],
                b"abcd",
            )
        },
        |id| response(id, &[(":status", "200"), ("connection", "x-a")], b"abcd"),
        |id| response(id, &[(":status", "200"), ("content-length", "5")], b"abcd"),
        |id| response(id, &[(":status", "200"), ("content-length", "3")], b"abcd"),
        |id| response(id, &[(":status", "101")], b"abcd"),
    ];
    for protocol in [Http1, Http2] {
        for (number, case) in cases.into_iter().enumerate() {
            let origin = RawOrigin::new(case).await;
            let seen = origin.ask(protocol).await;
            let broken = seen
                .as_ref()
                .is_none_or(|seen| seen.start == "502" || seen.cut_short);
            assert!(broken, "{number} to {protocol:?}: {seen:?}");
            let next = origin.ask(protocol).await;
            let served = next
                .as_ref()
                .is_some_and(|seen| seen.start == "200" && seen.body == "canary");
            assert!(served, "{number} to {protocol:?}: {next:?}");
        }
    }
}

/// RFC 9113 section 8.1: after a complete response, a server may abort the upload with NO_ERROR.
#[tokio::test]
async fn a_complete_response_before_no_error_reset_is_complete() {
    let origin = RawOrigin::new(|id| {
        let mut frames = response(id, &[(":status", "200")], b"abcd");
        frames.push(Frame::new(RST_STREAM, 0, id, &[0; 4]));
        frames
    })
    .await;
    let seen = origin.ask(Http1).await.unwrap();
    assert_eq!((seen.start.as_str(), seen.body.as_str()), ("200", "abcd"));
    assert!(!seen.cut_short);
}

/// Without END_STREAM, the response is truncated.
#[tokio::test]
async fn a_no_error_reset_does_not_end_a_response() {
    fn cut(id: u32, status: &str) -> Vec<Frame> {
        vec![
            Frame::new(HEADERS, END_HEADERS, id, &block(&[(":status", status)])),
            Frame::new(DATA, 0, id, b"abcd"),
            Frame::new(RST_STREAM, 0, id, &[0; 4]),
        ]
    }
    // The start of an error page is read before the client asks for it.
    let cases: [fn(u32) -> Vec<Frame>; 2] = [|id| cut(id, "200"), |id| cut(id, "503")];
    for protocol in [Http1, Http2] {
        for case in cases {
            let origin = RawOrigin::new(case).await;
            let seen = origin.ask(protocol).await;
            assert!(
                seen.as_ref()
                    .is_none_or(|seen| seen.cut_short || seen.start == "502"),
                "{seen:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_response_of_the_announced_length_is_complete_although_its_stream_is_reset() {
    for protocol in [Http1, Http2] {
        let origin = RawOrigin::new(|id| {
            let fields = block(&[(":status", "200"), ("content-length", "4")]);
            vec![
                Frame::new(HEADERS, END_HEADERS, id, &fields),
                Frame::new(DATA, 0, id, b"abcd"),
                Frame::new(RST_STREAM, 0, id, &[0; 4]),
            ]
        })
        .await;
        let seen = origin.ask(protocol).await.unwrap();
        assert_eq!((seen.start.as_str(), seen.body.as_str()), ("200", "abcd"));
        assert!(!seen.cut_short, "{protocol:?}");
    }
}

#[tokio::test]
async fn the_asterisk_of_options_passes() {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        scene.origin.answers(OK);
        let mut fields = but(":path", "*");
        fields[0].1 = "OPTIONS";
        let received = send_frames(scene.site.address(), &frames(&fields, None)).await;
        assert_eq!(received, Received::Status(200));
        let seen = scene.origin.take();
        assert_eq!(seen[0].start, "OPTIONS *");
    }
}
