//! What an edge allows and demands of those who connect to it.

use std::time::Duration;

use super::Edge;

/// The documented limits and demands of one edge. `None` where nothing is documented.
///
/// A connector applies what it has a place for, see
/// [`profile`](crate::CdnOriginConnector::profile); the rest is for you to read. Nothing here
/// weakens what is verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EdgeProfile {
    edge: Edge,
    idle_limit: Option<Duration>,
    head_limit: Option<usize>,
    target_limit: Option<usize>,
    forwarded_for_limit: Option<usize>,
    own_fields: &'static [&'static str],
    get_content: GetContent,
    encryption: Encryption,
    first_group: Option<&'static str>,
    tls_ports: &'static [u16],
    alert_without_sni: Option<u8>,
    source: &'static str,
}

/// What becomes of a GET that has content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum GetContent {
    Refused,
    Unknown,
}

/// Whether TLS is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Encryption {
    /// It speaks no TLS at all.
    Absent,
    /// It answers plain http with a redirect to https.
    Forced,
    Offered,
}

const BLANK: EdgeProfile = EdgeProfile {
    edge: Edge::Akamai,
    idle_limit: None,
    head_limit: None,
    target_limit: None,
    forwarded_for_limit: None,
    own_fields: &[],
    get_content: GetContent::Unknown,
    encryption: Encryption::Offered,
    first_group: None,
    tls_ports: &[],
    alert_without_sni: None,
    source: "",
};

const PROFILES: [EdgeProfile; 13] = [
    EdgeProfile {
        edge: Edge::CloudFront,
        head_limit: Some(20_480),
        target_limit: Some(8_192),
        get_content: GetContent::Refused,
        alert_without_sni: Some(40),
        source: "awsdocs/amazon-cloudfront-developer-guide @5999c0d (2023), RequestAndResponseBehaviorCustomOrigin.md; \
                 kubernetes/ingress-nginx issue 3427",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Cloudflare,
        idle_limit: Some(Duration::from_secs(400)),
        // Its pages say 32 KiB in one place and 128 KiB in another.
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
        source: "cloudflare/cloudflare-docs, connection-limits.mdx (2026-07-23), error-1000.mdx, http-headers.mdx, network-ports.mdx; \
                 openssl/openssl issue 3652",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Fastly,
        head_limit: Some(69 * 1024),
        target_limit: Some(8 * 1024),
        source: "fastly.com/documentation, constraints and limitations, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Akamai,
        source: "nothing is documented that a client would have to know",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::AzureFrontDoor,
        target_limit: Some(8_192),
        first_group: Some("secp256r1"),
        source: "MicrosoftDocs/azure-docs, articles/frontdoor/end-to-end-tls.md, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Google,
        idle_limit: Some(Duration::from_secs(600)),
        source: "cloud.google.com/load-balancing/docs/https/request-distribution, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::S3,
        source: "Amazon S3 User Guide, VirtualHosting.md, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::S3Website,
        encryption: Encryption::Absent,
        source: "Amazon S3 User Guide @548f742, WebsiteEndpoints.md",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Vercel,
        head_limit: Some(32 * 1024),
        encryption: Encryption::Forced,
        source: "vercel.com/docs/cdn-security and docs/errors/REQUEST_HEADER_TOO_LARGE, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Netlify,
        source: "nothing is documented that a client would have to know",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::GitHubPages,
        source: "github/docs, securing-your-github-pages-site-with-https.md: https is enforced where the owner says so, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::Heroku,
        source: "devcenter.heroku.com, routing in Private Spaces, read 2026",
        ..BLANK
    },
    EdgeProfile {
        edge: Edge::FlyIo,
        source: "superfly/docs @5c22c8c (2026-08), networking/tls.html.md",
        ..BLANK
    },
];

impl Edge {
    /// What it allows and demands, where something is known of it.
    #[must_use]
    pub fn profile(self) -> Option<&'static EdgeProfile> {
        PROFILES.iter().find(|profile| profile.edge == self)
    }
}

impl EdgeProfile {
    /// All that are known.
    #[must_use]
    pub fn known() -> &'static [Self] {
        &PROFILES
    }

    /// Whose it is.
    #[must_use]
    pub fn edge(&self) -> Edge {
        self.edge
    }

    /// How long it keeps an idle connection of a client.
    #[must_use]
    pub fn idle_limit(&self) -> Option<Duration> {
        self.idle_limit
    }

    /// How many bytes the head of a request may have.
    #[must_use]
    pub fn head_limit(&self) -> Option<usize> {
        self.head_limit
    }

    /// How many bytes the request's target may have.
    #[must_use]
    pub fn target_limit(&self) -> Option<usize> {
        self.target_limit
    }

    /// How many characters `X-Forwarded-For` may have, all in one field.
    #[must_use]
    pub fn forwarded_for_limit(&self) -> Option<usize> {
        self.forwarded_for_limit
    }

    /// Fields that it writes itself, for its origins to read: a request that brings one may be
    /// refused. None by which clients prove who they are is among them, nor one by which loops are
    /// found.
    #[must_use]
    pub fn own_fields(&self) -> &'static [&'static str] {
        self.own_fields
    }

    /// Whether it refuses a GET that has content.
    #[must_use]
    pub fn refuses_get_with_content(&self) -> bool {
        self.get_content == GetContent::Refused
    }

    /// Whether it speaks no TLS at all.
    #[must_use]
    pub fn is_http_only(&self) -> bool {
        self.encryption == Encryption::Absent
    }

    /// Whether it answers plain http with a redirect to https, always.
    #[must_use]
    pub fn forces_https(&self) -> bool {
        self.encryption == Encryption::Forced
    }

    /// The key exchange group to offer first, by its IANA name: another one costs a round trip.
    #[must_use]
    pub fn first_group(&self) -> Option<&'static str> {
        self.first_group
    }

    /// The ports on which it speaks TLS; empty where that is not documented.
    #[must_use]
    pub fn tls_ports(&self) -> &'static [u16] {
        self.tls_ports
    }

    /// The alert by which it answers a ClientHello without SNI.
    #[must_use]
    pub fn alert_without_sni(&self) -> Option<u8> {
        self.alert_without_sni
    }

    /// Where it was read, and when.
    #[must_use]
    pub fn read_in(&self) -> &'static str {
        self.source
    }
}
