//! Requests of HTTP/1 clients.

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::rfc::{
    Protocol::{self, Http1, Http2},
    client::Client,
    message::{Seen, Wire},
    origin::Reply,
    row::Scene,
};

const OK: Reply = Reply::Message {
    status: "200",
    fields: &[],
    body: Some("ok"),
    trailers: &[],
};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: client.test\r\nconnection: close\r\n\r\n";

/// The expected outcome of an attempt.
#[derive(Clone, Copy, Debug)]
enum End {
    /// This status, or a closed connection; the origin receives no complete request.
    Refused(&'static str),
    /// One request with this content, and its response.
    One(&'static str),
}
use End::{One, Refused};

const BROKEN_OFF: End = Refused("400");

/// All responses to these bytes until the site closes the connection. The last message requests
/// that, or is invalid.
async fn send(scene: &Scene, bytes: &str) -> Vec<Seen> {
    read(write(scene, bytes).await).await
}

/// The same for truncated bytes.
async fn send_truncated(scene: &Scene, bytes: &str) -> Vec<Seen> {
    let mut wire = write(scene, bytes).await;
    let _ = wire.stream.shutdown().await;
    read(wire).await
}

async fn write(scene: &Scene, bytes: &str) -> Wire<TcpStream> {
    let stream = TcpStream::connect(scene.site.address()).await.unwrap();
    let mut wire = Wire::new(stream);
    let _ = wire.stream.write_all(bytes.as_bytes()).await;
    wire
}

async fn read(mut wire: Wire<TcpStream>) -> Vec<Seen> {
    let mut responses = Vec::new();
    while let Some(seen) = wire.response(false).await {
        let last = seen.is_last();
        responses.push(seen);
        if last {
            break;
        }
    }
    responses
}

/// Describes how the outcome differs from the expected one.
async fn attempt(scene: &Scene, head: &str, content: &str, end: End) -> Option<String> {
    scene.origin.answers(OK);
    let bytes = format!(
        "POST /attempt HTTP/1.1\r\nhost: client.test\r\nconnection: close\r\n{head}\r\n{content}"
    );
    let responses = match end {
        Refused(_) => send_truncated(scene, &bytes).await,
        One(_) => send(scene, &bytes).await,
    };
    let seen = scene.origin.take();
    let starts: Vec<_> = responses.iter().map(|seen| seen.start.as_str()).collect();
    // A truncated request is not a request: the origin must not act on it.
    let whole: Vec<_> = seen.iter().filter(|seen| !seen.cut_short).collect();
    let held = match end {
        Refused(status) => (starts.is_empty() || starts == [status]) && whole.is_empty(),
        One(body) => {
            let arrived =
                matches!(&whole[..], [one] if one.start == "POST /attempt" && one.body == body);
            arrived && starts == ["200"]
        }
    };
    let mut complaints = String::new();
    if !held {
        complaints =
            format!("{head:?} {content:?}: {end:?} was expected, not {starts:?} and {seen:?}");
    }
    let mut client = Client::of(Http1, scene.site.address()).await;
    if let Some(complaint) = scene.canary(&mut client).await {
        complaints.push_str(&complaint);
    }
    (!complaints.is_empty()).then_some(complaints)
}

async fn attempts(cases: &[(&str, &str, End)]) {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        let mut complaints = Vec::new();
        for (head, content, end) in cases {
            complaints.extend(attempt(&scene, head, content, *end).await);
        }
        assert!(
            complaints.is_empty(),
            "to {origin:?}:\n{}",
            complaints.join("\n")
        );
    }
}

#[tokio::test]
async fn a_request_with_both_framings_is_read_as_chunked_and_forwarded_with_one() {
    let chunks = "4\r\nabcd\r\n0\r\n\r\n";
    attempts(&[
        (
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            chunks,
            One("abcd"),
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
            chunks,
            One("abcd"),
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 0\r\n",
            chunks,
            One("abcd"),
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 9999\r\n",
            chunks,
            One("abcd"),
        ),
        (
            "Transfer-Encoding: Chunked\r\ncontent-length: 4\r\n",
            chunks,
            One("abcd"),
        ),
        (
            "content-length: 4\r\nconnection: content-length\r\n",
            "abcd",
            One("abcd"),
        ),
        (
            "transfer-encoding: chunked\r\nconnection: transfer-encoding\r\n",
            chunks,
            One("abcd"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn bytes_after_the_last_chunk_are_a_separate_request() {
    let scene = Scene::new(Http1).await;
    scene.origin.answers(OK);
    let bytes = format!(
        "POST /attempt HTTP/1.1\r\nhost: client.test\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
    );
    let responses = send(&scene, &bytes).await;
    let seen = scene.origin.take();
    assert_eq!(responses.len(), seen.len(), "{responses:?} {seen:?}");
    assert_eq!(seen[0].start, "POST /attempt");
    assert!(
        seen[0]
            .lines("content-length")
            .iter()
            .all(|length| *length == "0")
    );
    // It is a pipelined request to the server, and an ordinary request to the origin.
    assert!(
        seen.iter()
            .all(|one| one.lines("x-forwarded-for") == ["127.0.0.1"]),
        "{seen:?}"
    );
}

#[tokio::test]
async fn transfer_codings_other_than_a_single_chunked_are_refused() {
    let content = "0\r\n\r\n";
    let refused = [
        "transfer-encoding: xchunked",
        "transfer-encoding: chunkedx",
        "transfer-encoding: identity",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: gzip",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding:",
        "transfer-encoding: ,chunked",
        "transfer-encoding: chunked,",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding: chunked\u{b}",
        "transfer-encoding: \u{0}chunked",
        "transfer-encoding: chu\u{a0}nked",
        "transfer-encoding\t: chunked",
        "transfer-encoding : chunked",
        "transfer-encoding\u{0}: chunked",
        " transfer-encoding: chunked",
        "transfer-encoding:\r\n chunked",
        "transfer-encoding: chunked\rx: y",
    ];
    let scene = Scene::new(Http1).await;
    let mut complaints = Vec::new();
    for line in refused {
        scene.origin.answers(OK);
        for length in ["", "content-length: 5\r\n"] {
            let bytes = format!(
                "POST /attempt HTTP/1.1\r\nhost: client.test\r\nconnection: close\r\n{length}{line}\r\n\r\n{content}"
            );
            let responses = send(&scene, &bytes).await;
            let seen = scene.origin.take();
            let starts: Vec<_> = responses.iter().map(|seen| seen.start.as_str()).collect();
            if !matches!(starts[..], ["400"] | ["501"]) || !seen.is_empty() {
                complaints.push(format!("{length:?} {line:?}: {starts:?} {seen:?}"));
            }
        }
    }
    let mut client = Client::of(Http1, scene.site.address()).await;
    complaints.extend(scene.canary(&mut client).await);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn http_1_0_with_a_transfer_coding_is_refused() {
    let scene = Scene::new(Http1).await;
    scene.origin.answers(OK);
    for length in ["", "content-length: 5\r\n"] {
        let bytes = format!(
            "POST / HTTP/1.0\r\nhost: client.test\r\n{length}transfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
        );
        let responses = send(&scene, &bytes).await;
        let starts: Vec<_> = responses.iter().map(|seen| seen.start.as_str()).collect();
        assert_eq!(starts, ["400"]);
        assert_eq!(scene.origin.take(), []);
    }
}

#[tokio::test]
async fn ambiguous_lengths_are_refused() {
    let values = [
        "",
        " ",
        "+4",
        "-4",
        "0x4",
        "4 4",
        "4,4",
        "4, 4",
        "4;",
        "4.0",
        "4e0",
        "\"4\"",
        "four",
        "1_0",
        "\u{b}4",
        "4\u{b}",
        "4\u{0}",
        "18446744073709551616",
        "99999999999999999999999999",
        "-0",
        "\u{664}",
    ];
    let scene = Scene::new(Http1).await;
    let mut complaints = Vec::new();
    for value in values {
        let head = format!("content-length: {value}\r\n");
        complaints.extend(attempt(&scene, &head, "abcd", Refused("400")).await);
    }
    for pair in [
        "4\r\ncontent-length: 5",
        "5\r\ncontent-length: 4",
        "4\r\ncontent-length: 04x",
        "0\r\ncontent-length: 4",
    ] {
        let head = format!("content-length: {pair}\r\n");
        complaints.extend(attempt(&scene, &head, "abcd", Refused("400")).await);
    }
    for one in [
        "content-length: 4",
        "content-length: 004",
        "content-length:\t4 ",
        "content-length: 4\r\ncontent-length: 4",
    ] {
        complaints.extend(attempt(&scene, &format!("{one}\r\n"), "abcd", One("abcd")).await);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn malformed_chunks_are_never_a_complete_request() {
    let sizes = [
        "-4",
        "+4",
        "0x4",
        " 4",
        "4 4",
        "x",
        "",
        "g",
        "4\u{b}",
        "FFFFFFFFFFFFFFFFF",
        "10000000000000000",
        "\u{664}",
        "4\u{0}",
        "4;a\n",
    ];
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        let mut complaints = Vec::new();
        let chunked = "transfer-encoding: chunked\r\n";
        for size in sizes {
            let content = format!("{size}\r\nabcd\r\n0\r\n\r\n");
            complaints.extend(attempt(&scene, chunked, &content, BROKEN_OFF).await);
        }
        let broken = [
            "4\r\nabcd0\r\n\r\n",
            "4\r\nabcdX\r\n0\r\n\r\n",
            "4\r\nabcde\r\n0\r\n\r\n",
            "4\rabcd\r\n0\r\n\r\n",
            "4\nabcd\n0\n\n",
            "4\r\nab",
            "4\r\nabcd\r\n",
            "4\r\nabcd\r\n0",
            "4\r\nabcd\r\n0\r\n",
            "4\r\nabcd\r\n0\r\nx: 1\r\n",
            "4\r\nabcd\r\n0\r\n : 1\r\n\r\n",
            "4\r\nabcd\r\n0\r\nx y: 1\r\n\r\n",
        ];
        for content in broken {
            complaints.extend(attempt(&scene, chunked, content, BROKEN_OFF).await);
        }
        let long = format!("4;{}\r\nabcd\r\n0\r\n\r\n", "x".repeat(64 * 1024));
        complaints.extend(attempt(&scene, chunked, &long, BROKEN_OFF).await);
        let many = format!("4\r\nabcd\r\n0\r\n{}\r\n", "x: y\r\n".repeat(64 * 1024));
        complaints.extend(attempt(&scene, chunked, &many, BROKEN_OFF).await);
        assert!(
            complaints.is_empty(),
            "to {origin:?}:\n{}",
            complaints.join("\n")
        );
    }
}

#[tokio::test]
async fn truncated_content_is_never_a_complete_request() {
    attempts(&[
        ("content-length: 5\r\n", "abcd", BROKEN_OFF),
        ("content-length: 1000000\r\n", "abcd", BROKEN_OFF),
        ("transfer-encoding: chunked\r\n", "", BROKEN_OFF),
    ])
    .await;
}

#[tokio::test]
async fn pipelined_requests_get_their_responses_in_order() {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        scene.origin.answers(OK);
        let bytes = "GET /canary HTTP/1.1\r\nhost: a.test\r\n\r\n\
            POST /one HTTP/1.1\r\nhost: a.test\r\ncontent-length: 3\r\n\r\none\
            HEAD /two HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n";
        let stream = TcpStream::connect(scene.site.address()).await.unwrap();
        let mut wire = Wire::new(stream);
        wire.stream.write_all(bytes.as_bytes()).await.unwrap();
        let bodies = [
            wire.response(false).await.unwrap().body,
            wire.response(false).await.unwrap().body,
            wire.response(true).await.unwrap().body,
        ];
        assert_eq!(bodies, ["canary", "ok", ""]);
        assert_eq!(wire.rest().await, b"");
        let seen: Vec<_> = scene
            .origin
            .take()
            .into_iter()
            .map(|seen| (seen.start, seen.body))
            .collect();
        let expected = [("GET /canary", ""), ("POST /one", "one"), ("HEAD /two", "")];
        assert_eq!(
            seen,
            expected.map(|(start, body)| (start.to_owned(), body.to_owned()))
        );
    }
}

#[tokio::test]
async fn an_endless_head_is_refused_before_it_ends() {
    let scene = Scene::new(Http1).await;
    let long = "x".repeat(4 * 1024 * 1024);
    let many = "x: y\r\n".repeat(500_000);
    for head in [
        format!("GET /{long}"),
        format!("GET / HTTP/1.1\r\nx: {long}"),
        format!("GET / HTTP/1.1\r\nhost: a.test\r\n{many}"),
    ] {
        let responses = send_truncated(&scene, &head).await;
        let starts: Vec<_> = responses.iter().map(|seen| seen.start.as_str()).collect();
        assert!(
            matches!(starts[..], [] | ["400"] | ["414"] | ["431"]),
            "{starts:?}"
        );
        assert_eq!(scene.origin.take(), []);
    }
}

/// Content that the origin did not read before an early response is not parsed as the next request
/// (Pingora CVE-2025-4366).
#[tokio::test]
async fn content_left_unread_by_an_early_response_is_not_a_request() {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        early(&scene, origin).await;
    }
}

async fn early(scene: &Scene, origin: Protocol) {
    // The content is a request itself. The proxy refuses it before it is read.
    scene.origin.answers(OK);
    let length = SMUGGLED.len();
    let bytes = format!(
        "TRACE / HTTP/1.1\r\nhost: client.test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{SMUGGLED}"
    );
    let responses = send(scene, &bytes).await;
    let starts: Vec<_> = responses.iter().map(|seen| seen.start.as_str()).collect();
    assert_eq!(starts, ["501"], "{origin:?}");
    assert_eq!(scene.origin.take(), []);
}
