//! Handshakes that fail.

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::{
        CauseId::{
            CertificateExpired, HttpToTlsPort, InvalidRequest, PlainHttpPeer, SniMissing,
            SniNotServed,
        },
        Certainty::{Certain, Likely},
    },
};

use crate::field::case::{
    Case,
    Step::{Head, Hello, Reset, Send},
    Through,
};

const ALERT_40: &[u8] = b"\x15\x03\x03\0\x02\x02\x28";
const ALERT_112: &[u8] = b"\x15\x03\x03\0\x02\x02\x70";

pub(super) const CASES: &[Case] = &[
    Case::of(
        "nginx: `sslv3 alert handshake failure`, as the name in SNI is not on the distribution",
    )
    .url("https://d1234567890.cloudfront.net")
    .connector(|it| it.host("www.example.test"))
    .through(Through::Connector)
    .acts(&[Hello, Send(ALERT_40)])
    .causes(&[(SniNotServed, Likely, ".sni(\"www.example.test\")")]),
    Case::of("nginx with `ssl_reject_handshake`: `unrecognized name`, and no SNI was sent")
        .connector(|it| it.omit_sni())
        .acts(&[Hello, Send(ALERT_112)])
        .causes(&[(SniMissing, Certain, ".sni(\"www.example.test\")")]),
    Case::of("the probe, for a setup without SNI that CloudFront refuses")
        .connector(|it| it.omit_sni())
        .through(Through::Probe)
        .responds(200, &[], "")
        .causes(&[(SniMissing, Certain, ".sni(\"www.example.test\")")]),
    Case::of("Envoy resets a connection without SNI, as no filter chain matches")
        .connector(|it| it.omit_sni())
        .acts(&[Hello, Reset])
        .causes(&[(SniMissing, Likely, ".sni(\"www.example.test\")")]),
    Case::of("`wrong version number`: https to a port of plain http")
        .url("https://app.example.test:8080")
        .acts(&[
            Hello,
            Send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
        ])
        .causes(&[(
            PlainHttpPeer,
            Certain,
            "builder(\"http://app.example.test:8080\")",
        )]),
    Case::of("http to a port of TLS, which answers with an alert")
        .url("http://app.example.test:8443")
        .acts(&[Head, Send(b"\x15\x03\x01\0\x02\x02\x46")])
        .causes(&[(
            HttpToTlsPort,
            Likely,
            "builder(\"https://app.example.test:8443\")",
        )]),
    Case::of("an origin whose certificate was not renewed")
        .certificate(|authority| authority.issue_expired(&["www.example.test"]))
        .responds(200, &[], "")
        .causes(&[(
            CertificateExpired,
            Certain,
            "renew the origin's certificate",
        )]),
    Case::of("a bare connector dials an address, and the `Uri` of the call has the name")
        .url("https://192.0.2.7")
        .called_with("https://www.example.test/")
        .acts(&[Hello, Send(ALERT_112)])
        .causes(&[(SniMissing, Certain, ".sni(\"www.example.test\")")]),
    Case::of("a proxy is built on a connector for any origin, and an absolute URI is sent")
        .url("http://www.example.test")
        .connector(|_| CdnOriginConnector::any_origin())
        .acts(&[])
        .causes(&[(InvalidRequest, Certain, "CdnOriginConnector::builder(")]),
];
