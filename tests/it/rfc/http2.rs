//! RFC 9113 section 8: messages in HTTP/2. Malformed ones are in `smuggling/http2.rs`.

use super::{
    Protocol::{Http1, Http2},
    row::{Row, hold},
};

#[tokio::test]
async fn rfc_9113_section_8_2_3_cookie_crumbs_are_one_cookie() {
    hold(&[
        Row::new(
            "section 8.2.3: crumbs are joined by a semicolon and a space",
            "GET /",
            &["cookie: a=1", "cookie: b=2; c=3", "cookie: d=\"4\""],
        )
        .from(&[Http2])
        .origin_sees(&["cookie: a=1; b=2; c=3; d=\"4\""], &[]),
        Row::new(
            "section 8.2.3: one cookie passes as it is",
            "GET /",
            &["cookie: a=1;b=2 ; c"],
        )
        .origin_sees(&["cookie: a=1;b=2 ; c"], &[]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9113_section_8_1_content_between_the_versions() {
    hold(&[
        Row::new(
            "section 8.1: content without a length becomes chunks",
            "POST /",
            &[],
        )
        .content("content", &[])
        .from(&[Http2])
        .to(&[Http1])
        .origin_sees(&["transfer-encoding: chunked"], &["content-length"]),
        Row::new(
            "section 8.1.1: a length stays one",
            "POST /",
            &["content-length: 7"],
        )
        .content("content", &[])
        .from(&[Http2])
        .origin_sees(&["content-length: 7"], &["transfer-encoding"]),
        Row::new(
            "section 8.1: chunks become frames, and no coding is named",
            "POST /",
            &["transfer-encoding: chunked"],
        )
        .content("7\r\ncontent\r\n0\r\n\r\n", &[])
        .origin_gets("content", &[])
        .from(&[Http1])
        .to(&[Http2])
        .origin_sees(&[], &["transfer-encoding", "content-length"]),
        Row::new("section 8.1: an empty response in one frame", "GET /", &[])
            .answer("200", &["x-a: 1"])
            .answer_content(None, &[])
            .to(&[Http2])
            .client_sees(&["x-a: 1"], &[])
            .client_gets("200", "", &[]),
        Row::new(
            "section 8.1: trailers alone, as gRPC has them",
            "POST /",
            &["te: trailers"],
        )
        .answer(
            "200",
            &["content-type: application/grpc", "grpc-status: 12"],
        )
        .answer_content(None, &[])
        .to(&[Http2])
        .from(&[Http2])
        .client_sees(&["grpc-status: 12"], &[])
        .client_gets("200", "", &[]),
        Row::new("section 8.3.1: an asterisk", "OPTIONS *", &[]).from(&[Http1]),
    ])
    .await;
}
