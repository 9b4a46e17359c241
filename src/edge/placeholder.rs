//! Certificates that edges present when they do not know the requested site.

use super::{Edge, SourceKind};

/// A certificate that an edge presents when no certificate matches the SNI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PlaceholderCertificate {
    edge: Edge,
    mark: CertificateMark,
    source_kind: SourceKind,
    source: &'static str,
}

/// What a placeholder certificate is recognised by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum CertificateMark {
    /// The end of a subject alternative name, in whole labels.
    NameSuffix(&'static str),
    /// A part of the subject.
    Subject(&'static str),
}

impl PlaceholderCertificate {
    const fn new(
        edge: Edge,
        mark: CertificateMark,
        source_kind: SourceKind,
        source: &'static str,
    ) -> Self {
        Self {
            edge,
            mark,
            source_kind,
            source,
        }
    }

    /// The kind of source that describes it.
    pub(crate) fn source_kind(&self) -> SourceKind {
        self.source_kind
    }
}

const PLACEHOLDERS: [PlaceholderCertificate; 11] = [
    PlaceholderCertificate::new(
        Edge::CloudFront,
        CertificateMark::NameSuffix("cloudfront.net"),
        SourceKind::Primary,
        "awsdocs/amazon-cloudfront-developer-guide, cnames-https-dedicated-ip-or-sni.md, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Netlify,
        CertificateMark::NameSuffix("netlify.app"),
        SourceKind::Primary,
        "paul-hammant/tbd issue 109, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Netlify,
        CertificateMark::NameSuffix("netlify.com"),
        SourceKind::Primary,
        "paul-hammant/tbd issue 109, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Traefik,
        CertificateMark::NameSuffix("traefik.default"),
        SourceKind::Primary,
        "traefik/traefik, pkg/tls/generate/generate.go, read 2026-07",
    ),
    PlaceholderCertificate::new(
        Edge::IngressNginx,
        CertificateMark::NameSuffix("ingress.local"),
        SourceKind::Primary,
        "kubernetes/ingress-nginx, internal/net/ssl/ssl.go, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Akamai,
        CertificateMark::NameSuffix("a248.e.akamai.net"),
        SourceKind::Secondary,
        "revealingerrors.com (2009), read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Bunny,
        CertificateMark::NameSuffix("b-cdn.net"),
        SourceKind::Secondary,
        "a report of status, text and certificate together, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::GitHubPages,
        CertificateMark::NameSuffix("github.io"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Google,
        CertificateMark::Subject("invalid2.invalid"),
        SourceKind::Primary,
        "eight captures of Google front ends in public issue threads, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::IngressNginx,
        CertificateMark::Subject("Kubernetes Ingress Controller Fake Certificate"),
        SourceKind::Primary,
        "kubernetes/ingress-nginx, internal/net/ssl/ssl.go, read 2026",
    ),
    PlaceholderCertificate::new(
        Edge::Traefik,
        CertificateMark::Subject("TRAEFIK DEFAULT CERT"),
        SourceKind::Primary,
        "traefik/traefik, pkg/tls/generate/generate.go, read 2026-07",
    ),
];

/// Finds the placeholder that has one of these subject alternative names.
pub(crate) fn placeholder_by_names(names: &[String]) -> Option<&'static PlaceholderCertificate> {
    PLACEHOLDERS.iter().find(|known| match known.mark {
        CertificateMark::NameSuffix(suffix) => names.iter().any(|name| is_within(name, suffix)),
        CertificateMark::Subject(_) => false,
    })
}

/// Finds the placeholder that has this subject.
pub(crate) fn placeholder_by_subject(subject: &str) -> Option<&'static PlaceholderCertificate> {
    PLACEHOLDERS.iter().find(|known| match known.mark {
        CertificateMark::NameSuffix(_) => false,
        CertificateMark::Subject(part) => subject.contains(part),
    })
}

/// Whether `name` is `suffix` or ends in a dot and `suffix`; `*.cloudfront.net` does.
fn is_within(name: &str, suffix: &str) -> bool {
    let start = name.strip_suffix(suffix);
    start.is_some_and(|start| start.is_empty() || start.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_found_by_a_name_or_by_its_subject() {
        let by_name = |name: &str| placeholder_by_names(&[name.to_owned()]);
        let cloudfront = by_name("*.cloudfront.net").unwrap();
        assert_eq!(cloudfront.edge, Edge::CloudFront);
        assert_eq!(cloudfront.source_kind(), SourceKind::Primary);
        assert_eq!(by_name("notcloudfront.net"), None);
        let traefik = placeholder_by_subject("CN=TRAEFIK DEFAULT CERT").unwrap();
        assert_eq!(traefik.edge, Edge::Traefik);
        assert_eq!(placeholder_by_subject("CN=www.example.com"), None);
    }

    #[test]
    fn every_placeholder_names_its_source() {
        assert!(PLACEHOLDERS.iter().all(|known| !known.source.is_empty()));
    }
}
