//! Other failures between a proxy and a CDN, in a few lines each.

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::body::Body;
use cdn_origin::{
    OriginProxy, TlsVersion, VerifyPolicy,
    connector::Timeouts,
    diagnosis::Diagnosis,
    proxy::Limits,
    tls::{Alpn, SpkiPin, rustls::version},
};
use http::Response;

use crate::{
    demo,
    demo::{
        Demo, base, expect, heading, paragraph, print_causes, print_code, print_wrapped,
        send_request,
    },
    support::{
        Authority, Behaviour, Blackhole, Certified, Edge, EdgeBuilder, HostMismatch, SniRefusal,
        refused_address,
    },
};

const SITE: &str = "www.site.example";
const SHORT: Duration = Duration::from_millis(300);

type TourResult = Result<(), Box<dyn Error>>;

pub(crate) async fn run() -> TourResult {
    heading("Other failures");
    paragraph(
        "For each failure: the builder, the status that the client receives, and the error with \
         its causes.",
    );
    let authority = Authority::new();
    missing_names(&authority).await?;
    disagreeing_hosts(&authority).await?;
    versions(&authority).await?;
    certificates(&authority).await?;
    expected_names(&authority).await?;
    peers_without_tls(&authority).await?;
    broken_networks(&authority).await
}

async fn missing_names(authority: &Authority) -> TourResult {
    for (title, refusal) in [
        ("No SNI: the edge sends alert 40", SniRefusal::Alert(40)),
        ("No SNI: the edge sends alert 112", SniRefusal::Alert(112)),
        ("No SNI: the edge sends alert 80", SniRefusal::Alert(80)),
        (
            "No SNI: the edge presents its default certificate",
            SniRefusal::DefaultCertificate,
        ),
    ] {
        let edge = serving(authority)
            .default_certificate(authority.issue(&["default.edge.example"]))
            .without_sni(refusal)
            .start()
            .await;
        symptom(title, demo!(to(&edge, authority); .omit_sni()), 502).await?;
    }
    let edge = serving(authority).start().await;
    let unserved = demo!(to(&edge, authority); .sni("not-served.example").host(SITE));
    symptom(
        "SNI with a name that the edge does not serve",
        unserved,
        502,
    )
    .await
}

async fn disagreeing_hosts(authority: &Authority) -> TourResult {
    for (title, mismatch, status) in [
        (
            "A wrong Host: the edge responds with 421",
            HostMismatch::Misdirected421,
            421,
        ),
        (
            "A wrong Host: the edge responds with 403",
            HostMismatch::Forbidden403,
            403,
        ),
    ] {
        let edge = serving(authority).host_mismatch(mismatch).start().await;
        symptom(
            title,
            demo!(to(&edge, authority); .host("wrong.example")),
            status,
        )
        .await?;
    }
    Ok(())
}

async fn versions(authority: &Authority) -> TourResult {
    let old = serving(authority)
        .tls_versions(&[&version::TLS12])
        .start()
        .await;
    let only_new = demo!(to(&old, authority); .tls_versions(TlsVersion::V1_3..));
    symptom(
        "An edge with TLS 1.2 only, a connector with TLS 1.3 only",
        only_new,
        502,
    )
    .await?;

    let new = serving(authority)
        .tls_versions(&[&version::TLS13])
        .start()
        .await;
    let only_old = demo!(to(&new, authority); .tls_versions(..=TlsVersion::V1_2));
    symptom(
        "An edge with TLS 1.3 only, a connector with TLS 1.2 only",
        only_old,
        502,
    )
    .await?;

    let http1 = serving(authority).alpn(&["http/1.1"]).start().await;
    let only_h2 = demo!(to(&http1, authority); .alpn(Alpn::Http2));
    symptom(
        "A connector with h2 only, an edge with HTTP/1.1 only",
        only_h2,
        502,
    )
    .await
}

