//! Certificates that edges present when they do not know which site is meant.

use super::{Edge, Standing};

/// A certificate that an edge presents for want of a better one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlaceholderCertificate {
    edge: Edge,
    mark: Mark,
    standing: Standing,
    source: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mark {
    /// The end of a subject alternative name, whole labels.
    Name(&'static str),
    /// A part of the subject.
    Subject(&'static str),
}

impl PlaceholderCertificate {
    const fn new(edge: Edge, mark: Mark, standing: Standing, source: &'static str) -> Self {
        Self {
            edge,
            mark,
            standing,
            source,
        }
    }

    /// All that are known.
    #[must_use]
    pub fn known() -> &'static [Self] {
        &KNOWN
    }

    /// Whose it is.
    #[must_use]
    pub fn edge(&self) -> Edge {
        self.edge
    }

    /// How well it is known.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Where it was read, and when.
    #[must_use]
    pub fn read_in(&self) -> &'static str {
        self.source
    }
}

const KNOWN: [PlaceholderCertificate; 11] = [
    PlaceholderCertificate::new(
        Edge::CloudFront,
        Mark::Name("cloudfront.net"),
        Standing::Confirmed,
        "awsdocs/amazon-cloudfront-developer-guide, cnames-https-dedicated-ip-or-sni.md, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Netlify,
        Mark::Name("netlify.app"),
        Standing::Confirmed,
        "paul-hammant/tbd issue 109, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Netlify,
        Mark::Name("netlify.com"),
        Standing::Confirmed,
        "paul-hammant/tbd issue 109, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Traefik,
        Mark::Name("traefik.default"),
        Standing::Confirmed,
        "traefik/traefik, pkg/tls/generate/generate.go, read 2026-07",
    ),
    PlaceholderCertificate::new(
        Edge::IngressNginx,
        Mark::Name("ingress.local"),
        Standing::Confirmed,
        "kubernetes/ingress-nginx, internal/net/ssl/ssl.go, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Akamai,
        Mark::Name("a248.e.akamai.net"),
        Standing::SecondHand,
        "revealingerrors.com (2009), read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Bunny,
        Mark::Name("b-cdn.net"),
        Standing::SecondHand,
        "a report of status, text and certificate together, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::GitHubPages,
        Mark::Name("github.io"),
        Standing::SecondHand,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Google,
        Mark::Subject("invalid2.invalid"),
        Standing::Confirmed,
        "eight captures of Google front ends in public issue threads, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::IngressNginx,
        Mark::Subject("Kubernetes Ingress Controller Fake Certificate"),
        Standing::Confirmed,
        "kubernetes/ingress-nginx, internal/net/ssl/ssl.go, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Traefik,
        Mark::Subject("TRAEFIK DEFAULT CERT"),
        Standing::Confirmed,
        "traefik/traefik, pkg/tls/generate/generate.go, read 2026-07",
    ),
];

/// The placeholder that has one of these subject alternative names.
pub(crate) fn placeholder_by_names(names: &[String]) -> Option<&'static PlaceholderCertificate> {
    KNOWN.iter().find(|known| match known.mark {
        Mark::Name(suffix) => names.iter().any(|name| is_within(name, suffix)),
        Mark::Subject(_) => false,
    })
}

/// The placeholder whose subject this is.
pub(crate) fn placeholder_by_subject(subject: &str) -> Option<&'static PlaceholderCertificate> {
    KNOWN.iter().find(|known| match known.mark {
        Mark::Name(_) => false,
        Mark::Subject(part) => subject.contains(part),
    })
}

fn is_within(name: &str, suffix: &str) -> bool {
    let rest = name.strip_suffix(suffix);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Organisations whose intermediate certificates chain up to roots that every system trusts.
///
/// The issuers' own pages about their hierarchies.
const PUBLIC_ISSUERS: [&str; 7] = [
    "O=Amazon",
    "O=DigiCert Inc",
    "O=GlobalSign nv-sa",
    "O=Google Trust Services",
    "O=Let's Encrypt",
    "O=Sectigo Limited",
    "O=ZeroSSL",
];

/// Whether the issuer is an authority that systems trust by way of its root.
pub(crate) fn is_public_issuer(issuer: &str) -> bool {
    PUBLIC_ISSUERS
        .iter()
        .any(|organisation| issuer.contains(organisation))
}
