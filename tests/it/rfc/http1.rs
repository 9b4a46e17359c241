//! RFC 9112 sections 2 to 5: the syntax of lines and fields.

use super::{
    origin::Reply,
    row::{Row, hold},
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
            "section 5.2: a folded line of a response is unfolded or refused",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::LastBytes(
            "HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 2\r\n\r\nok",
        ))
        .client_gets("502", "502 Bad Gateway\n", &[]),
        Row::new(
            "section 5.1: a space before the colon of a response is removed or refused",
            "GET /",
            &[],
        )
        .answer_bytes(Reply::LastBytes(
            "HTTP/1.1 200 OK\r\nx-a : 1\r\ncontent-length: 2\r\n\r\nok",
        ))
        .client_gets("502", "502 Bad Gateway\n", &[]),
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
        Row::new("section 2.2: bare LFs", "GET /", &[])
            .answer_bytes(Reply::Bytes(
                "HTTP/1.1 200 OK\nx-a: 1\ncontent-length: 2\n\nok",
            ))
            .client_gets("502", "502 Bad Gateway\n", &[]),
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
