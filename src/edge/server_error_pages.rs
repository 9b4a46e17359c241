//! Error responses of servers and applications, which may run anywhere.
//!
//! nginx, HAProxy, Envoy and frameworks behind an edge, or as the origin itself. Any server with
//! the same software sends the same pages, so most of them cannot be conclusive.

use super::{
    Edge,
    EdgeErrorKind::{
        BehindTheEdge, ClientCertificate, EarlyData, HeadTooLarge, HostNotAllowed, HttpToTlsPort,
        LengthRequired, NoBackend, NoRoute, RequestLoop,
    },
    ErrorPage,
    EvidenceStrength::{Strong, Weak},
    error_page::Fields,
};

const NGINX: &str = "nginx/nginx @3f6f782 (2026-04), src/http/ngx_http_special_response.c";
const NGINX_SERVER: Fields = &[("server", "nginx")];

pub(super) const SERVER_PAGES: &[ErrorPage] = &[
    // Nginx
    ErrorPage::of(Edge::Nginx, 400, HttpToTlsPort)
        .texts(&["The plain HTTP request was sent to HTTPS port"])
        .read_in(NGINX),
    ErrorPage::of(Edge::Nginx, 400, ClientCertificate)
        .texts(&[
            "No required SSL certificate was sent",
            "The SSL certificate error",
        ])
        .strength(Strong)
        .read_in(NGINX),
    ErrorPage::of(Edge::Nginx, 400, HeadTooLarge)
        .texts(&["Request Header Or Cookie Too Large"])
        .strength(Strong)
        .read_in(NGINX),
    ErrorPage::of(Edge::Nginx, 502, NoBackend)
        .fields(NGINX_SERVER)
        .texts(&["<center><h1>502 Bad Gateway</h1></center>"])
        .read_in(NGINX),
    ErrorPage::of(Edge::Nginx, 503, NoBackend)
        .fields(NGINX_SERVER)
        .texts(&["<center><h1>503 Service Temporarily Unavailable</h1></center>"])
        .read_in(NGINX),
    ErrorPage::of(Edge::Nginx, 504, NoBackend)
        .fields(NGINX_SERVER)
        .texts(&["<center><h1>504 Gateway Time-out</h1></center>"])
        .read_in(NGINX),
    // A load balancer of AWS
    ErrorPage::by_status(502, NoBackend)
        .to_status(504)
        .fields(&[("server", "awselb")])
        .texts(&["<hr><center>awselb"])
        .secondary()
        .read_in("captures of the page, read 2026"),
    // ingress-nginx sends it for every unknown Host, and nginx for a missing file.
    ErrorPage::of(Edge::Nginx, 404, NoRoute)
        .texts(&["<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx"])
        .strength(Weak)
        .read_in(NGINX),
    // IngressNginx
    ErrorPage::of(Edge::IngressNginx, 404, NoRoute)
        .texts(&["default backend - 404"])
        .strength(Strong)
        .read_in("kubernetes/ingress-nginx, default backend, read 2026"),
    // OpenShift
    ErrorPage::of(Edge::OpenShift, 503, NoBackend)
        .texts(&["Application is not available"])
        .secondary()
        .read_in("openshift/router, error page 503, read 2026"),
    // Kong
    ErrorPage::of(Edge::Kong, 404, NoRoute)
        .texts(&["no Route matched with those values"])
        .strength(Strong)
        .read_in("Kong/kong issue 4294, read 2026"),
    // Traefik
    ErrorPage::of(Edge::Traefik, 404, NoRoute)
        .fields(&[
            ("content-type", "text/plain"),
            ("x-content-type-options", "nosniff"),
        ])
        .texts(&["404 page not found"])
        .strength(Weak)
        .read_in("traefik/traefik issue 8420, and Go's net/http, read 2026"),
    // HttpSys
    ErrorPage::of(Edge::HttpSys, 400, HostNotAllowed)
        .texts(&[
            "The request hostname is invalid",
            "Bad Request - Invalid Hostname",
        ])
        .strength(Strong)
        .read_in("Microsoft, HTTP 400 and an invalid Host, read 2026"),
    // Apache
    ErrorPage::of(Edge::Apache, 400, HttpToTlsPort)
        .texts(&["speaking plain HTTP to an SSL-enabled server port"])
        .read_in("Apache httpd's page, read 2026"),
    // Go
    ErrorPage::of(Edge::Go, 400, HttpToTlsPort)
        .texts(&["Client sent an HTTP request to an HTTPS server"])
        .read_in("golang/go, net/http, read 2026"),
    // Tomcat
    ErrorPage::of(Edge::Tomcat, 400, HttpToTlsPort)
        .texts(&["This combination of host and port requires TLS"])
        .read_in("Tomcat's page, read 2026"),
    // Envoy
    ErrorPage::of(Edge::Envoy, 503, BehindTheEdge)
        .texts(&[
            "upstream connect error or disconnect/reset before headers",
            "no healthy upstream",
        ])
        .strength(Strong)
        .read_in("envoyproxy/envoy and many reports, read 2026"),
    ErrorPage::of(Edge::Envoy, 404, NoRoute)
        .fields(&[("server", "envoy")])
        .without("x-envoy-upstream-service-time")
        .strength(Strong)
        .read_in("envoyproxy/envoy issue 2562, read 2026"),
    // HaProxy
    ErrorPage::of(Edge::HaProxy, 503, NoBackend)
        .texts(&["No server is available to handle this request"])
        .strength(Strong)
        .read_in("haproxy/haproxy @50872da (2026-08), src/http.c"),
    // Applications that list the names which they accept
    ErrorPage::by_status(400, HostNotAllowed)
        .texts(&["DisallowedHost at", "Invalid HTTP_HOST header"])
        .strength(Strong)
        .read_in("django/django, http/request.py, read 2026"),
    ErrorPage::by_status(400, HostNotAllowed)
        .texts(&["<h1>Bad Request (400)</h1>"])
        .strength(Weak)
        .read_in("django/django, views/defaults.py, read 2026"),
    ErrorPage::by_status(400, HostNotAllowed)
        .texts(&["Access through untrusted domain"])
        .strength(Strong)
        .read_in("nextcloud/server, untrustedDomain template, read 2026"),
    ErrorPage::by_status(403, HostNotAllowed)
        .texts(&["Blocked host"])
        .strength(Strong)
        .read_in("rails/rails pull request 42896, read 2026"),
    ErrorPage::by_status(403, HostNotAllowed)
        .texts(&["Blocked request. This host"])
        .strength(Strong)
        .read_in("vitejs/vite issue 19411, read 2026"),
    ErrorPage::by_status(403, HostNotAllowed)
        .texts(&["Invalid Host header"])
        .strength(Strong)
        .read_in("webpack/webpack-dev-server issue 4049, read 2026"),
    // Any server or application
    ErrorPage::by_status(425, EarlyData)
        .strength(Strong)
        .read_in("RFC 8470 section 5.2"),
    ErrorPage::by_status(431, HeadTooLarge)
        .strength(Strong)
        .read_in("RFC 6585 section 5"),
    ErrorPage::by_status(414, HeadTooLarge)
        .strength(Strong)
        .read_in("RFC 9110 section 15.5.15"),
    ErrorPage::by_status(411, LengthRequired)
        .strength(Strong)
        .read_in("RFC 9110 section 15.5.12"),
    ErrorPage::by_status(508, RequestLoop)
        .strength(Weak)
        .read_in("RFC 5842 section 7.2"),
];
