//! The table of error responses that edges generate themselves.

use super::{
    Edge,
    EdgeErrorKind::{
        self, BehindTheEdge, Blocked, ClientCertificate, EarlyData, ForwardingFields, HeadTooLarge,
        HostIsAddress, HostNotServed, HttpToTlsPort, LengthRequired, MethodNotAllowed,
        RefusedRequest, RequestLoop, SignedForAnotherHost, SniAndHostDisagree, WebsiteOff,
        WrongRegion,
    },
    ErrorPage,
    EvidenceStrength::{Strong, Weak},
};

/// Fields of which an entry requires all, each with a part of its value.
type Fields = &'static [(&'static str, &'static str)];

const CLOUDFLARE: Fields = &[("server", "cloudflare")];
const CLOUDFRONT: Fields = &[("server", "CloudFront")];
const CLOUDFRONT_ERROR: Fields = &[
    ("server", "CloudFront"),
    ("x-cache", "Error from cloudfront"),
];
const FASTLY: Fields = &[("x-served-by", "cache-")];
const AKAMAI: Fields = &[("server", "AkamaiGHost")];
const AZURE: Fields = &[("x-azure-ref", "")];
const S3: Fields = &[("server", "AmazonS3")];

const CLOUDFLARE_1XXX: &str = "cloudflare/cloudflare-docs, support/troubleshooting/\
    http-status-codes/cloudflare-1xxx-errors, read 2026";
const CLOUDFLARE_5XX: &str = "cloudflare/cloudflare-docs, support/troubleshooting/\
    http-status-codes/cloudflare-5xx-errors, read 2026";
const CLOUDFRONT_GUIDE: &str = "awsdocs/amazon-cloudfront-developer-guide (2023); the page: \
    stackoverflow.com question 20664018";
const S3_CODES: &str = "Amazon S3 API reference, list of error codes, read 2026";
const NGINX: &str = "nginx/nginx @3f6f782 (2026-04), src/http/ngx_http_special_response.c";
const TAKEOVERS: &str = "EdOverflow/can-i-take-over-xyz and others, read 2026";

/// One of Cloudflare's numbered errors, with any status: the documentation does not list them.
///
/// Responses that Cloudflare relays carry its `Server` too. Only its own pages carry
/// `cf-error-type`.
const fn cloudflare_1xxx(texts: &'static [&'static str], kind: EdgeErrorKind) -> ErrorPage {
    ErrorPage::of(Edge::Cloudflare, 400, kind)
        .to_status(599)
        .fields(CLOUDFLARE)
        .texts(texts)
        .strength(Strong)
        .conclusive_with("cf-error-type")
        .read_in(CLOUDFLARE_1XXX)
}

/// All known error responses, in the order in which they are tried.
///
/// The first entry that fits decides: an entry with more marks stands before one with fewer.
pub(crate) fn known_error_pages() -> &'static [ErrorPage] {
    PAGES
}

