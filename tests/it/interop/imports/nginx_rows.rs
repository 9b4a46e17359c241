//! Setups of nginx.

use super::rows::{
    OriginKind::{Dead, MutualTls, Tls},
    Row, nginx,
};

const SENDS_SNI: (&str, &str) = ("sni", "nginx sends none without a line, the import does");
/// Both answer 502 by themselves.
const OWN_ERROR: &[(&str, &str)] = &[
    ("body", "the page is nginx's own"),
    ("response content-type", "the page is nginx's own"),
    ("response proxy-status", "RFC 9209"),
];
const CLIENT_FIELD: &str = "nginx passes what the client wrote";
const LABEL: &str = "nginx sends the label of the `upstream`, the import the server's address";

pub(super) const ROWS: &[Row] = &[
    nginx("analytics_script")
        .dials(&["analytics.origin.example"])
        .section("location = /js/script.js")
        .get("/js/script.js?query=1")
        .origin(Tls)
        .differs(&[
            ("request x-forwarded-for", CLIENT_FIELD),
            (
                "request x-forwarded-host",
                "the import writes it by default",
            ),
            ("request x-forwarded-proto", CLIENT_FIELD),
            ("version", "nginx speaks HTTP/1.0 without a line"),
        ]),
    nginx("analytics_script")
        .dials(&["analytics.origin.example"])
        .section("location = /api/event")
        .post("/api/event")
        .origin(Tls)
        .responds(202, &[])
        .differs(&[(
            "request x-forwarded-host",
            "the field has the client's port, as its Host has",
        )]),
    nginx("azure_app_service")
        .dials(&["shop-example.azurewebsites.net"])
        .origin(Tls)
        .responds(
            302,
            &[
                ("location", "https://shop-example.azurewebsites.net/next"),
                (
                    "set-cookie",
                    "a=1; Domain=shop-example.azurewebsites.net; Path=/",
                ),
            ],
        )
        .differs(&[
            (
                "request x-forwarded-host",
                "the field has the client's port, as its Host has",
            ),
            (
                "response location",
                "the client's scheme is http, as it ends no TLS here",
            ),
            (
                "response set-cookie",
                "without a domain, the cookie is for the client's host alone",
            ),
        ]),
    nginx("azure_blob_through_upstream")
        .replaced(&[("storeexample.blob.core.windows.net:443", "ORIGIN")])
        .get("/files/page?query=1")
        .origin(Tls),
    nginx("behind_a_balancer")
        .replaced(&[("app.internal.example:8080", "ORIGIN")])
        .differs(&[
            ("request x-forwarded-for", CLIENT_FIELD),
            ("request x-forwarded-proto", CLIENT_FIELD),
        ]),
    nginx("behind_tls_with_large_heads")
        .replaced(&[("10.0.0.31:8080", "ORIGIN")])
        .host("www.example.com")
        .responds(302, &[("location", "http://www.example.com/next")])
        .differs(&[(
            "response location",
            "by hand: the origin could have read X-Forwarded-Proto",
        )]),
    nginx("bodies_and_errors")
        .replaced(&[
            ("127.0.0.1:9000", "ORIGIN"),
            ("    auth_basic \"private\";\n", ""),
            ("    limit_req zone=one burst=5;\n", ""),
            (
                "    sub_filter 'http://old.example' 'https://new.example';\n",
                "",
            ),
            ("    sub_filter_once off;\n", ""),
        ])
        .get("/old/page?query=1")
        .responds(200, &[("x-powered-by", "php"), ("set-cookie", "a=1")])
        .differs(&[("response set-cookie", "`proxy_cookie_flags` is by hand")]),
    nginx("cloud_storage_prefix")
        .dials(&["storage.googleapis.com"])
        .get("/media/page?query=1")
        .origin(Tls)
        .responds(
            200,
            &[
                ("alt-svc", "h3=\":443\""),
                ("x-goog-hash", "1"),
                ("x-goog-meta-kept", "1"),
                ("x-guploader-uploadid", "1"),
            ],
        ),
    nginx("cloudflare_as_origin")
        .dials(&["www.origin.example"])
        .origin(Tls)
        .responds(301, &[("location", "https://www.origin.example/next?a=b")]),
    nginx("cloudfront_migration")
        .dials(&["d1234567890.cloudfront.net"])
        .origin(Tls),
    nginx("cloudfront_migration")
        .dials(&["d1234567890.cloudfront.net"])
        .origin(Tls)
        .host("WWW.Example.com.:PORT"),
    nginx("cloudfront_old_versions")
        .dials(&["d1234567890.cloudfront.net"])
        .origin(Tls)
        .differs(&[(
            "*",
            "nginx has no version that the origin accepts; they are not imported",
        )]),
    nginx("cloudfront_without_sni")
        .dials(&["d1234567890.cloudfront.net"])
        .origin(Tls)
        .differs(&[SENDS_SNI]),
    nginx("docker_registry")
        .replaced(&[("10.0.0.21:5000", "ORIGIN")])
        .post("/v2/app/blobs/uploads/")
        .responds(
            202,
            &[
                ("location", "/v2/app/blobs/uploads/1"),
                ("docker-upload-uuid", "1"),
            ],
        )
        .differs(&[(
            "response docker-distribution-api-version",
            "by hand: the value is in a variable",
        )]),
    nginx("docs_in_a_folder")
        .dials(&["docs-example.netlify.app"])
        .get("/docs/page?query=1")
        .origin(Tls)
        .responds(
            301,
            &[
                (
                    "location",
                    "https://docs-example.netlify.app/docs/page/?query=1",
                ),
                ("set-cookie", "a=1; Path=/"),
                ("x-nf-request-id", "1"),
            ],
        )
        .differs(&[
            (
                "response location",
                "X-Forwarded-Proto says https, which nginx does not look at",
            ),
            (
                "response set-cookie",
                "refused: a path cannot add attributes to a cookie",
            ),
        ]),
    nginx("inherited_fields")
        .replaced(&[("10.0.0.1:8000", "ORIGIN")])
        .section("location /"),
    nginx("inherited_fields")
        .replaced(&[("10.0.0.2:8000", "ORIGIN")])
        .section("location /upload/")
        .post("/upload/page")
        .differs(&[
            ("request x-real-ip", CLIENT_FIELD),
            ("request x-token", "by hand: the value looks secret"),
        ]),
    nginx("ip_hash").replaced(&[
        ("server 10.0.0.1;", "server ORIGIN;"),
        ("server 10.0.0.2;", ""),
        ("server 10.0.0.3 slow_start=30s;", "server ORIGIN weight=2;"),
    ]),
    nginx("ip_hash")
        .replaced(&[
            ("server 10.0.0.1;", "server ORIGIN;"),
            ("server 10.0.0.2;", ""),
            ("server 10.0.0.3 slow_start=30s;", ""),
        ])
        .origin(Dead)
        .differs(OWN_ERROR),
    nginx("mutual_tls")
        .dials(&["bank.example"])
        .replaced(&[
            ("bank.example:8443", "bank.example"),
            ("/etc/nginx/client.pem", "FILES/crt.pem"),
            ("/etc/nginx/client.key", "FILES/key.pem"),
            ("/etc/nginx/pass", "FILES/pass"),
            ("/etc/nginx/bank-ca.pem", "FILES/ca.pem"),
            ("    proxy_ssl_crl /etc/nginx/bank.crl.pem;\n", ""),
        ])
        .get("/bank/page")
        .origin(MutualTls),
    nginx("node_behind_websocket")
        .replaced(&[
            ("127.0.0.1:3000", "ORIGIN"),
            ("    ssl_certificate /etc/ssl/app.pem;\n", ""),
            ("    ssl_certificate_key /etc/ssl/app.key;\n", ""),
        ])
        .get("/socket/page?query=1")
        .host("WWW.Example.com:PORT"),
    nginx("plain_http_to_443")
        .replaced(&[("d1234567890.cloudfront.net:443", "ORIGIN")])
        .origin(Tls),
    nginx("privacy").dials(&["media.example"]).origin(Tls),
    nginx("redirects")
        .dials(&["backend.example"])
        .get("/one/page?query=1")
        .responds(
            404,
            &[
                ("location", "http://backend.example/two/next"),
                ("x-runtime", "1"),
            ],
        ),
    nginx("redirects")
        .dials(&["backend.example"])
        .get("/one/page?query=1")
        .responds(302, &[("location", "http://old.example/two/next?a=/two/")])
        .differs(&[("response x-robots-tag", "by hand: it depends on the status")]),
    nginx("rewritten_shop")
        .dials(&["shop.internal.example"])
        .section("location /shop/")
        .get("/shop/v1/page?query=1")
        .responds(404, &[("x-frame-options", "SAMEORIGIN")])
        .differs(&[("request x-real-ip", "by hand: nginx trusts the client's")]),
    nginx("rewritten_shop")
        .dials(&["shop.internal.example"])
        .section("location /shop/")
        .get("/shop/page?query=1")
        .differs(&[("request x-real-ip", "by hand: nginx trusts the client's")]),
    nginx("rewritten_shop")
        .dials(&["shop.internal.example"])
        .section("location /status/")
        .get("/status/page?query=1")
        .differs(&[
            ("request x-real-ip", CLIENT_FIELD),
            ("target", "by hand: nginx sends /health, without the query"),
        ]),
    nginx("rewritten_shop")
        .dials(&["shop.internal.example"])
        .section("location /plain/")
        .get("/plain/page?query=1")
        .differs(&[
            ("request x-real-ip", CLIENT_FIELD),
            ("target", "by hand: nginx sends no query"),
        ]),
    nginx("s3_bucket_by_variable")
        .dials(&["media-example.s3.amazonaws.com"])
        .get("/media/page?query=1")
        .origin(Tls)
        .responds(
            200,
            &[
                ("x-amz-id-2", "1"),
                ("x-amz-request-id", "1"),
                ("set-cookie", "a=1"),
                ("x-kept", "1"),
            ],
        )
        .differs(&[SENDS_SNI]),
    nginx("s3_cached")
        .dials(&["static-example.s3.eu-west-1.amazonaws.com"])
        .replaced(&[("/var/cache/s3", "FILES/cache")])
        .origin(Tls)
        .differs(&[
            SENDS_SNI,
            ("response cache-control", "`expires` is by hand"),
            ("response expires", "`expires` is by hand"),
            ("response x-cached", "by hand: there is no cache"),
        ]),
    nginx("s3_object_by_pattern")
        .dials(&["files-example.s3.amazonaws.com"])
        .get("/d/page")
        .differs(&[("target", "by hand: the path depends on the request")]),
    nginx("s3_website_endpoint")
        .dials(&["site-example.s3-website-us-east-1.amazonaws.com"])
        .responds(
            301,
            &[(
                "location",
                "http://site-example.s3-website-us-east-1.amazonaws.com/next",
            )],
        ),
    nginx("same_path")
        .replaced(&[("10.1.0.9:3000", "ORIGIN")])
        .get("/grafana/page?query=1")
        .responds(
            302,
            &[
                ("location", "/grafana/login"),
                ("set-cookie", "a=1; Path=/grafana/"),
            ],
        ),
    nginx("sni_of_the_client")
        .dials(&["edge.example"])
        .origin(Tls)
        .differs(&[("sni", "refused: the SNI of a connector is fixed")]),
    nginx("sticky_nodes").replaced(&[
        ("a.example:8080", "ORIGIN"),
        ("b.example:8080", "ORIGIN"),
        ("    queue 100 timeout=30s;\n", ""),
    ]),
    nginx("streaming_api")
        .dials(&["api.example"])
        .post("/v1/chat/completions?query=1")
        .origin(Tls)
        .responds(200, &[("content-type", "text/event-stream")]),
    nginx("sub_path")
        .replaced(&[("127.0.0.1:8080", "ORIGIN")])
        .get("/app/page?query=1")
        .responds(
            302,
            &[
                ("location", "/portal/login?next=/portal/"),
                ("set-cookie", "a=1; Path=/portal/; HttpOnly"),
            ],
        )
        .differs(&[("response location", "nginx makes redirects absolute")]),
    nginx("three_nodes")
        .replaced(&[
            ("10.0.0.11:3000", "ORIGIN"),
            ("10.0.0.12:3000", "ORIGIN"),
            ("10.0.0.13:3000", "ORIGIN"),
            ("10.0.0.14:3000", "ORIGIN"),
        ])
        .differs(&[("host", LABEL)]),
    nginx("three_nodes")
        .replaced(&[
            ("10.0.0.11:3000", "ORIGIN"),
            ("10.0.0.12:3000", "ORIGIN"),
            ("10.0.0.13:3000", "ORIGIN"),
            ("10.0.0.14:3000", "ORIGIN"),
        ])
        .post("/page")
        .responds(503, &[("retry-after", "5")])
        .differs(&[("host", LABEL)]),
    nginx("tls_upstream_by_label")
        .replaced(&[
            ("origin-a.example:443", "ORIGIN"),
            ("origin-b.example:443", "ORIGIN"),
        ])
        .origin(Tls)
        .differs(&[("host", LABEL), ("sni", LABEL)]),
    nginx("tls_upstream_by_name")
        .replaced(&[
            ("192.0.2.1:443", "ORIGIN"),
            ("192.0.2.2:443", "ORIGIN"),
            ("/etc/ssl/ca.pem", "FILES/ca.pem"),
        ])
        .origin(Tls),
    nginx("unix_socket_upstream")
        .replaced(&[
            ("unix:/run/gunicorn.sock", "ORIGIN"),
            ("location @app", "location /"),
        ])
        .responds(302, &[("location", "http://app/next")]),
    nginx("verification_off")
        .replaced(&[("10.0.0.5:8443", "ORIGIN")])
        .origin(Tls),
    nginx("verified_by_address")
        .replaced(&[
            ("192.0.2.10", "ORIGIN"),
            ("/etc/ssl/certs/ca-certificates.crt", "FILES/ca.pem"),
        ])
        .origin(Tls),
];
