//! RFC 9112 sections 2 to 5: the syntax of lines and fields.

use super::{
    Protocol::{Http1, Http2},
    client::{Ask, Client},
    origin::Reply,
    row::{Row, Scene, hold},
};

const GET: Ask = Ask::Message {
    start: "GET /",
    fields: &[],
    body: None,
    trailers: &[],
};

#[tokio::test]
async fn rfc_9112_section_2_2_lines_of_requests() {
    hold(&[
        Row::bytes(
            "section 2.2: an empty line before a request is ignored",
            "\r\nGET / HTTP/1.1\r\nhost: client.test\r\n\r\n",
        )
        .origin_start("GET /"),
        Row::bytes(
            "section 2.2: a bare LF may end a line, and is not forwarded",
            "GET / HTTP/1.1\nhost: client.test\nx-a: 1\n\n",
        )
        .origin_start("GET /")
        .origin_sees(&["x-a: 1"], &[]),
        Row::bytes(
            "section 2.2: a bare CR ends no line",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a: 1\rx-b: 2\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3: two spaces",
            "GET  / HTTP/1.1\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3: no version",
            "GET /\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 2.3: another version",
            "GET / HTTP/1.2\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 2.3: HTTP/2 in a line",
            "GET / HTTP/2.0\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 2.3: a version in lower case",
            "GET / http/1.1\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.1: a method that is no token",
            "G(T / HTTP/1.1\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9112_section_5_fields_of_requests() {
    hold(&[
        Row::bytes(
            "section 5.1: a space before the colon is 400",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a : 1\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5.2: a folded line is 400",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a: 1\r\n 2\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 2.2: a space before the first field is 400",
            "GET / HTTP/1.1\r\n x-a: 1\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5: no colon",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5: no name (CVE-2023-25725)",
            "GET / HTTP/1.1\r\nhost: client.test\r\n: 1\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5: a name that is no token",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx(a): 1\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5.5 of RFC 9110: NUL in a value",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a: a\0b\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5.5 of RFC 9110: other control bytes",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a: a\u{1}b\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5.5 of RFC 9110: DEL",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a: a\u{7f}b\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 5.1: white space around a value is no part of it, within it is",
            "GET / HTTP/1.1\r\nhost:\tclient.test \r\nx-a: \t a \t b\t \r\nx-b:\r\nx-c:c\r\n\r\n",
        )
        .origin_sees(&["x-a: a \t b", "x-b: ", "x-c: c"], &[]),
        Row::bytes(
            "section 5.5 of RFC 9110: bytes beyond ASCII pass",
            "GET / HTTP/1.1\r\nhost: client.test\r\nx-a: \u{e9}\u{ff}\r\n\r\n",
        ),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9112_lines_and_fields_of_responses() {
    hold(&[
        Row::new(
            "section 5.2: a folded line of a response is unfolded",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::Bytes(
            "HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\n\t3\r\nx-b:\r\n 4\r\ncontent-length:\r\n 2\r\n\r\nok",
        ))
        .client_sees(&["x-a: 1 2 3", "x-b: 4", "content-length: 2"], &[])
        .client_gets("200", "ok", &[]),
        Row::new(
            "section 5.2: a folded coding is no known one",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::LastBytes(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n , gzip\r\n\r\n0\r\n\r\n",
        ))
        .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new(
            "section 2.2: a space before the first field is refused",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::LastBytes(
            "HTTP/1.1 200 OK\r\n x-a: 1\r\ncontent-length: 2\r\n\r\nok",
        ))
        .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new(
            "section 5.1: a space before the colon of a response is removed",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::Bytes(
            "HTTP/1.1 200 OK\r\nx-a : 1\r\nx-b \t: 2\r\ncontent-length : 2\r\n\r\nok",
        ))
        .client_sees(&["x-a: 1", "x-b: 2", "content-length: 2"], &[])
        .client_gets("200", "ok", &[]),
        Row::new(
            "section 5.1: both framings are seen behind such spaces",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::LastBytes(
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding : chunked\r\n\r\nok",
        ))
        .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 5: a name that is no token", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 200 OK\r\nx(a): 1\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 5: a space within a name", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 200 OK\r\nx a: 1\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 5.5 of RFC 9110: bytes beyond ASCII pass", "GET /", &[])
            .answer_bytes(Reply::Bytes(
                "HTTP/1.1 200 OK\r\nx-a: \u{e9}\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("200", "ok", &[]),
        Row::new("section 4: neither reason nor space", "GET /", &[])
            .answer_bytes(Reply::Bytes(
                "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("200", "ok", &[]),
        Row::new("section 2.2: empty lines before a response", "GET /", &[])
            .answer_bytes(Reply::Bytes(
                "\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("200", "ok", &[]),
        Row::new("section 5: no name", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 200 OK\r\n: 1\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 2.2: a bare CR in a value", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 200 OK\r\nx-a: 1\rx-b: 2\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 5.5 of RFC 9110: NUL in a value", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 200 OK\r\nx-a: 1\x002\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 2.2: a bare LF may end a line", "GET /", &[])
            .answer_bytes(Reply::Bytes(
                "\nHTTP/1.1 200 Fine\nx-a: 1\nx-b:\n 2\ncontent-length: 2\n\nok",
            ))
            .client_sees(&["x-a: 1", "x-b: 2", "content-length: 2"], &[])
            .client_gets("200", "ok", &[]),
        Row::new("section 2.2: also beside others", "GET /", &[])
            .answer_bytes(Reply::Bytes(
                "HTTP/1.1 200 OK\r\nx-a: 1\nx-b: 2\r\ncontent-length: 2\r\n\nok",
            ))
            .client_sees(&["x-a: 1", "x-b: 2"], &[])
            .client_gets("200", "ok", &[]),
        Row::new("section 7.1: but not a line of a chunk", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nok\n0\n\n",
            ))
            .client_sees_an_end_too_early(),
        Row::new("section 4: a status of two digits", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 4: a status below 100", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.1 099 Odd\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 2.3: another version", "GET /", &[])
            .answer_bytes(Reply::LastBytes(
                "HTTP/3.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 2.2: an empty answer", "POST /", &[])
            .answer_bytes(Reply::LastBytes(""))
            .client_gets("502", "502 Bad Gateway\n", &[])
            .client_sees(
                &["proxy-status: cdn-origin;error=connection_terminated"],
                &[],
            ),
        Row::new("section 2.2: half a head", "POST /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\nx-a: 1\r\n"))
            .client_gets("502", "502 Bad Gateway\n", &[]),
    ])
    .await;
}

/// Fields are counted by their bytes alone.
#[tokio::test]
async fn a_response_may_have_as_many_fields_as_its_head_may_have_bytes() {
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        for count in [100, 101, 1000] {
            let fields: Vec<String> = (0..count).map(|at| format!("x-{at}: {at}")).collect();
            let fields: Vec<&'static str> = fields.into_iter().map(|line| &*line.leak()).collect();
            for client in [Http1, Http2] {
                scene.origin.answers(Reply::Message {
                    status: "200",
                    fields: fields.clone().leak(),
                    body: Some("ok"),
                    trailers: &[],
                });
                let mut client = Client::of(client, scene.site.address()).await;
                let seen = client.ask(GET).await.unwrap();
                assert_eq!((&seen.start[..], &seen.body[..]), ("200", "ok"), "{count}");
                let passed = seen
                    .fields
                    .iter()
                    .filter(|(name, _)| name.starts_with("x-"));
                assert_eq!(passed.count(), count);
            }
        }
    }
}

#[tokio::test]
async fn a_response_may_have_over_a_hundred_trailers() {
    let trailers: Vec<String> = (0..300).map(|at| format!("x-{at}: {at}")).collect();
    let trailers: Vec<&'static str> = trailers.into_iter().map(|line| &*line.leak()).collect();
    let trailers: &'static [&'static str] = trailers.leak();
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        scene.origin.answers(Reply::Message {
            status: "200",
            fields: &[],
            body: Some("ok"),
            trailers,
        });
        let mut client = Client::of(Http2, scene.site.address()).await;
        let seen = client.ask(GET).await.unwrap();
        assert_eq!(seen.trailers.len(), trailers.len());
    }
}
