//! The edges and servers that this crate knows.

use std::fmt;

/// An edge of a CDN, or a server that often stands in for one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Edge {
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

impl Edge {
    /// The name as reports and advice print it.
    pub(crate) fn name(self) -> &'static str {
        match self {
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
        }
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
