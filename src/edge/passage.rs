//! Through which edges a response has come, by the marks that they leave.

use http::{HeaderMap, header::VIA};

use super::Edge;

/// Fields that an edge puts on every response that it passes on, each with a part of its value.
///
/// The documentation of each about its response fields, read 2026.
const MARKS: [(&str, &str, Edge); 8] = [
    ("cf-ray", "", Edge::Cloudflare),
    ("x-amz-cf-id", "", Edge::CloudFront),
    ("x-cache", "cloudfront", Edge::CloudFront),
    ("x-azure-ref", "", Edge::AzureFrontDoor),
    ("x-github-request-id", "", Edge::GitHubPages),
    ("x-nf-request-id", "", Edge::Netlify),
    ("x-served-by", "cache-", Edge::Fastly),
    ("x-vercel-id", "", Edge::Vercel),
];

/// What edges call themselves in `Via`, in lower case.
const PSEUDONYMS: [(&str, Edge); 4] = [
    ("akamai", Edge::Akamai),
    ("cloudfront", Edge::CloudFront),
    ("google", Edge::Google),
    ("varnish", Edge::Fastly),
];

impl Edge {
    /// The edges that have left their mark on a response.
    pub(crate) fn passed(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        let marks = MARKS.iter().filter(|(name, part, _)| {
            let value = headers.get(*name);
            value.is_some_and(|value| value.to_str().unwrap_or_default().contains(part))
        });
        marks.map(|(_, _, edge)| *edge)
    }

    /// Whether a response that this edge made has come through another edge or proxy.
    pub(crate) fn is_relayed(self, headers: &HeaderMap) -> bool {
        Self::passed(headers).any(|other| other != self) || self.has_foreign_via(headers)
    }

    /// Whether anybody but this edge has signed in `Via` (RFC 9110 section 7.6.3).
    fn has_foreign_via(self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all(VIA).iter();
        let mut lines = lines.map(|line| line.to_str().unwrap_or_default().to_ascii_lowercase());
        let is_own = |hop: &str| {
            let mut own = PSEUDONYMS.iter().filter(|(_, edge)| *edge == self);
            own.any(|(pseudonym, _)| hop.contains(pseudonym))
        };
        lines.any(|line| line.split(',').any(|hop| !is_own(hop)))
    }
}
