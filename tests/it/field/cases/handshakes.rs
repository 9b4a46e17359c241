//! Handshakes that fail.

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::{
        CauseId::{
            CertificateExpired, CertificateUnusable, EchStale, HttpToTlsPort, Interception,
            OriginMissing, PlainHttpPeer, RootsMissing, SniMissing, SniNotServed,
            UntrustedAuthority, WildcardTooShallow,
        },
        Certainty::{Certain, Likely},
    },
};

use crate::{
    ech::published_by,
    field::case::{
        Case,
        Step::{Head, Hello, Reset, Send, Tls},
        Through,
    },
    support::{Authority, Certified},
};

const ALERT_40: &[u8] = b"\x15\x03\x03\0\x02\x02\x28";
const ALERT_112: &[u8] = b"\x15\x03\x03\0\x02\x02\x70";

/// A certificate of an authority that is not trusted, with its root.
fn with_unknown_root(authority: &Authority) -> Certified {
    let mut certified = authority.issue(&["www.example.test"]);
    certified.chain.push(authority.root_der());
    certified
}

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
            "dial the port on which the origin supports https",
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
    Case::of("the default certificate has expired, and is for another name anyway")
        .certificate(|authority| authority.issue_expired(&["other.example.test"]))
        .responds(200, &[], "")
        .causes(&[
            (SniNotServed, Likely, ".sni("),
            (CertificateExpired, Likely, "renew the origin's certificate"),
        ]),
    Case::of("a firewall that inspects TLS presents its own certificate for a CloudFront name")
        .url("https://d1234567890.cloudfront.net")
        .certificate(|_| {
            Authority::self_signed_as("firewall.corp.test", &["d1234567890.cloudfront.net"])
        })
        .responds(200, &[], "")
        .causes(&[(Interception, Likely, "")]),
    Case::of("`self-signed certificate`: the one with `CN=localhost` that a server came with")
        .certificate(|_| Authority::self_signed_as("localhost", &["localhost"]))
        .responds(200, &[], "")
        .causes(&[(SniNotServed, Likely, ".sni(")]),
    Case::of("a wildcard certificate, and a name that is one level deeper")
        .url("https://a.b.example.test")
        .certificate(|authority| authority.issue(&["*.example.test"]))
        .responds(200, &[], "")
        .causes(&[(
            WildcardTooShallow,
            Certain,
            "use a name that the certificate covers",
        )]),
    Case::of("the same without SNI: it may be the default certificate")
        .url("https://a.b.example.test")
        .connector(|it| it.omit_sni())
        .certificate(|authority| authority.issue(&["*.example.test"]))
        .acts(&[Tls("http/1.1")])
        .causes(&[
            (SniMissing, Likely, ".sni(\"a.b.example.test\")"),
            (
                WildcardTooShallow,
                Likely,
                "use a name that the certificate covers",
            ),
        ]),
    Case::of("a certificate with the name in its common name alone")
        .certificate(|authority| authority.issue_by_common_name("www.example.test"))
        .responds(200, &[], "")
        .causes(&[(
            CertificateUnusable,
            Certain,
            "among its subject alternative names",
        )]),
    Case::of("`unable to get local issuer certificate`, though the server sends its whole chain")
        .certificate(|_| with_unknown_root(&Authority::of_organization("Let's Encrypt")))
        .responds(200, &[], "")
        .causes(&[(RootsMissing, Likely, "install ca-certificates")]),
    Case::of("the same with the chain of a company's own authority")
        .certificate(|_| with_unknown_root(&Authority::new()))
        .responds(200, &[], "")
        .causes(&[(UntrustedAuthority, Likely, "Roots::pem(")]),
    Case::of("an ECH configuration that belongs to another server")
        .connector(|it| it.ech(published_by("public.example.test")))
        .acts(&[Tls("http/1.1")])
        .causes(&[(EchStale, Likely, ".ech(")]),
    Case::of("the same, and the server refuses the public name with `unrecognized name`")
        .connector(|it| it.ech(published_by("public.example.test")))
        .acts(&[Hello, Send(ALERT_112)])
        .causes(&[(EchStale, Likely, ".ech(")]),
    Case::of("a bare connector dials an address, and the `Uri` of the call has the name")
        .url("https://192.0.2.7")
        .called_with("https://www.example.test/")
        .acts(&[Hello, Send(ALERT_112)])
        .causes(&[(SniMissing, Certain, ".sni(\"www.example.test\")")]),
    Case::of("a proxy is built on a connector for any origin, and an absolute URI is sent")
        .url("http://www.example.test")
        .connector(|_| CdnOriginConnector::any_origin())
        .acts(&[])
        .causes(&[(OriginMissing, Certain, "CdnOriginConnector::builder(")]),
];
