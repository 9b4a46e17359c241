//! Which edges relayed a response, by the fields that they add.
//!
//! Edges add fields to all responses that pass through them. They tell which edge a response has
//! come through, but not that it has sent it: a 403 with `server: cloudflare` may be the
//! application's.

use http::{
    HeaderMap,
    header::{SERVER, VIA},
};

use super::Edge;

/// Fields that an edge adds to every response it relays, each with a part of the value.
///
/// Source: the documentation of each about its response fields, read 2026.
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

/// The pseudonyms that edges write into `Via`, in lower case.
const PSEUDONYMS: [(&str, Edge); 4] = [
    ("akamai", Edge::Akamai),
    ("cloudfront", Edge::CloudFront),
    ("google", Edge::Google),
    ("varnish", Edge::Fastly),
];

/// Platforms, each with the edge that serves all its sites: the marks of that edge are on the
/// platform's own pages.
///
/// Source: captures of responses of GitHub Pages and Firebase Hosting; the status page of Render,
/// "all requests to Render are proxied through the closest Cloudflare data center"; read 2026.
const SERVED_BY: [(Edge, Edge); 3] = [
    (Edge::Firebase, Edge::Fastly),
    (Edge::GitHubPages, Edge::Fastly),
    (Edge::Render, Edge::Cloudflare),
];

/// The edges whose fields a response carries.
pub(crate) fn edges_passed(headers: &HeaderMap) -> impl Iterator<Item = Edge> {
    let marks = MARKS.iter().filter(|(name, part, _)| {
        let value = headers.get(*name);
        value.is_some_and(|value| value.to_str().unwrap_or_default().contains(part))
    });
    marks.map(|(_, _, edge)| *edge)
}

/// Whether `edge` has sent the redirect itself, by the marks of its own redirects.
///
/// Source: captures of CloudFront's redirects to https, read 2026.
pub(crate) fn is_own_redirect(edge: Edge, headers: &HeaderMap) -> bool {
    let cache = headers.get("x-cache").and_then(|value| value.to_str().ok());
    edge == Edge::CloudFront && cache == Some("Redirect from cloudfront")
}

/// Whether nginx has sent a redirect by a rule of its own: the page has the footer of its pages.
///
/// Source: nginx/nginx @3f6f782 (2026-04), `src/http/ngx_http_special_response.c`.
pub(crate) fn is_server_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let server = headers.get(SERVER).and_then(|value| value.to_str().ok());
    let is_nginx = server.is_some_and(|server| server.starts_with("nginx"));
    let footer = b"<hr><center>nginx";
    is_nginx && body.windows(footer.len()).any(|window| window == footer)
}

/// Whether another edge or proxy relayed a response that `edge` generated.
pub(crate) fn is_relayed(edge: Edge, headers: &HeaderMap) -> bool {
    edges_passed(headers).any(|other| !is_own(edge, other)) || has_foreign_via(edge, headers)
}

/// Whether the marks of `other` are on the pages of `edge` wherever they are served.
fn is_own(edge: Edge, other: Edge) -> bool {
    edge == other || SERVED_BY.contains(&(edge, other))
}

/// Whether `Via` names a recipient other than `edge` (RFC 9110 section 7.6.3).
fn has_foreign_via(edge: Edge, headers: &HeaderMap) -> bool {
    let lines = headers.get_all(VIA).iter();
    let mut lines = lines.map(|line| line.to_str().unwrap_or_default().to_ascii_lowercase());
    let is_own_hop = |hop: &str| {
        let mut own = PSEUDONYMS.iter().filter(|(_, known)| is_own(edge, *known));
        own.any(|(pseudonym, _)| hop.contains(pseudonym))
    };
    lines.any(|line| line.split(',').any(|hop| !is_own_hop(hop)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields.iter();
        fields
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_response_is_relayed_if_another_edge_or_proxy_left_a_field() {
        let own = fields(&[
            ("x-amz-cf-id", "1"),
            ("via", "1.1 a.cloudfront.net (CloudFront)"),
        ]);
        assert!(!is_relayed(Edge::CloudFront, &own));
        assert!(is_relayed(Edge::Cloudflare, &own));
        let proxied = fields(&[("via", "1.1 a.cloudfront.net (CloudFront), 1.1 squid")]);
        assert!(is_relayed(Edge::CloudFront, &proxied));
        assert!(!is_relayed(Edge::CloudFront, &HeaderMap::new()));
        let carried = fields(&[("via", "1.1 varnish"), ("x-served-by", "cache-ams1")]);
        assert!(!is_relayed(Edge::GitHubPages, &carried));
        assert!(is_relayed(Edge::Netlify, &carried));
        let twice = fields(&[("via", "1.1 varnish, 1.1 squid")]);
        assert!(is_relayed(Edge::GitHubPages, &twice));
    }

    #[test]
    fn every_edge_that_left_a_field_is_found() {
        let both = fields(&[("cf-ray", "8f0-AMS"), ("x-served-by", "cache-ams1")]);
        let found: Vec<_> = edges_passed(&both).collect();
        assert_eq!(found, [Edge::Cloudflare, Edge::Fastly]);
        // The value has to fit too.
        assert_eq!(
            edges_passed(&fields(&[("x-served-by", "app-1")])).count(),
            0
        );
    }
}
