//! Refusals that are not about Host, and applications that answer like an edge.

use cdn_origin::{
    ForwardedLayer, HostRewriteLayer, OriginProxy,
    diagnosis::{
        CauseId::{
            BehindTheEdge, CrossOriginRefused, EarlyDataRefused, HeadTooLarge, InvalidRequest,
            LengthRequired, RequestLoop, SniAndHostDisagree,
        },
        Certainty::{Certain, Likely, Possible},
    },
    origin::Scheme,
};

use crate::field::case::{Case, Fix};

fn preserve(proxy: OriginProxy) -> OriginProxy {
    proxy.host_rewrite(HostRewriteLayer::preserve())
}

fn https(proxy: OriginProxy) -> OriginProxy {
    proxy.forwarded(ForwardedLayer::new().client_scheme(Scheme::Https))
}

pub(super) const CASES: &[Case] = &[
    Case::of("an application over plain http answers 425")
        .url("http://app.example.test")
        .responds(425, &[], "not yet")
        .causes(&[(EarlyDataRefused, Possible, "after the handshake")]),
    Case::of("an application answers 411 to a request with Content-Length")
        .request(|it| it.method("POST"))
        .content("content")
        .responds(411, &[("x-azure-ref", "1")], "")
        .causes(&[(
            LengthRequired,
            Possible,
            "check which part of the application",
        )]),
    Case::of("S3 answers 501 to an upload without a length, which nginx would have collected")
        .url("https://assets.s3.eu-west-1.amazonaws.com")
        .request(|it| it.method("PUT"))
        .content("content")
        .without_length()
        .responds(
            501,
            &[("server", "AmazonS3")],
            "<Code>NotImplemented</Code><Header>Transfer-Encoding</Header>",
        )
        .causes(&[(LengthRequired, Certain, "proxy_request_buffering")]),
    Case::of("an origin answers 411 to an upload without a length")
        .request(|it| it.method("POST"))
        .content("content")
        .without_length()
        .responds(411, &[], "")
        .causes(&[(LengthRequired, Likely, "let clients send Content-Length")]),
    Case::of("an application answers 414 to a short URL")
        .responds(414, &[], "")
        .causes(&[(HeadTooLarge, Possible, "send fewer or shorter fields")]),
    Case::of("Google's front end answers 413, as the request has grown in a loop")
        .url("https://shop.run.app")
        .responds(
            413,
            &[("content-type", "text/html")],
            "<title>Error 413 (Request Entity Too Large)!!1</title>Your client issued a request \
             that was too large.",
        )
        .causes(&[
            (
                RequestLoop,
                Likely,
                "dial a name that does not lead back here",
            ),
            (HeadTooLarge, Possible, "send fewer or shorter fields"),
        ]),
    Case::of("an application behind Cloudflare answers 403 in JSON")
        .host("www.other.test")
        .proxy(preserve)
        .responds(
            403,
            &[
                ("server", "cloudflare"),
                ("cf-ray", "8f0-AMS"),
                ("cf-cache-status", "DYNAMIC"),
                ("content-type", "application/json"),
            ],
            "{\"error\":\"forbidden\"}",
        )
        .causes(&[]),
    Case::of("the edge of Cloudflare answers 403, as SNI and Host disagree")
        .host("www.other.test")
        .proxy(preserve)
        .responds(
            403,
            &[
                ("server", "cloudflare"),
                ("cf-ray", "8f0-AMS"),
                ("content-type", "text/html"),
            ],
            "<center><h1>403 Forbidden</h1></center><hr><center>cloudflare</center>",
        )
        .causes(&[(
            SniAndHostDisagree,
            Likely,
            "HostRewriteLayer::to(\"www.example.test\")",
        )])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("www.example.test").unwrap())
        })),
    Case::of("an application behind Cloudflare answers 522 itself")
        .responds(522, &[("server", "cloudflare")], "our own words")
        .causes(&[(BehindTheEdge, Likely, "check the origin")]),
    Case::of("a WebSocket is answered by 403, as Origin is not the rewritten Host")
        .url("http://chat.internal.test")
        .host("chat.example.test")
        .request(|it| it.header("origin", "https://chat.example.test"))
        .responds(403, &[], "")
        .causes(&[(CrossOriginRefused, Likely, "HostRewriteLayer::preserve()")])
        .works_if_sent("host: chat.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("Django: CSRF verification failed, as Origin is not the rewritten Host")
        .url("http://app.internal.test")
        .host("www.example.test")
        .request(|it| {
            it.method("POST")
                .header("origin", "https://www.example.test")
        })
        .content("form")
        .responds(
            403,
            &[("content-type", "text/html")],
            "<p>CSRF verification failed. Request aborted.</p>",
        )
        .causes(&[(CrossOriginRefused, Likely, "HostRewriteLayer::preserve()")])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("SvelteKit refuses a form, as its scheme is taken for http")
        .url("http://app.internal.test")
        .host("www.example.test")
        .proxy(preserve)
        .request(|it| {
            it.method("POST")
                .header("origin", "https://www.example.test")
        })
        .content("form")
        .responds(
            403,
            &[("content-type", "text/plain")],
            "Cross-site POST form submissions are forbidden",
        )
        .causes(&[(CrossOriginRefused, Likely, "client_scheme(Scheme::Https)")])
        .works_if_sent("x-forwarded-proto: https")
        .fixed_by(Fix::Proxy(https)),
    Case::of("an application refuses a form for a reason of its own")
        .url("http://app.internal.test")
        .host("www.example.test")
        .request(|it| {
            it.method("POST")
                .header("origin", "https://www.example.test")
        })
        .content("form")
        .responds(403, &[], "you may not")
        .causes(&[(CrossOriginRefused, Possible, "HostRewriteLayer::preserve()")]),
    Case::of("a request from another site is refused, as it should be")
        .url("http://app.internal.test")
        .host("www.example.test")
        .request(|it| it.method("POST").header("origin", "https://evil.test"))
        .content("form")
        .responds(403, &[], "CSRF verification failed")
        .causes(&[]),
    Case::of("S3 answers `NoSuchBucket` at the endpoint of a region, without a bucket in the path")
        .url("https://s3.eu-west-1.amazonaws.com")
        .responds(404, &[("server", "AmazonS3")], "<Code>NoSuchBucket</Code>")
        .causes(&[(InvalidRequest, Likely, "dial the endpoint of the bucket")]),
];