async fn certificates(authority: &Authority) -> TourResult {
    let self_signed = Authority::self_signed(&[SITE]);
    let pin = SpkiPin::sha256(self_signed.spki_sha256());
    let presented: [(&str, Certified); 5] = [
        (
            "A certificate for another name",
            authority.issue(&["other.example"]),
        ),
        (
            "A certificate with an unknown issuer",
            Authority::new().issue(&[SITE]),
        ),
        ("A self-signed certificate", self_signed.clone()),
        ("An expired certificate", authority.issue_expired(&[SITE])),
        (
            "A certificate that is not valid yet",
            authority.issue_not_yet_valid(&[SITE]),
        ),
    ];
    for (title, certified) in presented {
        let edge = Edge::builder(authority)
            .serves_with(SITE, certified)
            .start()
            .await;
        symptom(title, to(&edge, authority), 502).await?;
    }
    let edge = Edge::builder(authority)
        .serves_with(SITE, self_signed)
        .start()
        .await;
    let pinned = demo!(to(&edge, authority); .verify(VerifyPolicy::pinned(pin)));
    symptom(
        "The self-signed certificate with its key pinned",
        pinned,
        200,
    )
    .await
}

async fn expected_names(authority: &Authority) -> TourResult {
    let certified = authority.issue(&["origin.example"]);
    let edge = Edge::builder(authority)
        .serves_with(SITE, certified)
        .start()
        .await;
    let right = demo!(to(&edge, authority); .expected_name("origin.example"));
    symptom("An expected name that differs from SNI", right, 200).await?;
    let edge = serving(authority).start().await;
    let wrong = demo!(to(&edge, authority); .expected_name("other.example"));
    symptom("A wrong expected name", wrong, 502).await
}

async fn peers_without_tls(authority: &Authority) -> TourResult {
    for (title, behaviour) in [
        (
            "Plain http on the TLS port",
            Behaviour::Plaintext(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        (
            "SSH on the TLS port",
            Behaviour::Greeting(b"SSH-2.0-OpenSSH_9.2\r\n"),
        ),
        (
            "A connection reset during the handshake",
            Behaviour::ResetInHandshake,
        ),
    ] {
        let edge = serving(authority).behaviour(behaviour).start().await;
        symptom(title, to(&edge, authority), 502).await?;
    }
    Ok(())
}

async fn broken_networks(authority: &Authority) -> TourResult {
    let refused = refused_address();
    symptom(
        "A port without a listener",
        dialing(refused.address(), authority),
        502,
    )
    .await?;

    let hole = Blackhole::new().await;
    let builder =
        demo!(dialing(hole.address(), authority); .timeouts(Timeouts::default().dial(SHORT)));
    symptom("No response to the TCP connect", builder, 504).await?;

    let edge = serving(authority)
        .behaviour(Behaviour::StallInHandshake)
        .start()
        .await;
    let builder = demo!(to(&edge, authority); .timeouts(Timeouts::default().tls_handshake(SHORT)));
    symptom("No response in the TLS handshake", builder, 504).await?;

    let edge = serving(authority)
        .behaviour(Behaviour::StallBeforeResponse)
        .start()
        .await;
    let demo = to(&edge, authority);
    paragraph("* No response to the request, with Limits::response_timeout(SHORT)");
    print_code(&demo.code);
    let proxy =
        OriginProxy::new(demo.builder.build()?).limits(Limits::default().response_timeout(SHORT));
    summarize(&send_request(proxy, SITE).await?, 504)
}

/// Prints one failure: its title, the builder, the status that the client receives, and the causes.
async fn symptom(title: &str, demo: Demo, status: u16) -> TourResult {
    paragraph(&format!("* {title}"));
    print_code(&demo.code);
    let proxy = OriginProxy::new(demo.builder.build()?);
    summarize(&send_request(proxy, SITE).await?, status)
}

fn summarize(response: &Response<Body>, status: u16) -> TourResult {
    expect(response.status(), status)?;
    println!("  -> {}", response.status());
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        print_wrapped(&error.to_string(), "  ");
        print_causes(&error.diagnosis(), "  ");
    }
    if let Some(diagnosis) = response.extensions().get::<Diagnosis>() {
        print_causes(diagnosis, "  ");
    }
    Ok(())
}

fn serving(authority: &Authority) -> EdgeBuilder {
    Edge::builder(authority).serves(SITE)
}

fn to(edge: &Edge, authority: &Authority) -> Demo {
    dialing(edge.address(), authority)
}

fn dialing(address: SocketAddr, authority: &Authority) -> Demo {
    base(&format!("https://{SITE}"), address, authority)
}
