//! A HAProxy setup in front of CloudFront: three backends, two of which fail.

use std::error::Error;

use cdn_origin::{OriginProxy, tls::danger};

use crate::{
    demo,
    demo::{Demo, base, fails, heading, paragraph, works},
    support::{Authority, Edge, SniRefusal},
};

const DOMAIN: &str = "my-cloudfront-domain.example";
const OLD_SITE: &str = "old-site.example";

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let authority = Authority::new();
    // CloudFront closes the connection if SNI is missing.
    let edge = Edge::builder(&authority)
        .serves(DOMAIN)
        .without_sni(SniRefusal::Close)
        .start()
        .await;
    let to = |url: &str| -> Demo { base(url, edge.address(), &authority) };
    let http = format!("http://{DOMAIN}:443");
    let https = format!("https://{DOMAIN}");

    heading("A HAProxy setup");
    paragraph(
        "The configuration is `server backend my-cloudfront-domain.example:443`, without `ssl`. \
         HAProxy sends plain http to a port that speaks TLS, and CloudFront responds with 400.",
    );
    fails(to(&http), OLD_SITE, 400).await?;

    paragraph(
        "Then `ssl verify none` is added, but no `sni`. CloudFront requires SNI and closes the \
         connection, and HAProxy responds with 503.",
    );
    let no_sni = demo!(to(&https); .omit_sni() .verify(danger::accept_any_certificate()));
    fails(no_sni, OLD_SITE, 502).await?;

    paragraph(
        "By default, the builder sends the name in SNI, expects it in the certificate and sends \
         it in Host:",
    );
    let working = to(&https);
    works(
        &working.code,
        OriginProxy::new(working.builder.build()?),
        OLD_SITE,
    )
    .await?;

    paragraph(
        "`verify none` has an explicit equivalent, and the connector's advice names the \
         alternatives:",
    );
    let unverified = demo!(to(&https); .verify(danger::accept_any_certificate()));
    let connector = unverified.builder.build()?;
    let advice: Vec<String> = connector.advice().iter().map(ToString::to_string).collect();
    works(&unverified.code, OriginProxy::new(connector), OLD_SITE).await?;
    paragraph(&format!("advice: {}", advice.join("; ")));
    Ok(())
}
