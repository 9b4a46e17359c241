//! Setups of HAProxy.

use super::rows::{
    OriginKind::{Dead, MutualTls, Tls, TlsHttp2},
    Row, haproxy,
};

const CLIENT_FIELD: &str = "HAProxy passes what the client wrote";
const ONE_LINE: (&str, &str) = (
    "request x-forwarded-for",
    "HAProxy adds a line, the import appends to the client's: the list is the same",
);
/// Two servers of several setups.
const ONE_AND_TWO: &[(&str, &str)] = &[("10.0.0.1:80", "ORIGIN"), ("10.0.0.2:80", "ORIGIN")];

pub(super) const ROWS: &[Row] = &[
    haproxy("affinity").replaced(ONE_AND_TWO),
    haproxy("affinity_by_source").replaced(&[
        ("10.0.0.1:80", "ORIGIN"),
        ("10.0.0.2:80", "ORIGIN"),
        ("10.0.0.3:80", "ORIGIN"),
    ]),
    haproxy("api_without_its_prefix")
        .replaced(&[("10.0.0.31:3000", "ORIGIN")])
        .get("/api/page?query=1"),
    haproxy("azure_sni_of_client")
        .dials(&["shop-example.azurewebsites.net:443"])
        .host("www.example.com")
        .origin(Tls)
        .differs(&[("sni", "refused: the SNI of a connector is fixed")]),
    haproxy("behind_tls_termination")
        .replaced(&[("10.0.0.41:8181", "ORIGIN")])
        .responds(302, &[("location", "https://www.example.com/next")])
        .differs(&[ONE_LINE]),
    haproxy("client_address_from_a_field")
        .dials(&["10.0.0.2:8080"])
        .differs(&[
            ("request x-forwarded-for", CLIENT_FIELD),
            ("request x-forwarded-proto", CLIENT_FIELD),
            (
                "request x-real-ip",
                "clients could write it; the connection's address takes its place",
            ),
        ]),
    haproxy("cloudfront_without_host")
        .dials(&["d1234567890.cloudfront.net:443"])
        .replaced(&[("@system-ca", "FILES/ca.pem")])
        .origin(Tls),
    haproxy("cloudfront_without_sni")
        .dials(&["cloudfront-site.example:443"])
        .origin(Tls),
    haproxy("cloudfront_without_tls")
        .replaced(&[(
            "server broken cloudfront-site.example",
            "server broken ORIGIN",
        )])
        .origin(Tls),
    haproxy("cloudfront_working")
        .dials(&["cloudfront-site.example:443"])
        .origin(Tls),
    haproxy("dynamic_host")
        .dials(&["edge.example:443"])
        .replaced(&[("@system-ca", "FILES/ca.pem")])
        .origin(Tls)
        .differs(&[("host", "by hand: the Host depends on the request")]),
    haproxy("fields")
        .dials(&["origin.example:8080"])
        .get("/app/page?query=1")
        .responds(
            302,
            &[
                ("location", "http://origin.example/next"),
                ("x-frame-options", "SAMEORIGIN"),
                ("x-runtime", "1"),
            ],
        )
        .differs(&[
            ("request user-agent", "by hand: the value is computed"),
            ("request x-also", "by hand: a field is added to others"),
            ("response x-also", "by hand: a field is added to others"),
            (
                "response location",
                "it has the client's host, and in HAProxy no host",
            ),
        ]),
    haproxy("forwarded_fields")
        .dials(&["10.0.0.1:8080", "10.0.0.2:8080"])
        .section("backend app")
        .differs(&[("request x-forwarded-proto", CLIENT_FIELD)]),
    haproxy("http2")
        .dials(&["grpc.example:443"])
        .replaced(&[
            ("    server grpc 10.0.0.1:50051 proto h2\n", ""),
            ("@system-ca", "FILES/ca.pem"),
        ])
        .origin(TlsHttp2),
    haproxy("mutual_tls")
        .dials(&["bank.example:8443"])
        .replaced(&[
            ("/etc/bank.pem", "FILES/ca.pem"),
            ("/etc/client.pem", "FILES/crt.pem"),
        ])
        .origin(MutualTls),
    haproxy("object_store_cluster")
        .dials(&["10.0.0.21:9000", "10.0.0.22:9000"])
        .responds(200, &[("server", "store"), ("etag", "\"1\"")])
        .differs(&[ONE_LINE, ("request x-forwarded-proto", CLIENT_FIELD)]),
    haproxy("old_check_with_host").dials(&["127.0.1.10:80", "127.0.1.11:80"]),
    haproxy("plain_http_to_443")
        .dials(&["app.example:443"])
        .origin(Tls),
    haproxy("responses")
        .dials(&["10.0.0.1:80"])
        .replaced(&[
            ("/etc/haproxy/503.http", "FILES/503.http"),
            (
                "    http-request redirect scheme https unless { ssl_fc }\n",
                "",
            ),
        ])
        .get("/old/page?query=1")
        .responds(
            302,
            &[
                ("location", "http://www.example.com/next"),
                ("set-cookie", "a=1"),
            ],
        )
        .differs(&[
            ("response location", "by hand: the scheme is the client's"),
            (
                "response set-cookie",
                "by hand: attributes of cookies stay as they are",
            ),
        ]),
    haproxy("responses")
        .dials(&["10.0.0.1:80"])
        .replaced(&[
            ("/etc/haproxy/503.http", "FILES/503.http"),
            (
                "    http-request redirect scheme https unless { ssl_fc }\n",
                "",
            ),
        ])
        .origin(Dead)
        .differs(&[
            ("status", "HAProxy answers 503 if it cannot connect"),
            ("body", "by hand: files are not read"),
            ("response content-type", "the page is HAProxy's own"),
            ("response proxy-status", "RFC 9209"),
            (
                "response strict-transport-security",
                "the import sets it in the proxy's own responses too",
            ),
        ]),
    haproxy("retries").replaced(ONE_AND_TWO),
    haproxy("retries_off").replaced(ONE_AND_TWO),
    haproxy("s3_bucket")
        .dials(&["media-example.s3.amazonaws.com:443"])
        .replaced(&[("/etc/ssl/certs/ca-certificates.crt", "FILES/ca.pem")])
        .origin(Tls)
        .responds(
            200,
            &[
                ("x-amz-id-2", "1"),
                ("x-amz-request-id", "1"),
                ("x-kept", "1"),
            ],
        ),
    haproxy("sni_off")
        .dials(&["old.example:443"])
        .replaced(&[(" no-sni-auto", "")])
        .origin(Tls),
    haproxy("static_host")
        .dials(&["site-example.netlify.app:443"])
        .replaced(&[("/etc/ssl/certs/ca-certificates.crt", "FILES/ca.pem")])
        .origin(Tls)
        .responds(200, &[("server", "edge"), ("x-nf-request-id", "1")]),
    haproxy("three_nodes")
        .dials(&["10.10.11.86:80", "10.10.11.87:80", "10.10.11.88:80"])
        .replaced(&[("    log global\n", "")])
        .differs(&[
            ("request x-forwarded-for", "`except` is by hand"),
            (
                "response set-cookie",
                "by hand: the application sets the cookie of an affinity",
            ),
        ]),
    haproxy("verified_by_address")
        .dials(&["10.0.0.5:443", "10.0.0.6:443"])
        .replaced(&[
            ("/etc/ca.pem", "FILES/ca.pem"),
            (" crl-file /etc/ca.crl", ""),
        ])
        .origin(Tls),
    haproxy("verified_by_name")
        .dials(&["10.0.1.1:443"])
        .replaced(&[("/etc/ssl/ca.pem", "FILES/ca.pem")])
        .origin(TlsHttp2),
    haproxy("versions")
        .dials(&["new.example:443", "new.example:8443"])
        .replaced(&[("@system-ca", "FILES/ca.pem"), (" curves X25519", "")])
        .origin(Tls),
    haproxy("websocket")
        .dials(&["10.0.0.1:8000"])
        .replaced(&[(" ws h1", "")]),
    haproxy("whole_file")
        .dials(&["one.example:443"])
        .replaced(&[
            (
                "    chroot /var/lib/haproxy\n    user haproxy\n    daemon\n",
                "",
            ),
            ("    log /dev/log local0\n", ""),
            (
                "    http-request redirect scheme https code 301 unless { ssl_fc }\n",
                "",
            ),
            ("@system-ca", "FILES/ca.pem"),
        ])
        .host("one.example")
        .origin(Tls),
];
