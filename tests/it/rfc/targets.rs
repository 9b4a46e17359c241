//! RFC 9112 section 3 and RFC 9113 section 8.3.1: target and host of a request.

use axum::Router;
use cdn_origin::HostRewriteLayer;

use super::{
    Protocol::{Http1, Http2},
    client::{Ask, Client},
    origin::{Origin, Reply},
    row::{Row, hold},
};
use crate::{origin::NAME, support::Site};

#[tokio::test]
async fn path_and_query_pass_byte_for_byte() {
    let starts = [
        "GET //",
        "GET ///a//b//",
        "GET /../a/./b/../",
        "GET /%2e%2e/%2F%2f%5c%00%ff%zz%",
        "GET /?",
        "GET /a??b=?&&=&c",
        "GET /a;b=1;c/d;?e;f",
        "GET /?a=1;b=2&a=3&a",
        "GET /?utf8=%E2%9C%93&x=%",
        "GET /+a+b?c+d",
        "GET /a:b@c,d!$&'()*~_-.=",
        "GET /http://other.test/",
        "GET /?url=http://other.test/a?b",
        "GET /{a}|b^c\"d?{e}|f^g`h",
        "GET /\\..\\a?\\",
        "GET /[a]?b[]=1&b[x]=2",
    ];
    let rows = starts.map(|start| Row::new("section 7.2 of RFC 9112: no rewriting", start, &[]));
    hold(&rows).await;
}

#[tokio::test]
async fn non_ascii_bytes_in_a_target_are_forwarded_or_refused() {
    hold(&[Row::bytes(
        "RFC 9112 section 3.2: UTF-8 in a path",
        "GET /\u{e9}?\u{fc} HTTP/1.1\r\nhost: client.test\r\n\r\n",
    )])
    .await;
}

