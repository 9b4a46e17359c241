//! Certificates that edges present when they do not know the requested site.
//!
//! Such a certificate means that the edge was reached, and that the name in SNI was missing or
//! unknown to it. That is a much better explanation than "the certificate is for another name", or
//! "unknown issuer" where the placeholder is self-signed.
//!
//! | recognised by | for example |
//! |---|---|
//! | a name's suffix | `*.cloudfront.net`, with a valid chain |
//! | an attribute of the subject | `CN=TRAEFIK DEFAULT CERT`, self-signed |
//!
//! An edge's own host name is no placeholder if that is the name which was asked for: the caller
//! checks that.

use super::{Edge, SourceKind};

/// A certificate that edges or servers present when none matches the SNI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PlaceholderCertificate {
    /// `None` if servers of several kinds have it.
    edge: Option<Edge>,
    mark: CertificateMark,
    source_kind: SourceKind,
    source: &'static str,
}

/// What a placeholder certificate is recognised by.
///
/// One is enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum CertificateMark {
    /// The end of a subject alternative name, in whole labels.
    NameSuffix(&'static str),
    /// An attribute of the subject, with its whole value.
    Attribute(&'static str),
}

impl PlaceholderCertificate {
    const fn of(
        edge: Edge,
        mark: CertificateMark,
        source_kind: SourceKind,
        source: &'static str,
    ) -> Self {
        Self {
            edge: Some(edge),
            mark,
            source_kind,
            source,
        }
    }

    /// A certificate with which servers are installed, whatever their name.
    ///
    /// Such as the certificate that a Debian package generates.
    const fn of_servers(attribute: &'static str, source: &'static str) -> Self {
        Self {
            edge: None,
            mark: CertificateMark::Attribute(attribute),
            source_kind: SourceKind::Secondary,
            source,
        }
    }

    /// The edge that presents it; `None` if servers of several kinds do.
    pub(crate) fn edge(&self) -> Option<Edge> {
        self.edge
    }

    /// The kind of source that describes it.
    pub(crate) fn source_kind(&self) -> SourceKind {
        self.source_kind
    }
}

const PLACEHOLDERS: [PlaceholderCertificate; 21] = [
    PlaceholderCertificate::of(
        Edge::CloudFront,
        CertificateMark::NameSuffix("cloudfront.net"),
        SourceKind::Primary,
        "awsdocs/amazon-cloudfront-developer-guide, cnames-https-dedicated-ip-or-sni.md, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Netlify,
        CertificateMark::NameSuffix("netlify.app"),
        SourceKind::Primary,
        "paul-hammant/tbd issue 109, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Netlify,
        CertificateMark::NameSuffix("netlify.com"),
        SourceKind::Primary,
        "paul-hammant/tbd issue 109, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Traefik,
        CertificateMark::NameSuffix("traefik.default"),
        SourceKind::Primary,
        "traefik/traefik, pkg/tls/generate/generate.go, read 2026-07",
    ),
    PlaceholderCertificate::of(
        Edge::IngressNginx,
        CertificateMark::NameSuffix("ingress.local"),
        SourceKind::Primary,
        "kubernetes/ingress-nginx, internal/net/ssl/ssl.go, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Akamai,
        CertificateMark::NameSuffix("a248.e.akamai.net"),
        SourceKind::Secondary,
        "revealingerrors.com (2009), read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Bunny,
        CertificateMark::NameSuffix("b-cdn.net"),
        SourceKind::Secondary,
        "a report of status, text and certificate together, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::GitHubPages,
        CertificateMark::NameSuffix("github.io"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Google,
        CertificateMark::Attribute("CN=invalid2.invalid"),
        SourceKind::Primary,
        "eight captures of Google front ends in public issue threads, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::IngressNginx,
        CertificateMark::Attribute("CN=Kubernetes Ingress Controller Fake Certificate"),
        SourceKind::Primary,
        "kubernetes/ingress-nginx, internal/net/ssl/ssl.go, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Traefik,
        CertificateMark::Attribute("CN=TRAEFIK DEFAULT CERT"),
        SourceKind::Primary,
        "traefik/traefik, pkg/tls/generate/generate.go, read 2026-07",
    ),
    PlaceholderCertificate::of(
        Edge::AzureFrontDoor,
        CertificateMark::NameSuffix("azureedge.net"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::AzureFrontDoor,
        CertificateMark::NameSuffix("azurefd.net"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::AzureAppService,
        CertificateMark::NameSuffix("azurewebsites.net"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Heroku,
        CertificateMark::NameSuffix("herokuapp.com"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::S3,
        CertificateMark::NameSuffix("s3.amazonaws.com"),
        SourceKind::Secondary,
        "reports about buckets behind names of their own, read 2026",
    ),
    PlaceholderCertificate::of(
        Edge::Vercel,
        CertificateMark::NameSuffix("vercel.app"),
        SourceKind::Secondary,
        "reports about custom domains that are not set up yet, read 2026",
    ),
    PlaceholderCertificate::of_servers(
        "CN=Plesk",
        "captures of Plesk servers in public repositories, read 2026",
    ),
    PlaceholderCertificate::of_servers(
        "CN=localhost",
        "surveys of the issuers of self-signed certificates, read 2026",
    ),
    PlaceholderCertificate::of_servers(
        "CN=localhost.localdomain",
        "the package mod_ssl of Red Hat, whose script falls back to this name, read 2026",
    ),
    PlaceholderCertificate::of_servers(
        "O=SomeOrganization",
        "the package mod_ssl of Red Hat, whose script writes this subject, read 2026",
    ),
];

/// Finds the placeholder that has one of these subject alternative names.
pub(crate) fn placeholder_by_names(names: &[String]) -> Option<&'static PlaceholderCertificate> {
    PLACEHOLDERS.iter().find(|known| match known.mark {
        CertificateMark::NameSuffix(suffix) => names.iter().any(|name| is_within(name, suffix)),
        CertificateMark::Attribute(_) => false,
    })
}

/// Finds the placeholder that has this subject.
pub(crate) fn placeholder_by_subject(subject: &str) -> Option<&'static PlaceholderCertificate> {
    PLACEHOLDERS.iter().find(|known| match known.mark {
        CertificateMark::NameSuffix(_) => false,
        CertificateMark::Attribute(whole) => subject.split([',', '+']).any(|it| it == whole),
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
        assert_eq!(cloudfront.edge(), Some(Edge::CloudFront));
        assert_eq!(cloudfront.source_kind(), SourceKind::Primary);
        assert_eq!(by_name("notcloudfront.net"), None);
        let traefik = placeholder_by_subject("CN=TRAEFIK DEFAULT CERT").unwrap();
        assert_eq!(traefik.edge(), Some(Edge::Traefik));
        assert_eq!(placeholder_by_subject("CN=www.example.com"), None);
        assert_eq!(placeholder_by_subject("CN=localhost.example.com"), None);
        let plesk = placeholder_by_subject("CN=Plesk,O=Plesk,L=Schaffhausen,C=CH").unwrap();
        assert_eq!(plesk.edge(), None);
    }

    #[test]
    fn every_placeholder_names_its_source() {
        assert!(PLACEHOLDERS.iter().all(|known| !known.source.is_empty()));
    }
}
