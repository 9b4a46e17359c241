//! RFC 9110 and 9209: methods and statuses.

use super::{
    Protocol::{Http1, Http2},
    origin::Reply,
    row::{Row, hold},
};

#[tokio::test]
async fn rfc_9110_section_9_known_and_unknown_methods_are_forwarded() {
    let rule = "section 9.1: an unknown method is forwarded to the origin";
    let starts = [
        "GET /",
        "HEAD /",
        "POST /",
        "PUT /",
        "DELETE /",
        "OPTIONS /",
        "PATCH /",
        "QUERY /",
        "PROPFIND /",
        "PURGE /",
        "get /",
        "X!#$%&'*+-.^_`|~9 /",
    ];
    let rows = starts.map(|start| {
        let body = (!start.starts_with("HEAD")).then_some("content");
        Row::new(rule, start, &[]).answer_content(body, &[])
    });
    hold(&rows).await;
}

#[tokio::test]
async fn rfc_9110_section_9_3_6_connect_is_refused() {
    hold(&[Row::bytes(
        "section 9.3.6: CONNECT is not implemented",
        "CONNECT other.test:443 HTTP/1.1\r\nhost: other.test:443\r\n\r\n",
    )
    .refused("501")])
    .await;
}

// 421 is retried on another connection first (section 15.5.20).
#[tokio::test]
async fn rfc_9110_section_15_every_final_status_is_forwarded() {
    let statuses = [
        "200", "201", "203", "206", "226", "300", "301", "307", "308", "399", "400", "401", "403",
        "404", "405", "410", "411", "415", "416", "422", "429", "451", "499", "500", "501", "503",
        "507", "508", "511", "599", "600", "999",
    ];
    let rows = statuses.map(|status| {
        Row::new(
            "section 15: a status of any number is the origin's",
            "GET /",
            &[],
        )
        .answer(status, &["x-is: there"])
        .answer_content(Some("content"), &[])
        .client_sees(&["x-is: there"], &[])
    });
    hold(&rows).await;
}

