//! Everything else that goes wrong between a proxy and a CDN, a few lines each.

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::body::Body;
use cdn_origin::{
    OriginProxy, TlsVersion, VerifyPolicy,
    diagnosis::Diagnosis,
    tls::{Alpn, SpkiPin, rustls::version},
};
use http::Response;

use crate::{
    shown,
    stage::{Shown, base, expect, heading, print_causes, print_wrapped, say, show, visit},
    support::{
        Authority, Behaviour, Blackhole, Certified, Edge, EdgeBuilder, HostMismatch, NoName,
        refused_address,
    },
};

const SITE: &str = "www.site.example";
const SOON: Duration = Duration::from_millis(300);

type Told = Result<(), Box<dyn Error>>;

pub(crate) async fn tell() -> Told {
    heading("Everything else that goes wrong");
    say(
        "Some thirty more, in short: what is built, what the client sees, and what the error says.",
    );
    let authority = Authority::new();
    missing_names(&authority).await?;
    disagreeing_hosts(&authority).await?;
    versions(&authority).await?;
    certificates(&authority).await?;
    expected_names(&authority).await?;
    odd_peers(&authority).await?;
    broken_networks(&authority).await
}

async fn missing_names(authority: &Authority) -> Told {
    for (title, refusal) in [
        ("No SNI, answered by alert 40", NoName::Alert(40)),
        ("No SNI, answered by alert 112", NoName::Alert(112)),
        ("No SNI, answered by alert 80", NoName::Alert(80)),
        (
            "No SNI, answered by the default certificate",
            NoName::DefaultCertificate,
        ),
    ] {
        let edge = serving(authority)
            .default_certificate(authority.issue(&["default.edge.example"]))
            .without_sni(refusal)
            .start()
            .await;
        row(title, shown!(to(&edge, authority); .omit_sni()), 502).await?;
    }
    let edge = serving(authority).start().await;
    let unserved = shown!(to(&edge, authority); .sni("not-served.example").host(SITE));
    row("SNI of a name that the edge does not serve", unserved, 502).await
}

async fn disagreeing_hosts(authority: &Authority) -> Told {
    for (title, mismatch, status) in [
        (
            "SNI right, Host wrong: 421",
            HostMismatch::Misdirected421,
            421,
        ),
        (
            "SNI right, Host wrong: 403",
            HostMismatch::Forbidden403,
            403,
        ),
    ] {
        let edge = serving(authority).host_mismatch(mismatch).start().await;
        row(
            title,
            shown!(to(&edge, authority); .host("wrong.example")),
            status,
        )
        .await?;
    }
    Ok(())
}

async fn versions(authority: &Authority) -> Told {
    let old = serving(authority)
        .tls_versions(&[&version::TLS12])
        .start()
        .await;
    let only_new = shown!(to(&old, authority); .tls_versions(TlsVersion::V1_3..));
    row("A TLS 1.2 edge, a client of TLS 1.3 only", only_new, 502).await?;

    let new = serving(authority)
        .tls_versions(&[&version::TLS13])
        .start()
        .await;
    let only_old = shown!(to(&new, authority); .tls_versions(..=TlsVersion::V1_2));
    row("A TLS 1.3 edge, a client of TLS 1.2 only", only_old, 502).await?;

    let http1 = serving(authority).alpn(&["http/1.1"]).start().await;
    let only_h2 = shown!(to(&http1, authority); .alpn(Alpn::Http2));
    row("h2 required, and the edge speaks HTTP/1.1", only_h2, 502).await
}

async fn certificates(authority: &Authority) -> Told {
    let self_signed = Authority::self_signed(&[SITE]);
    let pin = SpkiPin::sha256(self_signed.spki_sha256());
    let presented: [(&str, Certified); 5] = [
        (
            "A certificate for another name",
            authority.issue(&["other.example"]),
        ),
        (
            "A certificate of an unknown issuer",
            Authority::new().issue(&[SITE]),
        ),
        ("A self-signed certificate", self_signed.clone()),
        ("An expired certificate", authority.issue_expired(&[SITE])),
        (
            "A certificate of the future",
            authority.issue_not_yet_valid(&[SITE]),
        ),
    ];
    for (title, certified) in presented {
        let edge = Edge::builder(authority)
            .serves_with(SITE, certified)
            .start()
            .await;
        row(title, to(&edge, authority), 502).await?;
    }
    let edge = Edge::builder(authority)
        .serves_with(SITE, self_signed)
        .start()
        .await;
    let pinned = shown!(to(&edge, authority); .verify(VerifyPolicy::pinned(pin)));
    row(
        "The self-signed certificate again, its key pinned",
        pinned,
        200,
    )
    .await
}

async fn expected_names(authority: &Authority) -> Told {
    let certified = authority.issue(&["origin.example"]);
    let edge = Edge::builder(authority)
        .serves_with(SITE, certified)
        .start()
        .await;
    let right = shown!(to(&edge, authority); .expected_name("origin.example"));
    row("An expected name apart from SNI", right, 200).await?;
    let edge = serving(authority).start().await;
    let wrong = shown!(to(&edge, authority); .expected_name("other.example"));
    row("A wrong expected name, although SNI matches", wrong, 502).await
}

async fn odd_peers(authority: &Authority) -> Told {
    for (title, behaviour) in [
        (
            "Plain http behind the TLS port",
            Behaviour::Plaintext(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        (
            "SSH behind the TLS port",
            Behaviour::Greeting(b"SSH-2.0-OpenSSH_9.2\r\n"),
        ),
        ("A reset in the handshake", Behaviour::ResetInHandshake),
    ] {
        let edge = serving(authority).behaviour(behaviour).start().await;
        row(title, to(&edge, authority), 502).await?;
    }
    Ok(())
}

async fn broken_networks(authority: &Authority) -> Told {
    let refused = refused_address();
    row(
        "Nothing listens",
        dialling(refused.address(), authority),
        502,
    )
    .await?;

    let hole = Blackhole::new().await;
    let builder = shown!(dialling(hole.address(), authority); .dial_timeout(SOON));
    row("Stalled in connect", builder, 504).await?;

    let edge = serving(authority)
        .behaviour(Behaviour::StallInHandshake)
        .start()
        .await;
    let builder = shown!(to(&edge, authority); .tls_handshake_timeout(SOON));
    row("Stalled in the handshake", builder, 504).await?;

    let edge = serving(authority)
        .behaviour(Behaviour::StallBeforeResponse)
        .start()
        .await;
    let shown = to(&edge, authority);
    say("* Stalled before the first byte, with OriginProxy::response_timeout(SOON)");
    show(&shown.code);
    let proxy = OriginProxy::new(shown.builder.build()?).response_timeout(SOON);
    summarize(&visit(proxy, SITE).await?, 504)
}

/// One row: what is wrong, the builder, what the client sees, and the causes.
async fn row(title: &str, shown: Shown, status: u16) -> Told {
    say(&format!("* {title}"));
    show(&shown.code);
    let proxy = OriginProxy::new(shown.builder.build()?);
    summarize(&visit(proxy, SITE).await?, status)
}

fn summarize(response: &Response<Body>, status: u16) -> Told {
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

fn to(edge: &Edge, authority: &Authority) -> Shown {
    dialling(edge.address(), authority)
}

fn dialling(address: SocketAddr, authority: &Authority) -> Shown {
    base(&format!("https://{SITE}"), address, authority)
}
