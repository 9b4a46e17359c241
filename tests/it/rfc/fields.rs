//! RFC 9110: fields that are removed, added and forwarded.

use super::{
    Protocol::{Http1, Http2},
    row::{Row, hold},
};

#[tokio::test]
async fn rfc_9110_section_7_6_1_hop_by_hop_fields_are_not_forwarded() {
    hold(&[
        Row::new(
            "section 7.6.1: what Connection names is removed, and Connection itself",
            "GET /",
            &["connection: x-hop", "x-hop: 1", "x-end: 2"],
        )
        .from(&[Http1])
        .origin_sees(&["x-end: 2"], &["connection", "x-hop"]),
        Row::new(
            "section 7.6.1: names are matched in any case, over several lines, and empty members are ignored",
            "GET /",
            &["connection: ,X-First ,", "connection: x-Second,,", "x-first: 1", "X-SECOND: 2"],
        )
        .from(&[Http1])
        .origin_sees(&[], &["connection", "x-first", "x-second"]),
        Row::new(
            "section 7.6.1: known hop-by-hop fields are removed even if Connection does not list them",
            "GET /",
            &["keep-alive: timeout=5", "proxy-connection: keep-alive", "upgrade: h2c", "proxy-authorization: Basic eHl6"],
        )
        .from(&[Http1])
        .origin_sees(&[], &["keep-alive", "proxy-connection", "upgrade", "proxy-authorization"]),
        Row::new(
            "section 7.6.1: what is meant for all recipients cannot be named away",
            "GET /",
            &["connection: host, via, authorization, cookie, cache-control, cdn-loop, early-data", "authorization: Basic eHl6",
              "cookie: a=1", "cache-control: no-store", "cdn-loop: other", "early-data: 1", "via: 1.1 first"],
        )
        .from(&[Http1])
        .origin_sees(&["authorization: Basic eHl6", "cookie: a=1", "cache-control: no-store", "early-data: 1"], &[]),
        Row::new(
            "section 7.6.1: Connection cannot name the length away",
            "POST /",
            &["connection: content-length, transfer-encoding"],
        )
        .from(&[Http1])
        .content("content", &[]),
        Row::new(
            "section 7.6.1: Connection cannot remove the forwarded fields of the proxy (CVE-2022-31813)",
            "GET /",
            &["connection: x-forwarded-for, x-forwarded-host, x-forwarded-proto, x-real-ip"],
        )
        .from(&[Http1])
        .origin_sees(&["x-forwarded-for: 127.0.0.1", "x-forwarded-host: client.test", "x-forwarded-proto: http", "x-real-ip: 127.0.0.1"], &[]),
        Row::new("section 7.6.1: the same of a response", "GET /", &[])
            .answer("200", &["connection: x-hop", "x-hop: 1", "x-end: 2", "keep-alive: timeout=5", "proxy-connection: close"])
            .to(&[Http1])
            .client_sees(&["x-end: 2"], &["x-hop", "keep-alive", "proxy-connection"]),
        Row::new("section 7.6.1: Connection cannot name a response's length away", "GET /", &[])
            .answer("200", &["connection: content-length, set-cookie", "set-cookie: a=1"])
            .answer_content(Some("content"), &[])
            .to(&[Http1])
            .client_sees(&["content-length: 7", "set-cookie: a=1"], &[]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_10_1_4_te_is_forwarded_as_trailers_or_removed() {
    hold(&[
        Row::new(
            "section 10.1.4: trailers to an HTTP/2 origin",
            "GET /",
            &["te: trailers"],
        )
        .to(&[Http2])
        .origin_sees(&["te: trailers"], &[]),
        Row::new(
            "section 10.1.4: trailers to an HTTP/1 origin, with the connection option that it needs",
            "GET /",
            &["te: trailers"],
        )
        .to(&[Http1])
        .origin_sees(&["te: trailers", "connection: te"], &[]),
        Row::new(
            "section 10.1.4: the same where Connection names TE as it must",
            "GET /",
            &["te: trailers", "connection: TE"],
        )
        .from(&[Http1])
        .to(&[Http1])
        .origin_sees(&["te: trailers", "connection: te"], &[]),
        Row::new(
            "section 10.1.4: no connection option to an HTTP/2 origin",
            "GET /",
            &["te: trailers", "connection: TE"],
        )
        .from(&[Http1])
        .to(&[Http2])
        .origin_sees(&["te: trailers"], &["connection"]),
        Row::new(
            "section 10.1.4: without TE there is no connection option",
            "GET /",
            &[],
        )
        .origin_sees(&[], &["te", "connection"]),
        Row::new(
            "section 10.1.4: a transfer coding is for the next hop",
            "GET /",
            &["te: gzip, deflate;q=0.5", "connection: te"],
        )
        .from(&[Http1])
        .origin_sees(&[], &["te", "connection"]),
        Row::new(
            "section 10.1.4: trailers take no weight",
            "GET /",
            &["te: trailers;q=0, trailers;q=1", "connection: te"],
        )
        .from(&[Http1])
        .origin_sees(&[], &["te", "connection"]),
        Row::new(
            "section 10.1.4: trailers among others",
            "GET /",
            &["te: gzip;q=0.5, Trailers", "connection: TE"],
        )
        .from(&[Http1])
        .origin_sees(&["te: trailers"], &[]),
        Row::bytes(
            "section 10.1.4: an HTTP/1.0 client gets no trailers",
            "GET / HTTP/1.0\r\nhost: client.test\r\nte: trailers\r\nconnection: te\r\n\r\n",
        )
        .origin_sees(&[], &["te", "connection"]),
        Row::new(
            "section 7.6.1: what else Connection names is removed",
            "GET /",
            &["te: trailers", "connection: te, x-hop", "x-hop: 1"],
        )
        .from(&[Http1])
        .origin_sees(&["te: trailers"], &["x-hop"]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_6_5_trailers_are_forwarded_to_recipients_that_accept_them() {
    hold(&[
        Row::new(
            "section 6.5: trailers of a request",
            "POST /",
            &["trailer: x-checksum"],
        )
        .content("content", &["x-checksum: 1", "x-checksum: 2"]),
        Row::new(
            "section 6.5: trailers that were not announced",
            "POST /",
            &[],
        )
        .content("content", &["x-checksum: 1"]),
        Row::new(
            "section 6.5.1: what must not stand in a trailer",
            "POST /",
            &["trailer: x-checksum, host, authorization, content-length, via, x-forwarded-for"],
        )
        .content(
            "content",
            &[
                "x-checksum: 1",
                "host: other.test",
                "authorization: Basic eHl6",
                "content-length: 3",
                "via: 1.1 other",
                "x-forwarded-for: 192.0.2.1",
            ],
        )
        .origin_gets("content", &["x-checksum: 1"]),
        Row::new(
            "section 6.5: trailers of a response to who asks for them",
            "GET /",
            &["te: trailers"],
        )
        .answer("200", &[])
        .answer_content(
            Some("content"),
            &["grpc-status: 0", "set-cookie: a=1", "content-length: 9"],
        )
        .client_gets("200", "content", &["grpc-status: 0"])
        .from(&[Http2]),
        Row::new(
            "section 6.5.1: trailers may be dropped for an HTTP/1 client without TE: trailers",
            "GET /",
            &[],
        )
        .answer("200", &[])
        .answer_content(Some("content"), &["grpc-status: 0"])
        .client_gets("200", "content", &[])
        .from(&[Http1]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_7_6_3_via_and_rfc_8586_cdn_loop_record_the_path() {
    hold(&[
        Row::new(
            "RFC 8586 section 2: what others wrote stays",
            "GET /",
            &["cdn-loop: one; a=\"b,c\", two", "cdn-loop: three"],
        )
        .origin_sees(&["cdn-loop: one; a=\"b,c\", two", "cdn-loop: three"], &[]),
        Row::new(
            "section 7.6.3: Via of a response passes as it is",
            "GET /",
            &[],
        )
        .answer("200", &["via: 1.1 first, HTTP/1.0 second (comment)"])
        .client_sees(&["via: 1.1 first, HTTP/1.0 second (comment)"], &[]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_7_6_2_max_forwards_is_decremented_for_options_only() {
    hold(&[
        Row::new(
            "section 7.6.2: one is taken off",
            "OPTIONS /",
            &["max-forwards: 7"],
        )
        .origin_sees(&["max-forwards: 6"], &[]),
        Row::new(
            "section 7.6.2: at zero the proxy answers itself",
            "OPTIONS /",
            &["max-forwards: 0"],
        )
        .refused("200"),
        Row::new(
            "section 7.6.2: it MAY be ignored for other methods",
            "GET /",
            &["max-forwards: 0"],
        )
        .origin_sees(&["max-forwards: 0"], &[]),
        Row::new(
            "section 9.3.8: TRACE stops here",
            "TRACE /",
            &["max-forwards: 3"],
        )
        .refused("501"),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_10_1_1_expectations_are_met_or_refused() {
    hold(&[
        Row::new("section 10.1.1: 100-continue reaches the origin", "POST /", &["expect: 100-continue"])
            .content("content", &[])
            .from(&[Http1])
            .to(&[Http1])
            .origin_sees(&["expect: 100-continue"], &[]),
        Row::new("section 10.1.1: any other is 417", "POST /", &["expect: magic"]).refused("417"),
        Row::new("section 10.1.1: without content nothing is expected", "GET /", &["expect: 100-continue"])
            .origin_sees(&[], &["expect"]),
        Row::bytes(
            "section 10.1.1: an HTTP/1.0 client's is ignored",
            "POST / HTTP/1.0\r\nhost: client.test\r\nexpect: 100-continue\r\ncontent-length: 7\r\n\r\ncontent",
        )
        .origin_gets("content", &[])
        .origin_sees(&[], &["expect"]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_end_to_end_fields_are_forwarded_unchanged() {
    hold(&[
        Row::new(
            "sections 13 and 14: conditions and ranges are the ends' affair",
            "GET /",
            &[
                "range: bytes=0-0,-1",
                "if-range: W/\"a\"",
                "if-match: *",
                "if-none-match: \"a\", W/\"b\"",
                "if-modified-since: Sat, 29 Oct 1994 19:43:31 GMT",
                "if-unmodified-since: yesterday",
            ],
        )
        .answer(
            "206",
            &[
                "content-range: bytes 0-0/3",
                "accept-ranges: bytes",
                "etag: W/\"a\"",
                "last-modified: Sat, 29 Oct 1994 19:43:31 GMT",
            ],
        )
        .answer_content(Some("c"), &[])
        .origin_sees(
            &[
                "range: bytes=0-0,-1",
                "if-range: W/\"a\"",
                "if-match: *",
                "if-none-match: \"a\", W/\"b\"",
                "if-modified-since: Sat, 29 Oct 1994 19:43:31 GMT",
                "if-unmodified-since: yesterday",
            ],
            &[],
        )
        .client_sees(
            &[
                "content-range: bytes 0-0/3",
                "accept-ranges: bytes",
                "etag: W/\"a\"",
            ],
            &[],
        ),
        Row::new(
            "section 11.6: credentials and challenges of the origin",
            "GET /",
            &["authorization: Negotiate YWJj=="],
        )
        .answer(
            "401",
            &[
                "www-authenticate: Basic realm=\"a\"",
                "www-authenticate: Digest nonce=\"b\"",
                "authentication-info: x",
            ],
        )
        .origin_sees(&["authorization: Negotiate YWJj=="], &[])
        .client_sees(
            &[
                "www-authenticate: Basic realm=\"a\"",
                "www-authenticate: Digest nonce=\"b\"",
                "authentication-info: x",
            ],
            &[],
        ),
        Row::new(
            "section 7.7: content is not transformed",
            "GET /",
            &["accept-encoding: br, zstd"],
        )
        .answer(
            "200",
            &[
                "content-encoding: gzip",
                "content-type: text/html",
                "vary: accept-encoding",
                "cache-control: no-transform",
            ],
        )
        .answer_content(Some("\u{1f}no gzip at all\u{0}"), &[])
        .origin_sees(&["accept-encoding: br, zstd"], &[])
        .client_sees(
            &[
                "content-encoding: gzip",
                "vary: accept-encoding",
                "cache-control: no-transform",
            ],
            &[],
        ),
        Row::new(
            "section 6.6.1: Date, Server and Age are the origin's",
            "GET /",
            &[],
        )
        .answer(
            "200",
            &[
                "date: Sat, 29 Oct 1994 19:43:31 GMT",
                "server: origin/1 (comment)",
                "age: 7",
            ],
        )
        .client_sees(
            &[
                "date: Sat, 29 Oct 1994 19:43:31 GMT",
                "server: origin/1 (comment)",
                "age: 7",
            ],
            &[],
        ),
        Row::new(
            "section 5.3: lines of one name keep their order and are not joined",
            "GET /",
            &["x-a: 1", "x-b: 1", "x-a: 2", "x-a:"],
        )
        .answer(
            "200",
            &[
                "set-cookie: a=1",
                "x-a: 1",
                "set-cookie: b=2; Path=/, c",
                "x-a: 2",
            ],
        )
        .origin_sees(&["x-a: 1", "x-a: 2", "x-a: ", "x-b: 1"], &[])
        .client_sees(
            &[
                "set-cookie: a=1",
                "set-cookie: b=2; Path=/, c",
                "x-a: 1",
                "x-a: 2",
            ],
            &[],
        ),
        Row::new(
            "section 5.1: unknown fields are forwarded",
            "GET /",
            &["!#$%&'*+-.^_`|~09az: 1"],
        )
        .answer("200", &["!#$%&'*+-.^_`|~09az: 2"])
        .origin_sees(&["!#$%&'*+-.^_`|~09az: 1"], &[])
        .client_sees(&["!#$%&'*+-.^_`|~09az: 2"], &[]),
        Row::new(
            "section 10.1.2: From, Referer and User-Agent are the client's, and none is invented",
            "GET /",
            &["from: a@client.test", "referer: http://client.test/?a#b"],
        )
        .origin_sees(
            &["from: a@client.test", "referer: http://client.test/?a#b"],
            &["user-agent", "accept", "accept-encoding", "connection"],
        ),
        Row::new(
            "RFC 8470 section 5.1: Early-Data is not removed, and 425 passes",
            "GET /",
            &["early-data: 1"],
        )
        .answer("425", &[])
        .origin_sees(&["early-data: 1"], &[]),
    ])
    .await;
}
