//! The HAProxy account: three backends, of which two are broken.

use std::error::Error;

use cdn_origin::{OriginProxy, tls::danger};

use crate::{
    shown,
    stage::{Shown, base, fails, heading, say, works},
    support::{Authority, Edge, NoName},
};

const DOMAIN: &str = "my-cloudfront-domain.example";
const VISITED: &str = "old-site.example";

pub(crate) async fn tell() -> Result<(), Box<dyn Error>> {
    let authority = Authority::new();
    // "Cloudfront handles this problem just close the connection."
    let edge = Edge::builder(&authority)
        .serves(DOMAIN)
        .without_sni(NoName::Close)
        .start()
        .await;
    let to = |url: &str| -> Shown { base(url, edge.address(), &authority) };
    let http = format!("http://{DOMAIN}:443");
    let https = format!("https://{DOMAIN}");

    heading("The HAProxy account");
    say("\"server broken_backend my_cloudfront_domain.com\": it got \"cryptic 400 errors\".");
    fails(to(&http), VISITED, 400).await?;

    say(
        "\"ssl verify none\", without \"sni\": \"then I started to get 503's, which turned out to be a little more nuanced\".",
    );
    let no_sni = shown!(to(&https); .omit_sni() .verify(danger::accept_any_certificate()));
    fails(no_sni, VISITED, 502).await?;

    say("Left alone, the builder sends SNI, expects it in the certificate, and writes it in Host:");
    let working = to(&https);
    works(
        &working.code,
        OriginProxy::new(working.builder.build()?),
        VISITED,
    )
    .await?;

    say(
        "If you insist on \"verify none\" you must say so, and the connector tells the alternatives:",
    );
    let fenced = shown!(to(&https); .verify(danger::accept_any_certificate()));
    let connector = fenced.builder.build()?;
    let advice: Vec<String> = connector.advice().iter().map(ToString::to_string).collect();
    works(&fenced.code, OriginProxy::new(connector), VISITED).await?;
    say(&format!("advice: {}", advice.join("; ")));
    Ok(())
}
