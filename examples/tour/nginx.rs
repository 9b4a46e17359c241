//! The nginx account: the site's own certificate at a CDN, and the client's Host kept.

use std::error::Error;

use cdn_origin::{HostRewriteLayer, OriginProxy, TlsVersion};

use crate::{
    shown,
    stage::{base, fails, heading, say, works},
    support::{Authority, Edge, HostMismatch},
};

pub(crate) const SITE: &str = "site.example";
const DISTRIBUTION: &str = "https://d1234567890.cloudfront.example";

/// Tells the account and hands over the proxy that works, with the edge that it needs.
pub(crate) async fn tell() -> Result<(Edge, OriginProxy), Box<dyn Error>> {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .host_mismatch(HostMismatch::Misdirected421)
        .start()
        .await;
    let to_distribution = || base(DISTRIBUTION, edge.address(), &authority);

    heading("The nginx account");
    say(
        "Without \"proxy_ssl_name\", nginx \"will send the name specified in proxy_pass\", and where the CDN has the site's own \
         certificate \"you will get errors like: sslv3 alert handshake failure\".",
    );
    fails(to_distribution(), SITE, 502).await?;

    say(
        "The account's fix. \"proxy_set_header Host $host\" keeps the client's Host; here that is OriginProxy::host_rewrite(HostRewriteLayer::preserve()):",
    );
    let mended = shown!(to_distribution();
        .sni(SITE)
        .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_3)
    );
    let proxy =
        OriginProxy::new(mended.builder.build()?).host_rewrite(HostRewriteLayer::preserve());
    works(&mended.code, proxy.clone(), SITE).await?;
    Ok((edge, proxy))
}
