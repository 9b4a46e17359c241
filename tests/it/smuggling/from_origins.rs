//! Responses of HTTP/1 origins.

use crate::rfc::{
    Protocol::{self, Http1, Http2},
    client::{Ask, Client},
    message::Seen,
    origin::Reply,
    row::Scene,
};

/// What the client must receive.
#[derive(Clone, Copy, Debug)]
enum End {
    /// 502, or a truncated response.
    Refused,
    /// 200 with this content.
    Passes(&'static str),
}
use End::{Passes, Refused};

const fn ask(start: &'static str) -> Ask {
    Ask::Message {
        start,
        fields: &[],
        body: None,
        trailers: &[],
    }
}

/// The response to one request, and how the next response differs from the expected one.
async fn attempt(
    scene: &Scene,
    protocol: Protocol,
    start: &'static str,
    reply: Reply,
) -> (Option<Seen>, Option<String>) {
    scene.origin.answers(reply);
    let mut client = Client::of(protocol, scene.site.address()).await;
    let response = client.ask(ask(start)).await;
    let goes_on = response.as_ref().is_some_and(|seen| !seen.is_last());
    let seen = scene.origin.take();
    let mut complaint = (seen.len() != 1).then(|| format!("the origin saw {seen:?}"));
    if !goes_on {
        client = Client::of(protocol, scene.site.address()).await;
    }
    complaint = complaint.or(scene.canary(&mut client).await);
    (response, complaint)
}

async fn attempts(cases: &[(&'static str, End)]) {
    for protocol in [Http1, Http2] {
        let scene = Scene::new(Http1).await;
        let mut complaints = Vec::new();
        for (bytes, end) in cases {
            for reply in [Reply::Bytes(bytes), Reply::LastBytes(bytes)] {
                // A client that waits for more bytes than a persistent connection sends would wait
                // here too.
                if matches!((reply, end), (Reply::Bytes(_), Refused)) {
                    continue;
                }
                let (response, complaint) = attempt(&scene, protocol, "POST /attempt", reply).await;
                let held = match (end, &response) {
                    (Refused, None) => true,
                    (Refused, Some(seen)) => seen.start == "502" || seen.cut_short,
                    (Passes(body), Some(seen)) => {
                        seen.start == "200" && seen.body == *body && !seen.cut_short
                    }
                    (Passes(_), None) => false,
                };
                if !held {
                    complaints.push(format!("{bytes:?}: {end:?} was expected, not {response:?}"));
                }
                complaints.extend(complaint.map(|complaint| format!("{bytes:?}: {complaint}")));
            }
        }
        assert!(
            complaints.is_empty(),
            "to {protocol:?}:\n{}",
            complaints.join("\n")
        );
    }
}

#[tokio::test]
async fn a_response_with_both_framings_is_refused_and_a_repeated_length_is_merged() {
    attempts(&[
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", Refused),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 99\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", Refused),
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nabcd", Passes("abcd")),
    ])
    .await;
}

#[tokio::test]
async fn a_response_with_ambiguous_framing_is_502_or_truncated() {
    let heads = [
        "transfer-encoding: xchunked",
        "transfer-encoding: identity",
        "transfer-encoding: gzip",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
        "transfer-encoding:",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding : chunked",
        "content-length: 4\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 4",
        "content-length: 4, 5",
        "content-length: +4",
        "content-length: -4",
        "content-length: 0x4",
        "content-length:",
        "content-length: 4 4",
        "content-length: 18446744073709551616",
        "content-length: 5",
    ];
    let cases = heads.map(|head| {
        let bytes: &'static str = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nabcd").leak();
        (bytes, Refused)
    });
    attempts(&cases).await;
}

#[tokio::test]
async fn malformed_chunks_truncate_a_response() {
    let chunks = [
        "-4\r\nabcd\r\n0\r\n\r\n",
        "+4\r\nabcd\r\n0\r\n\r\n",
        "0x4\r\nabcd\r\n0\r\n\r\n",
        "\r\nabcd\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\nabcd\r\n0\r\n\r\n",
        "4\r\nabcd0\r\n\r\n",
        "4\r\nabcdef\r\n0\r\n\r\n",
        "4\r\nabcd\r\n",
        "4\r\nabcd\r\n0\r\n",
        "4\r\nabcd\r\n0\r\nx y: 1\r\n\r\n",
    ];
    let cases = chunks.map(|chunks| {
        let bytes: &'static str =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").leak();
        (bytes, Refused)
    });
    attempts(&cases).await;
}

#[tokio::test]
async fn bytes_after_a_response_are_not_the_next_response() {
    const POISON: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
    let first = [
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
    ];
    let cases = first.map(|first| {
        let bytes: &'static str = format!("{first}{POISON}").leak();
        (bytes, Passes("abcd"))
    });
    attempts(&cases).await;
    attempts(&[
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd\r\n",
            Passes("abcd"),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcdefgh",
            Passes("abcd"),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcdHTTP/1.1 100 Continue\r\n\r\n",
            Passes("abcd"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn forbidden_content_is_not_the_next_response() {
    const POISON: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
    let cases = [
        ("HEAD /attempt", "200 OK\r\ncontent-length: 51"),
        ("HEAD /attempt", "200 OK\r\ntransfer-encoding: chunked"),
        ("GET /attempt", "204 No Content\r\ncontent-length: 51"),
        (
            "GET /attempt",
            "204 No Content\r\ntransfer-encoding: chunked",
        ),
        ("GET /attempt", "304 Not Modified\r\ncontent-length: 51"),
        (
            "GET /attempt",
            "304 Not Modified\r\ntransfer-encoding: chunked",
        ),
    ];
    for protocol in [Http1, Http2] {
        let scene = Scene::new(Http1).await;
        for (start, head) in cases {
            let bytes: &'static str = format!("HTTP/1.1 {head}\r\n\r\n{POISON}").leak();
            let (response, complaint) = attempt(&scene, protocol, start, Reply::Bytes(bytes)).await;
            let response = response.unwrap();
            assert_eq!(response.body, "", "{head}");
            assert!(head.starts_with(&response.start), "{head}: {response:?}");
            assert_eq!(complaint, None, "{head}");
        }
    }
}

#[tokio::test]
async fn an_unrequested_upgrade_is_502_and_its_bytes_are_not_a_response() {
    const POISON: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
    for protocol in [Http1, Http2] {
        let scene = Scene::new(Http1).await;
        let (response, complaint) =
            attempt(&scene, protocol, "GET /attempt", Reply::Bytes(POISON)).await;
        assert_eq!(response.unwrap().start, "502");
        assert_eq!(complaint, None);
    }
}

/// A flood ends at a limit or a deadline. Here it ends by itself, and the client receives the final
/// response.
#[tokio::test]
async fn many_informational_responses_are_not_the_response() {
    let flood: &'static str = format!(
        "{}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(200)
    )
    .leak();
    attempts(&[(flood, Passes("abcd"))]).await;
}

#[tokio::test]
async fn bytes_between_a_response_and_the_next_request_are_not_a_response() {
    // Sent without a request, while the connection is idle.
    const EARLY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcdHTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    attempts(&[(EARLY, Passes("abcd"))]).await;
}

#[tokio::test]
async fn an_endless_head_is_502() {
    let long: &'static str =
        format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(2 * 1024 * 1024)).leak();
    let many: &'static str =
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200_000)).leak();
    attempts(&[(long, Refused), (many, Refused)]).await;
}
