//! An nginx setup in front of CloudFront: the site's own certificate, and the client's Host.

use std::error::Error;

use cdn_origin::{HostRewriteLayer, OriginProxy, TlsVersion};

use crate::{
    demo,
    demo::{base, fails, heading, paragraph, works},
    support::{Authority, Edge, HostMismatch},
};

pub(crate) const SITE: &str = "site.example";
const DISTRIBUTION: &str = "https://d1234567890.cloudfront.example";

/// Runs the setup and returns the proxy that works, with the edge that it needs.
pub(crate) async fn run() -> Result<(Edge, OriginProxy), Box<dyn Error>> {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .host_mismatch(HostMismatch::Misdirected421)
        .start()
        .await;
    let to_distribution = || base(DISTRIBUTION, edge.address(), &authority);

    heading("An nginx setup");
    paragraph(
        "Without `proxy_ssl_name`, nginx sends the name of `proxy_pass` in SNI. If the CDN has \
         a certificate for the site's own name only, the handshake fails with `sslv3 alert \
         handshake failure`.",
    );
    fails(to_distribution(), SITE, 502).await?;

    paragraph(
        "The fix is to send the site's name in SNI. `proxy_set_header Host $host` keeps the \
         client's Host; its equivalent is \
         OriginProxy::host_rewrite(HostRewriteLayer::preserve()):",
    );
    let fixed = demo!(to_distribution();
        .sni(SITE)
        .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_3)
    );
    let proxy = OriginProxy::new(fixed.builder.build()?).host_rewrite(HostRewriteLayer::preserve());
    works(&fixed.code, proxy.clone(), SITE).await?;
    Ok((edge, proxy))
}