const PAGES: &[ErrorPage] = &[
    // Cloudflare
    cloudflare_1xxx(&["error code: 1000", "Error 1000"], ForwardingFields),
    cloudflare_1xxx(&["error code: 1001", "Error 1001"], HostNotServed),
    cloudflare_1xxx(
        &[
            "error code: 1003",
            "Error 1003",
            "Direct IP access not allowed",
        ],
        HostIsAddress,
    ),
    cloudflare_1xxx(&["error code: 1013", "Error 1013"], SniAndHostDisagree),
    cloudflare_1xxx(&["error code: 1014", "Error 1014"], HostNotServed),
    cloudflare_1xxx(
        &[
            "error code: 1016",
            "Error 1016",
            "error code: 1033",
            "Error 1033",
        ],
        BehindTheEdge,
    ),
    cloudflare_1xxx(&["error code: 1018", "Error 1018"], HostNotServed),
    cloudflare_1xxx(&["error code: 1019", "Error 1019"], RequestLoop),
    cloudflare_1xxx(&["error code: 1034", "Error 1034"], HostNotServed),
    cloudflare_1xxx(
        &["error code: 1010", "error code: 1015", "error code: 1020"],
        Blocked,
    ),
    ErrorPage::of(Edge::Cloudflare, 520, BehindTheEdge)
        .to_status(526)
        .fields(CLOUDFLARE)
        .read_in(CLOUDFLARE_5XX),
    ErrorPage::of(Edge::Cloudflare, 530, BehindTheEdge)
        .fields(CLOUDFLARE)
        .read_in(CLOUDFLARE_5XX),
    // CloudFront
    ErrorPage::of(Edge::CloudFront, 403, Blocked)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["Request blocked."])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 403, Blocked)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["configured to block access from your country"])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 403, MethodNotAllowed)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["is not configured to allow the HTTP request method"])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 403, RefusedRequest)
        .fields(CLOUDFRONT_ERROR)
        .texts(&["Bad request."])
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 413, HeadTooLarge)
        .fields(CLOUDFRONT)
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 413, HeadTooLarge)
        .fields(CLOUDFRONT)
        .strength(Strong)
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 421, SniAndHostDisagree)
        .fields(CLOUDFRONT)
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 502, BehindTheEdge)
        .to_status(504)
        .fields(CLOUDFRONT_ERROR)
        .signed_by_cloudfront()
        .read_in(CLOUDFRONT_GUIDE),
    ErrorPage::of(Edge::CloudFront, 502, BehindTheEdge)
        .to_status(504)
        .fields(CLOUDFRONT_ERROR)
        .strength(Strong)
        .read_in(CLOUDFRONT_GUIDE),
    // Fastly
    ErrorPage::of(Edge::Fastly, 503, RequestLoop)
        .fields(&[("error-reason", "loop detected")])
        .read_in("docs.fastly.com/en/guides/loop-detection, read 2026"),
    ErrorPage::of(Edge::Fastly, 421, SniAndHostDisagree)
        .fields(FASTLY)
        .texts(&["Requested host does not match any Subject Alternative Names"])
        .read_in("http-kit/http-kit issue 525, read 2026"),
    ErrorPage::of(Edge::Fastly, 500, HostNotServed)
        .fields(FASTLY)
        .texts(&["Fastly error: unknown domain"])
        .secondary()
        .read_in(TAKEOVERS),
    ErrorPage::of(Edge::Fastly, 503, BehindTheEdge)
        .fields(FASTLY)
        .texts(&[
            "backend read error",
            "first byte timeout",
            "Backend unavailable",
            "hostname doesn't match against certificate",
            "unable to get local issuer certificate",
        ])
        .strength(Strong)
        .read_in("fastly.com/documentation/guides/vcl/errors, read 2026"),
    // Akamai
    ErrorPage::of(Edge::Akamai, 400, HostNotServed)
        .fields(AKAMAI)
        .texts(&["Reference&#32;&#35;9&#46;", "Reference #9."])
        .read_in("a capture of the page, read 2026"),
    ErrorPage::of(Edge::Akamai, 403, Blocked)
        .fields(AKAMAI)
        .texts(&["Reference&#32;&#35;18&#46;", "Reference #18."])
        .read_in("captures of the page, read 2026"),
    ErrorPage::of(Edge::Akamai, 503, BehindTheEdge)
        .fields(AKAMAI)
        .texts(&["Reference&#32;&#35;30&#46;", "Reference #30."])
        .secondary()
        .read_in("IBM Cloud CDN, troubleshooting, read 2026"),
    // Google
    ErrorPage::of(Edge::Google, 404, HostNotServed)
        .texts(&["Error 404 (Not Found)!!1"])
        .strength(Strong)
        .read_in("EdOverflow/can-i-take-over-xyz, Google Sites; captures, read 2026"),
    // AzureFrontDoor
    ErrorPage::of(Edge::AzureFrontDoor, 411, LengthRequired)
        .fields(AZURE)
        .read_in("MicrosoftDocs/azure-docs, articles/frontdoor, troubleshoot-issues.md, read 2026"),
    ErrorPage::of(Edge::AzureFrontDoor, 400, HostNotServed)
        .to_status(599)
        .fields(AZURE)
        .texts(&["Our services aren't available right now"])
        .strength(Strong)
        .read_in("MicrosoftDocs/azure-docs, Azure AD B2C custom domains, read 2026"),
    ErrorPage::of(Edge::AzureFrontDoor, 400, HostNotServed)
        .fields(AZURE)
        .strength(Weak)
        .read_in("MicrosoftDocs/azure-docs, articles/frontdoor, troubleshoot-issues.md, read 2026"),
    // AzureAppService
    ErrorPage::of(Edge::AzureAppService, 404, HostNotServed)
        .texts(&["404 Web Site not found"])
        .secondary()
        .read_in(TAKEOVERS),
    // Vercel
    ErrorPage::of(Edge::Vercel, 494, HeadTooLarge)
        .fields(&[("x-vercel-error", "REQUEST_HEADER_TOO_LARGE")])
        .read_in("vercel.com/docs/errors/REQUEST_HEADER_TOO_LARGE, read 2026"),
    ErrorPage::of(Edge::Vercel, 404, HostNotServed)
        .fields(&[("x-vercel-error", "DEPLOYMENT_NOT_FOUND")])
        .secondary()
        .read_in(TAKEOVERS),
    ErrorPage::of(Edge::Vercel, 508, RequestLoop)
        .fields(&[("x-vercel-error", "INFINITE_LOOP_DETECTED")])
        .secondary()
        .read_in(TAKEOVERS),
    // Netlify
    ErrorPage::of(Edge::Netlify, 404, HostNotServed)
        .fields(&[("server", "Netlify"), ("x-nf-request-id", "")])
        .texts(&["Not Found - Request ID"])
        .secondary()
        .read_in(TAKEOVERS),
    // GitHubPages
    ErrorPage::of(Edge::GitHubPages, 404, HostNotServed)
        .fields(&[("x-github-request-id", "")])
        .texts(&["There isn't a GitHub Pages site here"])
        .secondary()
        .read_in(TAKEOVERS),
    // Heroku
    ErrorPage::of(Edge::Heroku, 404, HostNotServed)
        .texts(&["herokucdn.com/error-pages/no-such-app.html"])
        .strength(Strong)
        .read_in("captures of the page, read 2026"),
    // Bunny
    ErrorPage::of(Edge::Bunny, 403, HostNotServed)
        .texts(&["Domain suspended or not configured"])
        .secondary()
        .read_in(TAKEOVERS),
    // Railway
    ErrorPage::of(Edge::Railway, 404, HostNotServed)
        .fields(&[("x-railway-fallback", "true")])
        .secondary()
        .read_in(TAKEOVERS),
    // S3
    ErrorPage::of(Edge::S3, 404, HostNotServed)
        .fields(S3)
        .texts(&["<Code>NoSuchBucket</Code>", "Code: NoSuchBucket"])
        .read_in(S3_CODES),
    ErrorPage::of(Edge::S3, 404, WebsiteOff)
        .fields(S3)
        .texts(&[
            "<Code>NoSuchWebsiteConfiguration</Code>",
            "Code: NoSuchWebsiteConfiguration",
        ])
        .read_in(S3_CODES),
    ErrorPage::of(Edge::S3, 301, WrongRegion)
        .fields(S3)
        .texts(&["<Code>PermanentRedirect</Code>"])
        .read_in(S3_CODES),
    ErrorPage::of(Edge::S3, 403, SignedForAnotherHost)
        .fields(S3)
        .texts(&["<Code>SignatureDoesNotMatch</Code>"])
        .strength(Weak)
        .secondary()
        .read_in("a report, without a source"),
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
        .texts(&["upstream connect error or disconnect/reset before headers"])
        .read_in("envoyproxy/envoy and many reports, read 2026"),
    // HaProxy
    ErrorPage::of(Edge::HaProxy, 503, BehindTheEdge)
        .texts(&["No server is available to handle this request"])
        .strength(Strong)
        .read_in("haproxy/haproxy @50872da (2026-08), src/http.c"),
    // Any server
    ErrorPage::by_status(425, EarlyData).read_in("RFC 8470 section 5.2"),
    ErrorPage::by_status(431, HeadTooLarge).read_in("RFC 6585 section 5"),
    ErrorPage::by_status(414, HeadTooLarge).read_in("RFC 9110 section 15.5.15"),
    ErrorPage::by_status(411, LengthRequired).read_in("RFC 9110 section 15.5.12"),
    ErrorPage::by_status(508, RequestLoop)
        .secondary()
        .read_in("RFC 5842 section 7.2"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_names_its_source() {
        assert!(PAGES.iter().all(|page| !page.documentation().is_empty()));
    }
}
