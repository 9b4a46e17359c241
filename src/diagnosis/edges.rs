//! What is known of the edges, as data. Each entry names where it was read.

/// Host suffixes of edges that answer a missing or unknown SNI with alert 40.
///
/// CloudFront: kubernetes/ingress-nginx issue 3427. Cloudflare: openssl/openssl issue 3652. Read in 2026.
const ALERT_40_MEANS_SNI: [&str; 2] = [".cloudfront.net", ".cdn.cloudflare.net"];

/// Names in certificates that edges present by default, when SNI names nothing that they serve.
///
/// ingress-nginx `internal/net/ssl`, Traefik `pkg/tls/generate`, Netlify (paul-hammant/tbd issue 109), CloudFront's developer
/// guide ("Alternate domain names and HTTPS"). Read in 2026.
const DEFAULT_NAMES: [&str; 5] = [
    ".cloudfront.net",
    ".netlify.app",
    ".netlify.com",
    ".traefik.default",
    "ingress.local",
];

/// Subjects of such certificates where no name tells.
///
/// Google front ends (captures in several public issue threads), ingress-nginx, Traefik. Read in 2026.
const DEFAULT_SUBJECTS: [&str; 3] = [
    "Kubernetes Ingress Controller Fake Certificate",
    "TRAEFIK DEFAULT CERT",
    "invalid2.invalid",
];

/// Sentences by which servers say that they were spoken plain http to on a TLS port.
///
/// nginx and its kin (`ngx_http_special_response.c`), Apache httpd, Go's net/http, Tomcat. Read in 2026.
const TLS_PORT_SENTENCES: [&str; 4] = [
    "The plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "Client sent an HTTP request to an HTTPS server",
    "This combination of host and port requires TLS",
];

pub(super) fn alert_40_means_sni(host: &str) -> bool {
    ALERT_40_MEANS_SNI
        .iter()
        .any(|suffix| host.ends_with(suffix))
}

pub(super) fn is_default_name(name: &str) -> bool {
    DEFAULT_NAMES.iter().any(|suffix| name.ends_with(suffix))
}

pub(super) fn is_default_subject(subject: &str) -> bool {
    DEFAULT_SUBJECTS
        .iter()
        .any(|marker| subject.contains(marker))
}

pub(super) fn says_tls_port(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    TLS_PORT_SENTENCES
        .iter()
        .any(|sentence| body.contains(sentence))
}
