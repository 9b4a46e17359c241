//! Redirects that lead in a circle, or past the proxy.

use cdn_origin::{
    ForwardedLayer, HostRewriteLayer, OriginProxy,
    diagnosis::{
        CauseId::{ForwardedProto, HttpsRequired, LocationNamesOrigin, RedirectLoop},
        Certainty::{Certain, Likely, Possible},
    },
    origin::Scheme,
};

use crate::field::case::{Case, Fix};

const HTTPS: &str = "client_scheme(Scheme::Https)";
const PRESERVE: &str = "HostRewriteLayer::preserve()";
const NGINX_PAGE: &str = "<html><head><title>301 Moved Permanently</title></head><body>\
    <center><h1>301 Moved Permanently</h1></center><hr><center>nginx</center></body></html>";

fn preserve(proxy: OriginProxy) -> OriginProxy {
    proxy.host_rewrite(HostRewriteLayer::preserve())
}

fn https(proxy: OriginProxy) -> OriginProxy {
    proxy.forwarded(ForwardedLayer::new().client_scheme(Scheme::Https))
}

pub(super) const CASES: &[Case] = &[
    Case::of("a distribution with `redirect-to-https` answers http with a 301")
        .url("http://d1234567890.cloudfront.net")
        .responds(
            301,
            &[
                ("server", "CloudFront"),
                ("x-cache", "Redirect from cloudfront"),
                ("location", "https://d1234567890.cloudfront.net/page"),
            ],
            "<center>CloudFront</center>",
        )
        .causes(&[(
            HttpsRequired,
            Certain,
            "builder(\"https://d1234567890.cloudfront.net\")",
        )])
        .works_if_sent("scheme: https")
        .fixed_by(Fix::Url("https://d1234567890.cloudfront.net")),
    Case::of("an application behind TLS redirects to www by plain http")
        .url("https://example.test")
        .host("shop.test")
        .responds(301, &[("location", "http://www.example.test/page")], "")
        .causes(&[(
            LocationNamesOrigin,
            Likely,
            "builder(\"https://www.example.test\")",
        )]),
    Case::of("a zone with Always Use HTTPS redirects http")
        .url("http://www.example.test")
        .responds(
            301,
            &[
                ("server", "cloudflare"),
                ("cf-ray", "8f0-AMS"),
                ("location", "https://www.example.test/page"),
            ],
            "",
        )
        .causes(&[
            (
                HttpsRequired,
                Likely,
                "builder(\"https://www.example.test\")",
            ),
            (ForwardedProto, Possible, HTTPS),
        ])
        .works_if_sent("scheme: https")
        .fixed_by(Fix::Url("https://www.example.test")),
    Case::of("nginx with `return 301 https://$host$request_uri` at port 80")
        .url("http://www.example.test")
        .responds(
            301,
            &[
                ("server", "nginx/1.22.1"),
                ("content-type", "text/html"),
                ("location", "https://www.example.test/page"),
            ],
            NGINX_PAGE,
        )
        .causes(&[
            (
                HttpsRequired,
                Likely,
                "builder(\"https://www.example.test\")",
            ),
            (ForwardedProto, Possible, HTTPS),
        ])
        .works_if_sent("scheme: https")
        .fixed_by(Fix::Url("https://www.example.test")),
    Case::of("an edge redirects http to https at another port")
        .url("http://www.example.test:8080")
        .responds(
            302,
            &[("location", "https://www.example.test:8443/page")],
            "",
        )
        .causes(&[
            (
                HttpsRequired,
                Likely,
                "builder(\"https://www.example.test:8443\")",
            ),
            (ForwardedProto, Possible, HTTPS),
        ])
        .works_if_sent("scheme: https")
        .fixed_by(Fix::Url("https://www.example.test:8443")),
    Case::of(
        "Rails with `force_ssl` redirects to https forever, behind a proxy that speaks http to it",
    )
    .url("http://app.example.test:3000")
    .responds(
        301,
        &[
            ("content-type", "text/html; charset=utf-8"),
            ("location", "https://app.example.test:3000/page"),
        ],
        "",
    )
    .causes(&[
        (ForwardedProto, Likely, HTTPS),
        (HttpsRequired, Possible, "builder("),
    ])
    .works_if_sent("x-forwarded-proto: https")
    .fixed_by(Fix::Proxy(https)),
    Case::of("Django with `SECURE_SSL_REDIRECT`, reached by the clients' Host")
        .url("http://app.internal.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(301, &[("location", "https://www.example.test/page")], "")
        .causes(&[
            (ForwardedProto, Likely, HTTPS),
            (HttpsRequired, Possible, "builder("),
        ])
        .works_if_sent("x-forwarded-proto: https")
        .fixed_by(Fix::Proxy(https)),
    Case::of("ASP.NET with `UseHttpsRedirection` answers 307, and adds a slash")
        .url("http://app.example.test")
        .responds(
            307,
            &[
                ("server", "Kestrel"),
                ("location", "https://app.example.test/page/"),
            ],
            "",
        )
        .causes(&[
            (ForwardedProto, Likely, HTTPS),
            (HttpsRequired, Possible, "builder("),
        ]),
    Case::of("Ghost redirects to the `url` of its configuration, which has https")
        .url("http://ghost.internal.test:2368")
        .host("blog.example.test")
        .responds(301, &[("location", "https://blog.example.test/page")], "")
        .causes(&[(RedirectLoop, Likely, HTTPS)])
        .works_if_sent("x-forwarded-proto: https")
        .fixed_by(Fix::Proxy(https)),
    Case::of("an application that is sent https already redirects to https")
        .url("http://www.example.test")
        .proxy(https)
        .responds(301, &[("location", "https://www.example.test/page")], "")
        .causes(&[(
            HttpsRequired,
            Likely,
            "builder(\"https://www.example.test\")",
        )])
        .works_if_sent("scheme: https")
        .fixed_by(Fix::Url("https://www.example.test")),
    Case::of("WordPress redirects to its own address, as Host was rewritten")
        .url("https://origin.example.test")
        .host("www.example.test")
        .responds(
            301,
            &[
                ("x-redirect-by", "WordPress"),
                ("location", "https://www.example.test/page"),
            ],
            "",
        )
        .causes(&[(RedirectLoop, Likely, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("a shop redirects from its platform's name to its domain")
        .url("https://shop.platform.test")
        .host("shop.example.test")
        .responds(301, &[("location", "https://shop.example.test/page")], "")
        .causes(&[(RedirectLoop, Likely, PRESERVE)])
        .works_if_sent("host: shop.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("nginx redirects every Host but one, with `if ($host != ..)`")
        .url("http://origin.example.test")
        .host("www.example.test")
        .responds(
            301,
            &[
                ("server", "nginx"),
                ("content-type", "text/html"),
                ("location", "https://www.example.test/page"),
            ],
            NGINX_PAGE,
        )
        .causes(&[(RedirectLoop, Likely, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("Flexible SSL: the edge speaks http to its origin, which redirects to https forever")
        .proxy(https)
        .responds(
            301,
            &[
                ("server", "cloudflare"),
                ("location", "https://www.example.test/page"),
            ],
            "",
        )
        .causes(&[(RedirectLoop, Likely, "configure the edge to use https")]),
    Case::of("the origin's site is at www, and the URL is without it")
        .url("https://example.test")
        .host("proxy.test")
        .responds(301, &[("location", "https://www.example.test/page")], "")
        .causes(&[(
            LocationNamesOrigin,
            Likely,
            "builder(\"https://www.example.test\")",
        )])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Url("https://www.example.test")),
    Case::of("nginx adds a slash and the port that it listens on")
        .url("http://app.internal.test:8080")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            301,
            &[("location", "http://www.example.test:8080/page/")],
            "",
        )
        .causes(&[(LocationNamesOrigin, Likely, "port_in_redirect off")]),
    Case::of("a redirect of clients to the canonical name, by their own Host, is no mistake")
        .host("example.test")
        .proxy(preserve)
        .responds(301, &[("location", "https://www.example.test/page")], "")
        .causes(&[]),
    Case::of("a slash that is added to the path is no loop")
        .host("www.example.test")
        .responds(301, &[("location", "https://www.example.test/page/")], "")
        .causes(&[]),
];
