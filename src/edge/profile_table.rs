//! The table of the profiles of edges. `edge_of_host.rs` recognises an edge by the dialled name.
//!
//! Only what an edge's own documentation says is here, with the page and when it was read. A limit
//! that pages contradict is left out, as it is worse to refuse a request that the edge would take.

use std::time::Duration;

use super::{
    Edge, EdgeProfile,
    profile::{GetContent, TlsSupport},
};

/// The profile of an edge; `None` if nothing is known about it.
pub(crate) fn profile_of(edge: Edge) -> Option<&'static EdgeProfile> {
    PROFILES.iter().find(|profile| profile.edge() == edge)
}

const PROFILES: [EdgeProfile; 13] = [
    EdgeProfile {
        head_limit: Some(20_480),
        target_limit: Some(8_192),
        get_content: GetContent::Refused,
        alert_without_sni: Some(40),
        ..EdgeProfile::new(
            Edge::CloudFront,
            "awsdocs/amazon-cloudfront-developer-guide @5999c0d (2023), \
             RequestAndResponseBehaviorCustomOrigin.md; kubernetes/ingress-nginx issue 3427",
        )
    },
    EdgeProfile {
        idle_limit: Some(Duration::from_secs(400)),
        // Its documentation names 32 KiB in one place and 128 KiB in another.
        head_limit: None,
        target_limit: Some(16 * 1024),
        forwarded_for_limit: Some(100),
        own_fields: &[
            "cf-connecting-ip",
            "cf-connecting-ipv6",
            "cf-ipcountry",
            "cf-pseudo-ipv4",
            "cf-ray",
            "cf-client",
            "cf-worker",
        ],
        tls_ports: &[443, 2053, 2083, 2087, 2096, 8443],
        alert_without_sni: Some(40),
        ..EdgeProfile::new(
            Edge::Cloudflare,
            "cloudflare/cloudflare-docs, connection-limits.mdx (2026-07-23), error-1000.mdx, \
             http-headers.mdx, network-ports.mdx; openssl/openssl issue 3652",
        )
    },
    EdgeProfile {
        head_limit: Some(69 * 1024),
        target_limit: Some(8 * 1024),
        ..EdgeProfile::new(
            Edge::Fastly,
            "fastly.com/documentation, constraints and limitations, read 2026",
        )
    },
    EdgeProfile::new(
        Edge::Akamai,
        "nothing is documented that a client would have to know",
    ),
    EdgeProfile {
        target_limit: Some(8_192),
        first_group: Some("secp256r1"),
        ..EdgeProfile::new(
            Edge::AzureFrontDoor,
            "MicrosoftDocs/azure-docs, articles/frontdoor/end-to-end-tls.md, read 2026",
        )
    },
    EdgeProfile {
        idle_limit: Some(Duration::from_secs(600)),
        ..EdgeProfile::new(
            Edge::Google,
            "cloud.google.com/load-balancing/docs/https/request-distribution, read 2026",
        )
    },
    EdgeProfile::new(
        Edge::S3,
        "Amazon S3 User Guide, VirtualHosting.md, read 2026",
    ),
    EdgeProfile {
        tls_support: TlsSupport::HttpOnly,
        ..EdgeProfile::new(
            Edge::S3Website,
            "Amazon S3 User Guide @548f742, WebsiteEndpoints.md",
        )
    },
    EdgeProfile {
        head_limit: Some(32 * 1024),
        tls_support: TlsSupport::Required,
        ..EdgeProfile::new(
            Edge::Vercel,
            "vercel.com/docs/cdn-security and docs/errors/REQUEST_HEADER_TOO_LARGE, read 2026",
        )
    },
    EdgeProfile::new(
        Edge::Netlify,
        "nothing is documented that a client would have to know",
    ),
    EdgeProfile::new(
        Edge::GitHubPages,
        "github/docs, securing-your-github-pages-site-with-https.md: https is enforced where the \
         owner says so, read 2026",
    ),
    EdgeProfile::new(
        Edge::Heroku,
        "devcenter.heroku.com, routing in Private Spaces, read 2026",
    ),
    EdgeProfile::new(
        Edge::FlyIo,
        "superfly/docs @5c22c8c (2026-08), networking/tls.html.md",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_its_edge() {
        let cloudfront = profile_of(Edge::CloudFront).unwrap();
        assert_eq!(cloudfront.head_limit(), Some(20_480));
        assert!(cloudfront.refuses_get_with_content());
        assert!(profile_of(Edge::S3Website).unwrap().is_http_only());
        assert!(profile_of(Edge::Vercel).unwrap().forces_https());
        assert_eq!(profile_of(Edge::Nginx), None);
    }

    #[test]
    fn every_profile_names_its_source_and_no_edge_has_two() {
        for (index, profile) in PROFILES.iter().enumerate() {
            assert!(!profile.reference().is_empty());
            let mut others = PROFILES[index + 1..].iter();
            assert!(others.all(|other| other.edge() != profile.edge()));
        }
    }
}
