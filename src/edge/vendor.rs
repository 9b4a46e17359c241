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
    /// Azure Storage: blobs and static websites.
    AzureStorage,
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
    /// Firebase Hosting.
    Firebase,
    /// Fly.io.
    FlyIo,
    /// GitHub Pages.
    GitHubPages,
    /// A server on Go's `net/http`, such as Caddy or Traefik.
    Go,
    /// Google's front ends: Cloud Load Balancing, Cloud Run, App Engine.
    Google,
    /// The XML API of Google Cloud Storage.
    GoogleStorage,
    /// HAProxy.
    HaProxy,
    /// Heroku.
    Heroku,
    /// HTTP.sys, the kernel's server of Windows, and with it IIS.
    HttpSys,
    /// Kubernetes' ingress-nginx.
    IngressNginx,
    /// KeyCDN.
    KeyCdn,
    /// Kong.
    Kong,
    /// Netlify.
    Netlify,
    /// nginx.
    Nginx,
    /// The router of OpenShift.
    OpenShift,
    /// Railway.
    Railway,
    /// Render.
    Render,
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
            Self::AzureStorage => "Azure Storage",
            Self::Bunny => "bunny.net",
            Self::CloudFront => "CloudFront",
            Self::Cloudflare => "Cloudflare",
            Self::Envoy => "Envoy",
            Self::Fastly => "Fastly",
            Self::Firebase => "Firebase",
            Self::FlyIo => "Fly.io",
            Self::GitHubPages => "GitHub Pages",
            Self::Go => "a server written in Go",
            Self::Google => "Google",
            Self::GoogleStorage => "Google Cloud Storage",
            Self::HaProxy => "HAProxy",
            Self::Heroku => "Heroku",
            Self::HttpSys => "HTTP.sys",
            Self::IngressNginx => "ingress-nginx",
            Self::KeyCdn => "KeyCDN",
            Self::Kong => "Kong",
            Self::Netlify => "Netlify",
            Self::Nginx => "nginx",
            Self::OpenShift => "OpenShift",
            Self::Railway => "Railway",
            Self::Render => "Render",
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
