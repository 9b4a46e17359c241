//! What is known of the edges of CDNs and of common servers, as data: how they are recognised, what
//! they present, what they answer, what they allow.
//!
//! Every entry names where it was read. What was read at the source is [`Standing::Confirmed`];
//! what only others tell is [`Standing::SecondHand`], and no diagnosis calls it certain. Edges
//! change: read again before you rely on an old entry.
//!
//! ```
//! use cdn_origin::edge::Edge;
//!
//! let name = "d1234567890.cloudfront.net".parse()?;
//! let edge = Edge::of_host(&name).expect("a suffix of CloudFront");
//! assert_eq!(edge, Edge::CloudFront);
//! assert_eq!(edge.profile().expect("its limits are known").head_limit(), Some(20_480));
//! # Ok::<(), cdn_origin::name::NameError>(())
//! ```

mod certificate;
mod host;
mod page;
mod pages;
mod passage;
mod profile;

use std::fmt;

pub use certificate::PlaceholderCertificate;
pub use page::{ErrorPage, Meaning, Weight};
pub use profile::EdgeProfile;

pub(crate) use certificate::{is_public_issuer, placeholder_by_names, placeholder_by_subject};
pub(crate) use host::{is_bucket_with_dots, regional_bucket_host};

/// An edge, or a server that often stands in for one. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Edge {
    /// Akamai.
    Akamai,
    /// Apache httpd.
    Apache,
    /// Azure App Service.
    AzureAppService,
    /// Azure Front Door.
    AzureFrontDoor,
    /// bunny.net.
    Bunny,
    /// Amazon CloudFront.
    CloudFront,
    /// Cloudflare.
    Cloudflare,
    /// Envoy, and with it Istio, Contour and many gateways.
    Envoy,
    /// Fastly.
    Fastly,
    /// Fly.io.
    FlyIo,
    /// GitHub Pages.
    GitHubPages,
    /// A server on Go's `net/http`, such as Caddy or Traefik.
    Go,
    /// Google's front ends: Cloud Load Balancing, Cloud Run, App Engine.
    Google,
    /// HAProxy.
    HaProxy,
    /// Heroku.
    Heroku,
    /// Kubernetes' ingress-nginx.
    IngressNginx,
    /// KeyCDN.
    KeyCdn,
    /// Netlify.
    Netlify,
    /// nginx.
    Nginx,
    /// Railway.
    Railway,
    /// The REST endpoint of Amazon S3.
    S3,
    /// A website endpoint of Amazon S3, which speaks no TLS.
    S3Website,
    /// Tomcat or Jetty.
    Tomcat,
    /// Traefik.
    Traefik,
    /// Vercel.
    Vercel,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Akamai => "Akamai",
            Self::Apache => "Apache httpd",
            Self::AzureAppService => "Azure App Service",
            Self::AzureFrontDoor => "Azure Front Door",
            Self::Bunny => "bunny.net",
            Self::CloudFront => "CloudFront",
            Self::Cloudflare => "Cloudflare",
            Self::Envoy => "Envoy",
            Self::Fastly => "Fastly",
            Self::FlyIo => "Fly.io",
            Self::GitHubPages => "GitHub Pages",
            Self::Go => "a server written in Go",
            Self::Google => "Google",
            Self::HaProxy => "HAProxy",
            Self::Heroku => "Heroku",
            Self::IngressNginx => "ingress-nginx",
            Self::KeyCdn => "KeyCDN",
            Self::Netlify => "Netlify",
            Self::Nginx => "nginx",
            Self::Railway => "Railway",
            Self::S3 => "Amazon S3",
            Self::S3Website => "an S3 website endpoint",
            Self::Tomcat => "Tomcat",
            Self::Traefik => "Traefik",
            Self::Vercel => "Vercel",
        })
    }
}

/// How well an entry is known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it was read at the source, or it was not"
)]
pub enum Standing {
    /// Read in the edge's own documentation or source, or in a capture of it.
    Confirmed,
    /// Told by others only: a scanner's list, somebody's page.
    SecondHand,
}
