//! RFC 9112 sections 6 and 7: where a message ends.

use tokio::io::AsyncWriteExt;

use super::{
    Protocol::{Http1, Http2},
    client::{Ask, Client},
    message::{Wire, latin1},
    origin::Reply,
    row::{Row, Scene, hold},
};

const OK: Reply = Reply::Message {
    status: "200",
    fields: &[],
    body: Some("ok"),
    trailers: &[],
};

#[tokio::test]
async fn rfc_9112_section_6_3_content_of_requests() {
    hold(&[
        Row::new("section 6.3: a length", "POST /", &["content-length: 7"])
            .content("content", &[])
            .origin_sees(&["content-length: 7"], &["transfer-encoding"]),
        Row::new("section 8.6 of RFC 9110: an empty POST has a length of zero", "POST /", &[])
            .origin_sees(&["content-length: 0"], &[])
            .to(&[Http1]),
        Row::new("section 8.6 of RFC 9110: a GET without content has no length", "GET /", &[])
            .origin_sees(&[], &["content-length", "transfer-encoding"]),
        Row::new("section 9.3.1 of RFC 9110: a GET with content keeps it", "GET /", &["content-length: 7"])
            .content("content", &[])
            .origin_sees(&["content-length: 7"], &[]),
        Row::new("section 9.3.5 of RFC 9110: so does a DELETE", "DELETE /", &["content-length: 7"])
            .content("content", &[]),
        Row::new("section 7.1: content of unknown length", "POST /", &["trailer: x-a"])
            .content("content", &["x-a: 1"])
            .to(&[Http1])
            .origin_sees(&["transfer-encoding: chunked"], &["content-length"]),
        Row::bytes(
            "section 7.1.1: chunk extensions are ignored, sizes may have zeroes before and any case",
            "POST / HTTP/1.1\r\nhost: client.test\r\ntransfer-encoding: chunked\r\n\r\n0003;a=b;c=\"d;e\"\r\ncon\r\n000000A;x\r\ntent-tents\r\n00\r\n\r\n",
        )
        .origin_gets("content-tents", &[]),
        Row::bytes(
            "section 7.1.2: trailers of chunks",
            "POST / HTTP/1.1\r\nhost: client.test\r\ntransfer-encoding: Chunked\r\ntrailer: x-a\r\n\r\n1\r\nc\r\n0\r\nx-a: 1\r\n\r\n",
        )
        .origin_gets("c", &["x-a: 1"]),
        Row::bytes(
            "section 7.1: chunks end the content of a GET too, which then has none",
            "GET / HTTP/1.1\r\nhost: client.test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        )
        .origin_gets("", &[])
        .origin_sees(&[], &["content-length", "transfer-encoding"]),
        Row::bytes(
            "section 7.1: a GET with chunks keeps them",
            "GET / HTTP/1.1\r\nhost: client.test\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\nx-a: 1\r\n\r\n",
        )
        .origin_gets("content", &["x-a: 1"]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9112_section_6_3_content_of_responses() {
    hold(&[
        Row::new("section 6.3: a length passes", "GET /", &[])
            .answer_content(Some("content"), &[])
            .answer("200", &["content-length: 7"])
            .client_sees(&["content-length: 7"], &["transfer-encoding"]),
        Row::new("section 7.1: chunks", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a=\"b\"\r\ncon\r\n04\r\ntent\r\n0\r\n\r\n"))
            .client_gets("200", "content", &[]),
        Row::new("section 7.1: chunks to HTTP/1.1", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n7\r\ncontent\r\n0\r\n\r\n"))
            .from(&[Http1])
            .client_sees(&["transfer-encoding: chunked"], &["content-length"])
            .client_gets("200", "content", &[]),
        Row::new("section 6.3: up to the end of the connection", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\n\r\ncontent"))
            .client_gets("200", "content", &[]),
        Row::new("section 6.3: an HTTP/1.0 origin", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.0 200 OK\r\nconnection: close\r\n\r\ncontent"))
            .client_gets("200", "content", &[]),
        Row::new("section 8: a length that is not reached", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\ncontent"))
            .client_sees_an_end_too_early(),
        Row::new("section 8: chunks without their end", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n"))
            .client_sees_an_end_too_early(),
        Row::new("section 8: chunks that end within their trailers", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\nx-a: 1\r\n"))
            .client_sees_an_end_too_early(),
        Row::new("section 4: a reason of none or many words", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok"))
            .client_gets("200", "ok", &[]),
        Row::new("section 9.3: an HTTP/1.0 origin that does not keep alive is asked anew", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"))
            .client_gets("200", "ok", &[]),
        Row::new("section 6.1: chunks of HTTP/1.0 are refused", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new("section 6.3: several equal lengths are one", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length: 2, 2\r\n\r\nok"))
            .client_sees(&["content-length: 2"], &[])
            .client_gets("200", "ok", &[]),
        Row::new("section 4: a reason beyond ASCII", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 200 \u{e9}\r\ncontent-length: 2\r\n\r\nok"))
            .client_gets("200", "ok", &[]),
        Row::new("RFC 9113 section 8.1: a length and trailers of an HTTP/2 origin", "GET /", &["te: trailers"])
            .answer("200", &["content-length: 7"])
            .answer_content(Some("content"), &["x-a: 1"])
            .to(&[Http2])
            .from(&[Http2])
            .client_gets("200", "content", &["x-a: 1"]),
    ])
    .await;
}

/// An empty response would look like an idle connection that was closed: clients retry then, even a
/// POST.
#[tokio::test]
async fn rfc_9112_section_8_a_truncated_response_is_forwarded_up_to_its_truncation() {
    let scene = Scene::new(Http1).await;
    for (rest, content) in [
        ("content-length: 8\r\n\r\ncontent", "content"),
        ("content-length: 8\r\n\r\n", ""),
        (
            "transfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n-7\r\n",
            "content",
        ),
        ("transfer-encoding: chunked\r\n\r\n-7\r\n", ""),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\nx-is: there\r\n{rest}");
        scene.origin.answers(Reply::LastBytes(bytes.leak()));
        let mut client = Client::of(Http1, scene.site.address()).await;
        let ask = Ask::Message {
            start: "POST /",
            fields: &[],
            body: None,
            trailers: &[],
        };
        let seen = client.ask(ask).await.unwrap();
        assert_eq!(
            (&seen.start[..], &seen.body[..]),
            ("200", content),
            "{rest:?}"
        );
        assert!(seen.cut_short && seen.has("x-is"), "{rest:?}: {seen:?}");
    }
}

/// RFC 9113 section 8.1: END_STREAM may be on an empty DATA frame.
#[tokio::test]
async fn rfc_9113_section_8_1_an_empty_data_frame_is_no_content() {
    let bare = ["GET /", "HEAD /", "DELETE /", "OPTIONS /"].map(|start| {
        Row::new("section 8.1: a request without content", start, &[])
            .content("", &[])
            .from(&[Http2])
            .origin_sees(&[], &["content-length", "transfer-encoding"])
    });
    let bare = bare.map(|row| row.answer_content(None, &[]).answer("204", &[]));
    let framed = ["POST /", "PUT /", "PATCH /"].map(|start| {
        Row::new(
            "section 8.6 of RFC 9110: an empty POST has a length of zero",
            start,
            &[],
        )
        .content("", &[])
        .from(&[Http2])
        .to(&[Http1])
        .origin_sees(&["content-length: 0"], &["transfer-encoding"])
    });
    let other = ["DELETE /", "GET /", "POST /", "REPORT /"].map(|start| {
        Row::new("section 8.1: content is not lost", start, &[])
            .content("content", &[])
            .from(&[Http2])
    });
    let trailers = ["GET /", "POST /"].map(|start| {
        Row::new("section 8.1: nor are trailers alone", start, &[])
            .content("", &["x-a: 1"])
            .from(&[Http2])
    });
    for rows in [&bare[..], &framed, &other, &trailers] {
        hold(rows).await;
    }
}

#[tokio::test]
async fn rfc_9112_section_9_clients_of_http_1_0_keep_their_connection_if_they_ask() {
    const ASK: &str = "GET / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n";
    const KEPT: &[&str] = &["connection: keep-alive"];
    let row = |rule| Row::bytes(rule, ASK).client_sees(KEPT, &["transfer-encoding"]);
    hold(&[
        row("section 9.3: content with a length")
            .answer("200", &["content-length: 2"])
            .client_gets("200", "ok", &[]),
        row("section 9.3: an empty response")
            .answer("200", &["content-length: 0"])
            .answer_content(Some(""), &[])
            .client_gets("200", "", &[]),
        row("section 9.3: an error of the origin")
            .answer("503", &["content-length: 4"])
            .answer_content(Some("busy"), &[])
            .client_gets("503", "busy", &[]),
        row("section 9.3: a 304")
            .answer("304", &["etag: \"a\""])
            .answer_content(None, &[])
            .client_gets("304", "", &[]),
        row("section 9.3: a 204")
            .answer("204", &[])
            .answer_content(None, &[])
            .client_gets("204", "", &[]),
        row("section 9.3: a response of the proxy")
            .answer_bytes(Reply::LastBytes("no HTTP"))
            .client_gets("502", "502 Bad Gateway\n", &[]),
        row("section 9.3: an HTTP/1.0 origin that closes closes its own connection alone")
            .answer_bytes(Reply::LastBytes(
                "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
            ))
            .client_gets("200", "ok", &[]),
        Row::bytes(
            "section 9.3: HEAD, with a length",
            "HEAD / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n",
        )
        .answer("200", &["content-length: 7"])
        .answer_content(None, &[])
        .client_sees(&["connection: keep-alive", "content-length: 7"], &[])
        .client_gets("200", "", &[]),
        Row::bytes(
            "section 9.3: HEAD, without one",
            "HEAD / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n",
        )
        .answer_content(None, &[])
        .client_sees(KEPT, &[])
        .client_gets("200", "", &[]),
        Row::bytes(
            "section 9.3: a POST with content",
            "POST / HTTP/1.0\r\nhost: client.test\r\nconnection: Keep-Alive\r\ncontent-length: 7\r\n\r\ncontent",
        )
        .answer("200", &["content-length: 2"])
        .origin_gets("content", &[])
        .client_sees(KEPT, &[])
        .client_gets("200", "ok", &[]),
        Row::bytes(
            "section 9.3: a request that the proxy refuses",
            "TRACE / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n",
        )
        .refused("501")
        .client_sees(KEPT, &[]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9112_section_9_clients_of_http_1_0_lose_their_connection_otherwise() {
    const ASK: &str = "GET / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n";
    let row = |rule, ask| {
        Row::bytes(rule, ask)
            .client_sees(&[], &["connection", "transfer-encoding"])
            .client_gets("200", "ok", &[])
    };
    hold(&[
        row(
            "section 9.3: they did not ask",
            "GET / HTTP/1.0\r\nhost: client.test\r\n\r\n",
        ),
        row(
            "section 9.3: close wins",
            "GET / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive, close\r\n\r\n",
        ),
        row("section 6.3: chunks have no length", ASK).answer_bytes(Reply::Bytes(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        )),
        row(
            "section 6.3: nor has content up to the end of the connection",
            ASK,
        )
        .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\n\r\nok")),
        row("section 6.3: nor that of an HTTP/1.0 origin", ASK)
            .answer_bytes(Reply::LastBytes("HTTP/1.0 200 OK\r\n\r\nok")),
        row(
            "section 6.3: nor that of an HTTP/2 origin with trailers",
            ASK,
        )
        .answer_content(Some("ok"), &["x-a: 1"])
        .client_gets("200", "ok", &[]),
    ])
    .await;
    for origin in [Http1, Http2] {
        let scene = Scene::new(origin).await;
        for ask in [
            "",
            "connection: close\r\n",
            "connection: keep-alive, close\r\n",
        ] {
            scene.origin.answers(OK);
            let stream = tokio::net::TcpStream::connect(scene.site.address()).await;
            let mut wire = Wire::new(stream.unwrap());
            let ask = format!("GET / HTTP/1.0\r\nhost: client.test\r\n{ask}\r\n");
            wire.stream.write_all(ask.as_bytes()).await.unwrap();
            // Ends with the connection.
            let all = latin1(&wire.rest().await);
            assert!(all.ends_with("\r\n\r\nok"), "{all}");
        }
    }
}

#[tokio::test]
async fn rfc_9112_section_9_clients_of_http_1_0() {
    hold(&[
        Row::bytes("section 9.3: one request a connection", "GET / HTTP/1.0\r\nhost: client.test\r\n\r\n")
            .client_gets("200", "ok", &[]),
        Row::bytes("section 9.3: unless it asks to keep it alive", "GET / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n")
            .client_gets("200", "ok", &[])
            .origin_sees(&[], &["connection"]),
        Row::bytes("section 6.1: no chunks to HTTP/1.0", "GET / HTTP/1.0\r\nhost: client.test\r\n\r\n")
            .answer_bytes(Reply::Bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\nx-a: 1\r\n\r\n"))
            .client_gets("200", "content", &[])
            .client_sees(&[], &["transfer-encoding"]),
        Row::bytes(
            "section 6.1: nor where it asks to be kept alive: the end of the connection is the end of the content",
            "GET / HTTP/1.0\r\nhost: client.test\r\nconnection: keep-alive\r\n\r\n",
        )
        .answer_bytes(Reply::Bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\n\r\n"))
        .client_gets("200", "content", &[])
        .client_sees(&[], &["transfer-encoding"]),
        Row::bytes("section 9.6: a client that asks to close", "GET / HTTP/1.1\r\nhost: client.test\r\nconnection: close\r\n\r\n")
            .client_sees(&["connection: close"], &[])
            .origin_sees(&[], &["connection"])
            .client_gets("200", "ok", &[]),
        Row::new("section 9.6: an origin that closes closes its own connection alone", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"))
            .client_sees(&[], &["connection"])
            .client_gets("200", "ok", &[]),
        Row::new("section 9.3: an HTTP/1.0 origin that keeps alive", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok"))
            .client_sees(&[], &["connection"])
            .client_gets("200", "ok", &[]),
    ])
    .await;
}
