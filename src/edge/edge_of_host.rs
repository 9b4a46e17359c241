//! Recognises an edge by the suffix of a host name.
//!
//! A customer dials the host name that its CDN has assigned, so the name tells which edge answers.
//! A name of the customer's own, which is an alias of such a name, is not recognised: no look-up is
//! made.
//!
//! ```text
//! d1234567890.cloudfront.net             CloudFront
//! bucket.s3.eu-west-1.amazonaws.com      S3
//! bucket.s3-website-eu-west-1.amazonaws.com   S3Website
//! notcloudfront.net                      none: labels are compared as a whole
//! ```

use crate::name::DnsName;

use super::Edge;

/// Suffixes of the host names that edges give to their customers, in whole labels.
///
/// Source: the documentation of each about CNAME targets and default host names, read 2026.
const SUFFIXES: [(&str, Edge); 34] = [
    ("akamaiedge.net", Edge::Akamai),
    ("azureedge.net", Edge::AzureFrontDoor),
    ("azurefd.net", Edge::AzureFrontDoor),
    ("azurewebsites.net", Edge::AzureAppService),
    ("b-cdn.net", Edge::Bunny),
    ("blob.core.chinacloudapi.cn", Edge::AzureStorage),
    ("blob.core.usgovcloudapi.net", Edge::AzureStorage),
    ("blob.core.windows.net", Edge::AzureStorage),
    ("cdn.cloudflare.net", Edge::Cloudflare),
    ("cloudfront.cn", Edge::CloudFront),
    ("cloudfront.net", Edge::CloudFront),
    ("edgekey.net", Edge::Akamai),
    ("edgesuite.net", Edge::Akamai),
    ("fastly.net", Edge::Fastly),
    ("fastlylb.net", Edge::Fastly),
    ("firebaseapp.com", Edge::Firebase),
    ("fly.dev", Edge::FlyIo),
    ("ghs.googlehosted.com", Edge::Google),
    ("github.io", Edge::GitHubPages),
    ("herokuapp.com", Edge::Heroku),
    ("herokudns.com", Edge::Heroku),
    ("kxcdn.com", Edge::KeyCdn),
    ("netlify.app", Edge::Netlify),
    ("netlify.com", Edge::Netlify),
    ("onrender.com", Edge::Render),
    ("run.app", Edge::Google),
    ("storage.googleapis.com", Edge::GoogleStorage),
    ("vercel-dns.com", Edge::Vercel),
    ("vercel.app", Edge::Vercel),
    ("up.railway.app", Edge::Railway),
    ("web.app", Edge::Firebase),
    ("web.core.chinacloudapi.cn", Edge::AzureStorage),
    ("web.core.usgovcloudapi.net", Edge::AzureStorage),
    ("web.core.windows.net", Edge::AzureStorage),
];

/// The edge that assigns host names like this one to its customers.
///
/// The name is in lower case, without a final dot.
pub(crate) fn edge_of_host(name: &DnsName) -> Option<Edge> {
    let name = name.as_str();
    let by_suffix = SUFFIXES
        .iter()
        .find(|(suffix, _)| is_within(name, suffix))
        .map(|(_, edge)| *edge);
    by_suffix.or_else(|| amazon_s3(name))
}

/// Suffixes of names that are only dialled: the site has a name of the customer's. Cloudflare
/// answers 1001 to them, Akamai and Fastly have certificates for the customer's names, and
/// CloudFront in China serves no content under its own.
///
/// Source: the documentation of each about CNAME targets, and "Getting Started with Amazon Web
/// Services in China" about CloudFront, read 2026.
const ONLY_DIALLED: [&str; 10] = [
    "akamaiedge.net",
    "cdn.cloudflare.net",
    "cloudfront.cn",
    "edgekey.net",
    "edgesuite.net",
    "fastlylb.net",
    "ghs.googlehosted.com",
    "herokudns.com",
    "map.fastly.net",
    "vercel-dns.com",
];

/// Whether the edge also serves the site under this host name, which it has assigned.
pub(crate) fn is_site_of_edge(name: &DnsName) -> bool {
    let is_only_dialled = |suffix: &str| is_within(name.as_str(), suffix);
    edge_of_host(name).is_some() && !ONLY_DIALLED.iter().any(|suffix| is_only_dialled(suffix))
}

/// What precedes the suffix in an endpoint of Amazon Web Services. The regions in China have one of
/// their own.
///
/// Source: "Amazon Web Services in China", endpoints and ARNs, read 2026.
fn of_amazon(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".cn").unwrap_or(name);
    name.strip_suffix(".amazonaws.com")
}

/// Recognises the endpoints of Amazon S3, which carry the region inside the name.
///
/// REST endpoints: `bucket.s3.amazonaws.com`, `s3.region.amazonaws.com`,
/// `bucket.s3.dualstack.region.amazonaws.com`. Website endpoints:
/// `bucket.s3-website-region.amazonaws.com` and `bucket.s3-website.region.amazonaws.com`.
///
/// Source: Amazon S3 User Guide, `WebsiteEndpoints.md` and `VirtualHosting.md`, read 2026.
fn amazon_s3(name: &str) -> Option<Edge> {
    let rest = of_amazon(name)?;
    // A bucket may have `s3-website` in its name, too: only the labels after it count.
    let mut labels = rest.rsplit('.');
    let (last, before) = (labels.next()?, labels.next());
    let is_region = last != "s3";
    if last.starts_with("s3-website-") || is_region && before == Some("s3-website") {
        return Some(Edge::S3Website);
    }
    rest.split('.')
        .any(|label| label == "s3")
        .then_some(Edge::S3)
}