#[tokio::test]
async fn rfc_9112_section_3_2_the_forms_of_a_target() {
    hold(&[
        Row::bytes(
            "section 3.2.2: an absolute form wins over Host, and the origin gets its own",
            "GET http://other.test/a?b HTTP/1.1\r\nhost: client.test\r\n\r\n",
        )
        .origin_start("GET /a?b")
        .origin_sees(&["@authority: origin.example.test", "x-forwarded-host: other.test"], &[]),
        Row::bytes(
            "section 3.2.2: an absolute form without a path is the root",
            "GET http://other.test HTTP/1.1\r\nhost: other.test\r\n\r\n",
        )
        .origin_start("GET /"),
        Row::bytes(
            "section 3.2.2: an absolute form with a query alone",
            "GET http://other.test?b HTTP/1.1\r\nhost: other.test\r\n\r\n",
        )
        .origin_start("GET /?b"),
        Row::bytes(
            "section 3.2.2: a scheme of another protocol",
            "GET ftp://named.test/a HTTP/1.1\r\nhost: named.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes("section 3.2.4: the asterisk form of OPTIONS", "OPTIONS * HTTP/1.1\r\nhost: client.test\r\n\r\n")
            .origin_start("OPTIONS *"),
        Row::bytes(
            "section 3.2.4: an absolute form of OPTIONS without a path; `http::Uri` reads it as that with a slash",
            "OPTIONS http://client.test HTTP/1.1\r\nhost: client.test\r\n\r\n",
        )
        .origin_start("OPTIONS /"),
        Row::bytes("section 3.2.4: an asterisk of GET", "GET * HTTP/1.1\r\nhost: client.test\r\n\r\n").refused("400"),
        Row::bytes("section 3.2.3: an authority of GET", "GET other.test:80 HTTP/1.1\r\nhost: client.test\r\n\r\n").refused("400"),
        Row::bytes("section 3.2: no form at all", "GET a/b HTTP/1.1\r\nhost: client.test\r\n\r\n").refused("400"),
        Row::bytes(
            "section 3.2: a fragment is no part of a target; `http::Uri` drops it for routers and origin alike (CVE-2023-45539)",
            "GET /a#b HTTP/1.1\r\nhost: client.test\r\n\r\n",
        )
        .origin_start("GET /a"),
        Row::bytes("section 3.2: nor of its query", "GET /a?b#c HTTP/1.1\r\nhost: client.test\r\n\r\n").origin_start("GET /a?b"),
        Row::bytes("section 3.2: a space within", "GET /a b HTTP/1.1\r\nhost: client.test\r\n\r\n").refused("400"),
        Row::bytes("section 3.2: a tab within", "GET /a\tb HTTP/1.1\r\nhost: client.test\r\n\r\n").refused("400"),
    ])
    .await;
}

#[tokio::test]
async fn rfc_9112_section_3_2_one_host() {
    hold(&[
        Row::bytes("section 3.2: no Host", "GET / HTTP/1.1\r\n\r\n").refused("400"),
        Row::bytes(
            "section 3.2: no Host beside an absolute form",
            "GET http://client.test/ HTTP/1.1\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.2: HTTP/1.0 needs none there either",
            "GET http://client.test/ HTTP/1.0\r\n\r\n",
        )
        .origin_sees(
            &[
                "@authority: origin.example.test",
                "x-forwarded-host: client.test",
            ],
            &[],
        ),
        Row::bytes(
            "section 3.2: two of them",
            "GET / HTTP/1.1\r\nhost: client.test\r\nhost: client.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.2: two with an absolute form",
            "GET http://a.test/ HTTP/1.1\r\nhost: a.test\r\nhost: b.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.2: an invalid one",
            "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.2: a list",
            "GET / HTTP/1.1\r\nhost: a.test, b.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.2: a user",
            "GET / HTTP/1.1\r\nhost: user@a.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 3.2: a path",
            "GET / HTTP/1.1\r\nhost: a.test/b\r\n\r\n",
        )
        .refused("400"),
        Row::bytes(
            "section 4.2.4 of RFC 9110: a user in an absolute form",
            "GET http://user@a.test/ HTTP/1.1\r\nhost: a.test\r\n\r\n",
        )
        .refused("400"),
        Row::bytes("section 3.2: HTTP/1.0 needs none", "GET / HTTP/1.0\r\n\r\n")
            .origin_sees(&["@authority: origin.example.test"], &["x-forwarded-host"]),
        Row::new("section 7.2 of RFC 9110: the origin's own", "GET /", &[]).origin_sees(
            &[
                "@authority: origin.example.test",
                "x-forwarded-host: client.test",
            ],
            &[],
        ),
        Row::new(
            "RFC 9113 section 8.3.1: a Host that agrees",
            "GET /",
            &["host: client.test"],
        )
        .from(&[Http2])
        .origin_sees(&["@authority: origin.example.test"], &[]),
        Row::new(
            "RFC 9113 section 8.3.1: a Host that differs",
            "GET /",
            &["host: other.test"],
        )
        .from(&[Http2])
        .refused("400"),
        Row::new(
            "RFC 9113 section 8.3.1: the scheme is the origin's",
            "GET /",
            &[],
        )
        .to(&[Http2])
        .from(&[Http1, Http2])
        .origin_sees(&[":scheme: https"], &[]),
    ])
    .await;
}

/// With the client's Host passed on, HTTP/1.0 has none to pass: the origin gets its own.
#[tokio::test]
async fn a_preserved_host_that_is_absent_is_the_origins_own() {
    for protocol in [Http1, Http2] {
        let origin = Origin::of(protocol).await;
        let proxy = origin.proxy().host_rewrite(HostRewriteLayer::preserve());
        let site = Site::serve(Router::new().fallback_service(proxy)).await;
        for (ask, status, host) in [
            ("GET / HTTP/1.0\r\n\r\n", "200", Some(NAME)),
            (
                "GET / HTTP/1.0\r\nhost: a.test\r\n\r\n",
                "200",
                Some("a.test"),
            ),
            ("GET / HTTP/1.1\r\n\r\n", "400", None),
            ("GET / HTTP/1.0\r\nhost: a b\r\n\r\n", "400", None),
        ] {
            origin.answers(Reply::Message {
                status: "200",
                fields: &[],
                body: Some("ok"),
                trailers: &[],
            });
            let mut client = Client::of(Http1, site.address()).await;
            let seen = client.ask(Ask::Bytes(ask)).await.unwrap();
            assert_eq!(seen.start, status, "{ask:?}");
            let received = origin.take();
            let hosts: Vec<_> = received
                .iter()
                .flat_map(|seen| seen.lines("@authority"))
                .collect();
            assert_eq!(hosts, Vec::from_iter(host), "{ask:?}");
        }
    }
}
