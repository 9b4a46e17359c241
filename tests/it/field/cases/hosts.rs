//! Edges and applications that do not know the name in Host.

use cdn_origin::{
    HostRewriteLayer, OriginProxy,
    diagnosis::{
        CauseId::{BehindTheEdge, HostNotServed, SniAndHostDisagree, WrongRegion},
        Certainty::{Certain, Likely, Possible},
    },
};

use crate::field::case::{Case, Fix};

const PRESERVE: &str = "HostRewriteLayer::preserve()";
const NO_BUCKET: &str = "<Error><Code>NoSuchBucket</Code>\
    <Message>The specified bucket does not exist</Message></Error>";

fn preserve(proxy: OriginProxy) -> OriginProxy {
    proxy.host_rewrite(HostRewriteLayer::preserve())
}

pub(super) const CASES: &[Case] = &[
    Case::of(
        "Apache httpd 2.4.64 answers 421 since the update, as the Host has another certificate",
    )
    .url("https://origin.example.test")
    .connector(|it| it.host("www.example.test"))
    .responds(421, &[("server", "Apache")], "")
    .causes(&[(SniAndHostDisagree, Likely, ".sni(\"www.example.test\")")])
    .works_if_sent("host: origin.example.test")
    .fixed_by(Fix::Connector(|it| it.host("origin.example.test"))),
    Case::of("the same 421, where a layer keeps the Host of clients")
        .url("https://origin.example.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(421, &[("server", "Apache")], "")
        .causes(&[(
            SniAndHostDisagree,
            Likely,
            "HostRewriteLayer::to(\"origin.example.test\")",
        )])
        .works_if_sent("host: origin.example.test")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("origin.example.test").unwrap())
        })),
    Case::of("a website of S3 takes the clients' Host for the name of a bucket")
        .url("http://shop.s3-website-eu-west-1.amazonaws.com")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            404,
            &[("server", "AmazonS3")],
            "<li>Code: NoSuchBucket</li>",
        )
        .causes(&[(
            HostNotServed,
            Certain,
            "HostRewriteLayer::to(\"shop.s3-website-eu-west-1.amazonaws.com\")",
        )])
        .works_if_sent("host: shop.s3-website-eu-west-1.amazonaws.com")
        .fixed_by(Fix::Proxy(|it| {
            let host = "shop.s3-website-eu-west-1.amazonaws.com";
            it.host_rewrite(HostRewriteLayer::to(host).unwrap())
        })),
    Case::of("a bucket of S3 with `.host(..)` set to the site's name")
        .url("https://assets.s3.eu-west-1.amazonaws.com")
        .connector(|it| it.host("www.example.test"))
        .responds(404, &[("server", "AmazonS3")], NO_BUCKET)
        .causes(&[(
            HostNotServed,
            Certain,
            ".host(\"assets.s3.eu-west-1.amazonaws.com\")",
        )])
        .works_if_sent("host: assets.s3.eu-west-1.amazonaws.com")
        .fixed_by(Fix::Connector(|it| {
            it.host("assets.s3.eu-west-1.amazonaws.com")
        })),
    Case::of("a bucket of S3 in another region")
        .url("https://assets.s3.amazonaws.com")
        .responds(
            301,
            &[("server", "AmazonS3")],
            "<Code>PermanentRedirect</Code>\
             <Endpoint>assets.s3.eu-west-1.amazonaws.com</Endpoint>",
        )
        .causes(&[(
            WrongRegion,
            Certain,
            "builder(\"https://assets.s3.eu-west-1.amazonaws.com\")",
        )])
        .works_if_sent("host: assets.s3.eu-west-1.amazonaws.com")
        .fixed_by(Fix::Url("https://assets.s3.eu-west-1.amazonaws.com")),
    Case::of("a bucket of Google Cloud Storage under the clients' Host")
        .url("https://assets.storage.googleapis.com")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            404,
            &[("server", "UploadServer"), ("x-guploader-uploadid", "A")],
            NO_BUCKET,
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"assets.storage.googleapis.com\")",
        )])
        .works_if_sent("host: assets.storage.googleapis.com")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("assets.storage.googleapis.com").unwrap())
        })),
    Case::of("Azure Blob Storage under the clients' Host: `InvalidUri`")
        .url("https://shop.blob.core.windows.net")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            400,
            &[
                ("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"),
                ("x-ms-request-id", "1"),
            ],
            "<Error><Code>InvalidUri</Code><Message>The requested URI does not represent any \
             resource on the server.</Message></Error>",
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"shop.blob.core.windows.net\")",
        )])
        .works_if_sent("host: shop.blob.core.windows.net")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("shop.blob.core.windows.net").unwrap())
        })),
    Case::of("Firebase Hosting under the clients' Host: Site Not Found")
        .url("https://shop.web.app")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            404,
            &[("x-served-by", "cache-lax8625-LAX"), ("x-cache", "MISS")],
            "<title>Site Not Found</title>",
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"shop.web.app\")",
        )])
        .works_if_sent("host: shop.web.app")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("shop.web.app").unwrap())
        })),
    Case::of("Render under the clients' Host")
        .url("https://shop.onrender.com")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            404,
            &[
                ("server", "cloudflare"),
                ("cf-ray", "8f0-AMS"),
                ("x-render-routing", "no-server"),
            ],
            "Not Found\n",
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"shop.onrender.com\")",
        )]),
    Case::of("HTTP.sys: Bad Request - Invalid Hostname")
        .url("http://iis.example.test")
        .host("www.example.test")
        .responds(
            400,
            &[
                ("server", "Microsoft-HTTPAPI/2.0"),
                ("content-type", "text/html"),
            ],
            "<h2>Bad Request - Invalid Hostname</h2><hr><p>HTTP Error 400. The request hostname \
             is invalid.</p>",
        )
        .causes(&[(HostNotServed, Likely, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("ASP.NET Core with `AllowedHosts`, under the clients' Host")
        .url("http://app.example.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            400,
            &[("server", "Kestrel"), ("content-type", "text/html")],
            "<h2>Bad Request - Invalid Hostname</h2>",
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"app.example.test\")",
        )]),
    Case::of("Django: DisallowedHost")
        .url("http://app.internal.test:8000")
        .host("www.example.test")
        .responds(
            400,
            &[("content-type", "text/html")],
            "<title>DisallowedHost at /page</title>Invalid HTTP_HOST header",
        )
        .causes(&[(HostNotServed, Likely, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("Django without DEBUG: Bad Request (400)")
        .url("http://app.internal.test:8000")
        .host("www.example.test")
        .responds(
            400,
            &[("content-type", "text/html")],
            "<h1>Bad Request (400)</h1>",
        )
        .causes(&[(HostNotServed, Possible, PRESERVE)]),
    Case::of("Rails: Blocked hosts")
        .url("http://app.internal.test:3000")
        .host("www.example.test")
        .responds(
            403,
            &[("content-type", "text/html")],
            "<h1>Blocked hosts: app</h1>",
        )
        .causes(&[(HostNotServed, Likely, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("Vite: Blocked request. This host is not allowed")
        .url("http://localhost:5173")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            403,
            &[("content-type", "text/plain")],
            "Blocked request. This host (\"www.example.test\") is not allowed.",
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"localhost:5173\")",
        )])
        .works_if_sent("host: localhost:5173")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("localhost:5173").unwrap())
        })),
    Case::of("webpack-dev-server: Invalid Host header")
        .url("http://localhost:8080")
        .host("www.example.test")
        .proxy(preserve)
        .responds(403, &[("content-type", "text/html")], "Invalid Host header")
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"localhost:8080\")",
        )]),
    Case::of("Nextcloud: Access through untrusted domain")
        .url("http://cloud.internal.test")
        .host("cloud.example.test")
        .responds(
            400,
            &[("content-type", "text/html")],
            "<h2>Access through untrusted domain</h2>",
        )
        .causes(&[(HostNotServed, Likely, PRESERVE)]),
    Case::of("HAProxy answers 503, as no backend matches the clients' Host")
        .url("https://lb.example.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            503,
            &[],
            "<h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n",
        )
        .causes(&[
            (
                HostNotServed,
                Likely,
                "HostRewriteLayer::to(\"lb.example.test\")",
            ),
            (BehindTheEdge, Possible, "check the servers"),
        ])
        .works_if_sent("host: lb.example.test")
        .fixed_by(Fix::Proxy(|it| {
            it.host_rewrite(HostRewriteLayer::to("lb.example.test").unwrap())
        })),
    Case::of("HAProxy answers 503, as it routes by the public name and gets its own")
        .url("http://lb.internal.test")
        .host("www.example.test")
        .responds(503, &[], "No server is available to handle this request.\n")
        .causes(&[
            (HostNotServed, Possible, PRESERVE),
            (BehindTheEdge, Possible, "check the servers"),
        ])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("nginx answers 502, as the default server gets requests for an unknown Host")
        .url("http://lb.internal.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            502,
            &[("server", "nginx"), ("content-type", "text/html")],
            "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>",
        )
        .causes(&[
            (
                HostNotServed,
                Likely,
                "HostRewriteLayer::to(\"lb.internal.test\")",
            ),
            (BehindTheEdge, Possible, "check the servers"),
        ]),
    Case::of("nginx answers 504, and the names agree")
        .url("http://www.example.test")
        .responds(
            504,
            &[("server", "nginx"), ("content-type", "text/html")],
            "<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx</center>",
        )
        .causes(&[
            (BehindTheEdge, Likely, "check the servers"),
            (HostNotServed, Possible, ".host(\"..\")"),
        ]),
    Case::of("nginx answers 502, and the names agree")
        .url("http://www.example.test")
        .responds(
            502,
            &[("server", "nginx"), ("content-type", "text/html")],
            "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>",
        )
        .causes(&[
            (BehindTheEdge, Possible, "check the servers"),
            (HostNotServed, Possible, ".host(\"..\")"),
        ]),
    Case::of("nginx behind CloudFront answers 502")
        .url("https://d1234567890.cloudfront.net")
        .responds(
            502,
            &[
                ("server", "nginx"),
                ("x-amz-cf-id", "1"),
                ("content-type", "text/html"),
            ],
            "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>",
        )
        .causes(&[(BehindTheEdge, Likely, "check the servers")]),
    Case::of("the router of OpenShift: Application is not available")
        .url("https://router.example.test")
        .host("shop.example.test")
        .responds(
            503,
            &[("content-type", "text/html")],
            "<h1>Application is not available</h1>",
        )
        .causes(&[
            (HostNotServed, Possible, PRESERVE),
            (BehindTheEdge, Possible, "check the servers"),
        ]),
    Case::of("Traefik: 404 page not found, as no router has the Host")
        .url("https://traefik.example.test")
        .host("www.example.test")
        .responds(
            404,
            &[
                ("content-type", "text/plain; charset=utf-8"),
                ("x-content-type-options", "nosniff"),
            ],
            "404 page not found\n",
        )
        .causes(&[(HostNotServed, Possible, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("Kong: no Route matched with those values")
        .url("http://kong.example.test")
        .host("api.example.test")
        .proxy(preserve)
        .responds(
            404,
            &[
                ("server", "kong/3.4.2"),
                ("content-type", "application/json"),
            ],
            "{\"message\":\"no Route matched with those values\"}",
        )
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"kong.example.test\")",
        )]),
    Case::of("Envoy answers 404 without a body, as no virtual host has the Host")
        .url("https://gateway.example.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(404, &[("server", "istio-envoy")], "")
        .causes(&[(
            HostNotServed,
            Likely,
            "HostRewriteLayer::to(\"gateway.example.test\")",
        )]),
    Case::of("an application behind Envoy answers 404")
        .url("https://gateway.example.test")
        .host("www.example.test")
        .proxy(preserve)
        .responds(
            404,
            &[("server", "envoy"), ("x-envoy-upstream-service-time", "3")],
            "no such article",
        )
        .causes(&[]),
    Case::of("ingress-nginx: default backend - 404")
        .url("http://ingress.example.test")
        .host("www.example.test")
        .responds(
            404,
            &[("content-type", "text/plain")],
            "default backend - 404",
        )
        .causes(&[(HostNotServed, Possible, PRESERVE)])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Proxy(preserve)),
    Case::of("a newer ingress-nginx answers 404 with the page of nginx")
        .url("http://ingress.example.test")
        .host("www.example.test")
        .responds(
            404,
            &[("content-type", "text/html")],
            "<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx</center>",
        )
        .causes(&[(HostNotServed, Possible, PRESERVE)]),
    Case::of("Cloudflare refuses an IP address in Host")
        .url("https://www.example.test")
        .connector(|it| it.host("192.0.2.7"))
        .responds(
            403,
            &[("server", "cloudflare"), ("cf-error-type", "1003")],
            "error code: 1003",
        )
        .causes(&[(HostNotServed, Certain, ".host(\"www.example.test\")")])
        .works_if_sent("host: www.example.test")
        .fixed_by(Fix::Connector(|it| it.host("www.example.test"))),
];