/// Whether the bucket's name contains dots, so that no certificate of S3 covers its virtual host.
///
/// Source: Amazon S3 User Guide, `VirtualHosting.md`: "the SSL wildcard certificate matches only
/// buckets that do not contain dots", read 2026.
///
/// TLS to such a name fails for the certificate's name, whatever else is right.
pub(crate) fn is_bucket_with_dots(name: &DnsName) -> bool {
    let bucket = name.as_str().split_once(".s3.").map(|(bucket, _)| bucket);
    edge_of_host(name) == Some(Edge::S3) && bucket.is_some_and(|bucket| bucket.contains('.'))
}

/// Whether the bucket is named in the path of requests to this host, not in the host.
///
/// Source: Amazon S3 User Guide, `VirtualHosting.md`, path-style requests, read 2026.
///
/// `s3.eu-west-1.amazonaws.com`, for example.
pub(crate) fn is_bucket_in_path(host: &str) -> bool {
    let endpoint = of_amazon(host);
    endpoint.is_some_and(|endpoint| endpoint == "s3" || endpoint.starts_with("s3."))
}

/// Parses the host in the `<Endpoint>` of an S3 error; `None` unless it is a host of S3.
///
/// The text comes from the peer, so nothing else is accepted.
pub(crate) fn regional_bucket_host(text: &str) -> Option<DnsName> {
    let name: DnsName = text.parse().ok()?;
    matches!(edge_of_host(&name), Some(Edge::S3 | Edge::S3Website)).then_some(name)
}

/// Whether `name` is `suffix` or a subdomain of it.
fn is_within(name: &str, suffix: &str) -> bool {
    let rest = name.strip_suffix(suffix);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Edge> {
        edge_of_host(&name.parse().unwrap())
    }

    #[test]
    fn an_edge_is_recognised_by_whole_labels_of_its_suffix() {
        assert_eq!(of("d1234567890.cloudfront.net"), Some(Edge::CloudFront));
        assert_eq!(of("x.map.fastly.net"), Some(Edge::Fastly));
        assert_eq!(of("cloudfront.net"), Some(Edge::CloudFront));
        assert_eq!(of("notcloudfront.net"), None);
        assert_eq!(of("amazonaws.com.cn"), None);
        assert_eq!(of("www.example.com"), None);
    }

    #[test]
    fn the_endpoints_of_s3_are_recognised_in_every_region() {
        for name in [
            "bucket.s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "bucket.s3.dualstack.eu-west-1.amazonaws.com",
            "bucket.s3.cn-north-1.amazonaws.com.cn",
        ] {
            assert_eq!(of(name), Some(Edge::S3), "{name}");
        }
        for name in [
            "shop.s3-website.cn-north-1.amazonaws.com.cn",
            "shop.s3-website-eu-west-1.amazonaws.com",
            "shop.s3-website.eu-central-1.amazonaws.com",
        ] {
            assert_eq!(of(name), Some(Edge::S3Website), "{name}");
        }
        assert_eq!(of("queue.sqs.eu-west-1.amazonaws.com"), None);
    }

    #[test]
    fn a_bucket_named_after_a_website_endpoint_is_at_the_rest_endpoint() {
        for name in [
            "s3-website-assets.s3.eu-west-1.amazonaws.com",
            "s3-website-assets.s3.amazonaws.com",
            "s3-website.s3.amazonaws.com",
            "s3-website.s3.eu-west-1.amazonaws.com",
            "s3-website.s3.dualstack.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(of(name), Some(Edge::S3), "{name}");
        }
        let website = "s3-website-assets.s3-website-eu-west-1.amazonaws.com";
        assert_eq!(of(website), Some(Edge::S3Website));
        // No bucket, and no region.
        assert_eq!(of("s3-website.amazonaws.com"), None);
    }

    #[test]
    fn other_partitions_of_a_vendor_are_recognised() {
        assert_eq!(of("d1234567890.cloudfront.cn"), Some(Edge::CloudFront));
        assert!(!is_site_of_edge(
            &"d1234567890.cloudfront.cn".parse().unwrap()
        ));
        for name in [
            "shop.blob.core.chinacloudapi.cn",
            "shop.blob.core.usgovcloudapi.net",
        ] {
            assert_eq!(of(name), Some(Edge::AzureStorage), "{name}");
        }
        assert!(is_bucket_in_path("s3.cn-north-1.amazonaws.com.cn"));
        assert!(is_bucket_with_dots(
            &"my.bucket.s3.cn-north-1.amazonaws.com.cn".parse().unwrap()
        ));
    }

    #[test]
    fn only_hosts_of_s3_are_regional_endpoints() {
        let endpoint = "b.s3.eu-west-1.amazonaws.com";
        assert_eq!(regional_bucket_host(endpoint), endpoint.parse().ok());
        assert_eq!(regional_bucket_host("attacker.example"), None);
        assert_eq!(regional_bucket_host("not a name"), None);
    }

    #[test]
    fn a_bucket_with_dots_is_recognised() {
        let is_dotted = |name: &str| is_bucket_with_dots(&name.parse().unwrap());
        assert!(is_dotted("my.bucket.s3.amazonaws.com"));
        assert!(!is_dotted("bucket.s3.amazonaws.com"));
        assert!(!is_dotted("my.bucket.s3.example.com"));
    }
}