#[tokio::test]
async fn rfc_9110_responses_without_content_have_none() {
    hold(&[
        Row::new(
            "section 9.3.2: a response to HEAD has the length that GET would have",
            "HEAD /",
            &[],
        )
        .answer("200", &["content-length: 12345"])
        .answer_content(None, &[])
        .client_sees(&["content-length: 12345"], &[])
        .client_gets("200", "", &[]),
        Row::new(
            "section 9.3.2: a response to HEAD may lack a length, and none is added",
            "HEAD /",
            &[],
        )
        .answer_content(None, &[])
        .client_sees(&[], &["content-length", "transfer-encoding"]),
        Row::new(
            "section 8.6: a repeated length is merged, also in a response to HEAD",
            "HEAD /",
            &[],
        )
        .answer("200", &["content-length: 7", "content-length: 7"])
        .answer_content(None, &[])
        .client_sees(&["content-length: 7"], &[])
        .client_gets("200", "", &[]),
        Row::new(
            "section 8.6: lengths that differ are not passed on to HEAD",
            "HEAD /",
            &[],
        )
        .answer_bytes(Reply::Bytes(
            "HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\nx-is: there\r\n\r\n",
        ))
        .client_sees(&["x-is: there"], &["content-length"])
        .client_gets("200", "", &[]),
        Row::new("section 8.6: nor is what is no length", "HEAD /", &[])
            .answer_bytes(Reply::Bytes(
                "HTTP/1.1 200 OK\r\ncontent-length: 0x7\r\nx-is: there\r\n\r\n",
            ))
            .client_sees(&["x-is: there"], &["content-length"])
            .client_gets("200", "", &[]),
        Row::new("section 9.3.2: HEAD and a chunked GET", "HEAD /", &[])
            .answer("200", &["transfer-encoding: chunked"])
            .answer_content(None, &[])
            .to(&[Http1])
            .client_gets("200", "", &[]),
        Row::new(
            "section 15.3.5: a 204 has neither content nor length",
            "DELETE /",
            &[],
        )
        .answer("204", &["x-is: there"])
        .answer_content(None, &[])
        .client_sees(&["x-is: there"], &["content-length", "transfer-encoding"])
        .client_gets("204", "", &[]),
        Row::new(
            "section 8.6: a length in a 204 is not forwarded",
            "DELETE /",
            &[],
        )
        .answer_bytes(Reply::Bytes(
            "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
        ))
        .client_gets("204", "", &[])
        .client_sees(&[], &["content-length"]),
        Row::new(
            "section 15.4.5: a 304 keeps the length of what it is about",
            "GET /",
            &["if-none-match: \"a\""],
        )
        .answer("304", &["etag: \"a\"", "content-length: 12345"])
        .answer_content(None, &[])
        .client_sees(&["etag: \"a\"", "content-length: 12345"], &[])
        .from(&[Http2])
        .client_gets("304", "", &[]),
        Row::new(
            "section 8.6: hyper sends HTTP/1 clients no length in a 304, where it is optional",
            "GET /",
            &["if-none-match: \"a\""],
        )
        .answer("304", &["etag: \"a\"", "content-length: 12345"])
        .answer_content(None, &[])
        .client_sees(&["etag: \"a\""], &[])
        .from(&[Http1])
        .client_gets("304", "", &[]),
        Row::new(
            "section 8.6: an empty 200 has a length of zero",
            "GET /",
            &[],
        )
        .answer("200", &["content-length: 0"])
        .answer_content(Some(""), &[])
        .client_sees(&["content-length: 0"], &[])
        .client_gets("200", "", &[]),
        Row::new("section 15.3.6: a 205 passes", "POST /", &[])
            .content("content", &[])
            .answer("205", &["content-length: 0"])
            .answer_content(Some(""), &[]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_15_2_informational_responses_are_not_the_response() {
    hold(&[
        Row::new("section 15.2: several before the final one", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"))
            .client_sees(&["content-length: 2"], &["link"])
            .client_gets("200", "ok", &[]),
        Row::new("section 15.2: an unregistered status", "GET /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"))
            .client_gets("200", "ok", &[]),
        Row::new("section 7.8: an informational response to HEAD", "HEAD /", &[])
            .answer_bytes(Reply::Bytes("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"))
            .client_gets("200", "", &[]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9110_section_7_8_an_unrequested_upgrade_is_refused() {
    hold(&[
        Row::new("section 7.8: an unrequested 101", "GET /", &[])
            .answer_bytes(Reply::LastBytes("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nbytes"))
            .client_gets("502", "502 Bad Gateway\n", &[])
            .client_sees(&["proxy-status: cdn-origin;error=http_protocol_error"], &["upgrade"]),
        Row::new("section 7.8: an upgrade that is not on offer is ignored", "GET /", &["connection: upgrade", "upgrade: h2c, IRC/6.9"])
            .from(&[Http1])
            .origin_sees(&[], &["upgrade", "connection"]),
        Row::new("section 7.8: Upgrade in a response is for one hop (CVE-2024-23326)", "GET /", &[])
            .answer("200", &["connection: upgrade", "upgrade: websocket"])
            .to(&[Http1])
            .client_sees(&[], &["upgrade"]),
        Row::new("section 15.5.22: a 426 passes without its Upgrade", "GET /", &[])
            .answer("426", &["connection: upgrade", "upgrade: TLS/1.2"])
            .to(&[Http1])
            .client_sees(&[], &["upgrade"]),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9209_section_2_proxy_status_names_the_failed_side() {
    const GATEWAY: &[&str] = &["proxy-status: cdn-origin;error=http_protocol_error"];
    hold(&[
        Row::new("section 2.3.12: what is no HTTP", "GET /", &[])
            .answer_bytes(Reply::LastBytes("SSH-2.0-OpenSSH_9.9\r\n"))
            .client_gets("502", "502 Bad Gateway\n", &[])
            .client_sees(GATEWAY, &[]),
        Row::new(
            "section 2.3.1: entries of other proxies are kept",
            "GET /",
            &[],
        )
        .answer("503", &["proxy-status: inner.test; error=dns_timeout"])
        .client_sees(&["proxy-status: inner.test; error=dns_timeout"], &[]),
        Row::new("section 2.3: a request that is refused", "TRACE /", &[])
            .refused("501")
            .client_sees(&["proxy-status: cdn-origin;error=http_request_denied"], &[]),
        Row::new(
            "section 2.3: an expectation that is refused",
            "POST /",
            &["expect: magic"],
        )
        .refused("417")
        .client_sees(&["proxy-status: cdn-origin;error=http_request_error"], &[])
        .from(&[Http1, Http2]),
    ])
    .await;
}
