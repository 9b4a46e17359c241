//! Which edge a host name belongs to, by its suffix.

use crate::name::DnsName;

use super::Edge;

/// Suffixes of the names that edges give to their customers. Whole labels only.
///
/// The documentation of each about CNAME targets and default host names, read 2026.
const SUFFIXES: [(&str, Edge); 23] = [
    ("akamaiedge.net", Edge::Akamai),
    ("azureedge.net", Edge::AzureFrontDoor),
    ("azurefd.net", Edge::AzureFrontDoor),
    ("azurewebsites.net", Edge::AzureAppService),
    ("b-cdn.net", Edge::Bunny),
    ("cdn.cloudflare.net", Edge::Cloudflare),
    ("cloudfront.net", Edge::CloudFront),
    ("edgekey.net", Edge::Akamai),
    ("edgesuite.net", Edge::Akamai),
    ("fastly.net", Edge::Fastly),
    ("fastlylb.net", Edge::Fastly),
    ("fly.dev", Edge::FlyIo),
    ("ghs.googlehosted.com", Edge::Google),
    ("github.io", Edge::GitHubPages),
    ("herokuapp.com", Edge::Heroku),
    ("herokudns.com", Edge::Heroku),
    ("kxcdn.com", Edge::KeyCdn),
    ("netlify.app", Edge::Netlify),
    ("netlify.com", Edge::Netlify),
    ("run.app", Edge::Google),
    ("vercel-dns.com", Edge::Vercel),
    ("vercel.app", Edge::Vercel),
    ("up.railway.app", Edge::Railway),
];

impl Edge {
    /// The edge that gives out names like this one.
    ///
    /// ```
    /// use cdn_origin::edge::Edge;
    ///
    /// let of = |name: &str| Edge::of_host(&name.parse().unwrap());
    /// assert_eq!(of("x.map.fastly.net"), Some(Edge::Fastly));
    /// assert_eq!(of("shop.s3-website-eu-west-1.amazonaws.com"), Some(Edge::S3Website));
    /// assert_eq!(of("notcloudfront.net"), None);
    /// ```
    #[must_use]
    pub fn of_host(name: &DnsName) -> Option<Self> {
        let name = name.as_str();
        let by_suffix = SUFFIXES
            .iter()
            .find(|(suffix, _)| ends_with(name, suffix))
            .map(|(_, edge)| *edge);
        by_suffix.or_else(|| of_amazon(name))
    }
}

/// `bucket.s3.amazonaws.com`, `s3.region.amazonaws.com`,
/// `bucket.s3.dualstack.region.amazonaws.com`; for websites
/// `bucket.s3-website-region.amazonaws.com` and `bucket.s3-website.region.amazonaws.com`.
///
/// Amazon S3 User Guide, `WebsiteEndpoints.md` and `VirtualHosting.md`, read 2026.
fn of_amazon(name: &str) -> Option<Edge> {
    let rest = name.strip_suffix(".amazonaws.com")?;
    let mut labels = rest.split('.');
    if labels.clone().any(|label| label.starts_with("s3-website")) {
        return Some(Edge::S3Website);
    }
    labels.any(|label| label == "s3").then_some(Edge::S3)
}

/// Whether the bucket's name has dots, so that no certificate of S3 covers its virtual host.
///
/// Amazon S3 User Guide, `VirtualHosting.md`: "the SSL wildcard certificate matches only buckets
/// that do not contain dots", read 2026.
pub(crate) fn is_bucket_with_dots(name: &DnsName) -> bool {
    let bucket = name.as_str().split_once(".s3.").map(|(bucket, _)| bucket);
    Edge::of_host(name) == Some(Edge::S3) && bucket.is_some_and(|bucket| bucket.contains('.'))
}

/// The host that an `<Endpoint>` of S3 names, if it is one of S3.
pub(crate) fn regional_bucket_host(text: &str) -> Option<DnsName> {
    let name: DnsName = text.parse().ok()?;
    matches!(Edge::of_host(&name), Some(Edge::S3 | Edge::S3Website)).then_some(name)
}

fn ends_with(name: &str, suffix: &str) -> bool {
    let rest = name.strip_suffix(suffix);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
